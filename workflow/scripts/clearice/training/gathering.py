"""The images of a training, of one pixel size: some to learn from, some to validate on."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from clearice.image.units import check_same_pixel_size
from clearice.training.pairs import Image, TrainingImage, training_images

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
    """

    name: str
    split: str
    noisy: Exposures
    target: Exposures | None


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


def gather_images(micrographs: Iterable[Micrograph], pairing: str) -> TrainingSet:
    """Gather the images to train and to validate on, and the pixel size they have in common.

    Parameters
    ----------
    micrographs
        Taken one at a time, in the order in which their images are drawn from.
    pairing
        A key of `pairs.BIAS`.

    Raises
    ------
    ValueError
        Two pixel sizes differ, or as `pairs.training_images`.
    """
    images: dict[str, list[TrainingImage]] = {"train": [], "validation": []}
    pixel_size_A, first = 0.0, ""
    for one in micrographs:
        if one.target is not None:
            check_same_pixel_size(one.name, one.noisy.pixel_size_A, "its partner", one.target.pixel_size_A)
        if first:
            check_same_pixel_size(one.name, one.noisy.pixel_size_A, first, pixel_size_A)
        pixel_size_A, first = one.noisy.pixel_size_A, one.name
        images[one.split] += training_images(
            one.name, one.noisy.images, None if one.target is None else one.target.images, pairing
        )
    log.info("%d images to train on, %d to validate on", *map(len, images.values()))
    return TrainingSet(images["train"], images["validation"], pixel_size_A)
