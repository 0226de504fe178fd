"""Vitreous ice: granular noise, its motion under the beam, and the electrons it takes out of the image."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clearice.config.lens import wavelength_A
from clearice.simulation.electrons import ice_mean_free_path_nm, relativistic_factor
from clearice.simulation.scattering import atom_curve_A

MOLECULES_PER_A3 = 0.0311
WATER_MOTION_B_FACTOR_A2 = 29.0
"""B factor in A^2 that water gains per e/A^2: 8 pi^2 1.1 / 3, mean squared motion 1.1 A^2 (McMullan 2015)."""


def ice_phase_power(
    frequencies_per_A: NDArray[np.float64], voltage_kV: float, thickness_nm: float
) -> NDArray[np.float64]:
    """Compute the power spectrum of the phase behind a layer of resting ice, in rad^2 A^2.

    ``(gamma lambda f_w(g))^2 rho t S(g)``: f_w the form factor of water, rho = 0.0311 molecules/A^3.

    Raises
    ------
    ValueError
        The thickness is negative.
    """
    if thickness_nm < 0:
        raise ValueError(f"ice thickness {thickness_nm:g} nm is negative; give 0 for no ice")
    water = atom_curve_A("O", 2, 0.0, frequencies_per_A, solvent=False)
    phase = relativistic_factor(voltage_kV) * wavelength_A(voltage_kV) * water
    power: NDArray[np.float64] = (
        phase**2 * MOLECULES_PER_A3 * thickness_nm * 10 * structure_factor(frequencies_per_A)
    )
    return power


def structure_factor(frequencies_per_A: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the structure factor S(g) of low-density amorphous ice.

    A hand parametrisation of the textbook curve, with q = 2 pi g: 0.02 at rest, a peak of 2.2 at q = 1.70 1/A
    (3.7 A), a second at 3.05 1/A, then 1.
    """
    q = 2 * np.pi * frequencies_per_A
    rise = 1.0 - 0.98 * np.exp(-((q / 1.45) ** 6))
    peaks = 1.27 * np.exp(-(((q - 1.70) / 0.22) ** 2)) + 0.35 * np.exp(-(((q - 3.05) / 0.45) ** 2))
    result: NDArray[np.float64] = rise + peaks
    return result


def motion_average(frequencies_per_A: NDArray[np.float64], dose_e_per_A2: float) -> NDArray[np.float64]:
    """Compute the share of the ice's power that is left when its motion is averaged over an exposure.

    ``2 (x - 1 + exp(-x)) / x^2`` with ``x = B_w g^2 D / 4``, B_w = 29 A^2 per e/A^2.
    """
    x = WATER_MOTION_B_FACTOR_A2 * frequencies_per_A**2 * dose_e_per_A2 / 4
    small = x < 1e-3
    safe = np.where(small, 1.0, x)
    return np.where(small, 1.0 - x / 3.0, 2.0 * (safe - 1.0 + np.exp(-safe)) / safe**2)


@dataclass(frozen=True)
class FrameMotion:
    """How the ice's waves, averaged over each frame, go on from frame to frame.

    All values are over frequencies, for waves of power 1.

    With independent new waves e_n of standard deviation `fresh`, the mean over frame n is
    ``y_n = kept y_(n-1) + e_n + carried e_(n-1)``; it begins with ``y_0 = e_0 + before w``, w of power 1.

    Attributes
    ----------
    kept
        Factor of the frame before.
    carried
        Factor of the new waves of the frame before.
    fresh
        Standard deviation of new waves.
    before
        Standard deviation of what the first frame has beyond its new waves.
    """

    kept: NDArray[np.float64]
    carried: NDArray[np.float64]
    fresh: NDArray[np.float64]
    before: NDArray[np.float64]


def frame_motion(frequencies_per_A: NDArray[np.float64], dose_e_per_A2: float) -> FrameMotion:
    """Compute the law of the means over frames of an Ornstein-Uhlenbeck process, exactly.

    With ``x = B_w g^2 d / 4`` of a frame of dose d, the means have the variance
    ``2 (x - 1 + exp(-x)) / x^2``, the covariance ``(1 - exp(-x))^2 / x^2`` with the next frame, and
    ``exp(-x)`` of that with each further one: what is left of a frame beyond ``exp(-x)`` of the one before is
    correlated with its neighbours alone, a moving average.
    """
    x = np.maximum(WATER_MOTION_B_FACTOR_A2 * frequencies_per_A**2 * dose_e_per_A2 / 4, 1e-12)
    variance, kept = motion_average(frequencies_per_A, dose_e_per_A2), np.exp(-x)
    neighbours = (np.expm1(-x) / x) ** 2
    small = x < 1e-2  # there the terms cancel: the series
    left = np.where(small, 4 / 3 * x, variance * (1 + kept**2) - 2 * kept * neighbours)
    shared = np.where(small, x / 3, neighbours - kept * variance)
    power = left / 2 + np.sqrt(left**2 / 4 - shared**2)
    return FrameMotion(kept, shared / power, np.sqrt(power), np.sqrt(variance - power))


def unscattered_share(voltage_kV: float, thickness_nm: float) -> float:
    """Compute the share of electrons that lose no energy in the ice: ``exp(-t / Lambda)``."""
    return math.exp(-thickness_nm / ice_mean_free_path_nm(voltage_kV))


def check_gradient(
    shape_px: tuple[int, int], pixel_size_A: float, thickness_nm: float, gradient_nm_per_um: float
) -> None:
    """Refuse a wedge of ice that would end within the field, whatever its direction.

    Raises
    ------
    ValueError
        Thickness, gradient and field do not go together.
    """
    half_diagonal_um = math.hypot(*shape_px) / 2 * pixel_size_A * 1e-4
    if gradient_nm_per_um * half_diagonal_um > thickness_nm:
        raise ValueError(
            f"a gradient of {gradient_nm_per_um:g} nm per um takes {thickness_nm:g} nm of ice below zero within "
            f"{half_diagonal_um:.3g} um of the field's centre; lower physics.thickness_gradient_nm_per_um (0 for even or "
            "no ice) or raise ice_thickness_nm"
        )


def thickness_map_nm(
    shape_px: tuple[int, int],
    pixel_size_A: float,
    thickness_nm: float,
    gradient_nm_per_um: float,
    direction_rad: float,
) -> NDArray[np.float32]:
    """Compute the thickness of a wedge of ice: the mean at the centre of the field, a constant slope.

    Parameters
    ----------
    shape_px, pixel_size_A
        The field.
    thickness_nm
        At the centre, in nm.
    gradient_nm_per_um
        Slope in nm per um.
    direction_rad
        Direction of the slope, from x towards y.

    Returns
    -------
    float32 array (h, w)
        Thickness in nm.
    """
    y = (np.arange(shape_px[0]) - (shape_px[0] - 1) / 2)[:, None] * pixel_size_A * 1e-4
    x = (np.arange(shape_px[1]) - (shape_px[1] - 1) / 2)[None, :] * pixel_size_A * 1e-4
    slope = gradient_nm_per_um * (np.cos(direction_rad) * x + np.sin(direction_rad) * y)
    thickness: NDArray[np.float32] = (thickness_nm + slope).astype(np.float32)
    return thickness
