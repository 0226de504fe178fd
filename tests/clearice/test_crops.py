import numpy as np
import pytest

from clearice.training.crops import TRAINING, VALIDATION, crop_generator, cut, draw_corner


def test_a_crop_depends_on_seed_stream_and_number_and_on_nothing_else():
    def drawn(*key):
        return draw_corner((4096, 4096), 64, crop_generator(*key))

    assert drawn(1, TRAINING, 7) == drawn(1, TRAINING, 7)
    others = {drawn(1, TRAINING, 8), drawn(2, TRAINING, 7), drawn(1, VALIDATION, 7)}
    assert len(others) == 3
    assert drawn(1, TRAINING, 7) not in others


def test_corners_reach_every_place_where_the_crop_fits_and_no_other():
    corners = {draw_corner((6, 5), 4, crop_generator(0, TRAINING, index)) for index in range(300)}
    assert corners == {(y, x) for y in range(3) for x in range(2)}


def test_a_crop_as_large_as_the_image_is_the_image():
    assert draw_corner((8, 8), 8, crop_generator(0, TRAINING, 0)) == (0, 0)


def test_a_crop_larger_than_the_image_is_refused_in_one_sentence():
    with pytest.raises(
        ValueError, match="crops of 65 px are larger than an image of 64 x 80 px; lower crop_px"
    ):
        draw_corner((64, 80), 65, crop_generator(0, TRAINING, 0))


def test_a_cut_is_a_copy_of_the_pixels_at_its_corner():
    image = np.arange(30, dtype=np.float32).reshape(5, 6)
    crop = cut(image, (1, 2), 3)
    np.testing.assert_array_equal(crop, image[1:4, 2:5])
    crop[:] = 0
    assert image[1, 2] == 8
