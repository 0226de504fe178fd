"""What is recorded of the training of a denoiser: plain values, in a fixed order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import torch

from clearice.config.training import DenoiserTraining
from clearice.training.gathering import TrainingSet
from clearice.training.pairs import BIAS, BOTH_WAYS
from clearice.training.regression import Trained
from clearice.training.schedule import curriculum_steps


def regression_record(settings: DenoiserTraining, crop_seed: int) -> dict[str, Any]:
    """Record how a denoiser is trained.

    Parameters
    ----------
    settings
        How it is trained.
    crop_seed
        Seed of the crops, derived from the run's and the stage.
    """
    return {
        "pairing": settings.pairing,
        "crop_px": settings.crop_px,
        "seed": crop_seed,
        "batch_size": settings.batch_size,
        "steps": settings.steps,
        "curriculum_start": settings.curriculum_start,
        "curriculum_fraction": settings.curriculum_fraction,
        "added_noise_sd": settings.added_noise_sd,
        "both_ways": settings.pairing in BOTH_WAYS,
        "loss": settings.loss,
        "optimiser": settings.optimiser,
        "learning_rate": settings.learning_rate,
        "schedule": settings.schedule,
        "warmup_steps": settings.warmup_steps,
        "clip_norm": settings.clip_norm,
        "validate_every": settings.validate_every,
        "validation_crops": settings.validation_crops,
        "patience": settings.patience,
        "full_noise_step": curriculum_steps(settings.curriculum_fraction, settings.steps),
        "precision": settings.precision,
        "rescale_to_A": settings.rescale_to_A,
    }


def network_settings(settings: DenoiserTraining) -> dict[str, int]:
    """Return the arguments of the network that is trained."""
    return {
        "width": settings.width,
        "first_kernel": settings.first_kernel,
        "last_kernel": settings.last_kernel,
    }


def regression_provenance(
    settings: DenoiserTraining,
    crop_seed: int,
    images: TrainingSet,
    trained: Trained,
    start: str,
    left_out: Sequence[str] = (),
) -> dict[str, Any]:
    """Record how a denoiser was trained and what came of it.

    Parameters
    ----------
    settings, crop_seed
        As for `regression_record`.
    images
        What it learned from.
    trained
        What the training left.
    start
        Checksum of the network it started from; empty for new weights.
    left_out
        A line for each micrograph or image it could not learn from.
    """
    return {
        **regression_record(settings, crop_seed),
        "bias": BIAS[settings.pairing],
        "run_seed": settings.seed,
        "best_step": trained.best_step,
        "best_validation_loss": min(row.validation_loss for row in trained.history),
        "training_images": len(images.training),
        "validation_images": len(images.validation),
        "left_out": list(left_out),
        "start": start,
        "torch": str(torch.__version__),
    }


def history_rows(trained: Trained) -> list[dict[str, object]]:
    """Return the lines of the history, with an empty cell for the training loss before the first step."""
    return [
        {name: "" if math.isnan(value) else value for name, value in asdict(row).items()}
        for row in trained.history
    ]
