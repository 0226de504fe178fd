"""NT2C's coarse denoiser alone, trained on the simulation."""

from __future__ import annotations

from typing import Literal

from clearice.config.base import part_of
from clearice.config.kind import HighPassed, Kind
from clearice.config.stages.coarse import Coarse


class CoarseMethod(HighPassed):
    """A network trained on simulated pairs."""

    kind: Literal["coarse"]
    """Kind of the method."""
    coarse: part_of(Coarse) | None = None  # type: ignore[valid-type]
    """What differs in coarse."""


KIND = Kind(
    settings=CoarseMethod,
    step="denoise_micrographs",
    stages=("coarse",),
    network="coarse",
    needs=frozenset({"network", "simulation"}),
)
