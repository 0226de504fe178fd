"""Topaz-Denoise: a network that learns from even and odd sums alone."""

from __future__ import annotations

from typing import Literal

from clearice.config.base import Name, part_of
from clearice.config.kind import HighPassed, Kind
from clearice.config.stages.noise2noise import Noise2Noise


class Noise2NoiseMethod(HighPassed):
    """A network trained on this dataset's even and odd sums, or on those of a group."""

    kind: Literal["noise2noise"]
    """Kind of the method."""
    group: Name | None = None
    """Group of datasets the network learns from; null: one network for each dataset."""
    noise2noise: part_of(Noise2Noise) | None = None  # type: ignore[valid-type]
    """What differs in noise2noise."""


KIND = Kind(
    settings=Noise2NoiseMethod,
    step="denoise_micrographs",
    stages=("noise2noise",),
    network="noise2noise",
    needs=frozenset({"network", "halves"}),
)
