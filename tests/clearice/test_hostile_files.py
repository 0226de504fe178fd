"""A file that claims too much, or is no file, costs little time and memory and ends in one sentence."""

import bz2
import gzip
import os
import socket
import struct
import tracemalloc
import zlib
from dataclasses import asdict

import imagecodecs
import numpy as np
import pytest
import tifffile

from clearice.config.defaults import default_settings
from clearice.config.reading import USUAL, Reading
from clearice.files.limits import OURS, Limits, library_errors, stored_bytes
from clearice.files.movies import open_movie
from clearice.files.mrc import read_micrograph, write_micrograph
from clearice.files.pictures import read_image
from clearice.files.tiff import open_tiff
from support.image_files import mrc_bytes, tiff_bytes

MOST_BYTES = 30_000_000
SIDE = 1 << 20


def read_movie(path, limits=None):
    with open_movie(path, limits=limits) as movie:
        for _ in movie.frames():
            pass


def refusal_of(path, read=read_image, limits=None, errors=(ValueError, OSError)):
    """Read a file that must be refused, in little memory; return the sentence."""
    tracemalloc.start()
    try:
        with pytest.raises(errors) as caught:
            read(path, limits=limits)
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()
    assert path.name in str(caught.value) and "\n" not in str(caught.value)
    return str(caught.value)


def header(mode=2, **fields):
    return mrc_bytes(np.zeros((1, 1, 1), "u1"), mode, cella=(0, 0, 0), **fields)[:1024]


def claiming(count, height, width, mode=2):
    return header(mode, nz=count, ny=height, nx=width, mx=0, my=0)


# What is no file


@pytest.mark.parametrize("name", ["m.mrc", "m.mrc.gz", "m.mrcs.bz2", "m.tif", "m.png"])
@pytest.mark.parametrize("kind", ["pipe", "folder", "socket", "link to a device"])
def test_what_is_no_file_is_refused_and_never_waited_for(tmp_path, monkeypatch, name, kind):
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    path = tmp_path / name
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(name)
    else:
        path.symlink_to("/dev/zero")
    for read in (read_image, read_movie) if name != "m.png" else (read_image,):
        assert "and no file; correct its path in the sheet" in refusal_of(path, read)


def test_links_that_run_in_a_circle_and_names_that_are_too_long_are_named(tmp_path):
    (tmp_path / "a.mrc").symlink_to(tmp_path / "b.mrc")
    (tmp_path / "b.mrc").symlink_to(tmp_path / "a.mrc")
    assert "cannot be opened" in refusal_of(tmp_path / "a.mrc", errors=OSError)
    assert "cannot be opened" in refusal_of(tmp_path / f"{'x' * 300}.mrc", errors=OSError)


# Headers that claim too much


@pytest.mark.parametrize("suffix", [".mrc.gz", ".mrc.bz2"])
@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        ((1, SIDE, SIDE), "more than the 200000000 px that are read"),
        ((1, 27_000, 27_000), "more than the 200000000 px that are read"),
        ((SIDE, 100, 100), "more than the 10000 that are read"),
        ((60, 4096, 4096), "more than 1000 times what lies on the disk"),
    ],
)
def test_compressed_headers_that_claim_too_much_are_refused(tmp_path, suffix, claim, sentence):
    path = tmp_path / f"m{suffix}"
    squeeze = gzip.compress if suffix.endswith("gz") else bz2.compress
    path.write_bytes(squeeze(claiming(*claim) + bytes(100_000)))
    assert sentence in refusal_of(path, read_movie)
    if claim[0] == 1:
        assert sentence in refusal_of(path)


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        ((1, SIDE, SIDE), "more than the 200000000 px that are read"),
        ((1, 27_000, 27_000), "more than the 200000000 px that are read"),
        ((60, 4096, 4096), "more than 1000 times what lies on the disk"),
    ],
)
def test_sparse_files_are_refused(tmp_path, claim, sentence):
    path = tmp_path / "m.mrc"
    path.write_bytes(claiming(*claim))
    try:
        os.truncate(path, 1024 + 4 * int(np.prod(claim, dtype=object)))
    except OSError:
        pytest.skip("this file system holds no sparse file of that size")
    if path.stat().st_blocks * 512 > path.stat().st_size // 2:
        pytest.skip("this file system fills holes")
    assert sentence in refusal_of(path, read_movie)


def test_the_bytes_of_a_file_are_those_that_are_stored(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(bytes(range(256)) * 100)
    assert stored_bytes(path, 10) == 10
    assert stored_bytes(path, 1 << 40) == 25600
    os.truncate(path, 1 << 30)
    assert 25600 <= stored_bytes(path, 1 << 40) <= 1 << 30


@pytest.mark.parametrize("squeeze", [gzip.compress, bz2.compress])
def test_a_compression_bomb_is_refused_before_it_is_unpacked(tmp_path, squeeze):
    path = tmp_path / ("m.mrc.gz" if squeeze is gzip.compress else "m.mrc.bz2")
    path.write_bytes(squeeze(claiming(8, 1000, 500, 1) + bytes(8_000_000)))
    assert "more than 20 times" in refusal_of(
        path, read_movie, Limits(most_expansion=20, largest_image_px=500_000)
    )


def test_a_bomb_behind_a_small_image_is_not_unpacked(tmp_path):
    path = tmp_path / "m.mrc.gz"
    path.write_bytes(gzip.compress(claiming(1, 10, 10, 1) + bytes(50_000_000)))
    assert "holds more than the 1 images" in refusal_of(path)


def test_an_extended_header_is_passed_over_in_pieces(tmp_path):
    path = tmp_path / "m.mrc.gz"
    path.write_bytes(gzip.compress(header(1, nsymbt=(1 << 28) - 1) + bytes(40_000_000)))
    assert "ends inside its extended header" in refusal_of(path, limits=Limits(most_expansion=10**6))
    assert "more than 1000 times" in refusal_of(path)


@pytest.mark.parametrize("claim", [(-1, 4, 4), (1, -4, 4), (1, 4, 0), (1, 0, 4), (1, 4, 2**31 - 1)])
def test_sides_that_no_image_has_are_refused(tmp_path, claim):
    path = tmp_path / "m.mrc"
    path.write_bytes(claiming(*claim) + bytes(64))
    assert "is no MRC file" in refusal_of(path)


# TIFF


def page_chain(count, tags=b"", order="<"):
    """Make a TIFF file of many page directories, each with the same tags."""
    number = len(tags) // 12
    length = 2 + len(tags) + 4
    links = [8 + length * (index + 1) for index in range(count - 1)] + [0]
    chain = b"".join(struct.pack("<H", number) + tags + struct.pack("<I", link) for link in links)
    return b"II*\0" + struct.pack("<I", 8) + chain


def test_a_hundred_thousand_pages_are_refused(tmp_path):
    path = tmp_path / "m.tif"
    path.write_bytes(page_chain(100_000))
    assert "claims 10001 or more images, more than the 10000 that are read" in refusal_of(path, read_movie)


def test_a_chain_of_pages_in_a_circle_is_refused(tmp_path):
    path = tmp_path / "m.tif"
    path.write_bytes(page_chain(500)[:-4] + struct.pack("<I", 8 + 6 * 250))
    assert "run in a circle" in refusal_of(path, read_movie)


@pytest.mark.parametrize("compression", [5, 8, 34926, 32773, 34925, 1])
@pytest.mark.parametrize("claim", [(14_200, 14_200), (1 << 19, 1 << 19), (1, 2**32 - 1)])
def test_pages_that_claim_too_much_are_refused(tmp_path, compression, claim):
    path = tmp_path / "m.tif"
    changes = {0: {259: compression, 256: claim[1], 257: claim[0], 278: claim[0]}}
    path.write_bytes(tiff_bytes([zlib.compress(bytes(1000))], (1, 1), 8, changes))
    refusal_of(path, read_movie)


def test_many_pages_of_the_same_few_bytes_are_refused(tmp_path):
    data = zlib.compress(bytes(4_000_000), 9)
    pages = tiff_bytes(
        [data, *[b""] * 300], (2000, 2000), 8, {i: {259: 8, 273: 8, 279: len(data)} for i in range(301)}
    )
    path = tmp_path / "m.tif"
    path.write_bytes(pages)
    assert "more than 1000 times" in refusal_of(path, read_movie)


def test_a_strip_that_unpacks_to_more_than_its_page_stops_there(tmp_path):
    path = tmp_path / "m.tif"
    data = zlib.compress(bytes(60_000_000), 9)
    path.write_bytes(tiff_bytes([data], (10, 10), 8, {0: {259: 8}}))
    tracemalloc.start()
    try:
        with open_tiff(path) as pages:
            assert (pages.read(0) == 0).all()
    except ValueError as error:
        assert "cannot be decoded" in str(error)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < MOST_BYTES


def test_tiles_that_go_far_beyond_a_page_are_refused(tmp_path):
    path = tmp_path / "m.tif"
    tifffile.imwrite(
        path, np.zeros((2, 64, 64), "u1"), tile=(16, 16), compression="zlib", photometric="minisblack"
    )
    with tifffile.TiffFile(path, mode="r+b") as file:
        for tag, side in (("TileWidth", 16), ("TileLength", 65520)):
            file.pages[1].tags[tag].overwrite(side)
        for tag in ("TileOffsets", "TileByteCounts"):
            file.pages[1].tags[tag].overwrite(file.pages[1].tags[tag].value[:4])
    limits = Limits(largest_image_px=2_000_000, most_expansion=20)
    assert "more than 20 times what lies on the disk" in refusal_of(path, read_movie, limits)


@pytest.mark.parametrize("tag", [270, 273, 279, 700])
@pytest.mark.parametrize("big", [False, True])
def test_tags_that_claim_more_than_the_file_has_are_refused(tmp_path, tag, big):
    path = tmp_path / "m.tif"
    tifffile.imwrite(path, np.zeros((9, 9), "u1"), bigtiff=big, extratags=[(700, 1, 4, b"abcd", True)])
    with tifffile.TiffFile(path) as file:
        place = file.pages[0].tags[tag].offset
    data = bytearray(path.read_bytes())
    data[place + 4 : place + (12 if big else 8)] = (2**31).to_bytes(8 if big else 4, "little")
    path.write_bytes(data)
    assert f"tag {tag} of page 1 lies outside the file" in refusal_of(path)


@pytest.mark.parametrize("side", [256, 257])
def test_a_page_without_rows_or_columns_is_refused(tmp_path, side):
    path = tmp_path / "m.tif"
    path.write_bytes(tiff_bytes([bytes(54)], (6, 9), 8, {0: {side: 0}}))
    assert "which no file holds" in refusal_of(path)


# PNG


def png_header(width, height, bits=16, colour=0):
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


def png_chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


@pytest.mark.parametrize(
    ("size", "sentence"),
    [
        ((100_000, 100_000), "more than the 200000000 px that are read"),
        ((2**32 - 1, 1), "which no file holds"),
        ((0, 5), "which no file holds"),
        ((14_000, 14_000), "more than 1000 times what lies on the disk"),
    ],
)
def test_pngs_that_claim_too_much_are_refused(tmp_path, size, sentence):
    path = tmp_path / "m.png"
    data = png_chunk(b"IDAT", zlib.compress(bytes(100_000))) + png_chunk(b"IEND", b"")
    path.write_bytes(png_header(*size) + data)
    assert sentence in refusal_of(path)


@pytest.mark.parametrize(("bits", "colour"), [(8, 2), (16, 6), (8, 3), (16, 4), (1, 0), (4, 0)])
def test_pngs_that_are_no_grey_image_are_refused(tmp_path, bits, colour):
    path = tmp_path / "m.png"
    path.write_bytes(png_header(9, 6, bits, colour) + png_chunk(b"IEND", b""))
    assert "a colour picture or a drawing" in refusal_of(path)


def test_a_grey_png_with_a_transparent_value_is_refused(tmp_path):
    data = zlib.compress(b"".join(b"\0" + bytes(9) for _ in range(6)))
    path = tmp_path / "m.png"
    path.write_bytes(
        png_header(9, 6, 8) + png_chunk(b"tRNS", b"\0\1") + png_chunk(b"IDAT", data) + png_chunk(b"IEND", b"")
    )
    assert "holds more than grey values" in refusal_of(path)


def test_a_png_that_goes_on_for_ever_is_not_read_into_memory(tmp_path):
    path = tmp_path / "m.png"
    path.write_bytes(imagecodecs.png_encode(np.zeros((10, 20), np.uint16)))
    os.truncate(path, 60_000_000)
    assert "60000000 bytes, far more than its 10 x 20 px need" in refusal_of(path)


# Limits


def test_the_limits_that_readers_have_are_those_of_the_shipped_configuration():
    assert default_settings(Reading) == asdict(Limits()) == USUAL.model_dump()


def test_limits_are_settings_and_large_files_are_read_with_larger_ones(tmp_path):
    path = tmp_path / "m.png"
    path.write_bytes(imagecodecs.png_encode(np.arange(200, dtype=np.uint16).reshape(10, 20)))
    assert "raise reading.largest_image_px" in refusal_of(path, limits=Limits(largest_image_px=199))
    assert read_image(path, limits=Limits(largest_image_px=200)).pixels.shape == (10, 20)


def test_a_movie_of_more_frames_than_are_read_is_refused(tmp_path):
    path = tmp_path / "m.mrc"
    path.write_bytes(mrc_bytes(np.zeros((5, 4, 4), "i2"), 1))
    assert "raise reading.most_frames" in refusal_of(path, read_movie, Limits(most_frames=4))
    read_movie(path, Limits(most_frames=5))


def test_our_own_files_know_no_limit_but_their_size(tmp_path):
    write_micrograph(tmp_path / "m.mrc", np.ones((30, 40), np.float32), 1.0)
    assert read_micrograph(tmp_path / "m.mrc", OURS).pixels.shape == (30, 40)


@pytest.mark.parametrize(
    "error", [MemoryError(), IndexError("x"), RecursionError("deep\ndeeper"), struct.error("s")]
)
def test_what_a_library_raises_becomes_a_sentence(tmp_path, error):
    with (
        pytest.raises(
            ValueError, match=r"a\.mrc: page 1 cannot be decoded \(.+\); copy the file again"
        ) as caught,
        library_errors(tmp_path / "a.mrc", "page 1 cannot be decoded"),
    ):
        raise error
    assert "\n" not in str(caught.value)


def test_a_disk_in_trouble_is_no_fault_of_the_file(tmp_path):
    with (
        pytest.raises(OSError, match="Input/output error"),
        library_errors(tmp_path / "a.mrc", "it cannot be read"),
    ):
        raise OSError(5, "Input/output error")
