"""Synthetic noise: where it comes from, and how much of it is drawn."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from clearice.config.base import Settings
from clearice.config.stage import Stage
from clearice.config.stages.extract_noise import Criterion


class SampleNoise(Settings):
    """Synthetic noise."""

    source: Literal["gan", "extracted", "gaussian"]
    """Where synthetic noise comes from: gan, or without it: extracted (real patches, turned, quilted), gaussian."""
    fields: int = Field(ge=2)
    """Number of synthetic fields (NT2C's wrapper 20480 of 320 px)."""
    field_px: int = Field(ge=8)
    """Side of a field in pixels."""
    bands: int = Field(ge=1)
    """Bands of frequency in the table of fidelity."""
    batch_size: int = Field(ge=1)
    """Fields made at once."""


class SampleNoiseStep(SampleNoise):
    """What the step takes: the section, what is asked of the patches, and the seed."""

    criterion: Criterion
    """Criterion the patches were found by: it says what to change where they are too few."""
    minimum_patches: int = Field(ge=2)
    """Fewest noise patches to model noise from."""
    seed: int = Field(ge=0)
    """Seed of the run."""


STAGE = Stage(
    section=SampleNoise,
    settings=SampleNoiseStep,
    before=("noise_gan",),
    borrowed={"criterion": "extract_noise", "minimum_patches": "noise_gan"},
)
