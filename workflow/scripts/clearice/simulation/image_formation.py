"""From the phase behind the specimen to the intensity in the image plane: linear, or with the full wave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from clearice.simulation.ctf import Defocus, Optics, aberration_phase, contrast_transfer, envelope
from clearice.simulation.radial import RadialGrid

MODES = ("weak_phase", "phase_object")


@dataclass(frozen=True)
class Lens:
    """An objective lens for images of one shape.

    Attributes
    ----------
    grid
        Fourier grid of the images.
    transfer
        float32 (h, w // 2 + 1) in the weak-phase mode, complex64 (h, w) for waves.
    refraction
        The complex ``sqrt(1 - w^2) + i w`` of the phase object; None in the weak-phase mode.
    """

    grid: RadialGrid
    transfer: torch.Tensor
    refraction: complex | None

    def image(self, phase: torch.Tensor) -> torch.Tensor:
        """Turn the transform of a phase in rad into the transform of the contrast (intensity - 1).

        Weak phase: ``-2 F{phi} (sqrt(1 - w^2) sin chi + w cos chi) E``. Phase object:
        ``|F^-1{F{exp(i phi (sqrt(1 - w^2) + i w))} exp(i chi) E}|^2 - 1``, equal to it for a small phase.
        """
        if self.refraction is None:
            return phase * self.transfer
        wave = (self.grid.restore(phase) * (1j * self.refraction)).exp_()
        wave -= 1  # the unscattered wave passes the lens unchanged: leave it out of the transforms
        wave = torch.fft.fft2(wave)
        wave *= self.transfer
        wave = torch.fft.ifft2(wave)
        contrast = 2 * wave.real + wave.real**2 + wave.imag**2
        return self.grid.transform(contrast)


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
    damping = grid.spread(envelope(grid.frequencies_per_A, optics, defocus))
    if mode == "weak_phase":
        transfer = contrast_transfer(grid.shape_px, grid.pixel_size_A, optics, defocus, grid.device)
        transfer *= damping
        return Lens(grid, transfer, None)
    if mode == "phase_object":
        chi = aberration_phase(grid.shape_px, grid.pixel_size_A, optics, defocus, grid.device, full=True)
        mirrored = damping[:, 1 : (grid.shape_px[1] + 1) // 2].flip(1)
        wave = torch.polar(torch.cat([damping, mirrored], dim=1), chi)
        w = optics.amplitude_contrast
        return Lens(grid, wave, complex(np.sqrt(1 - w**2), w))
    raise ValueError(f"mode {mode!r} is unknown; use one of {', '.join(MODES)}")
