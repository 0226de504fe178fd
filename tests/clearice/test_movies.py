import gc
import gzip
import threading

import mrcfile
import numpy as np
import pytest
import tifffile

from clearice.files.movies import open_movie

FRAMES = np.random.default_rng(0).poisson(3, (7, 20, 23)).astype(np.uint8)


def _write(path, frames=FRAMES):
    if ".tif" in path.name:
        tifffile.imwrite(path, frames, compression="lzw", photometric="minisblack")
    else:
        kind = "gzip" if path.suffix == ".gz" else "bzip2" if path.suffix == ".bz2" else None
        with mrcfile.new(path, compression=kind) as mrc:
            mrc.set_data(frames.astype(np.int16))
            mrc.set_image_stack()
            mrc.voxel_size = 0.8
    return path


NAMES = ["m.mrc", "m.mrcs", "m.mrc.gz", "m.mrcs.bz2", "m.tif", "m.tiff"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("threads", [1, 2, 6])
def test_every_format_gives_the_same_frames(tmp_path, name, threads):
    with open_movie(_write(tmp_path / name), threads) as movie:
        assert (movie.frame_count, movie.shape) == (7, (20, 23))
        assert movie.pixel_size_A == (0.0 if "tif" in name else 0.8)
        assert (
            len([np.testing.assert_array_equal(a, b) for a, b in zip(movie.frames(), FRAMES, strict=True)])
            == 7
        )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("first", "last"), [(1, 1), (3, 5), (2, 7), (7, 0), (1, 0)])
def test_a_range_is_a_part_of_the_movie(tmp_path, name, first, last):
    with open_movie(_write(tmp_path / name)) as movie:
        found = np.stack([frame.copy() for frame in movie.frames(first, last)])
    np.testing.assert_array_equal(found, FRAMES[first - 1 : last or None])


@pytest.mark.parametrize("name", NAMES)
def test_frames_can_be_read_again(tmp_path, name):
    with open_movie(_write(tmp_path / name)) as movie:
        for _ in range(2):
            np.testing.assert_array_equal(np.stack([frame.copy() for frame in movie.frames()]), FRAMES)


@pytest.mark.parametrize("name", ["m.mrc", "m.mrc.gz", "m.tif"])
@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [(1, 8, "has 7 frames, but last_frame is 8"), (0, 3, "no range"), (5, 4, "no range"), (8, 0, "no range")],
)
def test_impossible_ranges_are_refused(tmp_path, name, first, last, sentence):
    with open_movie(_write(tmp_path / name)) as movie, pytest.raises(ValueError, match=sentence):
        next(movie.frames(first, last))


@pytest.mark.parametrize("name", NAMES)
def test_leaving_early_ends_the_helpers(tmp_path, name):
    before = threading.active_count()
    with open_movie(_write(tmp_path / name), 4) as movie:
        frames = movie.frames()
        next(frames)
        frames.close()
        assert threading.active_count() == before
    gc.collect()  # an unclosed file would warn here, and warnings are errors


def test_few_frames_are_held_at_once(tmp_path):
    path = _write(tmp_path / "m.mrc", np.tile(FRAMES, (3, 1, 1)))
    with open_movie(path) as movie:
        assert len({frame.__array_interface__["data"][0] for frame in movie.frames()}) == 2


@pytest.mark.parametrize("share", [0.0, 0.01, 0.4, 0.9, 0.999])
@pytest.mark.parametrize("name", NAMES)
def test_truncated_movies_end_in_one_sentence(tmp_path, name, share):
    path = _write(tmp_path / name)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    sentence = "is empty|truncated|ends inside image|no MRC file|no TIFF file|cannot be decoded|damaged"
    with pytest.raises(ValueError, match=sentence) as caught, open_movie(path) as movie:
        for _ in movie.frames():
            pass
    assert name in str(caught.value) and "\n" not in str(caught.value)


def test_a_truncated_compressed_movie_says_in_which_frame(tmp_path):
    path = tmp_path / "m.mrc.gz"
    whole = gzip.decompress(_write(path).read_bytes())
    path.write_bytes(gzip.compress(whole[: 1024 + int(3.5 * 20 * 23 * 2)]))
    given = 0
    with open_movie(path) as movie, pytest.raises(ValueError, match="ends inside image 4 of the 7"):
        for _ in movie.frames():
            given += 1
    assert given == 3


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("m.tif", "mrc", "no TIFF file"),
        ("m.mrc", "tif", "no MRC file but a TIFF file"),
        ("m.mrc", "gz", "no MRC file but a gzip file"),
        ("m.mrc.gz", "mrc", "no gzip file"),
        ("m.mrc.bz2", "gz", "no bzip2 file but a gzip file"),
        ("m.tif.gz", "gz", "'.gz'"),
        ("m.eer", "tif", "EER movies are not read"),
        ("m.png", "mrc", "has the suffix"),
    ],
)
def test_files_that_are_not_what_their_suffix_says_are_refused(tmp_path, name, content, sentence):
    source = _write(tmp_path / {"mrc": "x.mrc", "tif": "x.tif", "gz": "x.mrc.gz"}[content])
    (tmp_path / name).write_bytes(source.read_bytes())
    with pytest.raises(ValueError, match=sentence), open_movie(tmp_path / name):
        pass


@pytest.mark.parametrize("name", ["m.mrc", "m.mrc.gz", "m.tif"])
def test_a_vanished_movie_is_named(tmp_path, name):
    with pytest.raises(FileNotFoundError, match="is missing; put it back"), open_movie(tmp_path / name):
        pass
