"""Blur micrographs with a Gaussian in a window, as NT2C's released script does."""

from __future__ import annotations

from clearice.config.kinds.gaussian import Gaussian
from clearice.denoisers.registry import Evidence, Image
from clearice.image.filters import gaussian


def denoise(micrograph: Image, pixel_size_A: float, settings: Gaussian, evidence: Evidence) -> Image:
    """Blur with a Gaussian cut to a window (see `image.filters.gaussian`).

    Raises
    ------
    ValueError
        The window is even or does not fit the micrograph.
    """
    return gaussian(micrograph, sigma_px=settings.sigma_px, window_px=settings.window_px)
