"""Template picking: particles are found where they were put, better than blobs where they are long; its parts' laws."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
import torch
from numpy.typing import NDArray

from clearice.config.pickers.template import Template
from clearice.files.stacks import read_stack
from clearice.image.thresholds import otsu
from clearice.picking import blob
from clearice.picking.correlation import (
    best_correlation,
    disc_of,
    normalise_templates,
    template_side_px,
    turn_templates,
)
from clearice.picking.matching import average_precision, inside, match, match_micrograph, score_picks
from clearice.picking.template import pick
from clearice.simulation.orientations import random_rotations
from clearice.simulation.projection import Projector, project
from clearice.simulation.structures import make_projectors
from clearice.simulation.views import project_views, spread_rotations

DIAMETER_A = 120.0
PIXEL_A = 2.5
DIAMETER_PX = DIAMETER_A / PIXEL_A
SHAPE = (560, 620)
OWN = Template(pixels_per_diameter=16.0, views=40, turn_deg=15.0)
PHYSICS = {"assembly": "", "ignore_b_factors": False, "b_factor_floor_A2": 40.0, "solvent": True}


def rod_A() -> NDArray[np.float64]:
    """Fill a bent rod, 112 A long and 30 A thick with a head at one end, with atoms."""
    generator = np.random.default_rng(5)
    points = generator.uniform(-1, 1, (60_000, 3)) * (56, 28, 28)
    thickness = np.where(points[:, 0] > 28, 24.0, 14.0)
    away = np.hypot(points[:, 1] - 6 * np.cos(points[:, 0] / 30), points[:, 2])
    inside_rod = points[away < thickness]
    return inside_rod[:7000]


def projectors(pixel_size_A: float) -> list[Projector]:
    atoms = rod_A()
    count = len(atoms)
    model = SimpleNamespace(
        name="rod",
        elements=np.full(count, "C"),
        positions_A=atoms - atoms.mean(axis=0),
        b_factors_A2=np.zeros(count),
        occupancies=np.ones(count),
        hydrogens=np.ones(count, dtype=np.int64),
    )
    return make_projectors([model], SimpleNamespace(**PHYSICS), pixel_size_A, torch.device("cpu"))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def templates() -> NDArray[np.float32]:
    side_px = template_side_px(OWN.pixels_per_diameter)
    views = project_views(projectors(DIAMETER_A / OWN.pixels_per_diameter), OWN.views, side_px)
    return normalise_templates(-views, OWN.pixels_per_diameter)


def planted(seed: int = 0, snr: float = 0.05) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Put 40 rods of any orientation between pixels, in white noise: signal variance within a box over noise variance."""
    generator = np.random.default_rng(seed)
    grid = np.array([[y, x] for y in range(60, 530, 72) for x in range(60, 590, 72)], dtype=float)
    centres = generator.permutation(grid)[:40] + generator.uniform(-8, 8, (40, 2))
    image, (projector,) = np.zeros(SHAPE), projectors(PIXEL_A)
    signal = []
    for (y, x), rotation in zip(centres, random_rotations(40, generator), strict=True):
        whole = np.rint([y, x]).astype(int)
        one = project(projector, rotation, (y - whole[0], x - whole[1])).numpy()
        half = one.shape[0] // 2
        image[whole[0] - half : whole[0] + half, whole[1] - half : whole[1] + half] -= one
        signal.append(one[half - 24 : half + 24, half - 24 : half + 24].var())
    noise = generator.standard_normal(SHAPE) * np.sqrt(np.mean(signal) / snr)
    return (image + noise).astype(np.float32), centres


def picked(image: NDArray[np.float32], templates: NDArray[np.float32], **how: Any):  # type: ignore[no-untyped-def]
    return pick(image, DIAMETER_PX, settings=OWN, templates=templates, **how)


def test_long_particles_are_found_in_noise_at_their_places_and_better_than_blobs(templates) -> None:  # type: ignore[no-untyped-def]
    """Signal-to-noise ratio 0.05 per pixel of 2.5 A, three fields."""
    found = {"template": [], "blob": []}
    errors = []
    for seed in range(3):
        image, centres = planted(seed)
        for name, picks in (("template", picked(image, templates)), ("blob", blob.pick(image, DIAMETER_PX))):
            limits = {"shape": SHAPE, "radius_px": 0.15 * DIAMETER_PX, "border_px": DIAMETER_PX / 2}
            found[name].append(match_micrograph(picks.centres, picks.scores, centres, **limits))
            if name == "template":
                accepted = picks.centres[picks.accepted]
                errors.append(match_micrograph(accepted, picks.scores[picks.accepted], centres, **limits))
    score = score_picks(errors)
    assert score.recall > 0.94 and score.precision > 0.92
    assert score.error_px < 0.04 * DIAMETER_PX
    assert average_precision(found["template"]) > 0.93
    assert average_precision(found["blob"]) < 0.3


def test_the_correlation_with_a_clean_particle_is_nearly_one_and_never_more(templates) -> None:  # type: ignore[no-untyped-def]
    image, centres = planted(snr=1e6)
    found = picked(image, templates)
    partner = match(found.centres, centres, 0.05 * DIAMETER_PX)
    assert (partner >= 0).sum() == len(centres)
    assert found.scores[partner >= 0].min() > 0.85
    assert np.abs(found.scores).max() <= 1


def test_no_two_picks_are_nearer_than_half_a_diameter_and_scores_fall(templates) -> None:  # type: ignore[no-untyped-def]
    found = picked(planted()[0], templates)
    distances = np.linalg.norm(found.centres[:, None] - found.centres[None], axis=2)
    assert distances[~np.eye(len(distances), dtype=bool)].min() >= 0.5 * DIAMETER_PX * 0.99
    assert (np.diff(found.scores) <= 0).all()
    assert found.threshold == otsu(found.scores)


def test_bright_particles_are_dark_ones_of_the_negative(templates) -> None:  # type: ignore[no-untyped-def]
    image, _ = planted()
    dark, bright = picked(image, templates), picked(-image, templates, particles_are_dark=False)
    assert np.array_equal(dark.centres, bright.centres) and np.array_equal(dark.scores, bright.scores)
    assert not np.array_equal(picked(-image, templates).centres[:5], dark.centres[:5])


def test_offset_scale_and_a_slow_gradient_of_the_image_do_not_matter(templates) -> None:  # type: ignore[no-untyped-def]
    image, centres = planted()
    one, two = picked(image, templates), picked(40 * image + 10_000, templates)
    best = slice(0, 40)
    assert two.scores[best] == pytest.approx(one.scores[best], abs=1e-3)
    assert two.centres[best] == pytest.approx(one.centres[best], abs=0.1)
    ramp = np.linspace(0, 4 * image.std(), SHAPE[1], dtype=np.float32)
    tilted = picked(image + ramp, templates)
    assert (match(tilted.centres[:50], centres, 0.15 * DIAMETER_PX) >= 0).sum() > 36


def test_an_image_of_one_value_has_no_pick(templates) -> None:  # type: ignore[no-untyped-def]
    for value in (0.0, 5.3):
        found = picked(np.full(SHAPE, value, np.float32), templates)
        assert len(found.centres) == len(found.scores) == found.accepted.sum() == 0


def test_where_a_denoiser_left_nothing_there_is_no_score(templates) -> None:  # type: ignore[no-untyped-def]
    """The mask control's field: one value outside of particles."""
    image, _ = planted(snr=1e6)
    image[:, SHAPE[1] // 2 :] = image[0, 0]
    found = picked(image, templates)
    kept = found.centres[found.accepted]
    assert len(kept) > 10 and kept[:, 1].max() < (SHAPE[1] + DIAMETER_PX) / 2
    turned = turn_templates(templates[:2], OWN.pixels_per_diameter, 90.0)
    correlation = best_correlation(image, turned, OWN.pixels_per_diameter)
    assert (correlation[:, SHAPE[1] // 2 + 9 :] == 0).all() and correlation.max() > 0.3


def test_pixels_that_are_not_finite_cost_no_other_pick(templates) -> None:  # type: ignore[no-untyped-def]
    image, centres = planted()
    image[10:12, 10:12] = np.nan
    assert (match(picked(image, templates).centres[:45], centres, 0.15 * DIAMETER_PX) >= 0).sum() > 36


def test_the_pixel_size_of_the_micrograph_does_not_matter(templates) -> None:  # type: ignore[no-untyped-def]
    image, _ = planted(snr=0.1)
    small = scipy.ndimage.zoom(image, 0.5, order=0, grid_mode=True, mode="grid-constant")
    coarse = image.reshape(280, 2, 310, 2).mean(axis=(1, 3))
    assert small.shape == coarse.shape
    one = picked(image, templates)
    two = pick(coarse, DIAMETER_PX / 2, settings=OWN, templates=templates)
    partner = match(two.centres[:40] * 2 + 0.5, one.centres[:40], 0.05 * DIAMETER_PX)
    assert (partner >= 0).sum() > 36


def test_without_templates_or_room_it_says_so(templates) -> None:  # type: ignore[no-untyped-def]
    image, _ = planted()
    for settings, given in ((OWN, None), (OWN, templates[:0]), (None, templates)):
        with pytest.raises(
            ValueError, match="no templates to compare with; make them with project_templates"
        ):
            pick(image, DIAMETER_PX, settings=settings, templates=given)
    with pytest.raises(ValueError, match="particles of 700 px cannot be picked on an image of"):
        pick(image, 700.0, settings=OWN, templates=templates)
    with pytest.raises(
        ValueError, match="18 x 18 px, but 20 pixels per diameter make 22 x 22; make them again"
    ):
        other = Template(pixels_per_diameter=20.0, views=40, turn_deg=15.0)
        pick(image, DIAMETER_PX, settings=other, templates=templates)


def test_the_best_correlation_is_that_of_the_definition() -> None:
    generator = np.random.default_rng(0)
    image = scipy.ndimage.gaussian_filter(generator.standard_normal((40, 45)), 1.0).astype(np.float32)
    side_px = template_side_px(9.0)
    some = normalise_templates(
        generator.standard_normal((3, side_px, side_px)).astype(np.float32), 9.0, masked=True
    )
    found = best_correlation(image + 100, some, 9.0)
    disc, half = disc_of(side_px, 9.0), side_px // 2
    for y, x in ((20, 20), (7, 30), (33, 8)):
        window = image[y - half : y - half + side_px, x - half : x - half + side_px][disc]
        expected = max(np.corrcoef(window, one[disc])[0, 1] for one in some)
        assert found[y, x] == pytest.approx(expected, abs=1e-4)


def test_templates_have_mean_zero_and_norm_one_within_the_particle(templates) -> None:  # type: ignore[no-untyped-def]
    disc = disc_of(templates.shape[-1], OWN.pixels_per_diameter)
    for some in (templates, turn_templates(templates[:3], OWN.pixels_per_diameter, 40.0)):
        assert some[:, disc].sum(axis=1) == pytest.approx(np.zeros(len(some)), abs=1e-4)
        assert (some[:, disc] ** 2).sum(axis=1) == pytest.approx(np.ones(len(some)), abs=1e-4)
    assert (turn_templates(templates[:3], OWN.pixels_per_diameter, 40.0)[:, ~disc] == 0).all()
    with pytest.raises(ValueError, match="flat within the particle's diameter"):
        normalise_templates(np.ones((1, 18, 18), np.float32), 16.0)


def test_turns_go_once_around_and_a_quarter_is_exact(templates) -> None:  # type: ignore[no-untyped-def]
    per_diameter = OWN.pixels_per_diameter
    assert len(turn_templates(templates[:2], per_diameter, 15.0)) == 2 * 24
    assert len(turn_templates(templates[:2], per_diameter, 100.0)) == 2 * 4
    assert len(turn_templates(templates[:2], per_diameter, 360.0)) == 2
    turned = turn_templates(templates[:1], per_diameter, 90.0)
    quarter = np.rot90(turned[0][1:, 1:], 1)
    assert min(np.abs(one[1:, 1:] - quarter).max() for one in turned[1:]) < 1e-5


@pytest.mark.parametrize("count", [1, 12, 100])
def test_views_are_rotations_spread_evenly_over_the_sphere(count: int) -> None:
    rotations = spread_rotations(count)
    assert np.einsum("nij,nkj->nik", rotations, rotations) == pytest.approx(
        np.broadcast_to(np.eye(3), (count, 3, 3)), abs=1e-12
    )
    directions = rotations[:, 2]
    assert np.linalg.norm(directions.mean(axis=0)) < 0.2 or count == 1
    if count > 1:
        cosines = directions @ directions.T - 2 * np.eye(count)
        nearest = np.rad2deg(np.arccos(cosines.max(axis=1)))
        assert nearest.min() > 0.7 * np.rad2deg(np.sqrt(4 * np.pi / count)), "none is crowded"
        probe = random_rotations(2000, np.random.default_rng(0))[:, 2]
        assert np.rad2deg(np.arccos((probe @ directions.T).max(axis=1))).max() < 1.2 * np.rad2deg(
            np.sqrt(4 * np.pi / count)
        ), "no hole"


@pytest.mark.parametrize("side_px", [10, 18, 200])
def test_a_view_is_centred_and_cut_or_filled_up_with_ice(side_px: int) -> None:
    (projector,) = projectors(7.5)
    (view,) = project_views([projector], 1, side_px)
    whole = project(projector, spread_rotations(1)[0]).numpy()
    both = min(side_px, projector.size_px)
    cut = view[(side_px - both) // 2 :, (side_px - both) // 2 :][:both, :both]
    start = (projector.size_px - both) // 2
    assert view.shape == (side_px, side_px)
    assert np.array_equal(cut, whole[start : start + both, start : start + both])
    assert view.sum(dtype=np.float64) == pytest.approx(cut.sum(dtype=np.float64), rel=1e-6)


def step() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "workflow/scripts/project_templates.py"
    spec = importlib.util.spec_from_file_location("project_templates", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_step_writes_dark_normalised_projections_of_every_structure(tmp_path: Path) -> None:
    lines = [
        f"ATOM  {number % 99999:5d}  CA  ALA A{number % 9999:4d}    {x:8.3f}{y:8.3f}{z:8.3f}  1.00 10.00           C"
        for number, (x, y, z) in enumerate(rod_A()[:1500], start=1)
    ]
    for name in ("one", "two"):
        (tmp_path / f"{name}.pdb").write_text("\n".join([*lines, "END", ""]))
    settings = {
        "pixels_per_diameter": 16.0, "views": 5, "turn_deg": 15.0, "particle_diameter_A": DIAMETER_A, **PHYSICS
    }  # fmt: skip
    target = tmp_path / "templates.mrcs"
    step().project_templates(
        structures=[tmp_path / "one.pdb", tmp_path / "two.pdb"],
        templates=target,
        picker="template",
        settings=settings,
    )
    stack = read_stack(target)
    side_px = template_side_px(16.0)
    assert stack.images.shape == (10, side_px, side_px)
    assert stack.pixel_size_A == pytest.approx(7.5, rel=1e-4)
    assert np.array_equal(stack.images[:5], stack.images[5:])
    disc = disc_of(side_px, 16.0)
    assert (stack.images[:, disc] ** 2).sum(axis=1) == pytest.approx(np.ones(10), abs=1e-4)
    corner, centre = stack.images[:, 0, 0], stack.images[:, side_px // 2, side_px // 2]
    assert (centre < corner).all(), "matter is dark"
    again = tmp_path / "again.mrcs"
    step().project_templates(
        structures=[tmp_path / "one.pdb", tmp_path / "two.pdb"],
        templates=again,
        picker="template",
        settings=settings,
    )
    assert again.read_bytes() == target.read_bytes()
    for picker, words in (("blob", "compares with no templates"), ("ball", "'ball' is unknown")):
        with pytest.raises(ValueError, match=words):
            step().project_templates(structures=[], templates=again, picker=picker, settings=settings)
    image, centres = planted()
    own = Template(pixels_per_diameter=16.0, views=5, turn_deg=15.0)
    found = pick(image, DIAMETER_PX, settings=own, templates=stack.images)
    accepted = found.centres[found.accepted & inside(found.centres, SHAPE, DIAMETER_PX / 2)]
    assert (match(accepted, centres, 0.25 * DIAMETER_PX) >= 0).mean() > 0.5


def test_candidates_go_down_to_those_of_noise() -> None:
    """A picker that listed the best maxima alone would leave no decoys to tell how many of them are false."""
    side_px = template_side_px(OWN.pixels_per_diameter)
    generator = np.random.default_rng(9)
    templates = normalise_templates(
        generator.standard_normal((3, side_px, side_px)).astype(np.float32), OWN.pixels_per_diameter
    )
    noise = generator.standard_normal((600, 600)).astype(np.float32)
    found = pick(noise, DIAMETER_PX, settings=OWN, templates=templates)
    assert len(found.scores) > 600 * 600 / (np.pi * (DIAMETER_PX / 2) ** 2)
    assert (found.scores < found.threshold).mean() > 0.3
