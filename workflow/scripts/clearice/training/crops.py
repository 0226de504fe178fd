"""Crops of micrographs, each a pure function of the seed and of its number in the training.

Because crop i depends on nothing but (seed, i), any number of workers gives the same crops, and a training
that was killed goes on with the crop that would have come next. Images may be memory-mapped: only the pixels
of the crop are read.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TRAINING, VALIDATION = 0, 1  # two streams of one seed never share a crop


def crop_generator(seed: int, stream: int, index: int) -> np.random.Generator:
    """Make the generator of one crop.

    Parameters
    ----------
    seed
        Seed of the training, 0 or more.
    stream
        `TRAINING` or `VALIDATION`.
    index
        Number of the crop in its stream, from 0.
    """
    return np.random.default_rng([seed, stream, index])


def draw_corner(shape: tuple[int, int], crop_px: int, generator: np.random.Generator) -> tuple[int, int]:
    """Draw the upper left corner (y, x) of a square crop, uniform over all that fit.

    Parameters
    ----------
    shape
        Image shape (h, w) in pixels.
    crop_px
        Side of the crop.
    generator
        Two numbers are drawn from it.

    Raises
    ------
    ValueError
        The crop is larger than the image.
    """
    if crop_px > min(shape):
        raise ValueError(
            f"crops of {crop_px} px are larger than an image of {shape[0]} x {shape[1]} px; lower crop_px"
        )
    return int(generator.integers(shape[0] - crop_px + 1)), int(generator.integers(shape[1] - crop_px + 1))


def cut(image: NDArray[np.float32], corner: tuple[int, int], crop_px: int) -> NDArray[np.float32]:
    """Copy the square crop at `corner` (y, x) out of `image` (h, w) into memory."""
    y, x = corner
    return np.array(image[y : y + crop_px, x : x + crop_px], dtype=np.float32)
