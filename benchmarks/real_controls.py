"""Methods that need no training, for the benchmarks on real data; fitted on the two SETTINGS micrographs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray
from real_data import (
    BAND_A,
    LARGEST_BOX_PX,
    PIXEL_SIZE_A,
    RADIUS_PX,
    RING_PX,
    SETTINGS,
    Field,
    Image,
    load_fields,
    shape_of,
)

from clearice.config.kinds.mask_control import MaskControl
from clearice.denoisers import mask_control
from clearice.denoisers.registry import Evidence
from clearice.evaluation.agreement import agreement, agreement_sums
from clearice.evaluation.null_test import background_spectrum, whole_spectrum
from clearice.evaluation.regions import free_boxes
from clearice.image.filters import gaussian, lowpass
from clearice.image.grids import apply_transfer
from clearice.image.rings import ring_sums, transfer_of_rings

Transform = Callable[[Image], Image]
FITTED_BLURS_PX = (2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


def control_methods(kind: str, folder: Path | None = None) -> dict[str, Transform]:
    """Make the methods that need no training; what they have to be fitted with comes from the two SETTINGS micrographs.

    The Wiener filter of a frame has the radial gain <frame, rest> / <frame, frame>, that of an average
    1 - background / whole power. The blur is the Gaussian with the best r (frames) or a tenth of the radius (averages).
    """
    fields = {name: load_fields(folder)[name] for name in SETTINGS}
    sigma_px = RADIUS_PX / 10 if kind == "average" else _best_blur(fields)
    frequency, gain = _wiener_gain(kind, fields)
    masked = MaskControl(kind="mask_control", sigma_px=sigma_px)
    return {
        "raw": lambda image: image,
        "low-pass 20 A": lambda image: lowpass(
            image, pixel_size_A=PIXEL_SIZE_A, resolution_A=20.0, edge_fraction=0.2
        ),
        "Gaussian, NT2C's 5 x 5": lambda image: gaussian(image, sigma_px=9.0, window_px=5),
        "Wiener, radial spectra": lambda image: _filtered(image, frequency, gain),
        f"blur, sigma {sigma_px:.3g} px (control)": lambda image: _blurred(image, sigma_px),
        f"blur and mask, sigma {sigma_px:.3g} px (mask control)": lambda image: mask_control.denoise(
            image, PIXEL_SIZE_A, masked, Evidence(image)
        ),
    }


def _best_blur(fields: Mapping[str, Field]) -> float:
    """Find the blur of highest r among a few."""

    def r(sigma_px: float) -> float:
        total = 0.0
        for field in fields.values():
            sums = agreement_sums(_blurred(field.frame, sigma_px), field.rest, RING_PX)
            found = agreement(sums, sums, pixel_size_A=PIXEL_SIZE_A, coarsest_A=BAND_A[0], finest_A=BAND_A[1])
            total += found.correlation
        return total

    return max(FITTED_BLURS_PX, key=r)


def _wiener_gain(kind: str, fields: Mapping[str, Field]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Measure a radial gain between 0 and 1 (for frames up to a factor that scores ignore)."""
    if kind == "frame":
        first, *others = [ring_sums(field.frame, field.rest, 4.0) for field in fields.values()]
        total = first
        for sums in others:
            total = total + sums
        return total.frequency, np.maximum(total.cross / np.maximum(total.power_first, 1e-30), 0.0)
    gains = []
    frequency = np.linspace(0.0, 0.5, 151)
    for field in fields.values():
        boxes = free_boxes(field.marks, shape_of(field.average), radius_px=RADIUS_PX, side_px=LARGEST_BOX_PX)
        noise, whole = background_spectrum(field.average, boxes), whole_spectrum(field.average)
        powers = [np.interp(frequency, spectrum.frequency, spectrum.power) for spectrum in (noise, whole)]
        gains.append(np.maximum(1.0 - powers[0] / powers[1], 0.0))
    return frequency, np.mean(gains, axis=0)


def _filtered(image: Image, frequency: NDArray[np.float64], gain: NDArray[np.float64]) -> Image:
    return apply_transfer(image, transfer_of_rings(shape_of(image), frequency, gain))


def _blurred(image: Image, sigma_px: float) -> Image:
    blurred: Image = scipy.ndimage.gaussian_filter(image, sigma_px, mode="reflect")
    return blurred
