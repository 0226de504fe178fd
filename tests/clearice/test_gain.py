import numpy as np
import pytest

from clearice.movies.gain import check_gain, oriented, prepare_gain, upside_down

REFERENCE = np.random.default_rng(0).uniform(0.8, 1.2, (6, 9)).astype(np.float32)


def test_multiplying_by_the_inverse_is_dividing():
    multiply = prepare_gain(REFERENCE, "multiply", 0, "none")
    divide = prepare_gain(REFERENCE, "divide", 0, "none")
    np.testing.assert_allclose(multiply.factor * divide.factor, 1.0, rtol=1e-6)
    np.testing.assert_array_equal(multiply.factor, REFERENCE)


@pytest.mark.parametrize("flip", ["none", "up_down", "left_right"])
@pytest.mark.parametrize("rotation", [0, 1, 2, 3])
def test_turns_come_before_the_flip(flip, rotation):
    flipped = {"none": lambda image: image, "up_down": np.flipud, "left_right": np.fliplr}[flip]
    expected = flipped(np.rot90(REFERENCE, -rotation))
    np.testing.assert_array_equal(prepare_gain(REFERENCE, "multiply", rotation, flip).factor, expected)


def test_a_turn_makes_the_first_row_the_last_column_as_in_relion_and_motioncor():
    turned = oriented(REFERENCE, 1, "none")
    np.testing.assert_array_equal(turned[:, -1], REFERENCE[0])
    np.testing.assert_array_equal(turned[0], REFERENCE[::-1, 0])
    np.testing.assert_array_equal(oriented(turned, 3, "none"), REFERENCE)


def test_frames_whose_first_row_is_the_upper_one_get_the_gain_upside_down():
    gain = prepare_gain(REFERENCE, "multiply", 1, "left_right")
    np.testing.assert_array_equal(upside_down(gain).factor, gain.factor[::-1])
    np.testing.assert_array_equal(upside_down(upside_down(gain)).factor, gain.factor)


@pytest.mark.parametrize("operation", ["multiply", "divide"])
@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf, -np.inf])
def test_pixels_without_gain_are_dead_and_left_alone(operation, value):
    reference = REFERENCE.copy()
    reference[2, 3] = value
    gain = prepare_gain(reference, operation, 0, "none")
    assert gain.dead.sum() == 1 and gain.dead[2, 3]
    assert gain.factor[2, 3] == 1.0 and np.isfinite(gain.factor).all()


def test_a_reference_that_is_mostly_dead_is_refused():
    with pytest.raises(ValueError, match="100% of the gain reference is 0"):
        prepare_gain(np.zeros((8, 8), np.float32), "multiply", 0, "none")


@pytest.mark.parametrize(("operation", "flip"), [("add", "none"), ("multiply", "both")])
def test_unknown_words_are_refused(operation, flip):
    with pytest.raises(ValueError, match="use one of"):
        prepare_gain(REFERENCE, operation, 0, flip)


@pytest.mark.parametrize(
    ("shape", "advice"), [((9, 6), "gain_rotation to 1 or 3"), ((12, 18), "this binning")]
)
def test_another_shape_than_the_frames_is_refused(shape, advice):
    gain = prepare_gain(REFERENCE, "multiply", 0, "none")
    check_gain(gain, (6, 9))
    with pytest.raises(ValueError, match=advice):
        check_gain(gain, shape)
