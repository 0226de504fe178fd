from __future__ import annotations

import numpy as np
import pytest
import torch

from clearice.config.lens import wavelength_A
from clearice.simulation.background import background_power
from clearice.simulation.draws import Draws
from clearice.simulation.electrons import relativistic_factor
from clearice.simulation.ice import (
    MOLECULES_PER_A3,
    check_gradient,
    frame_motion,
    ice_phase_power,
    motion_average,
    structure_factor,
    thickness_map_nm,
    unscattered_share,
)
from clearice.simulation.radial import make_radial_grid, random_spectrum

G = np.linspace(0, 0.6, 2000)
CPU = torch.device("cpu")


def test_a_random_field_has_the_power_it_was_given() -> None:
    grid = make_radial_grid((400, 300), 2.0, CPU)
    power = 5.0 * np.exp(-((grid.frequencies_per_A / 0.1) ** 2))
    spectrum = random_spectrum(grid, power, Draws(np.random.default_rng(0), CPU)).numpy()
    measured = np.abs(spectrum) ** 2 * 4.0 / (400 * 300)  # |F|^2 times the pixel's area per pixel
    radius = np.hypot(np.fft.fftfreq(400, 2.0)[:, None], np.fft.rfftfreq(300, 2.0)[None, :])
    for low in (0.02, 0.06, 0.1, 0.15):
        ring = (radius > low) & (radius < low + 0.01)
        assert measured[ring].mean() == pytest.approx(
            5.0 * np.exp(-((radius[ring] / 0.1) ** 2)).mean(), rel=0.1
        )


def test_a_radial_table_is_spread_to_its_frequencies() -> None:
    grid = make_radial_grid((64, 50), 1.5, CPU)
    spread = grid.spread(grid.frequencies_per_A).numpy()
    exact = np.hypot(np.fft.fftfreq(64, 1.5)[:, None], np.fft.rfftfreq(50, 1.5)[None, :])
    assert spread.shape == exact.shape
    assert np.abs(spread - exact).max() <= 0.5 * grid.frequencies_per_A[1] * 1.001


def test_ice_has_its_ring_at_3_7_A_and_little_power_at_rest() -> None:
    factor = structure_factor(G)
    assert 1 / G[factor.argmax()] == pytest.approx(3.7, abs=0.1)
    assert factor.max() == pytest.approx(2.2, abs=0.05)
    assert factor[0] == pytest.approx(0.02, abs=0.005) and factor[-1] == pytest.approx(1.0, abs=0.1)


def test_ice_noise_grows_with_thickness() -> None:
    thin, thick = ice_phase_power(G, 300, 20), ice_phase_power(G, 300, 40)
    assert np.allclose(thick, 2 * thin)
    assert not ice_phase_power(G, 300, 0).any()
    with pytest.raises(ValueError, match="ice thickness -1 nm is negative"):
        ice_phase_power(G, 300, -1)


def test_moving_ice_averages_out_most_at_high_resolution() -> None:
    assert motion_average(G, 0.0) == pytest.approx(1.0)
    left = motion_average(G, 40.0)
    assert left[0] == 1.0 and (np.diff(left) < 0).all()
    assert np.abs(np.diff(left)).max() < 0.05  # the series at small x meets the formula


def test_a_layer_of_independent_molecules_scatters_as_their_number_says() -> None:
    # forward scattering factors in A, sums of the a_i of Peng et al. 1996: oxygen 1.983, hydrogen 0.529
    phase = relativistic_factor(300) * wavelength_A(300) * (1.983 + 2 * 0.529)
    independent = ice_phase_power(G[1:2], 300, 30.0) / structure_factor(G[1:2])
    assert independent == pytest.approx(phase**2 * MOLECULES_PER_A3 * 300.0, rel=0.01)  # 30 nm are 300 A


def covariances(frames: int, dose: float) -> np.ndarray:
    """Follow the recursion of the frames exactly: covariances (frames, frames, frequencies) of their means."""
    motion = frame_motion(G, dose / frames)
    # every frame as a sum of independent waves: the one before all, and the fresh ones
    parts = np.zeros((frames, frames + 1, len(G)))
    parts[0, 0], parts[0, 1] = motion.before, motion.fresh
    for frame in range(1, frames):
        parts[frame] = motion.kept * parts[frame - 1]
        parts[frame, frame] += motion.carried * motion.fresh
        parts[frame, frame + 1] += motion.fresh
    return np.einsum("apg,bpg->abg", parts, parts)


@pytest.mark.parametrize("frames", [2, 4, 20])
def test_frames_of_moving_ice_add_up_to_the_exposure(frames: int) -> None:
    found = covariances(frames, 40.0)
    assert found.mean(axis=(0, 1)) == pytest.approx(motion_average(G, 40.0), rel=5e-3)
    for frame in range(frames):
        assert found[frame, frame] == pytest.approx(motion_average(G, 40.0 / frames), rel=5e-3)


def test_electrons_are_lost_exponentially() -> None:
    assert unscattered_share(300, 0.0) == 1.0
    assert unscattered_share(300, 60.0) == pytest.approx(unscattered_share(300, 30.0) ** 2)
    assert unscattered_share(300, 375.0) == pytest.approx(np.exp(-1), rel=0.01)


def test_a_wedge_of_ice_has_its_slope_and_its_mean() -> None:
    wedge = thickness_map_nm((100, 200), 10.0, 40.0, 25.0, 0.0)
    assert wedge.mean() == pytest.approx(40.0, abs=1e-4)
    assert np.diff(wedge, axis=1) == pytest.approx(25.0 * 1e-3, abs=1e-4)
    assert np.allclose(np.diff(wedge, axis=0), 0.0)


def test_a_wedge_that_would_end_within_the_field_is_refused() -> None:
    check_gradient((100, 200), 10.0, 40.0, 25.0)
    check_gradient((100, 200), 10.0, 0.0, 0.0)
    for thickness, gradient in ((10.0, 100.0), (0.0, 3.0)):
        with pytest.raises(
            ValueError, match=r"below zero within .* of the field's centre; lower physics\.thickness"
        ):
            check_gradient((100, 200), 100.0, thickness, gradient)


def test_background_is_a_power_law_up_to_its_roll_off() -> None:
    power = background_power(G, 0.02, 1.5, 0.0)
    assert np.interp(0.01, G, power) == pytest.approx(0.02, rel=0.01)
    inner = (G > 0.005) & (G < 0.3)
    slope = np.polyfit(np.log(G[inner]), np.log(power[inner]), 1)[0]
    assert slope == pytest.approx(-1.5, abs=1e-6)
    assert power[0] == 0.0
    rolled = background_power(G, 0.02, 1.5, 30.0)
    assert np.allclose(rolled[1:] / power[1:], np.exp(-((G[1:] * 30.0) ** 2)))
    with pytest.raises(ValueError, match="must not be negative"):
        background_power(G, -1.0, 1.5, 30.0)
