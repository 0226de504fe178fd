import mrcfile
import numpy as np
import pytest
import tifffile

from clearice.files.defects import read_defects
from clearice.movies.defects import replace_defects

SHAPE = (24, 31)


def _bad(share: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(SHAPE) < share


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9])
def test_constants_stay_constant(share):
    bad = _bad(share)
    image = np.full(SHAPE, 5.0, np.float32)
    image[bad] = 1e6
    np.testing.assert_allclose(replace_defects(image, bad), 5.0, rtol=1e-6)


def test_good_pixels_stay_as_they_are():
    image = np.random.default_rng(1).normal(size=SHAPE).astype(np.float32)
    bad = _bad(0.2)
    before = image.copy()
    np.testing.assert_array_equal(replace_defects(image, bad)[~bad], before[~bad])
    assert (image[bad] != before[bad]).all()


def test_a_single_bad_pixel_gets_the_mean_of_its_eight_neighbours():
    image = np.arange(9, dtype=np.float32).reshape(3, 3) ** 2
    bad = np.zeros((3, 3), bool)
    bad[1, 1] = True
    expected = (image.sum() - image[1, 1]) / 8
    assert replace_defects(image, bad)[1, 1] == pytest.approx(expected)


def test_bad_values_never_count_not_even_nan():
    image = np.full(SHAPE, 2.0, np.float32)
    bad = _bad(0.3, seed=3)
    image[bad] = np.nan
    np.testing.assert_array_equal(replace_defects(image, bad), 2.0)


def test_replacing_is_linear():
    first, second = np.random.default_rng(4).poisson(3, (2, *SHAPE)).astype(np.float32)
    bad = _bad(0.2)
    both = replace_defects(first + second, bad)
    np.testing.assert_allclose(both, replace_defects(first, bad) + replace_defects(second, bad), rtol=1e-5)


def test_wide_blocks_edges_and_corners_are_closed():
    bad = np.zeros(SHAPE, bool)
    bad[:, 10:18] = True
    bad[:6, :6] = True
    bad[-1] = True
    image = np.where(bad, np.float32(-1000), np.random.default_rng(5).uniform(1, 2, SHAPE).astype(np.float32))
    replace_defects(image, bad)
    assert image.min() >= 1 and image.max() <= 2


def test_images_of_one_column_are_closed():
    image = np.array([[1.0], [0.0], [0.0], [3.0]], np.float32)
    replace_defects(image, np.array([[False], [True], [True], [False]]))
    np.testing.assert_allclose(image[:, 0], [1, 1, 3, 3])


def test_no_defects_change_nothing():
    image = np.ones(SHAPE, np.float32)
    assert replace_defects(image, np.zeros(SHAPE, bool)) is image


@pytest.mark.parametrize(
    ("bad", "sentence"), [(np.ones(SHAPE, bool), "every pixel"), (np.zeros((3, 3), bool), "has shape")]
)
def test_impossible_masks_are_refused(bad, sentence):
    with pytest.raises(ValueError, match=sentence):
        replace_defects(np.ones(SHAPE, np.float32), bad)


def test_lists_name_columns_first(tmp_path):
    (tmp_path / "defects.txt").write_text("# a comment\n3 5\n\n10, 2, 4, 1  # a block\n")
    bad = read_defects(tmp_path / "defects.txt", SHAPE)
    expected = np.zeros(SHAPE, bool)
    expected[5, 3] = True
    expected[2, 10:14] = True
    np.testing.assert_array_equal(bad, expected)


@pytest.mark.parametrize("suffix", ["mrc", "tif"])
def test_maps_are_read(tmp_path, suffix):
    bad = _bad(0.1)
    if suffix == "tif":  # its first row is the upper one, that of an MRC file the lower one
        tifffile.imwrite(tmp_path / "map.tif", bad.astype(np.uint8))
    else:
        with mrcfile.new(tmp_path / "map.mrc", data=bad.astype(np.int8)):
            pass
    expected = bad[::-1] if suffix == "tif" else bad
    np.testing.assert_array_equal(read_defects(tmp_path / f"map.{suffix}", SHAPE), expected)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.txt", b"CameraSizeX 100\n", "line 1: 'CameraSizeX 100' is no defect"),
        ("a.txt", b"1 2\n1 2 3\n", "line 2: '1 2 3' is no defect"),
        ("a.txt", b"31 0\n", "not inside the frames of 24 rows x 31 columns"),
        ("a.txt", b"0 20 1 5\n", "not inside the frames"),
        ("a.txt", b"-1 0\n", "not inside the frames"),
        ("a.txt", b"1 1 0 1\n", "not inside the frames"),
        ("a.txt", b"0 0 31 23\n", "96% of the pixels defective"),
        ("a.txt", b"\x00\x01\n", "is no text file"),
        ("a.txt", b"1 2 # \xb5m\n", "line 1: byte 7 .0xb5. is no UTF-8 text"),
        ("a.txt", b"1_0 2\n", "line 1: '1_0 2' is no defect"),
        ("a.txt", b"99999999999999999999 2\n", "line 1: .* is no defect"),
    ],
)
def test_bad_lists_end_in_one_sentence(tmp_path, name, content, sentence):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=sentence):
        read_defects(tmp_path / name, SHAPE)


def test_maps_of_another_shape_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "map.tif", np.zeros((5, 6), np.uint8))
    with pytest.raises(ValueError, match="has 5 x 6 pixels, the frames have 24 x 31"):
        read_defects(tmp_path / "map.tif", SHAPE)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_lists_of_other_editors_are_read(tmp_path, encoding):
    (tmp_path / "a.txt").write_bytes("1 2\r\n3 4\r\n".encode(encoding))
    assert np.argwhere(read_defects(tmp_path / "a.txt", SHAPE)).tolist() == [[2, 1], [4, 3]]
