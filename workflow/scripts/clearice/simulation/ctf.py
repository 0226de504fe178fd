"""The contrast transfer function: aberrations and envelopes. Underfocus is positive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from clearice.config.lens import first_zero_A, wavelength_A


@dataclass(frozen=True)
class Optics:
    """The microscope.

    Attributes
    ----------
    voltage_kV
        Acceleration voltage.
    spherical_aberration_mm
        Cs; 0 with a corrector.
    amplitude_contrast
        Share of amplitude contrast, 0..1.
    chromatic_aberration_mm
        Cc, which makes the temporal envelope with the energy spread.
    energy_spread_eV
        Energy spread (rms).
    convergence_mrad
        Half angle of the illumination, which makes the spatial envelope.
    envelope_b_factor_A2
        One Gaussian for residual motion and everything else.
    """

    voltage_kV: float
    spherical_aberration_mm: float
    amplitude_contrast: float
    chromatic_aberration_mm: float
    energy_spread_eV: float
    convergence_mrad: float
    envelope_b_factor_A2: float


@dataclass(frozen=True)
class Defocus:
    """Defocus along two axes, positive for underfocus.

    Attributes
    ----------
    u_um
        Along the axis u.
    v_um
        Along the axis at right angles to u.
    angle_deg
        Angle of the axis u from x towards y.
    """

    u_um: float
    v_um: float
    angle_deg: float


def check_optics(optics: Optics, lowest_defocus_um: float, pixel_size_A: float) -> None:
    """Refuse optics outside their range, and pixels too coarse for the first zero of the CTF.

    Raises
    ------
    ValueError
        A value is out of range; the defocus is not positive; the first zero lies beyond Nyquist.
    """
    if not 0 <= optics.amplitude_contrast < 1:
        raise ValueError(
            f"amplitude contrast {optics.amplitude_contrast:g} is outside 0 to 1; give e.g. 0.07 or 0.1"
        )
    for name in (
        "spherical_aberration_mm",
        "chromatic_aberration_mm",
        "energy_spread_eV",
        "convergence_mrad",
        "envelope_b_factor_A2",
    ):
        if getattr(optics, name) < 0:
            raise ValueError(f"{name} is {getattr(optics, name):g}, but it must not be negative")
    if lowest_defocus_um <= 0:
        raise ValueError(
            f"defocus {lowest_defocus_um:g} um is not positive; underfocus is given as a positive number"
        )
    zero_A = first_zero_A(optics.voltage_kV, lowest_defocus_um)
    if zero_A < 2.0 * pixel_size_A:
        raise ValueError(
            f"{pixel_size_A:g} A pixels are too coarse for {lowest_defocus_um:g} um defocus: the first "
            "zero of the CTF "
            f"is at {zero_A:.1f} A, Nyquist at {2 * pixel_size_A:.1f} A; use smaller pixels or "
            "more defocus"
        )


def aberration_phase(
    shape_px: tuple[int, int],
    pixel_size_A: float,
    optics: Optics,
    defocus: Defocus,
    device: torch.device,
    *,
    full: bool = False,
) -> torch.Tensor:
    """Compute the phase that the objective lens adds at every spatial frequency.

    ``chi = pi lambda g^2 df(theta) - (pi / 2) Cs lambda^3 g^4`` with
    ``df(theta) = (dfu + dfv) / 2 + (dfu - dfv) / 2 cos(2 (theta - theta_u))``.

    Parameters
    ----------
    shape_px, pixel_size_A
        The image.
    optics, defocus
        The microscope and its setting.
    device
        Device to compute on.
    full
        Return all columns of a complex transform instead of the half that a real one has.

    Returns
    -------
    float32 tensor (h, w // 2 + 1) or (h, w)
        chi in rad.
    """
    wavelength = wavelength_A(optics.voltage_kV)
    y = torch.fft.fftfreq(shape_px[0], pixel_size_A, device=device)[:, None]
    columns = torch.fft.fftfreq if full else torch.fft.rfftfreq
    x = columns(shape_px[1], pixel_size_A, device=device)[None, :]
    mean = (defocus.u_um + defocus.v_um) / 2 * 1e4
    half = (defocus.u_um - defocus.v_um) / 2 * 1e4
    angle = np.deg2rad(2 * defocus.angle_deg)
    along_x, along_y, mixed = (
        mean + half * np.cos(angle),
        mean - half * np.cos(angle),
        2 * half * np.sin(angle),
    )
    scale = np.pi * wavelength
    chi: torch.Tensor = x**2 * float(scale * along_x) + y**2 * float(scale * along_y)
    if mixed:
        chi += (x * float(scale * mixed)) * y
    if optics.spherical_aberration_mm:
        fourth = np.sqrt(np.pi / 2 * optics.spherical_aberration_mm * 1e7 * wavelength**3)
        chi -= ((x**2 + y**2) * float(fourth)) ** 2
    return chi


def contrast_transfer(
    shape_px: tuple[int, int], pixel_size_A: float, optics: Optics, defocus: Defocus, device: torch.device
) -> torch.Tensor:
    """Compute the weak-phase transfer from phase (rad) to contrast, without envelopes.

    ``-2 (sqrt(1 - w^2) sin chi + w cos chi)``: negative at low resolution in underfocus, so protein is dark.
    """
    chi = aberration_phase(shape_px, pixel_size_A, optics, defocus, device)
    chi += float(np.arcsin(optics.amplitude_contrast))
    return chi.sin_().mul_(-2.0)


def envelope(frequencies_per_A: NDArray[np.float64], optics: Optics, defocus: Defocus) -> NDArray[np.float64]:
    """Compute the product of the temporal, spatial and residual envelopes, 1 at zero frequency.

    ``exp(-1/2 (pi lambda g^2 Cc dE / V)^2) exp(-(pi alpha)^2 (Cs lambda^2 g^3 - df g)^2) exp(-B g^2 / 4)``
    (InSilicoTEM, simulateCTF.m), with the mean defocus.
    """
    g = frequencies_per_A
    wavelength = wavelength_A(optics.voltage_kV)
    focus_spread = optics.chromatic_aberration_mm * 1e7 * optics.energy_spread_eV / (optics.voltage_kV * 1e3)
    mean_A = (defocus.u_um + defocus.v_um) / 2 * 1e4
    temporal = 0.5 * (np.pi * wavelength * g**2 * focus_spread) ** 2
    tilt = optics.spherical_aberration_mm * 1e7 * wavelength**2 * g**3 - mean_A * g
    spatial = (np.pi * optics.convergence_mrad * 1e-3) ** 2 * tilt**2
    result: NDArray[np.float64] = np.exp(-temporal - spatial - optics.envelope_b_factor_A2 * g**2 / 4)
    return result


def delocalisation_A(optics: Optics, defocus_um: float, highest_frequency_per_A: float) -> float:
    """Compute how far in A the highest frequency is spread: ``lambda df g + Cs lambda^3 g^3``."""
    wavelength = wavelength_A(optics.voltage_kV)
    g = highest_frequency_per_A
    return wavelength * defocus_um * 1e4 * g + optics.spherical_aberration_mm * 1e7 * wavelength**3 * g**3
