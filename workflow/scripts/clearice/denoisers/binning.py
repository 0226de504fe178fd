"""Bin micrographs and bring them back to their own pixels."""

from __future__ import annotations

from clearice.config.kinds.binning import Binning
from clearice.denoisers.registry import Evidence, Image
from clearice.image.filters import binned


def denoise(micrograph: Image, pixel_size_A: float, settings: Binning, evidence: Evidence) -> Image:
    """Drop all frequencies that a coarser grid cannot hold (see `image.filters.binned`).

    Raises
    ------
    ValueError
        The factor does not fit the micrograph.
    """
    return binned(micrograph, factor=settings.factor)
