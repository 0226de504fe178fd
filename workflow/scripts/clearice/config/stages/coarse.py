"""NT2C's first denoiser, trained on simulated pairs (Li et al. 2022, 2.1.1)."""

from __future__ import annotations

from clearice.config.base import part_of
from clearice.config.stage import Stage
from clearice.config.training import DenoiserTraining, Training


class Coarse(part_of(Training)):  # type: ignore[misc]
    """Training of the coarse denoiser; any key of training may be given."""


STAGE = Stage(section=Coarse, settings=DenoiserTraining, general="training")
