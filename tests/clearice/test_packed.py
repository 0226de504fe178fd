"""Counts of 4 bits: unpacking undoes packing, and halved frames are known by their size."""

import numpy as np
import pytest

from clearice.files.packed import COUNTING_PX, SUPER_RESOLUTION_PX, half_as_wide, unpack_counts
from support.image_files import pack_counts


@pytest.mark.parametrize("width", [1, 2, 3, 8, 31])
def test_unpacking_undoes_packing(width):
    counts = np.random.default_rng(width).integers(0, 16, (5, width)).astype(np.uint8)
    packed = pack_counts(counts)
    assert packed.shape == (5, (width + 1) // 2)
    np.testing.assert_array_equal(unpack_counts(packed, width), counts)


def test_packing_undoes_unpacking():
    packed = np.arange(256, dtype=np.uint8).reshape(8, 32)
    np.testing.assert_array_equal(pack_counts(unpack_counts(packed, 64)), packed)


def test_the_left_pixel_is_in_the_low_half_of_its_byte():
    np.testing.assert_array_equal(unpack_counts(np.array([[0xA3]], np.uint8), 2), [[3, 10]])


@pytest.mark.parametrize(("width", "height"), [(3838, 7420), (3710, 7676), (5760, 8184), (4092, 11520)])
def test_halves_of_super_resolution_frames_are_known_lying_and_standing(width, height):
    assert half_as_wide(height, width, SUPER_RESOLUTION_PX)


@pytest.mark.parametrize(("width", "height"), [(1919, 3710), (1855, 3838), (2880, 4092), (2046, 5760)])
def test_halves_of_counting_frames_are_known(width, height):
    assert half_as_wide(height, width, COUNTING_PX)


@pytest.mark.parametrize(
    ("width", "height"), [(3838, 3710), (7676, 7420), (5760, 4092), (4096, 4096), (2048, 2048)]
)
def test_whole_frames_are_no_halves(width, height):
    assert not half_as_wide(height, width, (*SUPER_RESOLUTION_PX, *COUNTING_PX))
