"""How alike two images are, pixel by pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

Image = NDArray[np.float32]


def mse(image: Image, reference: Image) -> float:
    """Average the squared difference of two images (h, w).

    Raises
    ------
    ValueError
        The shapes differ.
    """
    _check_shapes(image, reference)
    return float(np.mean((image.astype(np.float64) - reference.astype(np.float64)) ** 2))


def psnr_dB(image: Image, reference: Image, data_range: float) -> float:
    """Compute the peak signal-to-noise ratio 10 log10(data_range^2 / mse).

    Parameters
    ----------
    image, reference
        Images (h, w).
    data_range
        The peak: largest minus smallest value the reference can take, in its own units.

    Returns
    -------
    float
        In dB; inf for equal images.
    """
    _check_range(data_range)
    error = mse(image, reference)
    return float(10 * np.log10(data_range**2 / error)) if error > 0 else float("inf")


def ssim(image: Image, reference: Image, data_range: float) -> float:
    """Compute the mean structural similarity (Wang et al. 2004).

    K1 = 0.01, K2 = 0.03, a Gaussian window of sigma 1.5 and population covariances, as in the paper.

    Parameters
    ----------
    image, reference
        Images (h, w), at least 11 px a side.
    data_range
        Largest minus smallest value the reference can take.

    Returns
    -------
    float
        -1 to 1 (equal). A flat background scores high, so never use it alone.
    """
    _check_shapes(image, reference)
    _check_range(data_range)
    return float(
        structural_similarity(  # type: ignore[no-untyped-call]
            image.astype(np.float64),
            reference.astype(np.float64),
            data_range=data_range,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
    )


def affine_fit(image: Image, reference: Image) -> tuple[float, float]:
    """Find scale and offset that bring an image nearest to a reference, by least squares.

    Returns
    -------
    tuple of float
        (scale, offset): scale * image + offset is nearest. A flat image gets scale 0 and the reference's
        mean. The scale may be negative: an output of the wrong contrast is not made right by it, see
        `pearson`.
    """
    _check_shapes(image, reference)
    x, y = image.astype(np.float64), reference.astype(np.float64)
    variance = float(x.var())
    covariance = float(((x - x.mean()) * (y - y.mean())).mean())
    scale = covariance / variance if variance > 0 else 0.0
    return scale, float(y.mean() - scale * x.mean())


def pearson(image: Image, reference: Image) -> float:
    """Correlate two images (Pearson's r, -1 to 1; 0 if one is flat)."""
    _check_shapes(image, reference)
    x, y = image.astype(np.float64), reference.astype(np.float64)
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((x**2).sum() * (y**2).sum()))
    return float((x * y).sum()) / scale if scale > 0 else 0.0


def _check_shapes(image: Image, reference: Image) -> None:
    """Refuse images of two shapes."""
    if image.shape != reference.shape:
        raise ValueError(
            f"an image of {image.shape} cannot be compared with one of {reference.shape}; use one size"
        )


def _check_range(data_range: float) -> None:
    """Refuse a data range that is no length."""
    if not data_range > 0:
        raise ValueError(f"data_range is {data_range}, but must be positive; the reference may be flat")
