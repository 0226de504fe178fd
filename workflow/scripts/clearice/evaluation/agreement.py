"""Compare a denoised exposure with an independent exposure of the same field."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clearice.evaluation.resolution import resolution_or_coarsest_A
from clearice.image.rings import RingSums, explained_variance, ring_correlation, ring_sums


@dataclass(frozen=True)
class Agreement:
    """Agreement of a denoised exposure with an independent one.

    Attributes
    ----------
    correlation
        Pearson's r with the independent exposure limited to a band (-1 to 1). Mere blurring raises it.
    explained
        Share of the independent exposure explained after the best gain per ring (0 to 1). No radial linear
        filter can raise it.
    frc_A
        Resolution in A where the ring correlation falls below 0.143; the coarsest of the band if it begins
        below.
    """

    correlation: float
    explained: float
    frc_A: float


def agreement_sums(
    denoised: NDArray[np.float32], second_exposure: NDArray[np.float32], ring_width_px: float
) -> RingSums:
    """Sum over rings; sums of several micrographs of one shape may be added before `agreement`.

    Parameters
    ----------
    denoised, second_exposure
        Images (h, w) of one field; each is standardised, so that all micrographs weigh the same when pooled.
    ring_width_px
        Width of a ring in Fourier pixels of the shorter side.
    """
    return ring_sums(standardised(denoised), standardised(second_exposure), ring_width_px)


def agreement(
    fine: RingSums, wide: RingSums, *, pixel_size_A: float, coarsest_A: float, finest_A: float
) -> Agreement:
    """Measure correlation, explained variance and resolution.

    Parameters
    ----------
    fine
        Sums over narrow rings. The independent exposure is limited to the band for the correlation; the
        denoised image is not, so what it holds outside the band counts against it.
    wide
        Sums over wide rings: a narrow ring's correlation is too noisy for a crossing.
    pixel_size_A
        Pixel size in A.
    coarsest_A, finest_A
        Limits of the band (200 and 10 A).
    """
    lowest, highest = pixel_size_A / coarsest_A, pixel_size_A / finest_A
    band = fine.within(lowest, highest)
    scale = math.sqrt(float(fine.power_first.sum()) * float(band.power_second.sum()))
    from_band = wide.within(lowest, 0.5)
    return Agreement(
        correlation=float(band.cross.sum()) / scale if scale > 0 else 0.0,
        explained=explained_variance(band),
        frc_A=resolution_or_coarsest_A(from_band.frequency, ring_correlation(from_band), 0.143, pixel_size_A),
    )


def standardised(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale an image to mean 0 and sd 1 (a flat image to 0)."""
    mean, sd = float(image.mean(dtype=np.float64)), float(image.std(dtype=np.float64))
    scaled: NDArray[np.float32] = ((image - mean) / sd if sd > 0 else np.zeros_like(image)).astype(np.float32)
    return scaled
