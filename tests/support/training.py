"""Settings of small trainings, for tests that name only what they are about."""

from __future__ import annotations

from typing import Any

from clearice.config.training import DenoiserTraining

SMALL: dict[str, Any] = {
    "width": 12,
    "first_kernel": 5,
    "last_kernel": 3,
    "crop_px": 32,
    "batch_size": 2,
    "steps": 12,
    "learning_rate": 0.01,
    "optimiser": "adam",
    "schedule": "constant",
    "warmup_steps": 0,
    "loss": "L2",
    "clip_norm": 0.0,
    "validate_every": 4,
    "validation_crops": 5,
    "patience": 0,
    "precision": "float32",
    "rescale_to_A": None,
    "curriculum_start": 1.0,
    "curriculum_fraction": 0.0,
    "pairing": "supervised",
    "added_noise_sd": None,
    "seed": 1,
}


def small_training(**changes: Any) -> DenoiserTraining:
    """Make settings that differ from those of a small training."""
    return DenoiserTraining(**{**SMALL, **changes})
