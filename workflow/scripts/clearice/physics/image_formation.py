"""From the phase behind the specimen to the intensity in the image plane: linear, or with the full wave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from clearice.physics.ctf import Defocus, Optics, aberration_phase, contrast_transfer, envelope
from clearice.physics.radial import RadialGrid

MODES = ("weak_phase", "phase_object")


@dataclass(frozen=True)
class Lens:
    """An objective lens for images of one shape.

    `transfer` float32 (h, w // 2 + 1) in the weak-phase mode, complex64 (h, w) for waves; `refraction` the
    complex ``sqrt(1 - w^2) + i w`` of the phase object, None in the weak-phase mode.
    """

    shape_px: tuple[int, int]
    transfer: NDArray[np.float32] | NDArray[np.complex64]
    refraction: complex | None

    def image(self, phase: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """Turn the transform of a phase in rad into the transform of the contrast (intensity - 1).

        Weak phase: ``-2 F{phi} (sqrt(1 - w^2) sin chi + w cos chi) E``. Phase object:
        ``|F^-1{F{exp(i phi (sqrt(1 - w^2) + i w))} exp(i chi) E}|^2 - 1``, equal to it for a small phase.
        """
        if self.refraction is None:
            linear: NDArray[np.complex64] = phase * self.transfer
            return linear
        exponent = scipy.fft.irfft2(phase, s=self.shape_px) * np.complex64(1j * self.refraction)
        np.exp(exponent, out=exponent)
        exponent -= 1  # the unscattered wave passes the lens unchanged: leave it out of the transforms
        wave = scipy.fft.fft2(exponent, overwrite_x=True)
        wave *= self.transfer
        wave = scipy.fft.ifft2(wave, overwrite_x=True)
        contrast = 2 * wave.real + wave.real**2 + wave.imag**2
        spectrum: NDArray[np.complex64] = scipy.fft.rfft2(contrast, overwrite_x=True)
        return spectrum


def make_lens(mode: str, grid: RadialGrid, optics: Optics, defocus: Defocus) -> Lens:
    """Prepare a lens.

    Parameters
    ----------
    mode
        ``weak_phase`` or ``phase_object``.
    grid
        The Fourier grid of the images.
    optics, defocus
        The microscope and its setting.

    Raises
    ------
    ValueError
        The mode is unknown.
    """
    damping = envelope(grid.frequencies_per_A, optics, defocus)
    if mode == "weak_phase":
        transfer = contrast_transfer(grid.shape_px, grid.pixel_size_A, optics, defocus)
        transfer *= grid.spread(damping)
        return Lens(grid.shape_px, transfer, None)
    if mode == "phase_object":
        chi = aberration_phase(grid.shape_px, grid.pixel_size_A, optics, defocus, full=True)
        wave = np.empty(chi.shape, dtype=np.complex64)
        np.cos(chi, out=wave.real)
        np.sin(chi, out=wave.imag)
        half = grid.spread(damping)
        mirrored = half[:, 1 : (grid.shape_px[1] + 1) // 2][:, ::-1]
        wave *= np.concatenate([half, mirrored], axis=1)
        w = optics.amplitude_contrast
        return Lens(grid.shape_px, wave, complex(np.sqrt(1 - w**2), w))
    raise ValueError(f"mode {mode!r} is unknown; use one of {', '.join(MODES)}")
