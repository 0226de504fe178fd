"""Topaz-Denoise: a network that learns from even and odd sums alone."""

from __future__ import annotations

from typing import Literal

from clearice.config.base import part_of
from clearice.config.kind import HighPass, Kind, MethodSettings
from clearice.config.stages.noise2noise import Noise2Noise


class Noise2NoiseMethod(MethodSettings):
    """A network trained on this dataset's even and odd sums, or on those of a group."""

    kind: Literal["noise2noise"]
    """Kind of the method."""
    group: str = ""
    """Group of datasets the network learns from; empty: one network for each dataset."""
    highpass_A: HighPass = 0.0
    """High-pass of micrographs before the network, half amplitude at this length in A; 0 for none."""
    noise2noise: part_of(Noise2Noise) | None = None  # type: ignore[valid-type]
    """What differs in noise2noise."""


KIND = Kind(
    settings=Noise2NoiseMethod,
    step="denoise_micrographs",
    stages=("noise2noise",),
    network="noise2noise",
    needs=frozenset({"network", "halves"}),
)
