"""Dialects of MRC: what can be decided is read exactly, what cannot is refused with a sentence."""

import gzip

import numpy as np
import pytest

from clearice.files import mrc_dialects
from clearice.files.movies import open_movie
from clearice.files.mrc import read_micrograph
from clearice.files.pictures import read_image
from support.image_files import mrc_bytes, pack_counts

RNG = np.random.default_rng(0)
COUNTS = RNG.integers(0, 16, (3, 6, 9)).astype(np.uint8)
BYTES = RNG.integers(0, 256, (3, 6, 8)).astype(np.uint8)


def frames_of(path):
    with open_movie(path) as movie:
        found = np.stack([frame.copy() for frame in movie.frames()])
        assert (movie.frame_count, *movie.shape) == found.shape and movie.dtype == found.dtype
        return found


def written(path, data):
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize("width", [1, 8, 9])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("name", ["m.mrc", "m.mrcs.gz"])
def test_mode_101_is_unpacked_rows_of_odd_width_too(tmp_path, width, order, name):
    counts = COUNTS[:, :, :width]
    data = mrc_bytes(pack_counts(counts), 101, order, nx=width, mx=width, cella=(1.5 * width, 9, 3))
    path = written(tmp_path / name, data)
    np.testing.assert_array_equal(frames_of(path), counts)
    with open_movie(path) as movie:
        assert movie.pixel_size_A == 1.5 and "4-bit counts" in movie.description
        np.testing.assert_array_equal(next(movie.frames(3, 3)), counts[2])


def test_a_truncated_row_of_packed_counts_is_seen(tmp_path):
    data = mrc_bytes(pack_counts(COUNTS), 101, nx=9)
    with pytest.raises(ValueError, match="2 whole images of the 3"):
        frames_of(written(tmp_path / "m.mrc", data[:-1]))


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("name", ["m.mrc", "m.mrcs.gz"])
def test_imods_flag_16_says_that_bytes_hold_two_counts(tmp_path, order, name):
    counts = COUNTS[:, :, :8]
    path = written(tmp_path / name, mrc_bytes(pack_counts(counts), 0, order, imod_flags=16))
    np.testing.assert_array_equal(frames_of(path), counts)
    with open_movie(path) as movie:
        assert movie.shape == (6, 8) and movie.pixel_size_A == 1.5


def test_packed_and_signed_contradict_each_other(tmp_path):
    path = written(tmp_path / "m.mrc", mrc_bytes(pack_counts(COUNTS), 0, imod_flags=17))
    with pytest.raises(ValueError, match="4-bit counts and are signed, which cannot be"):
        frames_of(path)


LABEL = "SerialEMCCD: Dose frac. image, 4 bits packed  r/f 0"


def test_serialems_label_and_the_size_say_that_bytes_hold_two_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(mrc_dialects, "SUPER_RESOLUTION_PX", ((8, 6),))
    counts = COUNTS[:, :, :8]
    path = written(tmp_path / "m.mrc", mrc_bytes(pack_counts(counts), 0, label=LABEL))
    np.testing.assert_array_equal(frames_of(path), counts)


@pytest.mark.parametrize(
    ("label", "known"), [(LABEL, ()), ("", ((8, 6),)), ("newstack: averaged", ((8, 6),))]
)
def test_what_may_be_packed_but_is_not_said_to_be_is_refused(tmp_path, monkeypatch, label, known):
    monkeypatch.setattr(mrc_dialects, "SUPER_RESOLUTION_PX", known)
    path = written(tmp_path / "m.mrc", mrc_bytes(pack_counts(COUNTS[:, :, :8]), 0, label=label))
    with pytest.raises(ValueError, match="they may be 4-bit counts, two in a byte") as caught:
        frames_of(path)
    assert "\n" not in str(caught.value)


def test_halved_frames_of_counting_mode_are_refused_and_other_modes_are_not(tmp_path, monkeypatch):
    monkeypatch.setattr(mrc_dialects, "COUNTING_PX", ((16, 6),))
    with pytest.raises(ValueError, match="half the width of a K2 or K3 frame"):
        frames_of(written(tmp_path / "m.mrc", mrc_bytes(BYTES, 0, imod_flags=0)))
    np.testing.assert_array_equal(
        frames_of(written(tmp_path / "m.mrc", mrc_bytes(BYTES.astype("u2"), 6))), BYTES
    )


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("name", ["m.mrc", "m.mrcs.gz"])
def test_imods_signed_bytes_are_counts_less_128(tmp_path, order, name):
    stored = (BYTES.astype(np.int16) - 128).astype(np.int8)
    path = written(tmp_path / name, mrc_bytes(stored, 0, order, imod_flags=1))
    np.testing.assert_array_equal(frames_of(path), BYTES)
    one = written(tmp_path / f"one_{name}", mrc_bytes(stored[:1], 0, order, imod_flags=1))
    np.testing.assert_array_equal(read_micrograph(one).pixels, BYTES[0])


@pytest.mark.parametrize("order", "<>")
def test_imods_bytes_without_its_flag_are_unsigned(tmp_path, order):
    np.testing.assert_array_equal(
        frames_of(written(tmp_path / "m.mrc", mrc_bytes(BYTES, 0, order, imod_flags=0))), BYTES
    )


@pytest.mark.parametrize(
    ("statistics", "version", "signed"),
    [
        ((-5, 100), 0, True),
        ((0, 200), 0, False),
        ((0, 200), 20140, False),
        ((0, 0), 20140, True),
        ((0, -1), 20141, True),
    ],
)
def test_without_imods_stamp_statistics_tell_and_else_the_standard(tmp_path, statistics, version, signed):
    data = mrc_bytes(BYTES[:1], 0, dmin=statistics[0], dmax=statistics[1], nversion=version)
    found = read_micrograph(written(tmp_path / "m.mrc", data)).pixels
    np.testing.assert_array_equal(found, BYTES[0].view(np.int8) if signed else BYTES[0])


def test_bytes_of_unknown_sign_are_read_where_the_sign_changes_nothing(tmp_path):
    low = BYTES & 127
    np.testing.assert_array_equal(frames_of(written(tmp_path / "m.mrc", mrc_bytes(low, 0))), low)
    high = low.copy()
    high[1, 2, 3] = 128
    with pytest.raises(ValueError, match="image 2, holds bytes above 127, and its header does not say"):
        frames_of(written(tmp_path / "m.mrc", mrc_bytes(high, 0)))


def test_negative_bytes_are_no_counts_of_a_movie(tmp_path):
    stored = np.full((2, 6, 8), -3, np.int8)
    data = mrc_bytes(stored, 0, nversion=20141)
    with pytest.raises(ValueError, match="frame 1, holds negative bytes"):
        frames_of(written(tmp_path / "m.mrc", data))
    assert (
        read_micrograph(written(tmp_path / "m.mrc", mrc_bytes(stored[:1], 0, nversion=20141))).pixels == -3
    ).all()


IMAGE = BYTES[:1].astype("i2")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"mapc": 2, "mapr": 1}, "are the axes (2, 1, 3) in place of (1, 2, 3)"),
        ({"mapr": -2}, "are the axes (1, -2, 3)"),
        ({"maps": 1}, "are the axes (1, 2, 1)"),
        ({"cell_y": 24.0}, "pixels of 1.5 x 4 A"),
        ({"my": 12}, "pixels of 1.5 x 0.75 A"),
        ({"gamma": 120.0}, "a cell of 120 degrees"),
        ({"ispg": 401}, "space group 401, a crystal's map or a stack of volumes"),
        ({"ispg": 19}, "space group 19"),
    ],
)
@pytest.mark.parametrize("read", [read_image, frames_of])
def test_headers_that_contradict_one_square_pixel_are_refused(tmp_path, fields, sentence, read):
    path = written(tmp_path / "m.mrc", mrc_bytes(IMAGE, 1, **fields))
    with pytest.raises(ValueError) as caught:
        read(path)
    assert sentence in str(caught.value) and "m.mrc" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"mapc": 0, "mapr": 0, "maps": 0},
        {"cell_y": 9.01},
        {"cell_y": 0.0},
        {"my": 0},
        {"gamma": 0.0},
        {"ispg": 1},
        {"ispg": 0, "mz": 1},
    ],
)
def test_headers_that_say_nothing_or_the_same_are_read(tmp_path, fields):
    image = read_image(written(tmp_path / "m.mrc", mrc_bytes(IMAGE, 1, **fields)))
    np.testing.assert_array_equal(image.pixels, IMAGE[0])
    assert image.pixel_size_A == 1.5


@pytest.mark.parametrize("name", ["m.mrc", "m.mrc.gz"])
@pytest.mark.parametrize(("length", "kind"), [(768, b"FEI1"), (131072, b"FEI2"), (10, b"SERI"), (3, b"")])
def test_extended_headers_of_any_length_are_passed_over(tmp_path, name, length, kind):
    data = mrc_bytes(BYTES.astype("i2"), 1, nsymbt=length, exttyp=kind)
    np.testing.assert_array_equal(frames_of(written(tmp_path / name, data)), BYTES)


@pytest.mark.parametrize("name", ["m.mrc", "m.mrc.gz"])
@pytest.mark.parametrize(("said", "there"), [(0, 80), (80, 0), (160, 80), (80, 82)])
def test_an_extended_header_of_another_length_is_never_read_as_pixels(tmp_path, name, said, there):
    data = bytearray(mrc_bytes(BYTES.astype("i2"), 1, nsymbt=there))
    data[92:96] = np.array(said, "<i4").tobytes()
    sentence = "more than its header accounts for|truncated|holds more than|holds 3 images|ends inside"
    with pytest.raises(ValueError, match=sentence):
        frames_of(written(tmp_path / name, bytes(data)))


@pytest.mark.parametrize("mode", [3, 4, 16, 5, 7])
def test_complex_and_coloured_images_are_refused(tmp_path, mode):
    with pytest.raises(ValueError, match=f"of mode {mode}, but modes 0, 1, 2, 6, 12, 101 are read"):
        read_image(written(tmp_path / "m.mrc", mrc_bytes(np.zeros((1, 4, 4), "u1"), mode)))


def test_a_failure_says_what_was_read(tmp_path):
    path = written(tmp_path / "m.mrc", mrc_bytes(COUNTS[:, :, :8].astype("i2"), 1))
    with pytest.raises(ValueError) as caught, open_movie(path):
        raise ValueError("the gain has another shape")
    assert str(caught.value) == (
        "the gain has another shape (read as MRC, 3 images of 6 x 8 px, int16, 288 bytes of pixels from 1312 bytes of file)"
    )


def test_the_log_says_what_is_read(tmp_path, caplog):
    caplog.set_level("INFO")
    frames_of(written(tmp_path / "m.mrc", mrc_bytes(pack_counts(COUNTS), 101, nx=9)))
    assert (
        "m.mrc is read as MRC (4-bit counts), 3 images of 6 x 9 px, uint8, 162 bytes of pixels" in caplog.text
    )
