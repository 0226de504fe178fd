import os
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile

from clearice.files.mrc import write_micrograph
from clearice.files.pictures import read_image

SHARED = Path(os.environ.get("CLEARICE_SHARED", Path(__file__).resolve().parents[3] / "shared"))


@pytest.fixture
def counts() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 65536, (30, 41)).astype(np.uint16)


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_grey_png_is_read(tmp_path, counts, dtype):
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(counts.astype(dtype)))
    image = read_image(tmp_path / "a.png")
    np.testing.assert_array_equal(image.pixels, counts.astype(dtype))
    assert image.pixels.dtype == np.float32 and image.pixel_size_A == 0.0


@pytest.mark.parametrize("suffix", ["tif", "tiff", "TIF", "gain"])
def test_tiff_of_one_page_is_read(tmp_path, counts, suffix):
    tifffile.imwrite(tmp_path / f"a.{suffix}", counts)
    np.testing.assert_array_equal(read_image(tmp_path / f"a.{suffix}").pixels, counts)


def test_mrc_is_read(tmp_path, counts):
    write_micrograph(tmp_path / "a.mrc", counts.astype(np.float32), 1.3, "label")
    image = read_image(tmp_path / "a.mrc")
    np.testing.assert_array_equal(image.pixels, counts)
    assert (image.pixel_size_A, image.label) == (1.3, "label")


@pytest.mark.parametrize("suffix", ["tif", "png", "mrc"])
def test_the_log_says_what_is_read(tmp_path, counts, caplog, suffix):
    caplog.set_level("INFO")
    path = tmp_path / f"a.{suffix}"
    if suffix == "mrc":
        write_micrograph(path, counts.astype(np.float32), 1.0)
    elif suffix == "tif":
        tifffile.imwrite(path, counts)
    else:
        path.write_bytes(imagecodecs.png_encode(counts))
    read_image(path)
    kind = {"tif": "TIFF", "png": "PNG", "mrc": "MRC"}[suffix]
    assert f"a.{suffix} is read as {kind}, 1 image of 30 x 41 px, " in caplog.text
    assert f" bytes of pixels from {path.stat().st_size} bytes of file" in caplog.text


def test_an_empty_mask_is_read_though_it_compresses_without_bound(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif", np.zeros((4092, 5760), np.uint8), compression="zstd", rowsperstrip=4092
    )
    assert (tmp_path / "a.tif").stat().st_size < 4092 * 5760 // 1000
    assert not read_image(tmp_path / "a.tif").pixels.any()


def test_a_real_png_micrograph_is_read():
    folder = SHARED / "data" / "empiar10146" / "frames"
    if not folder.is_dir():
        pytest.skip("real data: no shared folder beside the repository")
    image = read_image(sorted(folder.glob("*.png"))[0])
    assert image.pixels.shape == (1200, 1240) and image.pixels.std() > 100


@pytest.mark.parametrize(
    ("name", "make", "sentence"),
    [
        ("a.png", lambda p: p.write_bytes(b""), "is empty"),
        ("a.png", lambda p: p.write_bytes(b"II*\0"), "no PNG file but a TIFF file"),
        (
            "a.png",
            lambda p: p.write_bytes(imagecodecs.png_encode(np.zeros((40, 40), "u2"))[:60]),
            "damaged PNG",
        ),
        (
            "a.png",
            lambda p: p.write_bytes(imagecodecs.png_encode(np.zeros((4, 4, 3), "u1"))),
            "colour picture",
        ),
        (
            "a.tif",
            lambda p: tifffile.imwrite(p, np.zeros((2, 4, 4), "u2"), photometric="minisblack"),
            "holds 2 images where 1 is expected",
        ),
        ("a.tif.gz", lambda p: p.write_bytes(b"\x1f\x8b"), "only MRC is read; decompress it first"),
        ("a.eer", lambda p: p.write_bytes(b"II+\0"), "EER movies are not read"),
        ("a.jpg", lambda p: p.write_bytes(b"\xff\xd8\xff"), "has the suffix '.jpg'"),
        ("a.png", lambda p: None, "is missing"),
        ("a.tif", lambda p: None, "is missing"),
    ],
)
def test_bad_pictures_end_in_one_sentence(tmp_path, name, make, sentence):
    make(tmp_path / name)
    with pytest.raises((ValueError, OSError), match=sentence) as caught:
        read_image(tmp_path / name)
    assert name in str(caught.value) and "\n" not in str(caught.value)
