"""What counts as pure background of a micrograph (Li et al. 2022, 2.2.2)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from clearice.config.base import Length, Settings
from clearice.config.stage import Stage

Criterion = Literal["ssim", "std", "flattest"]


class ExtractNoise(Settings):
    """What counts as pure background (NT2C 2.2.2)."""

    patch_px: int = Field(ge=8)
    """Side d of a patch, in pixels of rescale_to_A."""
    step_px: int = Field(ge=1)
    """Step of the search in pixels (NT2C d / 2, released code 6)."""
    local_patches: Literal[4, 9, 16]
    """Number N of local patches that a patch is divided into."""
    criterion: Criterion
    """Rule that tells background from specimen: ssim (eq. 3), std (released code), or flattest: no threshold, the
    maximum_patches patches whose local patches deviate least, for crowded fields (ours)."""
    ssim_threshold: float = Field(ge=-1, le=1)
    """Lowest SSIM of any two local patches (eq. 3)."""
    std_threshold_255: float = Field(gt=0, le=255)
    """Largest standard deviation of a local patch in 1/255 of the guide's range."""
    mean_difference: float = Field(gt=0, le=1)
    """Largest difference of two local means on the guide scaled to [0, 1] (ours)."""
    clip_percent: float = Field(ge=0, le=25)
    """Percentage of the guide's pixels clipped at either end before it is scaled (ours)."""
    contamination_sd: float = Field(ge=0)
    """Robust standard deviations of the smoothed micrograph that mark contamination; 0 for no check (ours)."""
    maximum_patches: int = Field(ge=0)
    """Most patches of one micrograph, the flattest first; 0 for all."""
    highpass_A: float = Field(ge=0)
    """High-pass of micrographs and simulation, half amplitude at this length in A; 0 for none (ours)."""
    pictures: int = Field(ge=0)
    """Micrographs of a batch drawn with their patches."""

    @model_validator(mode="after")
    def _flattest_has_a_number(self) -> ExtractNoise:
        if self.criterion == "flattest" and self.maximum_patches < 1:
            raise ValueError(
                "the criterion flattest needs a number of patches to keep; set extract_noise.maximum_patches"
            )
        return self


class ExtractNoiseStep(ExtractNoise):
    """What the step takes: the section, and the pixel size of the fine training."""

    rescale_to_A: Length | None
    """Pixel size of the patches in A; null for the micrographs'."""
    particles_are_dark: bool = True
    """Whether particles are darker than ice."""


STAGE = Stage(
    section=ExtractNoise,
    settings=ExtractNoiseStep,
    borrowed={"rescale_to_A": "fine", "particles_are_dark": "picking"},
)
