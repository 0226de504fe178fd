"""Pick particles where a micrograph looks like projections of the dataset's structures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clearice.config.pickers.template import Template
from clearice.image.resize import fourier_resample
from clearice.image.scaling import fill_not_finite
from clearice.image.thresholds import otsu
from clearice.picking.blob import local_maxima, thin_out
from clearice.picking.correlation import best_correlation, template_side_px, turn_templates
from clearice.picking.registry import Picks


def pick(
    image: NDArray[np.float32],
    diameter_px: float,
    *,
    particles_are_dark: bool = True,
    settings: Template | None = None,
    templates: NDArray[np.float32] | None = None,
) -> Picks:
    """Pick the local maxima of the correlation with templates that Otsu's threshold parts from the others.

    The micrograph is brought to the templates' pixel size in Fourier space, so that all is compared at
    `pixels_per_diameter`; a maximum is placed between pixels by a parabola along each axis. No two centres
    are nearer than half a diameter.

    Parameters
    ----------
    image, diameter_px, particles_are_dark
        As in `registry.Picker`; pixels that are not finite are filled.
    settings
        Scale of the comparison, and step of the turns.
    templates
        Projections (n, s, s) with dark particles, as the step project_templates makes them with these
        settings.

    Returns
    -------
    Picks
        Scores are correlations, -1 to 1.

    Raises
    ------
    ValueError
        There are no settings or no templates, they were made for another scale, or the particle does not fit
        the image.
    """
    if settings is None or templates is None or not len(templates):
        raise ValueError(
            "the template picker has no templates to compare with; make them with project_templates, "
            "for which the dataset needs structures"
        )
    side_px, per_diameter = template_side_px(settings.pixels_per_diameter), settings.pixels_per_diameter
    if templates.shape[1:] != (side_px, side_px):
        raise ValueError(
            f"templates have {templates.shape[1]} x {templates.shape[2]} px, but {per_diameter:g} pixels per diameter "
            f"make {side_px} x {side_px}; make them again with project_templates"
        )
    shape = tuple(max(1, round(length * per_diameter / diameter_px)) for length in image.shape)
    if side_px >= min(shape):
        raise ValueError(
            f"particles of {diameter_px:.0f} px cannot be picked on an image of {image.shape}; "
            "check particle_diameter_A and the pixel size"
        )
    scaled = _scaled(image if particles_are_dark else -image)
    if scaled is None:
        return Picks(np.empty((0, 2)), np.empty(0), np.inf)
    coarse = fourier_resample(scaled, (shape[0], shape[1]))
    turned = turn_templates(templates, per_diameter, settings.turn_deg)
    correlation = best_correlation(coarse, turned, per_diameter)
    maxima, scores = local_maxima(correlation, per_diameter / 2)
    centres, scores = thin_out(_between_pixels(correlation, maxima), scores, per_diameter / 2)
    return Picks(centres * (np.array(image.shape) / np.array(shape)), scores, otsu(scores))


def _scaled(image: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Scale an image to mean 0 and standard deviation 1; None where it is flat."""
    filled, _ = fill_not_finite(image)
    if float(np.ptp(filled)) == 0.0:
        return None
    centred = filled - filled.mean(dtype=np.float64)
    scaled: NDArray[np.float32] = (centred / centred.std()).astype(np.float32)
    return scaled


def _between_pixels(values: NDArray[np.float32], maxima: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move maxima (n, 2) by up to half a pixel per axis, to the top of a parabola through three pixels."""
    padded = np.pad(values.astype(np.float64), 1, mode="edge")
    y, x = (maxima.astype(np.intp) + 1).T
    moved = maxima.copy()
    for axis, (down, right) in enumerate(((1, 0), (0, 1))):
        before, at, after = padded[y - down, x - right], padded[y, x], padded[y + down, x + right]
        bend = before + after - 2 * at
        shift = np.divide(before - after, 2 * bend, out=np.zeros_like(bend), where=bend < 0)
        moved[:, axis] += np.clip(shift, -0.5, 0.5)
    return moved
