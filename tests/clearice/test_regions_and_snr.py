"""Region pairs that depend on coordinates alone, and the two SNRs measured on them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from clearice.config.kinds.mask_control import MaskControl
from clearice.denoisers.mask_control import denoise
from clearice.denoisers.registry import Evidence
from clearice.evaluation.regions import Box, choose_pairs, cut_box, free_boxes, largest_free_boxes
from clearice.evaluation.snr import micrograph_snr, pair_snr

SHAPE = (256, 300)
CENTRES = np.array([[60.0, 60.0], [60.0, 200.0], [180.0, 90.0], [180.0, 240.0]])


def pairs_of(centres: NDArray[np.float64] = CENTRES, count: int = 4, largest: int = 32, smallest: int = 16):  # type: ignore[no-untyped-def]
    return choose_pairs(
        centres, SHAPE, radius_px=20, pairs=count, largest_box_px=largest, smallest_box_px=smallest
    )


def overlap(one: Box, two: Box) -> bool:
    return abs(one.top_px - two.top_px) < one.side_px and abs(one.left_px - two.left_px) < one.side_px


def test_signal_boxes_hold_their_particle_and_background_boxes_hold_none() -> None:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    occupied = np.zeros(SHAPE, np.float32)
    for y, x in CENTRES:
        occupied[(rows - y) ** 2 + (columns - x) ** 2 <= 20**2] = 1
    for pair in pairs_of():
        assert cut_box(occupied, pair.background).max() == 0
        assert cut_box(occupied, pair.signal)[16, 16] == 1


def test_the_background_is_as_near_as_its_particle_allows() -> None:
    """A box of side 32 free of a disc of radius 20 has its centre about 36 px away, straight up or aside."""
    for pair in pairs_of():
        distance = np.hypot(
            pair.signal.top_px - pair.background.top_px, pair.signal.left_px - pair.background.left_px
        )
        assert 36 <= distance <= 38


def test_background_boxes_do_not_overlap_and_each_particle_is_used_once() -> None:
    chosen = pairs_of()
    assert len({pair.signal for pair in chosen}) == 4
    assert not any(overlap(one.background, two.background) for one, two in itertools.combinations(chosen, 2))


def test_in_a_crowded_field_the_box_shrinks() -> None:
    grid = np.array([[y, x] for y in range(24, 250, 52) for x in range(24, 290, 52)], dtype=float)
    sides = {pair.signal.side_px for pair in pairs_of(grid, largest=64, smallest=8)}
    assert len(sides) == 1
    assert sides.pop() < 32


def test_too_few_empty_places_are_an_error_that_names_the_numbers() -> None:
    grid = np.array([[y, x] for y in range(0, 256, 24) for x in range(0, 300, 24)], dtype=float)
    with pytest.raises(ValueError, match=r"only 0 of 4 pairs .* 16 px"):
        pairs_of(grid)
    with pytest.raises(ValueError, match="no particle is known"):
        pairs_of(np.empty((0, 2)))
    with pytest.raises(ValueError, match="at most largest_box_A"):
        pairs_of(largest=16, smallest=32)


def test_free_boxes_fill_an_empty_field_without_overlap() -> None:
    boxes = free_boxes(np.empty((0, 2)), (100, 130), radius_px=10, side_px=32)
    assert len(boxes) == 3 * 4
    assert not any(overlap(one, two) for one, two in itertools.combinations(boxes, 2))
    assert free_boxes(np.empty((0, 2)), (20, 20), radius_px=10, side_px=32) == []


def largest_boxes(centres: NDArray[np.float64], boxes: int = 4, largest: int = 32, smallest: int = 8):  # type: ignore[no-untyped-def]
    return largest_free_boxes(
        centres, SHAPE, radius_px=20, boxes=boxes, largest_box_px=largest, smallest_box_px=smallest
    )


def test_where_no_pair_is_found_the_background_is_there_all_the_same() -> None:
    """Few particles, a crowded field with gaps, and an empty one: boxes free of particles, of one side, apart."""
    crowded = np.array([[y, x] for y in range(10, 250, 44) for x in range(10, 290, 44)], dtype=float)
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    for centres in (CENTRES, crowded, np.empty((0, 2))):
        boxes = largest_boxes(centres)
        assert len(boxes) >= 4 and len({box.side_px for box in boxes}) == 1
        assert not any(overlap(one, two) for one, two in itertools.combinations(boxes, 2))
        occupied = np.zeros(SHAPE, np.float32)
        for y, x in centres:
            occupied[(rows - y) ** 2 + (columns - x) ** 2 <= 20**2] = 1
        assert max(cut_box(occupied, box).max() for box in boxes) == 0
    assert largest_boxes(CENTRES)[0].side_px == 32, "the largest side, where it has room"
    assert largest_boxes(crowded)[0].side_px < 32


def test_too_few_boxes_are_better_than_none_and_of_those_the_most_of_the_field_is_taken() -> None:
    boxes = largest_boxes(np.empty((0, 2)), boxes=10_000, largest=64, smallest=48)
    covered = {
        side: len(free_boxes(np.empty((0, 2)), SHAPE, radius_px=20, side_px=side))
        for side in (64, 56, 49, 48)
    }
    assert len(boxes) * boxes[0].side_px ** 2 == max(side**2 * count for side, count in covered.items())
    full = np.array([[y, x] for y in range(0, 256, 20) for x in range(0, 300, 20)], dtype=float)
    assert largest_boxes(full) == []
    with pytest.raises(ValueError, match="at most largest_box_A"):
        largest_boxes(CENTRES, largest=8, smallest=16)


def test_a_region_for_another_image_size_is_refused() -> None:
    with pytest.raises(ValueError, match="choose them anew"):
        cut_box(np.zeros((32, 32), np.float32), Box(20, 0, 16))


@pytest.mark.parametrize("variance", [0.5, 3.0, 99.0])
def test_equation_5_of_a_signal_of_known_variance(variance: float) -> None:
    """Signal of variance v in noise of variance 1: v_s / v_b = v + 1."""
    generator = np.random.default_rng(0)
    background = generator.standard_normal((500, 500)).astype(np.float32) + 4
    signal = (
        generator.standard_normal((500, 500)) * np.sqrt(variance) + generator.standard_normal((500, 500)) + 4
    )
    measured = pair_snr(signal.astype(np.float32), background)
    assert measured.variance_dB == pytest.approx(10 * np.log10(variance + 1), abs=0.05)


@pytest.mark.parametrize("step", [-0.3, 2.0])
def test_topaz_snr_of_a_signal_of_known_mean(step: float) -> None:
    generator = np.random.default_rng(1)
    background = generator.standard_normal((1000, 1000)).astype(np.float32)
    signal = (generator.standard_normal((1000, 1000)) + step).astype(np.float32)
    assert pair_snr(signal, background).mean_dB == pytest.approx(20 * np.log10(abs(step)), abs=0.1)


def test_both_snrs_ignore_scale_and_offset() -> None:
    image = np.random.default_rng(2).standard_normal(SHAPE).astype(np.float32)
    one, two = micrograph_snr(image, pairs_of()), micrograph_snr(5 * image - 100, pairs_of())
    assert one.variance_dB == pytest.approx(two.variance_dB, abs=1e-3)
    assert one.mean_dB == pytest.approx(two.mean_dB, abs=1e-2)


def test_a_flat_background_is_held_at_a_limit() -> None:
    flat, signal = np.zeros((8, 8), np.float32), np.ones((8, 8), np.float32)
    signal[0] = 3
    assert pair_snr(signal, flat).variance_dB == 120
    assert pair_snr(flat, flat).variance_dB == 0
    assert pair_snr(flat, signal).variance_dB == -120


def test_no_pair_is_an_error() -> None:
    with pytest.raises(ValueError, match="choose_regions"):
        micrograph_snr(np.zeros(SHAPE, np.float32), [])


def test_masking_wins_equation_5() -> None:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    image = 2.5 * np.random.default_rng(3).standard_normal(SHAPE)
    for y, x in CENTRES:
        image -= 2.0 * ((rows - y) ** 2 + (columns - x) ** 2 <= 20**2)
    raw = image.astype(np.float32)
    control = micrograph_snr(
        denoise(raw, 1.0, MaskControl(kind="mask_control", sigma_px=4), Evidence(raw)), pairs_of()
    )
    assert control.variance_dB > micrograph_snr(raw, pairs_of()).variance_dB + 15
