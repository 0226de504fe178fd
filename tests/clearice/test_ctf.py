from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from clearice.config.lens import wavelength_A
from clearice.simulation import ctf
from clearice.simulation.ctf import Defocus, Optics, check_optics, delocalisation_A, envelope

OPTICS = Optics(
    voltage_kV=300,
    spherical_aberration_mm=0.0,
    amplitude_contrast=0.0,
    chromatic_aberration_mm=2.7,
    energy_spread_eV=0.7,
    convergence_mrad=0.05,
    envelope_b_factor_A2=60,
)
SHAPE, PIXEL = (512, 512), 1.0
CPU = torch.device("cpu")


def aberration_phase(
    shape: tuple[int, int], pixel: float, optics: Optics, defocus: Defocus, full: bool = False
) -> np.ndarray:
    return ctf.aberration_phase(shape, pixel, optics, defocus, CPU, full=full).numpy()


def contrast_transfer(shape: tuple[int, int], pixel: float, optics: Optics, defocus: Defocus) -> np.ndarray:
    return ctf.contrast_transfer(shape, pixel, optics, defocus, CPU).numpy()


def frequency_of_sign_changes(row: np.ndarray, step: float) -> np.ndarray:
    where = np.flatnonzero(np.diff(np.sign(row[1:])) != 0) + 1
    return (where + row[where] / (row[where] - row[where + 1])) * step


def test_zeros_lie_where_the_formula_puts_them() -> None:
    row = contrast_transfer((4096, 4096), PIXEL, OPTICS, Defocus(1.5, 1.5, 0.0))[0].astype(float)
    zeros = frequency_of_sign_changes(row, 1 / 4096)
    orders = np.arange(1, 12)
    assert zeros[: len(orders)] == pytest.approx(np.sqrt(orders / (wavelength_A(300) * 15_000)), rel=2e-4)


def test_spherical_aberration_moves_the_zeros_by_its_own_term() -> None:
    optics = dataclasses.replace(OPTICS, spherical_aberration_mm=2.7)
    row = contrast_transfer((4096, 4096), PIXEL, optics, Defocus(1.5, 1.5, 0.0))[0].astype(float)
    g = frequency_of_sign_changes(row, 1 / 4096)[:12]
    wavelength = wavelength_A(300)
    chi = np.pi * wavelength * g**2 * 15_000 - np.pi / 2 * 2.7e7 * wavelength**3 * g**4
    assert chi / np.pi == pytest.approx(np.arange(1, 13), abs=2e-3)


def test_amplitude_contrast_is_what_remains_at_low_resolution() -> None:
    transfer = contrast_transfer(
        SHAPE, PIXEL, dataclasses.replace(OPTICS, amplitude_contrast=0.1), Defocus(1, 1, 0)
    )
    assert transfer[0, 0] == pytest.approx(-0.2)
    assert transfer[0, 8] < transfer[0, 0]  # underfocus: dark, and darker with phase contrast


def test_astigmatism_gives_each_axis_its_own_defocus() -> None:
    angle = 30.0
    turned = aberration_phase(SHAPE, PIXEL, OPTICS, Defocus(2.0, 1.0, angle))
    y = np.fft.fftfreq(512)[:, None]
    x = np.fft.rfftfreq(512)[None, :]
    local = 1.5 + 0.5 * np.cos(2 * (np.arctan2(y, x) - np.deg2rad(angle)))
    expected = np.pi * wavelength_A(300) * (x**2 + y**2) * local * 1e4
    assert np.allclose(turned, expected, atol=2e-2)
    along_x = aberration_phase(SHAPE, PIXEL, OPTICS, Defocus(2.0, 1.0, 0.0))
    assert np.allclose(
        along_x[0], aberration_phase(SHAPE, PIXEL, OPTICS, Defocus(2.0, 2.0, 0.0))[0], rtol=1e-5
    )


def test_the_full_grid_continues_the_half_grid() -> None:
    defocus = Defocus(2.0, 1.0, 20.0)
    full = aberration_phase((63, 47), PIXEL, OPTICS, defocus, full=True)
    half = aberration_phase((63, 47), PIXEL, OPTICS, defocus)
    assert np.array_equal(full[:, :24], half[:, :24])
    assert np.allclose(full[1:, 1:], full[1:, 1:][::-1, ::-1], atol=1e-4)  # even in g


def test_envelopes_start_at_one_fall_and_multiply() -> None:
    g = np.linspace(0, 0.5, 100)
    only_b = dataclasses.replace(OPTICS, energy_spread_eV=0.0, convergence_mrad=0.0)
    assert np.allclose(envelope(g, only_b, Defocus(1, 1, 0)), np.exp(-60 * g**2 / 4))
    everything = envelope(g, OPTICS, Defocus(1, 1, 0))
    assert everything[0] == 1 and (np.diff(everything) < 0).all()
    assert (everything <= envelope(g, only_b, Defocus(1, 1, 0))).all()
    tilt = envelope(
        g, dataclasses.replace(only_b, envelope_b_factor_A2=0.0, convergence_mrad=0.1), Defocus(2, 2, 0)
    )
    assert np.allclose(tilt, np.exp(-((np.pi * 1e-4) ** 2) * (20_000 * g) ** 2))


def test_delocalisation_is_the_slope_of_the_phase() -> None:
    optics = dataclasses.replace(OPTICS, spherical_aberration_mm=0.0)
    g, step = 0.3, 1e-5
    chi = [np.pi * wavelength_A(300) * (g + d) ** 2 * 12_000 for d in (-step, step)]
    assert delocalisation_A(optics, 1.2, g) == pytest.approx((chi[1] - chi[0]) / (2 * step) / (2 * np.pi))


def test_pixels_too_coarse_for_the_defocus_are_refused() -> None:
    check_optics(OPTICS, 1.0, 3.0)
    with pytest.raises(ValueError, match="8 A pixels are too coarse for 1 um defocus"):
        check_optics(OPTICS, 1.0, 8.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"amplitude_contrast": 1.2}, "amplitude contrast 1.2 is outside"),
        ({"spherical_aberration_mm": -1.0}, "spherical_aberration_mm is -1"),
        ({"envelope_b_factor_A2": -5.0}, "envelope_b_factor_A2 is -5"),
        ({"voltage_kV": 300_000.0}, "give the voltage in kV"),
    ],
)
def test_optics_out_of_range_are_refused(change: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_optics(dataclasses.replace(OPTICS, **change), 1.0, 1.0)


def test_overfocus_is_refused() -> None:
    with pytest.raises(ValueError, match="underfocus is given as a positive number"):
        check_optics(OPTICS, -0.5, 1.0)
