"""Every reader of images on damaged files, seeded: whole finite pixels of the stated shape, or one sentence.

The law: a reader returns what its header states, or raises ValueError or OSError in one line that names the file;
never another error, a wait, or more memory than the limits allow.
"""

import bz2
import gzip
import io
import tracemalloc
from functools import cache

import imagecodecs
import mrcfile
import numpy as np
import pytest
import tifffile

from clearice.files.limits import Limits
from clearice.files.movies import open_movie
from clearice.files.pictures import read_image
from support.image_files import mrc_bytes, pack_counts, tiff_bytes

LIMITS = Limits(largest_image_px=100_000, most_frames=20, most_expansion=100)
MOST_BYTES = 8_000_000
CASES = 250
EDGES = (0, 1, 2, 127, 128, 255, 256, 32767, 65535, 65536, 2**24, 2**31 - 1, 2**31, 2**32 - 1)

RNG = np.random.default_rng(11)
COUNTS = RNG.poisson(4, (4, 21, 30)).clip(0, 15).astype(np.uint8)


@cache
def whole(kind: str) -> bytes:
    """Make an undamaged file of a kind."""
    counts = COUNTS.astype(np.uint16)
    if kind.startswith("mrc"):
        mode = kind.split()[1]
        stored = {
            "0": COUNTS,
            "1": counts.astype("i2"),
            "2": counts.astype("f4"),
            "101": pack_counts(COUNTS),
        }[mode]
        fields = (
            {"nx": COUNTS.shape[2], "mx": COUNTS.shape[2], "cella": (30.0, 21.0, 4.0)}
            if mode == "101"
            else {}
        )
        data = mrc_bytes(stored, int(mode), imod_flags=1 if mode == "0" else None, nsymbt=96, **fields)
        return (
            {"gz": gzip.compress, "bz2": bz2.compress}[kind.split()[2]](data)
            if len(kind.split()) > 2
            else data
        )
    if kind == "png":
        return bytes(imagecodecs.png_encode(counts[0] * 999))
    if kind == "packed tif":
        pages = [frame.tobytes() for frame in pack_counts(COUNTS)]
        return tiff_bytes(pages, (21, 15), 8, {0: {270: "SerialEMCCD: Dose frac. image, 4 bits packed"}})
    return written_by_tifffile(kind)


def written_by_tifffile(kind: str) -> bytes:
    """Make an undamaged TIFF file with its options in its name."""
    stream = io.BytesIO()
    options = {
        "tif": {},
        "big lzw tif": {"compression": "lzw", "bigtiff": True},
        "deflate tif": {"compression": "zlib", "predictor": True},
        "zstd tiled tif": {"compression": "zstd", "tile": (16, 16)},
        "packbits strips tif": {"compression": "packbits", "rowsperstrip": 5, "byteorder": ">"},
        "imagej tif": {"imagej": True},
    }[kind]
    tifffile.imwrite(stream, COUNTS.astype(np.uint16), photometric="minisblack", **options)
    return stream.getvalue()


SUFFIXES = {
    "mrc 1": ".mrc",
    "mrc 2": ".mrcs",
    "mrc 0": ".st",
    "mrc 101": ".mrc",
    "mrc 1 gz": ".mrc.gz",
    "mrc 2 bz2": ".mrcs.bz2",
    "tif": ".tif",
    "big lzw tif": ".tif",
    "deflate tif": ".tiff",
    "zstd tiled tif": ".tif",
    "packbits strips tif": ".tif",
    "imagej tif": ".tif",
    "packed tif": ".tif",
    "png": ".png",
}


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """Damage a file: bits turned, numbers set to edges, stretches copied, removed or repeated, or its end cut off."""
    found = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        if not found:
            break
        # headers and directories lie at either end: most damage goes there
        reach = int(rng.choice([64, 256, 1100, len(found)]))
        place = int(rng.integers(0, min(reach, len(found))))
        place = place if rng.random() < 0.6 else len(found) - 1 - place
        way = rng.integers(0, 6)
        if way == 0:
            found[place] ^= 1 << int(rng.integers(0, 8))
        elif way == 1:
            number = int(rng.choice(EDGES)).to_bytes(4, "little" if rng.random() < 0.8 else "big")
            found[place : place + 4] = number
        elif way == 2:
            del found[place:]
        elif way == 3:
            del found[place : place + int(rng.integers(1, 40))]
        elif way == 4:
            found[place:place] = found[place : place + int(rng.integers(1, 200))]
        else:
            found[place : place + 8] = rng.bytes(8)
    return bytes(found)


def inner(kind: str, rng: np.random.Generator) -> bytes:
    """Damage a file, or what a compressed file holds."""
    data = whole(kind)
    if kind.endswith(("gz", "bz2")) and rng.random() < 0.7:
        squeeze, unpack = (
            (gzip.compress, gzip.decompress) if kind.endswith("gz") else (bz2.compress, bz2.decompress)
        )
        return squeeze(damaged(unpack(data), rng), 1)
    return damaged(data, rng)


def read_movie(path) -> None:
    with open_movie(path, 2, LIMITS) as movie:
        found = 0
        for frame in movie.frames():
            assert frame.shape == movie.shape and frame.dtype == movie.dtype
            found += 1
        assert found == movie.frame_count


def read_one(path) -> None:
    image = read_image(path, LIMITS)
    assert image.pixels.ndim == 2 and image.pixels.size and image.pixels.dtype == np.float32
    assert np.isfinite(image.pixel_size_A) and image.pixel_size_A >= 0


@pytest.mark.parametrize("kind", SUFFIXES)
def test_a_damaged_file_is_read_as_stated_or_refused_in_a_sentence(tmp_path, kind, caplog):
    caplog.set_level(100)
    rng = np.random.default_rng([5, *kind.encode()])
    path = tmp_path / f"fuzz{SUFFIXES[kind]}"
    path.write_bytes(whole(kind))
    if kind != "png":
        read_movie(path)
    read, refused = 0, 0
    tracemalloc.start()
    try:
        for case in range(CASES):
            path.write_bytes(inner(kind, rng))
            tracemalloc.reset_peak()
            try:
                (read_one if kind == "png" or case % 5 == 0 else read_movie)(path)
                read += 1
            except (ValueError, OSError) as error:
                refused += 1
                assert path.name in str(error) and "\n" not in str(error), f"case {case}: {error}"
            assert tracemalloc.get_traced_memory()[1] < MOST_BYTES, f"case {case}"
    finally:
        tracemalloc.stop()
    assert refused > CASES / 5, "the damage reaches nothing"


@pytest.mark.parametrize("kind", [kind for kind in SUFFIXES if kind != "png"])
def test_the_undamaged_file_holds_the_counts(tmp_path, kind):
    path = tmp_path / f"fuzz{SUFFIXES[kind]}"
    path.write_bytes(whole(kind))
    with open_movie(path) as movie:
        found = np.stack([frame.copy() for frame in movie.frames()])
    expected = COUNTS + 128 if kind == "mrc 0" else COUNTS
    np.testing.assert_array_equal(found, expected)


def test_damage_to_a_checked_stream_is_never_read(tmp_path):
    """Gzip and PNG hold checksums: a changed bit of the data is seen."""
    rng = np.random.default_rng(3)
    path = tmp_path / "m.mrc.gz"
    data = whole("mrc 1 gz")
    for _ in range(60):
        changed = bytearray(data)
        changed[int(rng.integers(20, len(data)))] ^= 1 << int(rng.integers(0, 8))
        path.write_bytes(changed)
        try:
            with open_movie(path) as movie:
                found = np.stack([frame.copy() for frame in movie.frames()])
        except ValueError:
            continue
        np.testing.assert_array_equal(found, COUNTS)


def test_mrcfile_and_we_read_the_same_of_any_shape(tmp_path):
    rng = np.random.default_rng(4)
    for case in range(20):
        shape = tuple(int(side) for side in rng.integers(1, 12, 3))
        data = rng.integers(-100, 100, shape).astype(rng.choice(["i2", "f4", "u2"]))
        with mrcfile.new(tmp_path / f"{case}.mrc", data=data) as mrc:
            mrc.set_image_stack()
        with open_movie(tmp_path / f"{case}.mrc") as movie:
            np.testing.assert_array_equal(np.stack([frame.copy() for frame in movie.frames()]), data)


def test_tifffile_and_we_read_the_same_of_any_shape(tmp_path):
    rng = np.random.default_rng(5)
    for case in range(20):
        shape = tuple(int(side) for side in rng.integers(2, 40, 3))
        data = rng.integers(0, 100, shape).astype(rng.choice(["u1", "i2", "f4", "u2"]))
        path = tmp_path / f"{case}.tif"
        strips = {
            "rowsperstrip": int(rng.integers(1, shape[1] + 1)),
            "compression": rng.choice(["lzw", "zlib"]),
        }
        tifffile.imwrite(path, data, photometric="minisblack", **strips)
        with open_movie(path) as movie:
            np.testing.assert_array_equal(np.stack([frame.copy() for frame in movie.frames()]), data)
