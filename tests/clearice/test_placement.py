from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist

from clearice.simulation.placement import check_density, place_particles
from clearice.simulation.specimen import add_image, draw_particles

SHAPE, PIXEL, DISTANCE, MARGIN = (600, 500), 3.0, 120.0, 60.0


def place(density: float, seed: int = 0, distance: float = DISTANCE) -> tuple[np.ndarray, int]:
    placed = place_particles(
        shape_px=SHAPE,
        pixel_size_A=PIXEL,
        particles_per_um2=density,
        minimum_distance_A=distance,
        margin_A=MARGIN,
        generator=np.random.default_rng(seed),
    )
    return placed.centres_px, placed.wanted


def test_particles_keep_their_distance() -> None:
    centres, wanted = place(3500.0)
    assert len(centres) == wanted > 80
    assert pdist(centres).min() * PIXEL >= DISTANCE


def test_some_particles_lie_over_the_edges_and_none_beyond_the_margin() -> None:
    centres, _ = place(3500.0)
    low, high = -0.5 - MARGIN / PIXEL, np.array(SHAPE) - 0.5 + MARGIN / PIXEL
    assert (centres >= low).all() and (centres <= high).all()
    outside = (centres < -0.5).any(axis=1) | (centres > np.array(SHAPE) - 0.5).any(axis=1)
    assert 0 < outside.sum() < len(centres) / 2


def test_the_number_follows_the_density() -> None:
    area_um2 = (SHAPE[0] * PIXEL + 2 * MARGIN) * (SHAPE[1] * PIXEL + 2 * MARGIN) * 1e-8
    numbers = [len(place(1000.0, seed)[0]) for seed in range(40)]
    assert np.mean(numbers) == pytest.approx(1000 * area_um2, rel=0.1)


def test_a_crowded_field_reports_how_many_found_room() -> None:
    jam = 0.547 / (np.pi / 4 * DISTANCE**2 * 1e-8)
    centres, wanted = place(0.999 * jam)
    assert 0.85 * wanted < len(centres) <= wanted
    assert pdist(centres).min() * PIXEL >= DISTANCE


def test_no_density_is_an_empty_field() -> None:
    centres, wanted = place(0.0)
    assert centres.shape == (0, 2) and wanted == 0


def test_impossible_densities_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be placed 120 A apart: random placing jams at"):
        check_density(6000.0, DISTANCE)
    with pytest.raises(ValueError, match="density must not be negative"):
        check_density(-1.0, DISTANCE)
    with pytest.raises(ValueError, match="distance must be positive"):
        check_density(10.0, 0.0)


def test_a_mixture_follows_its_weights() -> None:
    drawn = draw_particles(
        shape_px=(4000, 4000),
        pixel_size_A=PIXEL,
        weights=[3.0, 1.0, 0.0],
        particles_per_um2=2000.0,
        minimum_distance_A=DISTANCE,
        margin_A=MARGIN,
        generator=np.random.default_rng(0),
    )
    shares = np.bincount(drawn.structures, minlength=3) / len(drawn.structures)
    assert shares[2] == 0
    assert shares[0] == pytest.approx(0.75, abs=0.03)
    assert drawn.inside((4000, 4000)).mean() > 0.9


@pytest.mark.parametrize("weights", [[], [0.0], [1.0, -1.0], [float("nan")]])
def test_weights_that_say_nothing_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weights of the structures"):
        draw_particles(
            shape_px=SHAPE,
            pixel_size_A=PIXEL,
            weights=weights,
            particles_per_um2=10.0,
            minimum_distance_A=DISTANCE,
            margin_A=MARGIN,
            generator=np.random.default_rng(0),
        )


@pytest.mark.parametrize("corner", [(0, 0), (-3, -2), (7, 8), (-50, 2), (3, 90)])
def test_an_image_is_added_where_it_lies_and_cut_at_the_edges(corner: tuple[int, int]) -> None:
    canvas, image = torch.zeros((10, 12)), np.arange(1, 26, dtype=np.float32).reshape(5, 5)
    add_image(canvas, torch.from_numpy(image), np.array(corner))
    expected = np.zeros((200, 200), dtype=np.float32)
    expected[100 + corner[0] : 105 + corner[0], 100 + corner[1] : 105 + corner[1]] = image
    assert np.array_equal(canvas, expected[100:110, 100:112])
