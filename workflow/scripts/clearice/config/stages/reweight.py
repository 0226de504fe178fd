"""Training pairs of simulated signal and synthetic noise (Li et al. 2022, 2.2.3: eq. 4, modulation F)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from clearice.config.base import Length, Settings
from clearice.config.stage import Stage


class Reweight(Settings):
    """Training pairs of simulated signal and synthetic noise (NT2C 2.2.3)."""

    patch_px: int = Field(ge=8)
    """Side of a pair in pixels."""
    patches_per_micrograph: int = Field(ge=1)
    """Places in every simulated micrograph."""
    draws: int = Field(ge=1)
    """Noise draws for every place (NT2C's wrapper 2)."""
    modulation: Literal["match_residual", "add_noise"]
    """F after eq. 4: match_residual (as strong as the simulation's noise, ours) or add_noise (released code)."""
    signal_scale: Annotated[list[Length], Field(min_length=2, max_length=2)]
    """Limits of the factor on the signal's contrast, log-uniform between the two (ours)."""
    empty_fraction: float = Field(ge=0, lt=1)
    """Share of pairs that are noise over nothing, against invented particles (ours)."""

    @model_validator(mode="after")
    def _scales_rise(self) -> Reweight:
        if self.signal_scale[0] > self.signal_scale[1]:
            raise ValueError(
                f"signal_scale is {self.signal_scale}, but its first limit must not exceed the second; swap them"
            )
        return self


class ReweightStep(Reweight):
    """What the step takes: the section, how micrographs are prepared, and the seed."""

    highpass_A: float = Field(ge=0)
    """High-pass of micrographs and simulation, half amplitude at this length in A; 0 for none."""
    rescale_to_A: Length | None
    """Pixel size of the pairs in A; null for the simulation's."""
    seed: int = Field(ge=0)
    """Seed of the run."""


STAGE = Stage(
    section=Reweight,
    settings=ReweightStep,
    before=("sample_noise",),
    borrowed={"highpass_A": "extract_noise", "rescale_to_A": "fine"},
)
