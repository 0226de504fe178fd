import re

import numpy as np
import pytest
import tifffile

from clearice.files.tiff import open_tiff

STACK = np.random.default_rng(0).poisson(20, (4, 30, 37)).astype(np.uint8)


@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "adobe_deflate"])
@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "u4", "f4", "f8", "f2", ">u2", ">f4"])
@pytest.mark.parametrize("big", [False, True])
def test_all_kinds_are_read(tmp_path, compression, dtype, big):
    stack = STACK.astype(dtype)
    order = ">" if dtype.startswith(">") else "<"
    tifffile.imwrite(
        tmp_path / "a.tif",
        stack,
        photometric="minisblack",
        compression=compression,
        bigtiff=big,
        byteorder=order,
    )
    with open_tiff(tmp_path / "a.tif") as pages:
        assert (pages.count, pages.shape) == (4, (30, 37))
        assert pages.dtype == stack.dtype.newbyteorder("=")
        for index in range(4):
            np.testing.assert_array_equal(pages.read(index), stack[index])


@pytest.mark.parametrize("options", [{"rowsperstrip": 3}, {"tile": (16, 16)}, {"predictor": True}])
def test_strips_tiles_and_predictors_are_read(tmp_path, options):
    tifffile.imwrite(tmp_path / "a.tif", STACK, compression="lzw", photometric="minisblack", **options)
    with open_tiff(tmp_path / "a.tif") as pages:
        np.testing.assert_array_equal(np.stack([pages.read(index) for index in range(4)]), STACK)


def test_files_written_page_by_page_are_read(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for frame in STACK:
            writer.write(frame, compression="lzw", contiguous=False, metadata=None)
    with open_tiff(tmp_path / "a.tif") as pages:
        np.testing.assert_array_equal(np.stack([pages.read(index) for index in range(4)]), STACK)


@pytest.mark.parametrize(
    ("unit", "per_unit", "expected_A"),
    [("CENTIMETER", 1e8 / 1.25, 1.25), ("INCH", 72, 0.0), ("CENTIMETER", 28, 0.0), ("NONE", 1, 0.0)],
)
def test_pixel_size_is_that_of_a_resolution_per_centimetre(tmp_path, unit, per_unit, expected_A):
    tifffile.imwrite(
        tmp_path / "a.tif",
        STACK,
        photometric="minisblack",
        resolution=(per_unit, per_unit),
        resolutionunit=unit,
    )
    with open_tiff(tmp_path / "a.tif") as pages:
        assert pages.pixel_size_A == pytest.approx(expected_A, rel=1e-6)


@pytest.mark.parametrize("compression", [None, "lzw", "zlib"])
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("page_by_page", [False, True])
@pytest.mark.parametrize("share", [0.005, 0.02, 0.3, 0.6, 0.95, 0.999])
def test_a_truncated_file_is_never_taken_for_a_shorter_movie(tmp_path, compression, big, page_by_page, share):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path, bigtiff=big) as writer:
        for frame in STACK if page_by_page else [STACK]:
            writer.write(frame, compression=compression, photometric="minisblack", contiguous=False)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    try:
        with open_tiff(path) as pages:
            found = np.stack([pages.read(index) for index in range(pages.count)])
    except ValueError as error:
        assert re.search("truncated|damaged|cannot be decoded|no TIFF file", str(error))
    else:  # the last bytes of a file may be padding
        assert share == 0.999
        np.testing.assert_array_equal(found, STACK)


def test_damaged_data_name_the_page(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, STACK, compression="zlib", photometric="minisblack")
    with tifffile.TiffFile(path) as file:
        place = file.pages[2].dataoffsets[0]
    data = bytearray(path.read_bytes())
    data[place : place + 40] = bytes(40)
    path.write_bytes(data)
    with open_tiff(path) as pages, pytest.raises(ValueError, match="page 3 of 4 cannot be decoded"):
        for index in range(4):
            pages.read(index)


def test_pages_of_unequal_shape_are_refused(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(STACK[0])
        writer.write(STACK[1][:20])
    with (
        pytest.raises(ValueError, match="page 2 is 20 x 37 uint8, page 1 is 30 x 37 uint8"),
        open_tiff(tmp_path / "a.tif"),
    ):
        pass


def test_pages_of_unequal_type_are_refused(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(STACK[0])
        writer.write(STACK[1].astype(np.uint16))
    with pytest.raises(ValueError, match="one shape and type"), open_tiff(tmp_path / "a.tif"):
        pass


def test_colour_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((8, 9, 3), np.uint8), photometric="rgb")
    with pytest.raises(ValueError, match="one grey value per pixel"), open_tiff(tmp_path / "a.tif"):
        pass


def test_pages_in_a_circle_are_refused(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, STACK[0])
    data = bytearray(path.read_bytes())
    start = int.from_bytes(data[4:8], "little")
    entries = int.from_bytes(data[start : start + 2], "little")
    after = start + 2 + 12 * entries
    data[after : after + 4] = start.to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(ValueError, match="run in a circle"), open_tiff(path):
        pass


def test_a_file_without_pages_is_refused(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"II*\0" + bytes(12))
    with pytest.raises(ValueError, match="without any page"), open_tiff(tmp_path / "a.tif"):
        pass
