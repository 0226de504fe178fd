"""A band-pass filter (Penczek 2010): slow gradients and shot noise both removed."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from clearice.config.base import Length, Share
from clearice.config.kind import Kind, MethodSettings


class Bandpass(MethodSettings):
    """A band-pass filter with cosine edges."""

    kind: Literal["bandpass"]
    """Kind of the method."""
    coarsest_A: Length
    """Coarse limit of the band, in A."""
    finest_A: Length
    """Fine limit of the band, in A."""
    edge_fraction: Share
    """Width of the edges / their cut-offs."""

    @model_validator(mode="after")
    def _band_is_one(self) -> Bandpass:
        if self.coarsest_A <= self.finest_A:
            raise ValueError(
                f"coarsest_A is {self.coarsest_A:g} and finest_A {self.finest_A:g}, but a band runs from a coarser "
                "to a finer length; swap them"
            )
        return self


KIND = Kind(settings=Bandpass, step="filter_micrographs")
