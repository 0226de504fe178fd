"""NT2C's coarse denoiser alone, trained on the simulation."""

from __future__ import annotations

from typing import Literal

from clearice.config.base import part_of
from clearice.config.kind import HighPass, Kind, MethodSettings
from clearice.config.stages.coarse import Coarse


class CoarseMethod(MethodSettings):
    """A network trained on simulated pairs."""

    kind: Literal["coarse"]
    """Kind of the method."""
    highpass_A: HighPass = 0.0
    """High-pass of micrographs before the network, half amplitude at this length in A; 0 for none."""
    coarse: part_of(Coarse) | None = None  # type: ignore[valid-type]
    """What differs in coarse."""


KIND = Kind(
    settings=CoarseMethod,
    step="denoise_micrographs",
    stages=("coarse",),
    network="coarse",
    needs=frozenset({"network", "simulation"}),
)
