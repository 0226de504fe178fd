"""What files from outside may claim."""

from __future__ import annotations

from dataclasses import asdict

from pydantic import Field

from clearice.config.base import Settings
from clearice.files.limits import Limits


class Reading(Settings):
    """What files from outside may claim, so that a damaged or hostile one costs little time and memory."""

    largest_image_px: int = Field(ge=1)
    """pixels of one image or frame (a K3 in super-resolution has 94 million)"""
    most_frames: int = Field(ge=1)
    """frames of one movie"""
    most_expansion: int = Field(ge=1)
    """bytes of a file's images over those it takes on the disk (counts compress by 2 to 100)"""

    @property
    def limits(self) -> Limits:
        """Return them as the readers take them."""
        return Limits(**self.model_dump())


USUAL = Reading(**asdict(Limits()))
"""The values of the shipped configuration, for whoever calls a step without any."""
