import numpy as np
import pytest

from clearice.movies.gain import prepare_gain
from clearice.movies.pixel_sizes import check_pixel_size, pixel_size_note
from clearice.movies.sums import Sums, correct_sums, pair_of_sums, sum_even_and_odd

FRAMES = np.random.default_rng(0).poisson(2.0, (7, 16, 18)).astype(np.uint8)


@pytest.mark.parametrize(
    "dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "f2", "f4", "f8", ">u2", ">i2", ">f4", ">f2"]
)
def test_frames_counted_from_one_are_even_and_odd(dtype):
    sums = sum_even_and_odd(FRAMES.astype(dtype), 1)
    np.testing.assert_array_equal(sums.odd, FRAMES[[0, 2, 4, 6]].sum(axis=0))
    np.testing.assert_array_equal(sums.even, FRAMES[[1, 3, 5]].sum(axis=0))
    assert sums.odd.dtype == sums.even.dtype == np.float32


def test_a_range_keeps_the_numbers_of_the_movie():
    sums = sum_even_and_odd(FRAMES[3:], 4)
    np.testing.assert_array_equal(sums.even, FRAMES[[3, 5]].sum(axis=0))
    np.testing.assert_array_equal(sums.odd, FRAMES[[4, 6]].sum(axis=0))


def test_even_plus_odd_is_full():
    frames = np.random.default_rng(1).normal(10, 3, (9, 16, 18)).astype(np.float32)
    sums = sum_even_and_odd(frames, 1)
    np.testing.assert_array_equal(sums.full(), sums.even + sums.odd)
    np.testing.assert_allclose(sums.full(), frames.sum(axis=0, dtype=np.float64), rtol=1e-6)


def test_sums_of_counts_are_exact():
    frames = [np.full((4, 4), 65535 - index, np.uint16) for index in range(200)]
    assert (
        sum_even_and_odd(frames, 1).full() == np.float32(sum(65535 - index for index in range(200)))
    ).all()
    assert (sum_even_and_odd(frames, 1).odd == sum(65535 - index for index in range(0, 200, 2))).all()


def test_frames_are_used_one_at_a_time_and_stay_as_they_are():
    buffer = np.empty((16, 18), np.float32)

    def reusing_one_buffer():
        for frame in FRAMES:
            buffer[:] = frame
            yield buffer
            np.testing.assert_array_equal(buffer, frame)

    np.testing.assert_array_equal(sum_even_and_odd(reusing_one_buffer(), 1).full(), FRAMES.sum(axis=0))


def test_one_frame_has_no_halves():
    sums = sum_even_and_odd(FRAMES[:1], 1)
    assert sums.even is None
    np.testing.assert_array_equal(sums.full(), FRAMES[0])
    with pytest.raises(ValueError, match="no frames to sum"):
        Sums(None, None).full()


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_inf_are_counted_with_the_frame(dtype, value):
    frames = FRAMES.astype(dtype)
    frames[3, 2, 5:8] = value
    with pytest.raises(ValueError, match=r"frame 13 has 3 pixels that are NaN or Inf"):
        sum_even_and_odd(frames, 10)


def test_opposite_infinities_do_not_hide_each_other():
    frames = FRAMES.astype(np.float32)
    frames[0, 0, 0], frames[0, 0, 1] = np.inf, -np.inf
    with pytest.raises(ValueError, match="frame 1 has 2 pixels"):
        sum_even_and_odd(frames, 1)


def test_large_but_finite_frames_pass():
    frames = np.full((2, 16, 18), 1e37, np.float32)
    assert np.isfinite(sum_even_and_odd(frames, 1).full()).all()


def test_frames_of_unequal_shape_are_refused():
    with pytest.raises(ValueError, match=r"frame 2 has shape \(15, 18\), the frames before it \(16, 18\)"):
        sum_even_and_odd([FRAMES[0], FRAMES[1][:15]], 1)


def test_correcting_sums_is_correcting_every_frame():
    generator = np.random.default_rng(2)
    reference = generator.uniform(0.5, 2, (16, 18)).astype(np.float32)
    reference[3, 4] = 0
    gain = prepare_gain(reference, "divide", 0, "up_down")
    defects = generator.random((16, 18)) < 0.1
    once, _ = correct_sums(sum_even_and_odd(FRAMES, 1), gain, defects, 2)
    each = [correct_sums(sum_even_and_odd(frame[None], 1), gain, defects, 2)[0].full() for frame in FRAMES]
    np.testing.assert_allclose(once.full(), np.sum(each, axis=0), rtol=1e-4, atol=1e-3)
    np.testing.assert_array_equal(once.full(), once.even + once.odd)
    assert once.full().shape == (8, 9)


def test_dead_gain_pixels_and_defects_are_both_replaced():
    reference = np.ones((16, 18), np.float32)
    reference[3, 4] = 0
    defects = np.zeros((16, 18), bool)
    defects[9, 9] = True
    frame = np.full((16, 18), 6.0, np.float32)
    frame[3, 4] = frame[9, 9] = 1e5
    gain = prepare_gain(reference, "multiply", 0, "none")
    np.testing.assert_allclose(correct_sums(Sums(None, frame), gain, defects, 1)[0].full(), 6.0)


def test_gain_flattens_a_flat_field():
    sensitivity = np.random.default_rng(3).uniform(0.5, 2, (16, 18)).astype(np.float32)
    frames = [100 * sensitivity, 50 * sensitivity]
    flat, _ = correct_sums(
        sum_even_and_odd(frames, 1), prepare_gain(sensitivity, "divide", 0, "none"), None, 1
    )
    np.testing.assert_allclose(flat.full(), 150, rtol=1e-5)


def test_a_gain_of_another_shape_is_refused():
    gain = prepare_gain(np.ones((8, 8), np.float32), "multiply", 0, "none")
    with pytest.raises(ValueError, match="the frames have 16 x 18"):
        correct_sums(sum_even_and_odd(FRAMES, 1), gain, None, 1)


def test_sums_made_elsewhere_are_taken_as_they_are():
    pair = pair_of_sums(FRAMES[0].astype(np.float32), FRAMES[1].astype(np.float32))
    np.testing.assert_array_equal(pair.full(), FRAMES[0] + FRAMES[1])
    single = pair_of_sums(None, FRAMES[0].astype(np.float32))
    assert single.even is None
    with pytest.raises(ValueError, match="give both sums of the same movie"):
        pair_of_sums(np.ones((3, 3), np.float32), np.ones((3, 4), np.float32))
    with pytest.raises(ValueError, match="the even sum has 9 pixels that are NaN or Inf"):
        pair_of_sums(np.full((3, 3), np.nan, np.float32), np.ones((3, 3), np.float32))


@pytest.mark.parametrize("found_A", [0.0, 1.0, 1.33, 1.34, 1.32])
def test_pixel_sizes_that_are_unknown_or_near_pass(found_A):
    check_pixel_size(found_A, 1.33, "m.mrc")


def test_a_trusted_table_makes_a_difference_a_note():
    assert pixel_size_note(1.33, 1.33, "m.mrc", trust=True) == ""
    assert pixel_size_note(1.0, 1.33, "m.mrc", trust=False) == ""
    with pytest.raises(ValueError, match="set trust_table to true"):
        pixel_size_note(1.06, 1.33, "m.mrc", trust=False)
    note = pixel_size_note(1.06, 1.33, "m.mrc", trust=True)
    assert "1.06 A/px" in note and note.endswith("1.33")


def test_frames_are_counted_by_half():
    sums = sum_even_and_odd(FRAMES[:4], 3)
    assert (sums.even_frames, sums.odd_frames) == (2, 2)
    corrected, _ = correct_sums(sum_even_and_odd(FRAMES, 1), None, None, 2)
    assert (corrected.even_frames, corrected.odd_frames) == (3, 4)


@pytest.mark.parametrize("found_A", [0.66, 1.35, 1.31, 2.66, 1.001])
def test_pixel_sizes_that_contradict_are_refused(found_A):
    with pytest.raises(ValueError, match=rf"m\.mrc has {found_A} A/px in its header"):
        check_pixel_size(found_A, 1.33, "m.mrc")
