from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from clearice.simulation import projection
from clearice.simulation.electrons import PLANCK_TERM_V_A2
from clearice.simulation.orientations import angles_of_rotations, random_rotations, rotations_of_angles
from clearice.simulation.projection import Projector, direct_transform, fast_transform, make_projector
from clearice.simulation.scattering import FormFactors, atom_curve_A, form_factors, highest_frequency_per_A

PIXEL = 1.5
COUNT = 120


def molecule() -> tuple[NDArray[np.float64], NDArray[np.str_], NDArray[np.int64], NDArray[np.float64]]:
    generator = np.random.default_rng(3)
    positions = generator.normal(0, 12, (COUNT, 3))
    elements = generator.choice(["C", "N", "O", "S"], COUNT)
    return positions, elements, generator.integers(0, 3, COUNT), generator.uniform(20, 60, COUNT)


def factors_of(pixel: float = PIXEL) -> FormFactors:
    _, elements, hydrogens, b_factors = molecule()
    return form_factors(
        elements,
        hydrogens,
        b_factors,
        np.ones(COUNT),
        highest_frequency_per_A=highest_frequency_per_A(pixel),
        solvent=True,
    )


def projector_of(positions: NDArray[np.float64]) -> Projector:
    return make_projector(positions, factors_of(), PIXEL, torch.device("cpu"))


def project(
    projector: Projector, rotation: NDArray[np.float64], shift_px: tuple[float, float] = (0.0, 0.0)
) -> NDArray[np.float32]:
    return projection.project(projector, rotation, shift_px).numpy()


IDENTITY = np.eye(3)


def test_the_sum_of_a_gpu_and_the_fast_transform_of_a_cpu_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    positions, *_ = molecule()
    rotation, shift = random_rotations(1, np.random.default_rng(5))[0], (0.31, -0.2)
    on_cpu = projector_of(positions)
    # what a projector on a GPU holds: basis curves that are not divided by the kernel's transform
    rows, columns = np.fft.fftfreq(on_cpu.size_px), np.fft.rfftfreq(on_cpu.size_px)
    kernel = projection._kernel_transform(rows / 2)[:, None] * projection._kernel_transform(columns / 2)
    fast = fast_transform(on_cpu, rotation, shift).numpy() / kernel
    direct = direct_transform(on_cpu, rotation, shift).numpy()
    monkeypatch.setattr(projection, "_ATOMS_AT_ONCE", 50)
    in_parts = direct_transform(on_cpu, rotation, shift).numpy()
    inner = (slice(None), np.abs(rows) < 0.45, slice(0, on_cpu.size_px // 2 - 5))
    assert direct.shape == fast.shape
    assert np.sqrt(np.mean(np.abs(fast - direct)[inner] ** 2) / np.mean(np.abs(direct)[inner] ** 2)) < 2e-3
    assert np.abs(in_parts - direct).max() < 1e-4 * np.abs(direct).max()


def test_projection_is_the_direct_sum_over_atoms() -> None:
    positions, elements, hydrogens, b_factors = molecule()
    projector, rotation, shift = (
        projector_of(positions),
        random_rotations(1, np.random.default_rng(5))[0],
        (0.31, -0.2),
    )
    image, size = project(projector, rotation, shift), projector.size_px
    rows, columns = np.fft.fftfreq(size, PIXEL)[:, None], np.fft.rfftfreq(size, PIXEL)[None, :]
    frequencies = np.hypot(rows, columns)
    spectrum = np.zeros(frequencies.shape, dtype=np.complex128)
    for place, element, count, b in zip(positions @ rotation.T, elements, hydrogens, b_factors, strict=True):
        curve = atom_curve_A(str(element), int(count), float(b), frequencies.ravel(), solvent=True)
        y = place[1] + (size // 2 + shift[0]) * PIXEL
        x = place[0] + (size // 2 + shift[1]) * PIXEL
        spectrum += curve.reshape(frequencies.shape) * np.exp(-2j * np.pi * (rows * y + columns * x))
    spectrum[size // 2] = 0
    spectrum[:, size // 2] = 0
    direct = np.fft.irfft2(spectrum, s=(size, size)) * PLANCK_TERM_V_A2 / PIXEL**2
    assert np.sqrt(np.mean((image - direct) ** 2) / np.mean(direct**2)) < 2e-3


def test_projected_potential_adds_up_to_the_analytic_sum() -> None:
    positions, elements, hydrogens, _ = molecule()
    image = project(projector_of(positions), random_rotations(1, np.random.default_rng(1))[0])
    zero = np.zeros(1)
    expected = sum(
        atom_curve_A(str(e), int(h), 0.0, zero, solvent=True)[0]
        for e, h in zip(elements, hydrogens, strict=True)
    )
    assert image.sum() * PIXEL**2 == pytest.approx(expected * PLANCK_TERM_V_A2, rel=1e-3)


def test_a_rotated_structure_gives_the_projection_of_the_rotation() -> None:
    positions, *_ = molecule()
    rotation = random_rotations(1, np.random.default_rng(2))[0]
    turned, given = (
        project(projector_of(positions @ rotation.T), IDENTITY),
        project(projector_of(positions), rotation),
    )
    smaller = min(len(turned), len(given))
    assert len(turned) == len(given) == smaller
    assert np.allclose(turned, given, atol=1e-3 * np.abs(given).max())


def test_a_turn_in_the_plane_turns_the_image() -> None:
    positions, *_ = molecule()
    quarter = rotations_of_angles(np.array([[0.0, 0.0, 90.0]]))[0]
    straight, turned = project(projector_of(positions), IDENTITY), project(projector_of(positions), quarter)
    # x' = y, y' = -x, about the pixel (size // 2, size // 2): the image's new rows are its old columns, backwards
    expected = np.roll(straight.T[::-1], 1, axis=0)
    assert np.allclose(turned, expected, atol=2e-3 * np.abs(straight).max())


def test_a_view_from_behind_is_the_mirror_image() -> None:
    positions, *_ = molecule()
    front, behind = (
        project(projector_of(positions), IDENTITY),
        project(projector_of(positions), np.diag([-1.0, 1, -1])),
    )
    assert np.allclose(behind, np.roll(front[:, ::-1], 1, axis=1), atol=2e-3 * np.abs(front).max())


def test_a_whole_pixel_shift_moves_the_image() -> None:
    positions, *_ = molecule()
    centred, moved = (
        project(projector_of(positions), IDENTITY),
        project(projector_of(positions), IDENTITY, (1.0, -1.0)),
    )
    assert np.allclose(moved, np.roll(centred, (1, -1), axis=(0, 1)), atol=2e-3 * np.abs(centred).max())


def test_form_factors_must_reach_the_corner() -> None:
    with pytest.raises(ValueError, match="less than the corner frequency"):
        make_projector(molecule()[0], factors_of(3.0), PIXEL, torch.device("cpu"))


def test_angles_and_rotations_are_inverse() -> None:
    rotations = random_rotations(200, np.random.default_rng(0))
    assert np.allclose(rotations_of_angles(angles_of_rotations(rotations)), rotations)
    special = rotations_of_angles(
        np.array([[40.0, 0.0, 0.0], [40.0, 180.0, 0.0], [0.0, 0.0, 30.0], [25.0, 180.0, 80.0]])
    )
    assert np.allclose(rotations_of_angles(angles_of_rotations(special)), special)


def test_rotations_are_proper_and_uniform() -> None:
    rotations = random_rotations(20_000, np.random.default_rng(0))
    assert np.allclose(rotations @ rotations.transpose(0, 2, 1), IDENTITY, atol=1e-12)
    assert np.allclose(np.linalg.det(rotations), 1.0)
    assert np.abs(rotations.mean(axis=0)).max() < 0.02
    traces = np.trace(rotations, axis1=1, axis2=2)
    # uniform on SO(3): the mean of the trace is 0, of its square 1
    assert traces.mean() == pytest.approx(0.0, abs=0.03) and (traces**2).mean() == pytest.approx(
        1.0, abs=0.05
    )
    tilt = np.cos(np.deg2rad(angles_of_rotations(rotations)[:, 1]))
    assert np.histogram(tilt, 4, (-1, 1))[0] / 20_000 == pytest.approx(0.25, abs=0.02)
