"""A band of lengths."""

from __future__ import annotations

from pydantic import model_validator

from clearice.config.base import Length, Settings


class Band(Settings):
    """From a coarse to a fine length."""

    coarsest_A: Length
    """Coarse limit of the band, in A."""
    finest_A: Length
    """Fine limit of the band, in A; finer than the coarse one."""

    @model_validator(mode="after")
    def _band_is_one(self) -> Band:
        if self.coarsest_A <= self.finest_A:
            raise ValueError(
                f"coarsest_A is {self.coarsest_A:g} and finest_A {self.finest_A:g}, but a band runs from a coarser "
                "to a finer length; swap them"
            )
        return self
