"""The two streams of pairs of a training: drawn ones to learn from, fixed ones to validate on."""

from __future__ import annotations

from collections.abc import Sequence

from clearice.config.training import DenoiserTraining
from clearice.training.loading import DrawPair
from clearice.training.pairs import Image, TrainingImage, draw_pair, fixed_pair
from clearice.training.schedule import noise_level_at


def training_pairs(images: Sequence[TrainingImage], settings: DenoiserTraining, seed: int) -> DrawPair:
    """Make the function that draws the training pair of a number, with the noise level of its step.

    Parameters
    ----------
    images
        The images to learn from.
    settings
        How pairs are made. Pair i belongs to step ``i // batch_size + 1``.
    seed
        Seed of all that is drawn; not that of the settings, which is the run's.
    """

    def draw(index: int) -> tuple[Image, Image]:
        return draw_pair(
            images,
            index,
            pairing=settings.pairing,
            seed=seed,
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


def validation_pairs(images: Sequence[TrainingImage], settings: DenoiserTraining, seed: int) -> DrawPair:
    """Make the function that cuts the fixed validation pair of a number; as for `training_pairs`."""

    def cut_fixed(index: int) -> tuple[Image, Image]:
        return fixed_pair(
            images,
            index,
            pairing=settings.pairing,
            seed=seed,
            crop_px=settings.crop_px,
            added_noise_sd=settings.added_noise_sd or 0.0,
        )

    return cut_fixed


def check_images(
    training: Sequence[TrainingImage], validation: Sequence[TrainingImage], left_out: str = ""
) -> None:
    """Refuse images from which no training can come.

    Parameters
    ----------
    training, validation
        The images that can be learned from.
    left_out
        What is said of those that cannot, at the end of the error.

    Raises
    ------
    ValueError
        There are fewer than two training images or no validation image.
    """
    if len(training) < 2:
        raise ValueError(
            f"{len(training)} micrographs are marked train and usable, but a training needs at least 2; "
            f"mark more as train, or mend what is wrong with the others{left_out}"
        )
    if not validation:
        raise ValueError(
            "no usable micrograph is marked validation, so no best model can be told; mark one, or mend what is "
            f"wrong with the others{left_out}"
        )
