"""NT2C's last denoiser, trained on re-weighted pairs (Li et al. 2022, 2.1.2)."""

from __future__ import annotations

from clearice.config.base import part_of
from clearice.config.stage import Stage
from clearice.config.training import DenoiserTraining, Training


class Fine(part_of(Training)):  # type: ignore[misc]
    """Training of the fine denoiser; any key of training may be given."""

    warm_start: bool
    """Start from the coarse network's weights (Li et al. 2022, 2.1.2)."""


STAGE = Stage(section=Fine, settings=DenoiserTraining, general="training", before=("reweight", "coarse"))
