"""The pickers a config can name, each with a fixed rule for what it accepts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clearice.image.thresholds import otsu
from clearice.picking.blob import pick_blobs
from clearice.picking.mean_shift import pick_mean_shift

PICKERS = ("blob", "mean_shift")


@dataclass(frozen=True)
class Picks:
    """Candidates of one micrograph, highest score first, and which of them are picks.

    Parameters
    ----------
    centres
        (n, 2) as (y, x) in pixels.
    scores
        (n,); for blob in units of the image, for mean_shift the share of the kernel that is foreground.
    threshold
        What a candidate must reach to be a pick; inf where there is no pick.
    """

    centres: NDArray[np.float64]
    scores: NDArray[np.float64]
    threshold: float

    @property
    def accepted(self) -> NDArray[np.bool_]:
        """Tell which candidates are picks."""
        return self.scores >= self.threshold


def pick(
    image: NDArray[np.float32], picker: str, diameter_px: float, *, particles_are_dark: bool = True
) -> Picks:
    """Pick the particles of one micrograph, raw or denoised, without any setting but their size.

    Parameters
    ----------
    image
        Micrograph (h, w).
    picker
        ``blob``: local maxima of ring minus disc, parted by Otsu's threshold. ``mean_shift``: modes of the
        foreground, every one of which is a pick.
    diameter_px
        Particle diameter in pixels.
    particles_are_dark
        Whether particles are darker than ice.

    Raises
    ------
    ValueError
        The picker is unknown, or the particle does not fit the image.
    """
    if picker == "blob":
        centres, scores = pick_blobs(image, diameter_px, particles_are_dark=particles_are_dark)
        return Picks(centres, scores, otsu(scores))
    if picker == "mean_shift":
        centres, scores = pick_mean_shift(image, diameter_px, particles_are_dark=particles_are_dark)
        return Picks(centres, scores, 0.0)
    raise ValueError(f"picker {picker!r} is unknown; use {' or '.join(PICKERS)}")
