"""What is no measurement is found, and what is one is left alone."""

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from clearice.files.pictures import read_image
from clearice.movies.bad_pixels import MOST_BAD, find_bad_pixels
from clearice.movies.sums import Sums, correct_sums
from clearice.picking.matching import match
from clearice.picking.registry import load_picker

SHIPPED = Path(__file__).resolve().parents[2] / "resources"
SIDE = 384
Y, X = np.mgrid[:SIDE, :SIDE]


def _particles():
    slow = gaussian_filter(np.random.default_rng(1).normal(size=(SIDE, SIDE)), 3)
    return np.clip(1 + 0.2 * slow / slow.std(), 0.05, None)


def _beads():
    found = np.ones((SIDE, SIDE))
    for y, x, radius in ((60, 60, 3), (150, 260, 5), (300, 100, 20), (250, 300, 10)):
        found[np.hypot(Y - y, X - x) < radius] = 0.1
    return found


def _fringes():
    """A crack's edge with Fresnel fringes a pixel or two wide, all around it quiet."""
    away = X - 150 - 40 * np.sin(Y / 60)
    return 1 + 2.5 * np.exp(-((away / 4) ** 2)) * np.cos(0.9 * away) ** 2


SCENES = {
    "fringes": _fringes,
    "empty ice": lambda: np.ones((SIDE, SIDE)),
    "particles": _particles,
    "a carbon edge": lambda: np.where(X + 0.3 * Y > 230, 1.0, 0.4),
    "an edge along a column": lambda: np.where(X > 200, 1.0, 0.3),
    "gold beads": _beads,
    "an upright fibre": lambda: 1 - 0.3 * np.exp(-((X - 133.0) ** 2) / (2 * 3**2)),
}
COUNTS = [0.5, 1, 3, 20, 100, 1e4]


def _counts(scene, mean, seed=0):
    return np.random.default_rng(seed).poisson(mean * SCENES[scene]()).astype(np.float32)


def _spoiled(image, hot):
    """Kill a border, a column, a stretch of another and a row, and make 40 pixels hot; return which."""
    bad = np.zeros(image.shape, bool)
    bad[:7] = bad[:, -4:] = bad[:, 100] = bad[64:330, 180] = bad[77] = True
    image[bad] = 0
    pixels = np.random.default_rng(9).integers(12, SIDE - 12, (40, 2))
    image[tuple(pixels.T)] += hot
    bad[tuple(pixels.T)] = True
    return bad


@pytest.mark.parametrize("mean", COUNTS)
@pytest.mark.parametrize("scene", SCENES)
def test_real_data_are_left_alone_at_any_dose(scene, mean):
    assert not find_bad_pixels(_counts(scene, mean), None).mask.any()


@pytest.mark.parametrize(
    "path", sorted(SHIPPED.rglob("*.png")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_the_shipped_micrographs_are_left_alone(path):
    assert not find_bad_pixels(read_image(path).pixels, None).mask.any()


@pytest.mark.parametrize("mean", [0.5, 3, 100])
@pytest.mark.parametrize(
    "changed",
    [
        lambda image: image - image.mean(),
        lambda image: 1000 + 0.01 * image,
        lambda image: gaussian_filter(image, 0.7),
        lambda image: image * np.random.default_rng(2).uniform(0.9, 1.1, image.shape),
        lambda image: -image,
    ],
    ids=["without its mean", "in other units", "interpolated", "gain-corrected", "inverted"],
)
def test_the_units_of_an_image_do_not_matter(changed, mean):
    image = changed(_counts("particles", mean)).astype(np.float32)
    assert not find_bad_pixels(image, None).mask.any()


@pytest.mark.parametrize("mean", COUNTS)
@pytest.mark.parametrize("scene", SCENES)
def test_what_is_no_measurement_is_found_in_any_scene(scene, mean):
    image = _counts(scene, mean)
    bad = _spoiled(image, 60 * max(mean, 3) ** 0.5)
    found = find_bad_pixels(image, None).mask
    if mean < 1 and "edge" in scene:  # where 0.2 counts fall, a stretch of 64 empty pixels may be chance
        bad &= ~((X == 180) & (image == 0))
    assert np.count_nonzero(bad & ~found) < 0.03 * np.count_nonzero(bad)
    assert np.count_nonzero(found & ~bad) < 0.002 * found.size


def test_the_note_counts_what_was_found():
    image = _counts("empty ice", 50)
    image[:3] = 0
    image[:, 200] = 900
    image[100, 100] = image[300, 50] = 4000
    found = find_bad_pixels(image, None)
    assert (found.border_px, found.columns, found.rows, found.spots) == (3, 1, 0, 2)
    assert found.note() == (
        f"{3 * SIDE + (SIDE - 3) + 2} bad pixels were found and filled "
        "(3 lines of a constant border, 1 column, 2 single pixels)"
    )
    assert find_bad_pixels(_counts("empty ice", 50), None).note() == ""


def test_one_pixel_is_one_pixel():
    image = _counts("empty ice", 50)
    image[100, 100] = 4000
    assert find_bad_pixels(image, None).note() == "1 bad pixel was found and filled (1 single pixel)"


def test_what_a_list_names_is_not_found_again():
    image = _counts("empty ice", 50)
    known = np.zeros(image.shape, bool)
    known[:, 50] = known[20, 30] = True
    image[20, 30] = 5000
    assert not find_bad_pixels(image, known).mask.any()


def test_a_group_of_hot_pixels_is_found_whole():
    image = _counts("particles", 30)
    image[100:102, 200:202] = 5000
    found = find_bad_pixels(image, None).mask
    assert found.sum() == 4 and found[100:102, 200:202].all()


def test_frames_that_are_almost_empty_are_not_judged():
    assert not find_bad_pixels(_counts("empty ice", 0.03), None).mask.any()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda image: image.__setitem__((slice(None), slice(0, 40)), 0),
        lambda image: image.__setitem__((slice(None), slice(100, 140)), 7),
        lambda image: image.__setitem__((slice(None), slice(None)), 0),
        lambda image: image.__setitem__((slice(0, 370), slice(None)), 3),
    ],
    ids=["a wide border", "a wide band", "everything", "all but a few rows"],
)
def test_an_image_that_is_bad_for_the_most_part_is_refused(spoil):
    image = _counts("particles", 20)
    spoil(image)
    with pytest.raises(
        ValueError, match=rf"are dead, hot or of one constant value, {MOST_BAD:.0%} may be; cut"
    ):
        find_bad_pixels(image, None)


def test_small_images_are_not_judged():
    assert not find_bad_pixels(np.zeros((31, 400), np.float32), None).mask.any()


def test_sums_with_bad_pixels_come_out_nearly_as_those_without():
    """The fault it is for: pickers found 1 of 25 particles, and a network's r fell from 0.94 to 0.29."""
    halves = [_counts("particles", 20, seed) for seed in (3, 4)]
    clean, found = correct_sums(Sums(*(half.copy() for half in halves)), None, None, 1, search=True)
    assert found.note() == ""
    for half in halves:
        bad = _spoiled(half, 5000)
    without, _ = correct_sums(Sums(*(half.copy() for half in halves)), None, None, 1)
    repaired, found = correct_sums(Sums(*halves), None, None, 1, search=True)
    assert "bad pixels were found and filled" in found.note()

    def likeness(sums):
        return np.corrcoef(sums.full().ravel(), clean.full().ravel())[0, 1]

    assert likeness(without) < 0.4 and likeness(repaired) > 0.97
    for one, other in zip((repaired.even, repaired.odd), (clean.even, clean.odd), strict=True):
        away = np.abs(one - other)
        assert away[~bad].sum() < 1e-3 * other.sum() and away[bad].mean() < 0.4 * other.mean()


def test_a_listed_defect_beside_one_that_is_found_is_filled_from_neither():
    image = _counts("empty ice", 50)
    image[:, 100], image[:, 101] = 0, 4000
    listed = np.zeros(image.shape, bool)
    listed[:, 100] = True
    repaired, found = correct_sums(Sums(None, image), None, listed, 1, search=True)
    assert found.columns == 1 and found.mask[:, 101].all()
    assert abs(repaired.odd[:, 100:102].mean() - 50) < 5


def test_clean_sums_come_out_bit_by_bit():
    halves = [_counts("particles", 20, seed) for seed in (3, 4)]
    searched, _ = correct_sums(Sums(*(half.copy() for half in halves)), None, None, 1, search=True)
    plain, _ = correct_sums(Sums(*halves), None, None, 1)
    np.testing.assert_array_equal(searched.even, plain.even)
    np.testing.assert_array_equal(searched.odd, plain.odd)


@pytest.mark.parametrize("shape", [(32, 32), (33, 64), (65, 129), (130, 66), (200, 37)])
def test_sides_of_any_length_are_searched(shape):
    image = np.random.default_rng(0).poisson(20, shape).astype(np.float32)
    assert not find_bad_pixels(image, None).mask.any()
    image[shape[0] // 2, shape[1] // 2] = image[0, 0] = image[-1, -1] = 5000
    assert find_bad_pixels(image, None).mask.sum() == 3


def test_a_picker_finds_on_the_repaired_sum_what_it_finds_on_the_clean_one():
    """The fault it is for: with dead columns, a zero border and hot pixels one of 25 particles was found."""
    centres = np.array([(y, x) for y in range(50, SIDE, 70) for x in range(50, SIDE, 70)], float)
    field = np.full((SIDE, SIDE), 20.0)
    for y, x in centres:
        field -= 6 * (np.hypot(Y - y, X - x) < 12)
    clean = np.random.default_rng(5).poisson(field).astype(np.float32)
    spoiled = clean.copy()
    _spoiled(spoiled, 60000)

    def found(image):
        picks = load_picker("blob")(image, 24.0)
        return np.count_nonzero(match(picks.centres[picks.accepted], centres, 5.0) >= 0)

    repaired, _ = correct_sums(Sums(None, spoiled.copy()), None, None, 1, search=True)
    assert len(centres) == 25 and found(clean) == 25
    assert found(spoiled) < 10
    assert found(repaired.full()) == 25
