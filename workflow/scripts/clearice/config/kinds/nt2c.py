"""Noise-Transfer2Clean (Li et al. 2022)."""

from __future__ import annotations

from typing import Literal

from clearice.config.base import part_of
from clearice.config.kind import Kind, MethodSettings
from clearice.config.stages.coarse import Coarse
from clearice.config.stages.extract_noise import ExtractNoise
from clearice.config.stages.fine import Fine
from clearice.config.stages.noise_gan import NoiseGan
from clearice.config.stages.reweight import Reweight
from clearice.config.stages.sample_noise import SampleNoise


class Nt2c(MethodSettings):
    """Noise-Transfer2Clean: what differs in each of its stages."""

    kind: Literal["nt2c"]
    """Kind of the method."""
    coarse: part_of(Coarse) | None = None  # type: ignore[valid-type]
    """What differs in coarse."""
    extract_noise: part_of(ExtractNoise) | None = None  # type: ignore[valid-type]
    """What differs in extract_noise."""
    noise_gan: part_of(NoiseGan) | None = None  # type: ignore[valid-type]
    """What differs in noise_gan."""
    sample_noise: part_of(SampleNoise) | None = None  # type: ignore[valid-type]
    """What differs in sample_noise."""
    reweight: part_of(Reweight) | None = None  # type: ignore[valid-type]
    """What differs in reweight."""
    fine: part_of(Fine) | None = None  # type: ignore[valid-type]
    """What differs in fine."""


KIND = Kind(
    settings=Nt2c,
    step="denoise_micrographs",
    stages=("coarse", "extract_noise", "noise_gan", "sample_noise", "reweight", "fine"),
    network="fine",
    needs=frozenset({"network", "simulation"}),
)
