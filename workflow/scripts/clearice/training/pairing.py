"""The two streams of pairs that a training is fed with: drawn ones to learn from, fixed ones to judge by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clearice.training.loading import DrawPair
from clearice.training.pairs import BIAS, Image, TrainingImage, draw_pair, fixed_pair
from clearice.training.schedule import noise_level_at


@dataclass(frozen=True)
class PairingSettings:
    """How pairs are made.

    Attributes
    ----------
    pairing
        A key of `pairs.BIAS`.
    crop_px
        Side of the crops.
    seed
        Seed of all that is drawn.
    batch_size, steps
        As in the regression: pair i belongs to step ``i // batch_size + 1``.
    curriculum_start, curriculum_fraction
        As in `schedule.noise_level_at`; for supervised pairs only.
    added_noise_sd
        Standard deviation of the added noise in units of the exposure's own; None for all other pairings.
    """

    pairing: str
    crop_px: int
    seed: int
    batch_size: int
    steps: int
    curriculum_start: float
    curriculum_fraction: float
    added_noise_sd: float | None


def training_pairs(images: Sequence[TrainingImage], settings: PairingSettings) -> DrawPair:
    """Make the function that draws the training pair of a number, with the noise level of its step."""

    def draw(index: int) -> tuple[Image, Image]:
        return draw_pair(
            images,
            index,
            pairing=settings.pairing,
            seed=settings.seed,
            crop_px=settings.crop_px,
            noise_level=noise_level_at(
                index // settings.batch_size + 1,
                curriculum_start=settings.curriculum_start,
                curriculum_fraction=settings.curriculum_fraction,
                steps=settings.steps,
            ),
            added_noise_sd=settings.added_noise_sd or 0.0,
        )

    return draw


def validation_pairs(images: Sequence[TrainingImage], settings: PairingSettings) -> DrawPair:
    """Make the function that gives the fixed validation pair of a number."""

    def give(index: int) -> tuple[Image, Image]:
        return fixed_pair(
            images,
            index,
            pairing=settings.pairing,
            seed=settings.seed,
            crop_px=settings.crop_px,
            added_noise_sd=settings.added_noise_sd or 0.0,
        )

    return give


def check_pairing(settings: PairingSettings) -> None:
    """Refuse settings that do not go together.

    Raises
    ------
    ValueError
        The pairing is unknown, or a setting of another pairing is given.
    """
    if settings.pairing not in BIAS:
        raise ValueError(f"pairing {settings.pairing!r} is unknown; use one of {', '.join(BIAS)}")
    if settings.pairing != "supervised" and settings.curriculum_fraction > 0.0:
        raise ValueError(
            f"a noise curriculum needs clean targets, which the pairing {settings.pairing} has not; "
            "set curriculum_fraction to 0"
        )
    if not (0.0 <= settings.curriculum_start <= 1.0 and 0.0 <= settings.curriculum_fraction <= 1.0):
        raise ValueError(
            f"curriculum_start ({settings.curriculum_start}) and curriculum_fraction "
            f"({settings.curriculum_fraction}) must lie between 0 and 1"
        )
    if (settings.pairing == "added_noise") != (settings.added_noise_sd is not None):
        raise ValueError(
            f"added_noise_sd is {settings.added_noise_sd} for the pairing {settings.pairing}; give a number above "
            "0 for the pairing added_noise, and none for any other"
        )
    if settings.added_noise_sd is not None and not settings.added_noise_sd > 0.0:
        raise ValueError(f"added_noise_sd is {settings.added_noise_sd}; it must be above 0")


def check_images(
    training: Sequence[TrainingImage], validation: Sequence[TrainingImage], settings: PairingSettings
) -> None:
    """Refuse images from which no training can come.

    Raises
    ------
    ValueError
        There are fewer than two training images or no validation image, or a crop does not fit into one.
    """
    if len(training) < 2:
        raise ValueError(
            f"{len(training)} micrographs are marked train and usable, but a training needs at least 2; "
            "mark more as train, or see in the manifests why they failed"
        )
    if not validation:
        raise ValueError("no usable micrograph is marked validation, so no best model can be told; mark one")
    for image in (*training, *validation):
        height, width = image.noisy.shape
        if settings.crop_px > min(height, width):
            raise ValueError(
                f"crops of {settings.crop_px} px are larger than {image.name} with {height} x {width} px; "
                "lower crop_px"
            )
