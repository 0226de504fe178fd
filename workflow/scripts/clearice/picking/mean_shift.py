"""Pick particles by mean shift directly on a denoised micrograph (NT2C, Fig. S3)."""

from __future__ import annotations

import math

import numpy as np
import scipy.fft
import scipy.ndimage
from numpy.typing import NDArray

from clearice.config.kind import PickerSettings
from clearice.image.thresholds import otsu
from clearice.picking.blob import thin_out
from clearice.picking.registry import Picks

SMOOTHING_OF_DIAMETER = 10.0 / 83.0
"""Width (sigma) of the smoothing before Otsu, as a share of the diameter: 10 px for a particle of 83 px."""

LARGEST_NUMBER_OF_STEPS = 100
SEEDS_PER_RADIUS = 10.0
STILL_PX = 0.125


def pick(
    image: NDArray[np.float32],
    diameter_px: float,
    *,
    particles_are_dark: bool = True,
    settings: PickerSettings | None = None,
    templates: NDArray[np.float32] | None = None,
) -> Picks:
    """Pick every mode of the foreground.

    Parameters and errors are those of `registry.Picker`; `settings` and `templates` are not used. Scores are
    the share of the particle's disc that is foreground.
    """
    centres, scores = pick_mean_shift(image, diameter_px, particles_are_dark=particles_are_dark)
    return Picks(centres, scores, 0.0)


def pick_mean_shift(
    image: NDArray[np.float32],
    diameter_px: float,
    *,
    particles_are_dark: bool = True,
    flatten: bool = False,
    smallest_share: float = 0.25,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the modes of the foreground's density.

    Otsu's threshold on the smoothed image parts the foreground; each foreground pixel climbs by flat-kernel
    mean shift with a bandwidth of one particle radius; where it comes to rest is a pick. The paper publishes
    neither foreground rule nor bandwidth: both are ours.

    Parameters
    ----------
    image
        Micrograph (h, w).
    diameter_px
        Particle diameter in pixels.
    particles_are_dark
        Whether particles are darker than ice.
    flatten
        Take the mean over a Gaussian of one diameter away first. The paper does not: without it the pick also
        tests whether a denoiser removes a gradient of the ice, of which one threshold for the image makes
        nonsense.
    smallest_share
        A pick whose kernel holds less than this share of foreground is dropped.

    Returns
    -------
    tuple of arrays
        Centres (n, 2) as (y, x) in pixels, and scores (n,): the share of the kernel's disc that is foreground
        (0 to 1), highest first.
    """
    smoothed = scipy.ndimage.gaussian_filter(
        image.astype(np.float32), SMOOTHING_OF_DIAMETER * diameter_px, mode="reflect"
    )
    if flatten:
        smoothed -= scipy.ndimage.gaussian_filter(image.astype(np.float32), diameter_px, mode="reflect")
    if float(np.ptp(smoothed)) == 0.0:
        return np.empty((0, 2)), np.empty(0)
    if not particles_are_dark:
        smoothed = -smoothed  # of the negative, so that both signs have one threshold
    foreground = smoothed < otsu(smoothed)
    centres, counts = flat_modes(foreground, diameter_px / 2)
    share = counts / (math.pi * (diameter_px / 2) ** 2)
    kept = share >= smallest_share
    return centres[kept], share[kept]


def flat_modes(
    foreground: NDArray[np.bool_], radius_px: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Climb from every foreground pixel to the mean of the foreground within a radius, until nothing moves.

    The mean within the disc about every pixel is computed once, by convolution; a climb then only looks up.
    (Comaniciu and Meer 2002 with a flat kernel; scikit-learn's MeanShift does the same point by point.)

    Returns
    -------
    tuple of arrays
        Modes (n, 2) as (y, x) in pixels, no two nearer than the radius, and the number of foreground pixels
        within the radius of each, highest first.
    """
    height, width = foreground.shape
    starts = np.argwhere(foreground)
    if starts.size == 0:
        return np.empty((0, 2)), np.empty(0)
    rows, columns = np.mgrid[:height, :width].astype(np.float64)
    number, mean_y, mean_x = (_sum_in_disc(foreground * values, radius_px) for values in (1.0, rows, columns))
    number = np.rint(number)
    covered = np.maximum(number, 1.0)
    mean_y, mean_x = mean_y / covered, mean_x / covered
    step = max(1, int(radius_px / SEEDS_PER_RADIUS))
    on_grid = starts[(starts % step == 0).all(axis=1)]
    points = (on_grid if on_grid.size else starts).astype(np.float64)
    for _ in range(LARGEST_NUMBER_OF_STEPS):
        climbed = np.stack([_at(mean_y, points), _at(mean_x, points)], axis=1)
        still = bool((np.abs(climbed - points) < STILL_PX).all())
        points = _merged(climbed)
        if still:
            break
    return thin_out(points, np.rint(_at(number, points)), radius_px)


def _merged(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round points to the grid of STILL_PX and keep each place once: climbs that met go on as one."""
    steps = np.rint(points / STILL_PX).astype(np.int64)
    stride = int(steps[:, 1].max()) + 1
    places = np.unique(steps[:, 0] * stride + steps[:, 1])
    return np.stack([places // stride, places % stride], axis=1) * STILL_PX


def _at(values: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Look values (h, w) up at sub-pixel points (n, 2), linear between pixels."""
    found: NDArray[np.float64] = scipy.ndimage.map_coordinates(values, points.T, order=1, mode="nearest")
    return found


def _sum_in_disc(values: NDArray[np.float64], radius_px: float) -> NDArray[np.float64]:
    """Sum values over the disc about every pixel; outside the image there is nothing."""
    margin = math.ceil(radius_px)
    shape = tuple(scipy.fft.next_fast_len(side + margin, real=True) for side in values.shape)
    rows = np.fft.fftfreq(shape[0], 1.0 / shape[0])[:, None]
    columns = np.fft.fftfreq(shape[1], 1.0 / shape[1])[None, :]
    disc = (rows**2 + columns**2 <= radius_px**2).astype(np.float64)
    summed = scipy.fft.irfft2(scipy.fft.rfft2(values, s=shape) * scipy.fft.rfft2(disc), s=shape)
    cut: NDArray[np.float64] = summed[: values.shape[0], : values.shape[1]]
    return cut
