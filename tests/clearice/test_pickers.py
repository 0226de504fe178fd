"""The pickers: known particles come back, offsets do not matter, nothing gives nothing."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import scipy.ndimage
from numpy.typing import NDArray
from sklearn.cluster import MeanShift

from clearice.config.registry import all_pickers
from clearice.image.thresholds import otsu
from clearice.picking.blob import blob_contrast, local_maxima, thin_out
from clearice.picking.matching import best_f1, inside, match, match_micrograph
from clearice.picking.mean_shift import flat_modes, pick_mean_shift
from clearice.picking.registry import Picks, load_picker

DIAMETER_PX = 24.0
PICKERS = ("blob", "mean_shift")  # those without templates; test_template.py has the other
CENTRES = np.array([[40.0, 40.0], [40.0, 100.0], [90.0, 64.0], [95.0, 140.0], [140.0, 40.0], [150.0, 110.0]])


def field(noise_sd: float = 0.3, ramp: float = 0.0) -> NDArray[np.float32]:
    rows, columns = np.mgrid[:180, :190]
    image = ramp * columns / 190 + noise_sd * np.random.default_rng(0).standard_normal((180, 190))
    for y, x in CENTRES:
        image -= (rows - y) ** 2 + (columns - x) ** 2 <= (DIAMETER_PX / 2) ** 2
    return image.astype(np.float32)


def pick(
    image: NDArray[np.float32], picker: str, diameter_px: float, *, particles_are_dark: bool = True
) -> Picks:
    return load_picker(picker)(image, diameter_px, particles_are_dark=particles_are_dark)


@pytest.mark.parametrize("picker", PICKERS)
def test_every_particle_is_found_and_nothing_else(picker: str) -> None:
    found = pick(field(), picker, DIAMETER_PX)
    accepted = found.centres[found.accepted & inside(found.centres, (180, 190), DIAMETER_PX / 2)]
    assert len(accepted) == len(CENTRES)
    assert (match(accepted, CENTRES, 3.0) >= 0).all()


@pytest.mark.parametrize("picker", PICKERS)
def test_scale_and_offset_of_the_image_do_not_matter(picker: str) -> None:
    one, two = pick(field(), picker, DIAMETER_PX), pick(40 * field() + 1000, picker, DIAMETER_PX)
    assert two.centres[two.accepted] == pytest.approx(one.centres[one.accepted], abs=0.5)


@pytest.mark.parametrize("picker", PICKERS)
def test_bright_particles_are_dark_ones_of_the_negative(picker: str) -> None:
    one = pick(field(), picker, DIAMETER_PX)
    two = pick(-field(), picker, DIAMETER_PX, particles_are_dark=False)
    assert two.centres == pytest.approx(one.centres, abs=0.3)


@pytest.mark.parametrize("picker", PICKERS)
def test_a_flat_image_has_no_pick(picker: str) -> None:
    found = pick(np.full((180, 190), 5, np.float32), picker, DIAMETER_PX)
    assert found.accepted.sum() == 0


def test_an_unknown_picker_is_refused() -> None:
    for name in ("magic", "matching", "registry"):
        with pytest.raises(
            ValueError, match=f"picker '{name}' is unknown; use one of blob, mean_shift, template"
        ):
            load_picker(name)


def test_every_picker_of_the_config_has_a_function() -> None:
    assert all(callable(load_picker(name)) for name in all_pickers())


def test_blob_accepts_what_otsu_parts_and_mean_shift_all() -> None:
    blobs, modes = (pick(field(), picker, DIAMETER_PX) for picker in PICKERS)
    assert blobs.threshold == otsu(blobs.scores) and 0 < blobs.accepted.sum() < len(blobs.scores)
    assert modes.threshold == 0 and modes.accepted.all()


def test_a_particle_larger_than_the_image_is_refused() -> None:
    with pytest.raises(ValueError, match="particle_diameter_A"):
        pick(field(), "blob", 400.0)


def test_blob_contrast_is_ring_minus_disc() -> None:
    """At the middle of a dark disc of depth 1 that fills the picker's disc but not its ring, away from others."""
    rows, columns = np.mgrid[:181, :181]
    image = -((rows - 90) ** 2 + (columns - 90) ** 2 <= (38 / 83 * 60) ** 2).astype(np.float32)
    contrast = blob_contrast(image, 60.0)
    assert contrast[90, 90] == pytest.approx(1.0, abs=0.02)
    assert np.unravel_index(contrast.argmax(), contrast.shape) == (90, 90)


def test_a_slow_gradient_hardly_moves_the_blob_contrast() -> None:
    rows, columns = np.mgrid[:180, :190].astype(np.float32)
    assert np.abs(blob_contrast(3 * columns + rows, DIAMETER_PX)[30:-30, 30:-30]).max() < 1e-2


def test_maxima_keep_their_distance_and_the_higher_one_stays() -> None:
    contrast = scipy.ndimage.gaussian_filter(np.random.default_rng(1).standard_normal((200, 200)), 2).astype(
        np.float32
    )
    centres, scores = local_maxima(contrast, 15.0)
    distances = np.linalg.norm(centres[:, None] - centres[None], axis=2) + np.eye(len(centres)) * 99
    assert distances.min() >= 15
    assert (np.diff(scores) <= 0).all()
    assert scores[0] == contrast.max()


def test_thinning_out_keeps_what_is_far() -> None:
    centres, scores = thin_out(np.array([[0.0, 0], [0, 3], [0, 6]]), np.array([1.0, 2, 1]), 4.0)
    assert centres.tolist() == [[0, 3]]
    centres, scores = thin_out(np.array([[0.0, 0], [0, 3], [0, 6]]), np.array([3.0, 2, 1]), 4.0)
    assert scores.tolist() == [3, 1]


def test_modes_are_those_of_scikit_learn() -> None:
    foreground = field(0.0) < -0.5
    modes, counts = flat_modes(foreground, DIAMETER_PX / 2)
    reference = (
        MeanShift(bandwidth=DIAMETER_PX / 2, bin_seeding=True).fit(np.argwhere(foreground)).cluster_centers_
    )
    assert len(modes) == len(reference) == len(CENTRES)
    assert (match(modes, reference, 1.0) >= 0).all()
    assert counts == pytest.approx(np.pi * (DIAMETER_PX / 2) ** 2, rel=0.03)


@pytest.mark.parametrize("place", [(3, 3), (0, 0), (59, 61)])
def test_a_single_foreground_pixel_off_the_grid_of_seeds_is_a_mode(place: tuple[int, int]) -> None:
    foreground = np.zeros((60, 62), bool)
    foreground[place] = True
    modes, counts = flat_modes(foreground, 40.0)
    assert modes == pytest.approx(np.array([place], float), abs=0.25)
    assert counts.tolist() == [1]


def test_an_image_of_one_speck_has_no_particle() -> None:
    image = np.zeros((180, 190), np.float32)
    image[3, 3] = -1e3
    centres, _ = pick_mean_shift(image, 80.0)
    assert len(centres) == 0


def test_flattening_saves_the_mean_shift_from_a_gradient() -> None:
    tilted = field(0.1, ramp=6.0)
    plain, _ = pick_mean_shift(tilted, DIAMETER_PX)
    flat, _ = pick_mean_shift(tilted, DIAMETER_PX, flatten=True)
    assert (match(flat, CENTRES, 4.0) >= 0).sum() == len(CENTRES)
    assert (match(plain, CENTRES, 4.0) >= 0).sum() < len(CENTRES)


def test_otsu_parts_two_classes_and_gives_up_on_one() -> None:
    values = np.concatenate([np.zeros(50), np.full(50, 10.0)])
    assert 0 <= otsu(values) < 10
    assert otsu(np.ones(5)) == otsu(np.empty(0)) == float("inf")


def shared_folder() -> Path:
    """Find the real data."""
    folder = Path(os.environ.get("CLEARICE_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))
    if not (folder / "data/empiar10146").is_dir():
        pytest.skip("real data: no shared folder beside the repository")
    return folder / "data/empiar10146"


def test_the_blob_picker_finds_real_apoferritin() -> None:
    """F1 of 98 % on the averages, where a plain Laplacian of Gaussian reaches 79 %."""
    from skimage.io import imread

    found = []
    for path in sorted((shared_folder() / "averages").glob("*.png"))[:2]:
        image = imread(path).astype(np.float32)
        marks = np.loadtxt(path.parents[1] / "marks" / f"{path.stem}.csv", delimiter=",", skiprows=1)[
            :, [1, 0]
        ]
        picks = pick(image, "blob", 83.0)
        found.append(
            match_micrograph(
                picks.centres, picks.scores, marks, shape=image.shape, radius_px=20, border_px=41.5
            )
        )
    assert best_f1(found)[0] > 0.97


def test_candidates_of_a_picker_whose_scores_compare_go_down_to_those_of_noise() -> None:
    """A picker that listed the best maxima alone would leave no decoys to tell how many of them are false."""
    assert [name for name, picker in all_pickers().items() if picker.scores_compare] == ["blob", "template"]
    noise = np.random.default_rng(8).standard_normal((300, 300)).astype(np.float32)
    found = load_picker("blob")(noise, DIAMETER_PX)
    discs = 300 * 300 / (np.pi * (DIAMETER_PX / 2) ** 2)
    assert len(found.scores) > discs, "more than one maximum for each disc of noise"
    assert (found.scores < found.threshold).mean() > 0.3
