"""The images of a training, of one pixel size: some to learn from, some to validate on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from clearice.image.units import (
    check_same_pixel_size,
    check_whole_groups,
    commonest_pixel_size,
)
from clearice.training.pairs import Image, TrainingImage, training_image

LeaveOut = Callable[[str, str], None]

log = logging.getLogger(__name__)


class Exposures(Protocol):
    """The images of one file, as `files.stacks.Stack` holds them."""

    @property
    def images(self) -> Image:
        """Images (n, h, w), in memory or memory-mapped."""

    @property
    def pixel_size_A(self) -> float:
        """Pixel size of all of them in A."""


@dataclass(frozen=True)
class Micrograph:
    """A micrograph to learn from or to validate on.

    Attributes
    ----------
    name
        Name for messages.
    split
        ``train`` or ``validation``.
    noisy
        Its images.
    target
        Their partners; None where the pairing needs none.
    batch
        Number of the batch it is of.
    """

    name: str
    split: str
    noisy: Exposures
    target: Exposures | None
    batch: int = 0


@dataclass(frozen=True)
class TrainingSet:
    """The images of a training.

    Attributes
    ----------
    training
        Images to learn from.
    validation
        Images to validate on.
    pixel_size_A
        Pixel size of all of them in A; 0 where there is none.
    """

    training: list[TrainingImage]
    validation: list[TrainingImage]
    pixel_size_A: float


def gather_images(
    micrographs: Iterable[Micrograph], pairing: str, crop_px: int, leave_out: LeaveOut
) -> TrainingSet:
    """Gather the images to train and to validate on, and the pixel size they have in common.

    Parameters
    ----------
    micrographs
        In the order in which their images are drawn from.
    pairing
        A key of `pairs.BIAS`.
    crop_px
        Side of the training crops.
    leave_out
        Called with the name and the reason of every image that cannot be learned from: one of another pixel
        size than most, smaller than a crop, or refused by `pairs.training_image`.

    Raises
    ------
    ValueError
        All micrographs of a batch have another pixel size than most of the others.
    """
    given = list(micrographs)
    names, sizes_A = [one.name for one in given], [one.noisy.pixel_size_A for one in given]
    check_whole_groups(names, sizes_A, [one.batch for one in given])
    pixel_size_A = commonest_pixel_size(sizes_A)
    images: dict[str, list[TrainingImage]] = {"train": [], "validation": []}
    for one in given:
        try:
            check_same_pixel_size(one.name, one.noisy.pixel_size_A, "most of the others", pixel_size_A)
            if one.target is not None:
                check_same_pixel_size(
                    one.name, one.noisy.pixel_size_A, "its partner", one.target.pixel_size_A
                )
                _check_numbers(one.name, one.noisy.images, one.target.images)
        except ValueError as trouble:
            leave_out(one.name, str(trouble))
            continue
        for index, noisy in enumerate(one.noisy.images):
            name = one.name if len(one.noisy.images) == 1 else f"{one.name} (image {index + 1})"
            try:
                _check_size(name, noisy, crop_px)
                target = None if one.target is None else one.target.images[index]
                images[one.split].append(training_image(name, noisy, target, pairing))
            except ValueError as trouble:
                leave_out(name, str(trouble))
    log.info("%d images to train on, %d to validate on", *map(len, images.values()))
    return TrainingSet(images["train"], images["validation"], pixel_size_A)


def _check_numbers(name: str, noisy: Image, target: Image) -> None:
    """Refuse stacks (n, h, w) of two lengths."""
    if len(target) != len(noisy):
        raise ValueError(
            f"{name} has {len(noisy)} images, but its partner {len(target)}; every image needs one partner"
        )


def _check_size(name: str, image: Image, crop_px: int) -> None:
    """Refuse an image into which no crop fits."""
    height, width = image.shape
    if crop_px > min(height, width):
        raise ValueError(
            f"{name} with {height} x {width} px is smaller than a crop of {crop_px} px; lower crop_px"
        )
