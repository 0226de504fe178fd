"""What methods are judged by."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from clearice.config.band import Band
from clearice.config.base import Length, Name, Settings


class Regions(Settings):
    """Boxes of signal and background."""

    region_pairs: int = Field(ge=1, le=1000)
    """Pairs of signal and background boxes in each micrograph (NT2C: 10 over 10 micrographs)."""
    largest_box_A: Length
    """Largest side of a box, in A."""
    smallest_box_A: Length
    """Smallest side of a box, in A; at most the largest."""

    @model_validator(mode="after")
    def _boxes_shrink(self) -> Regions:
        if self.smallest_box_A > self.largest_box_A:
            raise ValueError(
                f"smallest_box_A is {self.smallest_box_A:g}, more than largest_box_A ({self.largest_box_A:g}); swap them"
            )
        return self


class RegionSettings(Regions):
    """What the step takes to choose boxes."""

    particle_diameter_A: Length
    """diameter of the particle in A"""


class ScoreSettings(Band):
    """The band in which images are compared."""

    ring_px: float = Field(ge=1)
    """Width of a Fourier ring for explained variance, in Fourier pixels."""
    frc_ring_px: float = Field(ge=1)
    """Width of a Fourier ring for resolutions, in Fourier pixels."""


class NullSettings(Settings):
    """Pure noise that stands for a micrograph."""

    null_kind: Literal["gaussian", "patches", "phases"]
    """gaussian: the background's spectrum; patches: free boxes, turned and quilted; phases: the field's own at random."""
    null_fields: int = Field(ge=1, le=100)
    """Fields of noise for each micrograph, one below the other in one image; more resolve smaller false discovery rates."""


class Evaluation(ScoreSettings, NullSettings, Regions):
    """What methods are judged by."""

    batches: int = Field(ge=0)
    """Batches of each dataset that are scored; 0 for none."""
    coordinates: Name
    """Folder of known particle coordinates, one folder per dataset in it, one file per micrograph."""
    flip_y: bool
    """Whether y runs upwards in those files."""
    second_exposure: Name
    """Folder of second exposures of the same fields, one folder per dataset in it, one file per micrograph."""
    reference: Name
    """Method that the others are compared with, micrograph by micrograph."""
