"""Does a denoiser invent? Pure noise with a micrograph's spectrum, what is left of it, what was removed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clearice.evaluation.regions import Box, cut_box
from clearice.image.rings import radial_power, transfer_of_rings
from clearice.image.similarity import pearson
from clearice.image.spectra import Spectrum, tapered_spectrum

OF_FREE_BOXES = "spectrum of the particle-free boxes"
OF_PATCHES = "the particle-free boxes themselves, turned and quilted"
OF_PHASES = "the micrograph itself with random phases, the power of its signal included"
OF_WHOLE_FIELD = "spectrum of the whole micrograph, signal included"
"""What a manifest's reason says of where the spectrum of pure noise comes from: the two do not compare."""


def whole_spectrum(image: NDArray[np.float32], ring_width_px: float = 4.0) -> Spectrum:
    """Measure the radial spectrum of a whole micrograph, its signal included."""
    frequency, power = radial_power(image, ring_width_px)
    return Spectrum(frequency[1:], power[1:])


def background_spectrum(image: NDArray[np.float32], boxes: Sequence[Box]) -> Spectrum:
    """Measure the radial spectrum of the particle-free boxes of a micrograph.

    See `image.spectra.tapered_spectrum`; below one period per box the lowest ring is continued.

    Parameters
    ----------
    image
        Micrograph (h, w).
    boxes
        Particle-free boxes of one side.

    Raises
    ------
    ValueError
        There is no box.
    """
    if not boxes:
        raise ValueError(
            "no particle-free box is given, so the background has no spectrum; use smaller boxes"
        )
    return tapered_spectrum(cut_box(image, box) for box in boxes)


def noise_image(
    spectrum: Spectrum, shape: tuple[int, int], mean: float, generator: np.random.Generator
) -> NDArray[np.float32]:
    """Draw a Gaussian field with a radial spectrum: a micrograph without a single particle.

    Parameters
    ----------
    spectrum
        Its radial power.
    shape
        Image shape (h, w).
    mean
        Mean of the image; its sd follows from the spectrum.
    generator
        Generator that draws the field.

    Returns
    -------
    float32 array (h, w)
    """
    white = np.fft.rfft2(generator.standard_normal(shape))
    amplitude = np.sqrt(transfer_of_rings(shape, spectrum.frequency, spectrum.power).astype(np.float64))
    amplitude[0, 0] = 0.0
    field: NDArray[np.float32] = (np.fft.irfft2(white * amplitude, s=shape) + mean).astype(np.float32)
    return field


def phase_randomised(image: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.float32]:
    """Draw the phase of every Fourier coefficient of an image anew: its power in every direction, and no place.

    The power of the particles is in it, as in `whole_spectrum`; unlike there, a coefficient keeps its own amplitude.

    Parameters
    ----------
    image
        Micrograph (h, w).
    generator
        Generator that draws the phases.

    Returns
    -------
    float32 array (h, w)
        An image of the same mean and standard deviation.
    """
    mean = image.mean(dtype=np.float64)
    white = np.fft.rfft2(generator.standard_normal(image.shape))
    amplitude = np.abs(np.fft.rfft2(image - mean))
    phases = white / np.maximum(np.abs(white), np.finfo(np.float64).tiny)
    field: NDArray[np.float32] = (np.fft.irfft2(amplitude * phases, s=image.shape) + mean).astype(np.float32)
    return field


def stacked(fields: Sequence[NDArray[np.float32]], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Cut fields to a shape (h, w) and lay them one below the other."""
    height, width = shape
    return np.concatenate([field[:height, :width] for field in fields]).astype(np.float32)


def null_sd(null: NDArray[np.float32], real: NDArray[np.float32]) -> float:
    """Divide the sd of denoised pure noise by that of the denoised real micrograph.

    What a good denoiser makes of nothing is nothing (0); 1 means that noise alone looks as rich as the field.
    """
    sd = float(real.std(dtype=np.float64))
    return float(null.std(dtype=np.float64)) / sd if sd > 0 else float("nan")


def residual_correlation(
    raw: NDArray[np.float32], denoised: NDArray[np.float32], signal: NDArray[np.float32]
) -> float:
    """Correlate what a denoiser took away, raw - denoised, with the signal (-1 to 1).

    Parameters
    ----------
    raw, denoised
        Input and output (h, w) in the same units.
    signal
        The truth where there is one, an independent exposure, or the output itself. What is left of it in the
        residual was thrown away (positive); what is there with the opposite sign was exaggerated (negative).
    """
    return pearson(raw - denoised, signal)
