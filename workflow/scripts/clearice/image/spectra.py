"""Radial power spectra of noise and of micrographs, through a taper that lets no edge leak into them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clearice.image.rings import radial_power


@dataclass(frozen=True)
class Spectrum:
    """A radial power spectrum.

    Attributes
    ----------
    frequency
        Frequencies in cycles per pixel, rising, without 0: shape (rings,).
    power
        Power there in squared image units per pixel: white noise of variance v has v everywhere.
    """

    frequency: NDArray[np.float64]
    power: NDArray[np.float64]


def tapered_spectrum(patches: Iterable[NDArray[np.float32]], ring_width_px: float = 1.0) -> Spectrum:
    """Average the radial spectra of patches.

    Each patch less its mean is tapered with a Hann window (normalised to keep the power), and the
    periodograms are averaged (Welch 1967). What is slower than one period per patch is not measured.

    Parameters
    ----------
    patches
        At least one, all of one shape (h, w).
    ring_width_px
        Width of a ring in Fourier pixels of the patches' shorter side.
    """
    taper, frequency = np.empty((0, 0)), np.empty(0)
    spectra: list[NDArray[np.float64]] = []
    for patch in patches:
        if not spectra:
            taper = _hann(patch.shape)
        own = patch.astype(np.float64)
        frequency, power = radial_power(((own - own.mean()) * taper).astype(np.float32), ring_width_px)
        spectra.append(power)
    return Spectrum(frequency[1:], np.mean(spectra, axis=0)[1:])


def _hann(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Make a Hann window of mean square 1 that is nowhere 0."""
    rows, columns = (np.hanning(side + 2)[1:-1] for side in shape)
    taper = np.outer(rows, columns)
    taper /= np.sqrt((taper**2).mean())
    return taper
