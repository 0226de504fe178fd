"""Scale an image to mean 0 and standard deviation 1 and back, and fill pixels that hold no number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def fill_not_finite(image: NDArray[np.float32]) -> tuple[NDArray[np.float32], int]:
    """Replace NaN and infinite pixels by the median of the others.

    One NaN would spread over the whole field that a network sees. The median lies where most pixels do,
    whatever the outliers beside a defect.

    Parameters
    ----------
    image
        Image (h, w), any units.

    Returns
    -------
    filled : float32 array (h, w)
        The image itself where nothing is to be filled.
    count : int
        Number of pixels filled.

    Raises
    ------
    ValueError
        No pixel is finite.
    """
    finite = np.isfinite(image)
    count = int(image.size - np.count_nonzero(finite))
    if count == 0:
        return image, 0
    if count == image.size:
        raise ValueError("no pixel of the image is a finite number; make the micrograph again")
    filled = image.copy()
    filled[~finite] = np.median(image[finite])
    return filled, count


def standardise(image: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, float]:
    """Subtract the mean and divide by the standard deviation of a whole image.

    Parameters
    ----------
    image
        Finite image (h, w), any units.

    Returns
    -------
    scaled : float32 array (h, w)
        Mean 0, standard deviation 1.
    mean, sd : float
        In the units of `image`: ``scaled * sd + mean`` gives it back (see `restore`).

    Raises
    ------
    ValueError
        The image is constant, or has pixels that are not finite.
    """
    # subtracting one pixel first keeps small fluctuations on a large offset exact
    level = np.float32(image.flat[0])
    shifted = image - level
    mean_above = float(shifted.mean(dtype=np.float64))
    shifted -= np.float32(mean_above)
    rest = float(shifted.mean(dtype=np.float64))
    # einsum sums float32 in double precision without a double copy of the image
    squares = float(np.einsum("ij,ij->", shifted, shifted, dtype=np.float64))
    mean, sd = float(level) + mean_above, float(np.sqrt(max(squares / image.size - rest**2, 0.0)))
    if not np.isfinite(sd):
        raise ValueError("the image has pixels that are not finite numbers; fill them first")
    if sd == 0:
        raise ValueError(f"all pixels of the image are {mean:g}; a constant image has nothing to denoise")
    shifted /= np.float32(sd)
    return shifted, mean, sd


def restore(scaled: NDArray[np.float32], mean: float, sd: float) -> NDArray[np.float32]:
    """Undo `standardise`: return ``scaled * sd + mean``, in the units `mean` and `sd` have."""
    restored = scaled * np.float32(sd)
    restored += np.float32(mean)
    return restored
