import bz2
import errno
import gzip
import os
from pathlib import Path

import mrcfile
import numpy as np
import pytest

from clearice.files.mrc import DATA, VIEWING_ONLY, common_pixel_size, read_micrograph, write_micrograph

SHARED = Path(os.environ.get("CLEARICE_SHARED", Path(__file__).resolve().parents[3] / "shared"))
TYPES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).normal(100.0, 30.0, (33, 47)).astype(np.float32)


def _bytes_of(pixels: np.ndarray, mode: int, order: str = "<") -> bytes:
    """An MRC file made by hand, as the format's description has it."""
    header = np.zeros(256, order + "i4")
    header[:3] = pixels.shape[1], pixels.shape[0], 1
    header[3] = mode
    header[7:10] = pixels.shape[1], pixels.shape[0], 1
    header[10:12] = np.array([1.5 * pixels.shape[1], 1.5 * pixels.shape[0]], order + "f4").view(order + "i4")
    block = bytearray(header.tobytes())
    block[208:212] = b"MAP "
    block[212:216] = b"\x44\x44\0\0" if order == "<" else b"\x11\x11\0\0"
    return bytes(block) + pixels.astype(order + TYPES[mode]).tobytes()


def test_what_is_written_is_read_back(tmp_path, image):
    write_micrograph(tmp_path / "a.mrc", image, 1.057, VIEWING_ONLY)
    again = read_micrograph(tmp_path / "a.mrc")
    np.testing.assert_array_equal(again.pixels, image)
    assert again.pixel_size_A == 1.057 and again.label == VIEWING_ONLY


def test_files_are_valid_with_true_statistics(tmp_path, image):
    write_micrograph(tmp_path / "a.mrc", image, 0.66)
    assert mrcfile.validate(tmp_path / "a.mrc")
    with mrcfile.open(tmp_path / "a.mrc") as mrc:
        assert mrc.header.dmin == image.min() and mrc.header.dmax == image.max()
        assert mrc.header.dmean == pytest.approx(image.mean(dtype=float), rel=1e-6)
        assert mrc.header.rms == pytest.approx(image.std(dtype=float), rel=1e-6)
        assert mrc.header.nlabl == 1 and bytes(mrc.header.label[0]).strip() == DATA.encode()
        assert float(mrc.voxel_size.x) == pytest.approx(0.66) == pytest.approx(float(mrc.voxel_size.y))
        np.testing.assert_array_equal(mrc.data, image)


def test_statistics_of_large_values_keep_their_precision(tmp_path):
    image = (1e6 + np.random.default_rng(1).normal(size=(500, 400))).astype(np.float32)
    write_micrograph(tmp_path / "a.mrc", image, 1.0)
    with mrcfile.open(tmp_path / "a.mrc") as mrc:
        assert mrc.header.rms == pytest.approx(image.std(dtype=float), rel=1e-5)


def test_equal_images_make_equal_bytes(tmp_path, image):
    write_micrograph(tmp_path / "a.mrc", image, 1.0)
    write_micrograph(tmp_path / "b.mrc", np.asfortranarray(image), 1.0)
    assert (tmp_path / "a.mrc").read_bytes() == (tmp_path / "b.mrc").read_bytes()


@pytest.mark.parametrize("mode", TYPES)
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("suffix", ["mrc", "mrc.gz", "mrc.bz2"])
def test_all_modes_are_read_in_both_byte_orders(tmp_path, mode, order, suffix):
    pixels = np.arange(20, dtype=TYPES[mode]).reshape(4, 5)
    squeeze = {"mrc": bytes, "mrc.gz": gzip.compress, "mrc.bz2": bz2.compress}[suffix]
    (tmp_path / f"a.{suffix}").write_bytes(squeeze(_bytes_of(pixels, mode, order)))
    micrograph = read_micrograph(tmp_path / f"a.{suffix}")
    np.testing.assert_array_equal(micrograph.pixels, pixels)
    assert micrograph.pixels.dtype == np.float32 and micrograph.pixels.dtype.isnative
    assert micrograph.pixel_size_A == 1.5


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("mode", TYPES)
def test_old_headers_without_map_and_stamp_are_read(tmp_path, order, mode):
    data = bytearray(_bytes_of(np.arange(20).reshape(4, 5), mode, order))
    data[208:216] = bytes(8)
    (tmp_path / "old.mrc").write_bytes(data)
    np.testing.assert_array_equal(read_micrograph(tmp_path / "old.mrc").pixels, np.arange(20).reshape(4, 5))


@pytest.mark.parametrize("suffix", ["mrc", "mrc.gz"])
def test_extended_headers_are_stepped_over(tmp_path, suffix):
    data = bytearray(_bytes_of(np.arange(20).reshape(4, 5), 1))
    data[92:96] = np.array(768, "<i4").tobytes()
    data[1024:1024] = bytes([255]) * 768
    (tmp_path / f"a.{suffix}").write_bytes(gzip.compress(data) if suffix.endswith("gz") else data)
    assert read_micrograph(tmp_path / f"a.{suffix}").pixels[3, 4] == 19


def test_mrcfile_and_we_read_the_same(tmp_path):
    for mode, code in TYPES.items():
        pixels = np.random.default_rng(mode).integers(0, 100, (6, 7)).astype(code)
        with mrcfile.new(tmp_path / f"{mode}.mrc", data=pixels):
            pass
        np.testing.assert_array_equal(read_micrograph(tmp_path / f"{mode}.mrc").pixels, pixels)
        assert read_micrograph(tmp_path / f"{mode}.mrc").pixel_size_A == 0.0


def test_a_real_old_micrograph_is_read():
    path = SHARED / "data" / "other" / "K2_contaminated_927x959.mrc"
    if not path.exists():
        pytest.skip("real data: no shared folder beside the repository")
    micrograph = read_micrograph(path)
    with mrcfile.open(path, permissive=True) as mrc:
        np.testing.assert_array_equal(micrograph.pixels, mrc.data)
    assert micrograph.pixels.shape == (927, 959)


def _broken(kind: str) -> tuple[str, bytes]:
    whole = _bytes_of(np.arange(20).reshape(4, 5), 2)
    stack = bytearray(_bytes_of(np.arange(20).reshape(4, 5), 2) + bytes(80))
    stack[8:12] = np.array(2, "<i4").tobytes()
    strange = bytearray(whole)
    strange[12:16] = np.array(4, "<i4").tobytes()
    gz = gzip.compress(np.random.default_rng(0).bytes(4) + whole)
    return {
        "empty": ("a.mrc", b""),
        "short header": ("a.mrc", whole[:500]),
        "truncated": ("a.mrc", whole[:-1]),
        "too long": ("a.mrc", whole + whole),
        "complex": ("a.mrc", bytes(strange)),
        "stack": ("a.mrc", bytes(stack)),
        "text": ("a.mrc", b"<html>no such file</html>" * 100),
        "tiff": ("a.mrc", b"II*\0" + b"\xff" * 2000),
        "gz that is plain": ("a.mrc.gz", whole),
        "plain that is gz": ("a.mrc", gzip.compress(whole)),
        "truncated gz": ("a.mrc.gz", gzip.compress(whole)[:-20]),
        "gz without its end": ("a.mrc.gz", gzip.compress(whole)[:-4]),
        "gz that is too long": ("a.mrc.gz", gzip.compress(whole + whole)),
        "truncated bz2": ("a.mrc.bz2", bz2.compress(whole)[:-20]),
        "gz of half a file": ("a.mrc.gz", gzip.compress(whole[:-30])),
        "damaged gz": ("a.mrc.gz", gz[:30] + b"\xff\xff\xff\xff" + gz[34:]),
        "damaged bz2": ("a.mrc.bz2", bz2.compress(whole)[:14] + b"\xff" * 10 + bz2.compress(whole)[24:]),
    }[kind]


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("empty", "is empty"),
        ("short header", "no MRC file"),
        ("truncated", "is truncated: it holds 0 whole images of the 1"),
        ("too long", "header speaks of 1"),
        ("complex", "of mode 4, but modes 0, 1, 2, 6, 12"),
        ("stack", "holds 2 images where 1 is expected"),
        ("text", "no MRC file but a web page"),
        ("tiff", "no MRC file but a TIFF file"),
        ("gz that is plain", "no gzip file"),
        ("plain that is gz", "no MRC file but a gzip file"),
        ("truncated gz", "ends inside image 1 of the 1"),
        ("truncated bz2", "no MRC file"),
        ("gz without its end", "its compressed data have no end"),
        ("gz that is too long", "holds more than the 1 images"),
        ("gz of half a file", "ends inside image 1"),
        ("damaged gz", "damaged compressed data"),
        ("damaged bz2", "damaged compressed data"),
    ],
)
def test_bad_files_end_in_one_sentence(tmp_path, kind, sentence):
    name, data = _broken(kind)
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=sentence) as caught:
        read_micrograph(tmp_path / name)
    assert name in str(caught.value) and "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.mrc is missing"):
        read_micrograph(tmp_path / "gone.mrc")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"pixels": np.full((4, 4), np.nan, np.float32)}, "16 pixels that are NaN or Inf"),
        ({"pixels": np.ones((2, 4, 4), np.float32)}, "rows and columns"),
        ({"pixels": np.ones((0, 4), np.float32)}, "rows and columns"),
        ({"pixel_size_A": -1.0}, "pixel size -1.0 A"),
        ({"pixel_size_A": float("nan")}, "pixel size nan A"),
        ({"label": "x" * 81}, "at most 80"),
        ({"label": "Ångström"}, "ASCII"),
    ],
)
def test_what_is_no_micrograph_is_not_written(tmp_path, image, change, sentence):
    with pytest.raises(ValueError, match=sentence):
        write_micrograph(**{"path": tmp_path / "a.mrc", "pixels": image, "pixel_size_A": 1.0, **change})
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_nothing_behind(tmp_path, image, monkeypatch):
    real = Path.open

    class Full:
        def __init__(self, stream):
            self.stream = stream

        def __enter__(self):
            return self

        def __exit__(self, *reason):
            self.stream.close()

        def write(self, data):
            self.stream.write(bytes(data)[:100])
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", lambda self, mode="r", **k: Full(real(self, mode, **k)))
    with pytest.raises(OSError, match="No space left"):
        write_micrograph(tmp_path / "a.mrc", image, 1.0)
    assert not list(tmp_path.iterdir())


def test_common_pixel_size_is_common(tmp_path, image):
    paths = [tmp_path / f"{name}.mrc" for name in "abc"]
    for path, size in zip(paths, (1.1, 1.1, 1.2), strict=True):
        write_micrograph(path, image, size)
    assert common_pixel_size(paths[:2]) == 1.1
    with pytest.raises(ValueError, match=r"c\.mrc has 1\.2 A/px and .*a\.mrc 1\.1 A/px"):
        common_pixel_size(paths)
    with pytest.raises(ValueError, match="no micrographs"):
        common_pixel_size([])
