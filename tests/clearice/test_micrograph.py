from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import scipy.fft
import torch
from numpy.typing import NDArray

from clearice.simulation.ctf import Defocus, Optics, contrast_transfer
from clearice.simulation.detectors import named_detector, signal_transfer
from clearice.simulation.electrons import PLANCK_TERM_V_A2, ice_mean_free_path_nm, interaction_rad_per_V_A
from clearice.simulation.ice import ice_phase_power, motion_average
from clearice.simulation.image_formation import make_lens
from clearice.simulation.imaging import Imaging, check_imaging
from clearice.simulation.micrograph import SimulatedMicrograph, padded_shape, simulate_micrograph
from clearice.simulation.orientations import random_rotations
from clearice.simulation.projection import Projector, make_projector
from clearice.simulation.radial import make_radial_grid
from clearice.simulation.scattering import atom_curve_A, form_factors, highest_frequency_per_A
from clearice.simulation.specimen import Particles

PIXEL, SHAPE = 2.0, (256, 240)
CPU = torch.device("cpu")
DEFOCUS = Defocus(1.2, 1.2, 0.0)
OPTICS = Optics(
    voltage_kV=300,
    spherical_aberration_mm=2.7,
    amplitude_contrast=0.07,
    chromatic_aberration_mm=2.7,
    energy_spread_eV=0.7,
    convergence_mrad=0.05,
    envelope_b_factor_A2=0.0,
)
VACUUM = Imaging(
    mode="weak_phase",
    clean="ctf",
    optics=OPTICS,
    detector=named_detector("perfect", 300, None),
    detector_pixel_A=PIXEL,
    dose_e_per_A2=20.0,
    dose_before_e_per_A2=0.0,
    damage=False,
    frames=1,
    drift_A=0.0,
    signal_scale=1.0,
    ice_thickness_nm=0.0,
    thickness_gradient_nm_per_um=0.0,
    ice_noise_scale=1.0,
    energy_filter=True,
    background_power_A2=0.0,
    background_exponent=1.5,
    background_rolloff_A=30.0,
)
NOTHING = Particles(np.empty((0, 2)), np.empty((0, 3, 3)), np.empty(0, dtype=np.int64), 0)


def ball(atoms: int = 4000, radius: float = 45.0, device: torch.device = CPU) -> Projector:
    generator = np.random.default_rng(0)
    positions = generator.normal(size=(atoms, 3))
    positions *= (
        radius * generator.random((atoms, 1)) ** (1 / 3) / np.linalg.norm(positions, axis=1, keepdims=True)
    )
    factors = form_factors(
        np.full(atoms, "C"),
        np.ones(atoms, dtype=np.int64),
        np.full(atoms, 30.0),
        np.ones(atoms),
        highest_frequency_per_A=highest_frequency_per_A(PIXEL),
        solvent=True,
    )
    return make_projector(positions, factors, PIXEL, device)


BALL = ball()


def some(count: int = 6, seed: int = 1) -> Particles:
    generator = np.random.default_rng(seed)
    centres = generator.uniform(20, 220, (count, 2))
    return Particles(centres, random_rotations(count, generator), np.zeros(count, dtype=np.int64), count)


def simulate(particles: Particles = NOTHING, seed: int = 0, **changes: Any) -> SimulatedMicrograph:
    defocus, frame = changes.pop("defocus", DEFOCUS), changes.pop("save_frame", None)
    device = torch.device(changes.pop("device", "cpu"))
    return simulate_micrograph(
        particles=particles,
        projectors=[BALL if device == CPU else ball(device=device)],
        shape_px=SHAPE,
        pixel_size_A=PIXEL,
        imaging=dataclasses.replace(VACUUM, **changes),
        defocus=defocus,
        generator=np.random.default_rng(seed),
        device=device,
        save_frame=frame,
    )


def noise_of(pair: SimulatedMicrograph) -> NDArray[np.float32]:
    noise: NDArray[np.float32] = pair.noisy - pair.clean - np.float32(pair.mean_counts)
    return noise


def radial_power(image: NDArray[np.float32], bins: int = 8) -> NDArray[np.float64]:
    power = np.abs(scipy.fft.rfft2(image - image.mean())) ** 2 / image.size
    radius = np.hypot(np.fft.fftfreq(image.shape[0])[:, None], np.fft.rfftfreq(image.shape[1])[None, :])
    which = np.minimum((radius * 2 * bins).astype(int), bins)
    sums = np.bincount(which.ravel(), power.ravel(), bins + 1) / np.bincount(
        which.ravel(), minlength=bins + 1
    )
    result: NDArray[np.float64] = sums[:bins]
    return result


@pytest.mark.parametrize("detector", ["perfect", "K2", "Falcon4"])
def test_vacuum_is_a_flat_poisson_image_of_the_expected_mean(detector: str) -> None:
    camera = named_detector(detector, 300, None)
    pair = simulate(detector=camera)
    expected = 20.0 * PIXEL**2 * camera.dqe0
    assert pair.mean_counts == pytest.approx(expected)
    assert pair.noisy.mean() == pytest.approx(expected, rel=3e-3)
    assert pair.noisy.var() == pytest.approx(expected, rel=0.03)
    assert np.array_equal(pair.noisy, np.rint(pair.noisy))
    assert radial_power(pair.noisy) / expected == pytest.approx(
        1.0, abs=0.12
    )  # the MTF is not on the shot noise
    assert not pair.clean.any()


def test_a_camera_that_integrates_colours_its_noise() -> None:
    camera = named_detector("DE-20", 300, None)
    power = radial_power(simulate(detector=camera).noisy)
    g = (np.arange(8) + 0.5) / 16
    expected = 20.0 * PIXEL**2 * camera.dqe0 * signal_transfer(camera, g, 1.0) ** (2 * camera.noise_exponent)
    assert power / expected == pytest.approx(1.0, abs=0.15)


def test_the_clean_image_is_the_mean_of_many_noisy_ones() -> None:
    pairs = [simulate(some(), seed, dose_e_per_A2=4000.0) for seed in range(20)]
    left = np.mean([noise_of(pair) for pair in pairs], axis=0)
    assert left.var() == pytest.approx(pairs[0].mean_counts / 20, rel=0.1)
    assert pairs[0].clean.var() > 10 * left.var()
    assert abs(np.corrcoef(left.ravel(), pairs[0].clean.ravel())[0, 1]) < 0.05


def test_twice_the_dose_is_twice_the_snr() -> None:
    def snr(dose: float) -> float:
        pair = simulate(some(), dose_e_per_A2=dose)
        return float(pair.clean.var() / noise_of(pair).var())

    assert snr(40.0) / snr(20.0) == pytest.approx(2.0, rel=0.03)


def test_signal_scale_scales_the_signal_and_nothing_else() -> None:
    whole, weaker = simulate(some()), simulate(some(), signal_scale=0.7)
    assert np.allclose(weaker.clean, 0.7 * whole.clean, atol=1e-4 * np.abs(whole.clean).max())
    assert noise_of(weaker).var() == pytest.approx(noise_of(whole).var(), rel=0.02)


def test_particles_are_dark_where_they_are() -> None:
    particles = dataclasses.replace(some(1), centres_px=np.array([[100.0, 60.0]]))
    clean = simulate(particles, clean="noctf").clean
    y, x = np.unravel_index(clean.argmin(), clean.shape)
    weights = np.minimum(clean, 0.0)
    rows, columns = np.indices(clean.shape)
    assert (weights * rows).sum() / weights.sum() == pytest.approx(100.0, abs=0.3)
    assert (weights * columns).sum() / weights.sum() == pytest.approx(60.0, abs=0.3)
    assert abs(y - 100) < 25 and abs(x - 60) < 25


def test_the_three_clean_images_differ_by_their_transfer_functions() -> None:
    camera = named_detector("K2", 300, None)
    images = {
        kind: simulate(some(), detector=camera, clean=kind).clean for kind in ("noctf", "ctf", "ctf_mtf")
    }
    # particles well inside: outside them the field is empty, so its own transform can stand for the canvas'
    particles = dataclasses.replace(some(1), centres_px=np.array([[128.0, 120.0]]))
    images = {kind: simulate(particles, detector=camera, clean=kind).clean for kind in images}
    spectra = {kind: scipy.fft.rfft2(image) for kind, image in images.items()}
    radius = np.hypot(np.fft.fftfreq(SHAPE[0], PIXEL)[:, None], np.fft.rfftfreq(SHAPE[1], PIXEL)[None, :])
    strong = (radius > 0.01) & (radius < 0.12)
    transfer = contrast_transfer(SHAPE, PIXEL, OPTICS, DEFOCUS, CPU).numpy() / -2.0
    predicted = spectra["noctf"] * transfer
    assert np.abs(spectra["ctf"] - predicted)[strong].max() < 0.1 * np.abs(spectra["ctf"])[strong].max()
    predicted = spectra["ctf"] * signal_transfer(camera, radius.ravel(), PIXEL).reshape(radius.shape)
    assert np.abs(spectra["ctf_mtf"] - predicted)[strong].max() < 0.01 * np.abs(spectra["ctf"])[strong].max()


def test_the_signal_in_the_noisy_image_has_the_mtf() -> None:
    camera = named_detector("Falcon4", 300, None)
    pairs = [
        simulate(some(), seed, detector=camera, dose_e_per_A2=5000.0, clean="ctf_mtf") for seed in range(4)
    ]
    pair = pairs[0]
    average = np.mean([one.noisy for one in pairs], axis=0) - np.float32(pair.mean_counts)
    assert np.sum(average * pair.clean) / np.sum(pair.clean**2) == pytest.approx(1.0, abs=0.01)


def test_a_weak_phase_object_looks_the_same_in_both_modes() -> None:
    linear, full = (
        simulate(some(), mode=mode, signal_scale=0.02).clean for mode in ("weak_phase", "phase_object")
    )
    assert np.abs(linear - full).max() < 0.02 * np.abs(linear).max()
    linear, full = (simulate(some(), mode=mode).clean for mode in ("weak_phase", "phase_object"))
    assert np.abs(linear - full).max() > 0.02 * np.abs(linear).max()  # and a strong one does not


def test_a_phase_object_without_amplitude_contrast_loses_no_electron() -> None:
    optics = dataclasses.replace(OPTICS, amplitude_contrast=0.0, energy_spread_eV=0.0, convergence_mrad=0.0)
    grid = make_radial_grid((128, 96), PIXEL, CPU)
    phase = torch.from_numpy(np.random.default_rng(0).normal(0, 0.3, (128, 96)).astype(np.float32))
    contrast = make_lens("phase_object", grid, optics, DEFOCUS).image(grid.transform(phase))
    assert abs(contrast[0, 0]) / phase.numel() < 1e-5


def test_astigmatism_is_the_same_in_both_modes() -> None:
    both = [simulate(some(), mode=mode, signal_scale=0.02, defocus=Defocus(1.6, 0.8, 35.0)).clean for mode in ("weak_phase", "phase_object")]  # fmt: skip
    assert np.abs(both[0] - both[1]).max() < 0.02 * np.abs(both[0]).max()


def test_the_contrast_of_particles_is_that_of_their_atoms() -> None:
    """At perfect contrast the image of a particle adds up to -2 sigma C sum_j f_j(0): nothing is scaled on the way."""
    particles = dataclasses.replace(some(1), centres_px=np.array([[128.0, 120.0]]))
    pair = simulate(particles, clean="noctf")
    atoms = 4000 * atom_curve_A("C", 1, 0.0, np.zeros(1), solvent=True)[0]
    phase = interaction_rad_per_V_A(300) * PLANCK_TERM_V_A2 * atoms
    assert pair.clean.sum() * PIXEL**2 / pair.mean_counts == pytest.approx(-2 * phase, rel=2e-3)


def test_a_particle_lies_where_its_fraction_of_a_pixel_says() -> None:
    def centre(y: float, x: float) -> tuple[float, float]:
        particles = dataclasses.replace(some(1), centres_px=np.array([[y, x]]))
        weights = np.minimum(simulate(particles, clean="noctf").clean, 0.0)
        rows, columns = np.indices(SHAPE)
        return (weights * rows).sum() / weights.sum(), (weights * columns).sum() / weights.sum()

    (y0, x0), (y1, x1) = centre(120.0, 110.0), centre(120.4, 109.7)
    assert (y1 - y0, x1 - x0) == pytest.approx((0.4, -0.3), abs=0.05)


def test_ice_has_the_power_of_its_formula_behind_the_lens() -> None:
    change = {"ice_thickness_nm": 200.0, "energy_filter": False, "dose_e_per_A2": 4000.0, "damage": False}
    grid = make_radial_grid(SHAPE, PIXEL, CPU)
    with_ice, without = simulate(**change), simulate(**(change | {"ice_noise_scale": 0.0}))
    added = [noise_of(pair) / pair.mean_counts for pair in (with_ice, without)]
    g = grid.frequencies_per_A
    kept = np.exp(-200.0 / ice_mean_free_path_nm(300))  # inelastic electrons dilute the contrast
    power = ice_phase_power(g, 300, 200.0) * motion_average(g, 4000.0) * kept**2
    transfer = make_lens("weak_phase", grid, OPTICS, DEFOCUS).transfer
    expected = (grid.spread(power) * transfer**2).numpy()
    frequency = np.hypot(np.fft.fftfreq(SHAPE[0], PIXEL)[:, None], np.fft.rfftfreq(SHAPE[1], PIXEL)[None, :])
    band = (frequency > 0.02) & (frequency < 0.1)
    measured = [(np.abs(scipy.fft.rfft2(image)) ** 2 * PIXEL**2 / image.size)[band].mean() for image in added]
    assert measured[0] - measured[1] == pytest.approx(expected[band].mean(), rel=0.15)


def test_the_sum_of_many_frames_is_as_noisy_as_one_exposure() -> None:
    change = {
        "ice_thickness_nm": 300.0,
        "energy_filter": False,
        "dose_e_per_A2": 3000.0,
        "ice_noise_scale": 5.0,
    }
    one, many = (noise_of(simulate(**change, frames=frames)).var() for frames in (1, 8))
    shot = noise_of(simulate(**(change | {"ice_noise_scale": 0.0}))).var()
    assert one > 1.3 * shot, "the ice must show"
    assert (many - shot) / (one - shot) == pytest.approx(1.0, abs=0.1)


def test_ice_and_background_add_noise_to_the_noisy_image_only() -> None:
    plain = simulate(some())
    for change in ({"ice_thickness_nm": 100.0, "energy_filter": False}, {"background_power_A2": 1.0}):
        pair = simulate(some(), **change)
        assert noise_of(pair).var() > 1.02 * noise_of(plain).var()
        assert np.corrcoef(pair.clean.ravel(), plain.clean.ravel())[0, 1] == pytest.approx(1.0, abs=1e-6)


def test_an_energy_filter_takes_electrons_and_keeps_the_contrast() -> None:
    unfiltered, filtered = (
        simulate(some(), ice_thickness_nm=100.0, energy_filter=on) for on in (False, True)
    )
    assert unfiltered.mean_counts == pytest.approx(20.0 * PIXEL**2)
    assert filtered.mean_counts / unfiltered.mean_counts == pytest.approx(np.exp(-100 / 375), abs=2e-3)
    assert np.allclose(filtered.clean, unfiltered.clean, atol=1e-3 * np.abs(filtered.clean).max())
    assert filtered.clean.std() / filtered.mean_counts > unfiltered.clean.std() / unfiltered.mean_counts


def test_thicker_ice_is_darker() -> None:
    pair = simulate(ice_thickness_nm=60.0, ice_noise_scale=0.0, thickness_gradient_nm_per_um=900.0)
    rows, columns = np.indices(SHAPE) - np.array(SHAPE).reshape(2, 1, 1) / 2
    design = np.stack([np.ones(rows.size), rows.ravel(), columns.ravel()], axis=1)
    slopes = np.linalg.lstsq(design, np.log(np.maximum(pair.noisy, 1)).ravel(), rcond=None)[0][1:]
    expected = 900.0 * PIXEL * 1e-4 / 375
    assert np.linalg.norm(slopes) == pytest.approx(expected, rel=0.1)


def test_damage_fades_the_particles_and_leaves_the_counts() -> None:
    fresh, hurt = simulate(some(), dose_e_per_A2=60.0), simulate(some(), dose_e_per_A2=60.0, damage=True)
    late = simulate(some(), dose_e_per_A2=60.0, damage=True, dose_before_e_per_A2=60.0)
    assert fresh.clean.std() > hurt.clean.std() > late.clean.std()
    assert fresh.mean_counts == hurt.mean_counts == late.mean_counts


def test_frames_are_whole_counts_and_add_up_to_the_micrograph() -> None:
    frames: list[NDArray[np.float32]] = []
    pair = simulate(some(), frames=5, drift_A=8.0, ice_thickness_nm=30.0, damage=True,
                    save_frame=lambda index, counts: frames.append(counts.copy()))  # fmt: skip
    assert len(frames) == 5 and np.array_equal(np.sum(frames, axis=0), pair.noisy)
    assert all(np.array_equal(frame, np.rint(frame)) for frame in frames)
    assert np.mean(frames) == pytest.approx(pair.mean_counts / 5, rel=0.01)
    assert pair.drift_A.shape == (5, 2)


def test_drift_moves_the_particles_between_frames() -> None:
    frames: list[NDArray[np.float32]] = []
    pair = simulate(some(), frames=3, drift_A=60.0, dose_e_per_A2=30_000.0, clean="ctf",
                    save_frame=lambda index, counts: frames.append(counts.copy()))  # fmt: skip
    cross = scipy.fft.irfft2(
        scipy.fft.rfft2(frames[2] - frames[2].mean()) * scipy.fft.rfft2(frames[0] - frames[0].mean()).conj()
    )
    peak = np.array(np.unravel_index(cross.argmax(), cross.shape))
    moved = (peak + np.array(SHAPE) // 2) % np.array(SHAPE) - np.array(SHAPE) // 2
    assert moved == pytest.approx((pair.drift_A[2] - pair.drift_A[0]) / PIXEL, abs=1.01)


def test_the_same_seed_gives_the_same_pixels_and_another_seed_others() -> None:
    settings: dict[str, Any] = {"ice_thickness_nm": 30.0, "background_power_A2": 0.01}
    first, again, other = (simulate(some(), seed, **settings).noisy for seed in (4, 4, 5))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU")
@pytest.mark.parametrize("mode", ["weak_phase", "phase_object"])
def test_a_gpu_makes_the_same_clean_image_and_noise_as_strong(mode: str) -> None:
    settings: dict[str, Any] = {
        "mode": mode,
        "ice_thickness_nm": 30.0,
        "background_power_A2": 0.01,
        "frames": 3,
    }
    here, there = (simulate(some(), device=device, **settings) for device in ("cpu", "cuda"))
    assert np.abs(there.clean - here.clean).max() < 2e-3 * np.abs(here.clean).max()
    assert noise_of(there).var() == pytest.approx(noise_of(here).var(), rel=0.03)
    assert np.array_equal(there.noisy, np.rint(there.noisy))


def test_what_lies_outside_the_field_reaches_into_it() -> None:
    beyond = dataclasses.replace(some(1), centres_px=np.array([[-12.0, 120.0]]))
    clean = simulate(beyond).clean
    assert np.abs(clean[:8]).max() > 5 * np.abs(clean[-60:]).max()


def test_padding_holds_the_delocalisation() -> None:
    pad, canvas = padded_shape(SHAPE, 1.0, OPTICS, Defocus(3.0, 3.0, 0.0), [BALL])
    assert (
        pad[0] >= 0.019687 * 30_000 * 0.5
        and canvas[0] >= SHAPE[0] + 2 * pad[0]
        and canvas[1] >= SHAPE[1] + 2 * pad[1]
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dose_e_per_A2": -2.0}, "the dose is -2 e/A2"),
        ({"dose_before_e_per_A2": -1.0}, "non-negative dose before"),
        ({"mode": "magic"}, "mode 'magic' is unknown"),
        ({"clean": "dirty"}, "clean is 'dirty'"),
        ({"frames": 0}, "make no movie"),
        ({"drift_A": 5.0}, "a drift only with several"),
        ({"signal_scale": -0.1}, "signal_scale is -0.1"),
        ({"ice_thickness_nm": -3.0}, "ice thickness -3 nm is negative"),
        ({"background_power_A2": -0.1}, "background_power_A2 is -0.1"),
    ],
)
def test_settings_out_of_range_are_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_imaging(dataclasses.replace(VACUUM, **change), 1.0, PIXEL)
