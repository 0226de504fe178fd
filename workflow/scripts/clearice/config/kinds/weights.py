"""A network given as a file: one of clearice, or a weight file that Topaz publishes."""

from __future__ import annotations

from typing import Literal

from clearice.config.base import Length, Name
from clearice.config.kind import HighPassed, Kind


class Weights(HighPassed):
    """A network given as a file."""

    kind: Literal["weights"]
    """Kind of the method."""
    file: Name
    """Network of clearice (.pt) or weight file of Topaz (.sav)."""
    rescale_to_A: Length | None
    """Pixel size to work at in A; null for the micrographs'."""


KIND = Kind(settings=Weights, step="denoise_micrographs", needs=frozenset({"network"}))
