"""The eight symmetries of the square: right-angle rotations with and without a flip."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

SYMMETRIES = 8

Image = TypeVar("Image", NDArray[np.float32], "torch.Tensor")


def apply_symmetry(image: Image, symmetry: int) -> Image:
    """Apply one of the eight symmetries of the square to the last two axes of an array or a tensor.

    Parameters
    ----------
    image
        (..., d, d), a numpy array or a torch tensor.
    symmetry
        0 to 7: the number of right-angle rotations (counter-clockwise as seen with row 0 at the top), plus 4
        for a flip of the columns before them; 0 changes nothing.

    Returns
    -------
    array or tensor (..., d, d)
        The same values in other places; of an array a view where it can be one.
    """
    rotations = symmetry % 4
    if isinstance(image, np.ndarray):
        return np.rot90(image[..., ::-1] if symmetry >= 4 else image, rotations, (-2, -1))
    return (image.flip(-1) if symmetry >= 4 else image).rot90(rotations, (-2, -1))
