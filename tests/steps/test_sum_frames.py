import errno
import gzip
import os
import tempfile
from pathlib import Path

import imagecodecs
import mrcfile
import numpy as np
import pytest
import tifffile

import sum_frames as step
from clearice.files.mrc import VIEWING_ONLY, read_micrograph, write_micrograph
from clearice.run.batches import read_manifest
from support.settings import call
from support.shell import run_from_shell

SCRIPT = Path(__file__).resolve().parents[2] / "workflow" / "scripts" / "sum_frames.py"

FRAMES = np.random.default_rng(0).poisson(4.0, (5, 24, 28)).astype(np.uint8)
PARTS = ("full", "even", "odd")


def _row(name, **files):
    row = dict.fromkeys(("movie", "even", "odd", "single"), "")
    return {"dataset": "d", "micrograph": name, **row, **{kind: str(path) for kind, path in files.items()}}


def _movie(path, frames=FRAMES, pixel_size_A=0.0):
    if path.suffix == ".tif":
        tifffile.imwrite(path, frames, photometric="minisblack", compression="lzw")
    else:
        with mrcfile.new(path, data=frames, compression="gzip" if path.suffix == ".gz" else None) as mrc:
            if frames.ndim == 3:
                mrc.set_image_stack()
            mrc.voxel_size = pixel_size_A
    return path


def _arguments(out, rows, **changes):
    arguments = {
        "rows": rows,
        **{part: out / part / "b0001" for part in PARTS},
        **{f"{part}_manifest": out / part / "b0001" / "manifest.tsv" for part in PARTS},
        "record": out.with_name(f"{out.name}_settings.json"),
        "pixel_size_A": 1.25,
        "gain": None,
        "gain_operation": "multiply",
        "gain_flip": "none",
        "gain_rotation": 0,
        "defects": None,
        "first_frame": 1,
        "last_frame": 0,
        "sum_binning": 1,
        "threads": 1,
    }
    return {**arguments, **changes}


def _sum(out, rows, **changes):
    """Run the step; give the manifests by part and micrograph."""
    call(step.sum_frames, **_arguments(out, rows, **changes))
    return {
        part: {row.micrograph: row for row in read_manifest(out / part / "b0001" / "manifest.tsv")}
        for part in PARTS
    }


def _image(out, name, part="full"):
    return read_micrograph(out / part / "b0001" / f"{name}.mrc")


def _files(out):
    return sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())


MANIFESTS = sorted(f"{part}/b0001/manifest.tsv" for part in PARTS)


@pytest.mark.parametrize("name", ["m.mrc", "m.mrcs", "m.mrc.gz", "m.tif"])
@pytest.mark.parametrize("threads", [1, 3])
def test_movies_become_three_sums(tmp_path, name, threads):
    frames = FRAMES.astype(np.int16)
    done = _sum(tmp_path / "o", [_row("m1", movie=_movie(tmp_path / name, frames))], threads=threads)
    np.testing.assert_array_equal(_image(tmp_path / "o", "m1").pixels, FRAMES.sum(axis=0))
    np.testing.assert_array_equal(_image(tmp_path / "o", "m1", "odd").pixels, FRAMES[::2].sum(axis=0))
    np.testing.assert_array_equal(_image(tmp_path / "o", "m1", "even").pixels, FRAMES[1::2].sum(axis=0))
    for part in PARTS:
        assert done[part]["m1"].status == "ok" and done[part]["m1"].file == "m1.mrc"
        assert done[part]["m1"].checksum and _image(tmp_path / "o", "m1", part).pixel_size_A == 1.25
        assert mrcfile.validate(tmp_path / "o" / part / "b0001" / "m1.mrc")
    assert len({done[part]["m1"].checksum for part in PARTS}) == 3


def test_even_plus_odd_is_full_after_all_corrections(tmp_path):
    generator = np.random.default_rng(1)
    write_micrograph(tmp_path / "gain.mrc", generator.uniform(0.5, 2, (28, 24)).astype(np.float32), 0)
    (tmp_path / "defects.txt").write_text("3 4\n10 0 2 24\n")
    movie = _movie(tmp_path / "m.mrc", generator.normal(10, 3, FRAMES.shape).astype(np.float32))
    _sum(
        tmp_path / "o",
        [_row("m1", movie=movie)],
        gain=tmp_path / "gain.mrc",
        gain_flip="left_right",
        gain_rotation=1,
        check_gain=False,
        gain_operation="divide",
        defects=tmp_path / "defects.txt",
        sum_binning=2,
    )
    full, even, odd = (_image(tmp_path / "o", "m1", part) for part in PARTS)
    np.testing.assert_array_equal(full.pixels, even.pixels + odd.pixels)
    assert full.pixels.shape == (12, 14) and full.pixel_size_A == 2.5


def test_gain_and_defects_reach_the_pixels(tmp_path):
    gain = np.full((24, 28), 2.0, np.float32)
    gain[0, 0] = 0
    tifffile.imwrite(tmp_path / "gain.tif", gain)
    tifffile.imwrite(tmp_path / "defects.tif", (np.arange(24 * 28).reshape(24, 28) == 29).astype(np.uint8))
    frames = 1 + np.arange(4, dtype=np.int16)[:, None, None] * np.ones((24, 28), np.int16)
    frames[:, 20:] += np.arange(28, dtype=np.int16) % np.array([2, 3, 5, 7])[:, None, None]
    frames[:, 0, 0] = frames[:, 1, 1] = 1000
    _sum(
        tmp_path / "o",
        [_row("m1", movie=_movie(tmp_path / "m.tif", frames))],
        gain=tmp_path / "gain.tif",
        defects=tmp_path / "defects.tif",
    )
    np.testing.assert_array_equal(_image(tmp_path / "o", "m1").pixels[:20], 20.0)


def test_a_range_of_frames_keeps_their_numbers(tmp_path):
    movie = _movie(tmp_path / "m.tif")
    _sum(tmp_path / "o", [_row("m1", movie=movie)], first_frame=2, last_frame=4)
    np.testing.assert_array_equal(_image(tmp_path / "o", "m1", "even").pixels, FRAMES[1] + FRAMES[3])
    np.testing.assert_array_equal(_image(tmp_path / "o", "m1", "odd").pixels, FRAMES[2])


def test_sums_made_elsewhere_become_all_three(tmp_path):
    even, odd = FRAMES[0].astype(np.float32), FRAMES[1].astype(np.float32)
    write_micrograph(tmp_path / "e.mrc", even, 1.25)
    tifffile.imwrite(tmp_path / "o.tif", odd)
    done = _sum(tmp_path / "o", [_row("m1", even=tmp_path / "e.mrc", odd=tmp_path / "o.tif")])
    np.testing.assert_array_equal(_image(tmp_path / "o", "m1").pixels, even + odd)
    np.testing.assert_array_equal(_image(tmp_path / "o", "m1", "even").pixels, even)
    assert {done[part]["m1"].status for part in PARTS} == {"ok"}


def test_a_single_micrograph_has_only_a_full_image(tmp_path):
    counts = np.random.default_rng(2).integers(0, 65535, (24, 28)).astype(np.uint16)
    (tmp_path / "s.png").write_bytes(imagecodecs.png_encode(counts))
    done = _sum(tmp_path / "o", [_row("m1", single=tmp_path / "s.png")])
    np.testing.assert_array_equal(_image(tmp_path / "o", "m1").pixels, counts)
    for part in ("even", "odd"):
        assert done[part]["m1"].status == "skipped" and "single micrograph" in done[part]["m1"].reason
    assert _files(tmp_path / "o") == sorted([*MANIFESTS, "full/b0001/m1.mrc"])


@pytest.mark.parametrize(
    ("frames", "settings"), [(FRAMES[:1], {}), (FRAMES, {"first_frame": 3, "last_frame": 3})]
)
def test_one_frame_gives_no_pair(tmp_path, frames, settings):
    done = _sum(tmp_path / "o", [_row("m1", movie=_movie(tmp_path / "m.tif", frames))], **settings)
    assert done["full"]["m1"].status == "ok"
    for part in ("even", "odd"):
        assert done[part]["m1"].status == "skipped" and "only one frame" in done[part]["m1"].reason
    assert _files(tmp_path / "o") == sorted([*MANIFESTS, "full/b0001/m1.mrc"])


def _with_nan(path):
    frames = FRAMES.astype(np.float32)
    frames[2, 3, 4:8] = np.nan
    tifffile.imwrite(path, frames, photometric="minisblack")
    return path


def _unequal(path):
    with tifffile.TiffWriter(path) as writer:
        writer.write(FRAMES[0])
        writer.write(FRAMES[1][:20])
    return path


def _cut(path, share=0.6):
    data = (
        _movie(path).read_bytes()
        if path.suffix != ".gz"
        else gzip.compress(_movie(path.with_suffix("")).read_bytes())
    )
    path.write_bytes(data[: int(share * len(data))])
    return path


def _as(path, source):
    path.write_bytes(source.read_bytes())
    return path


BAD = {
    "truncated MRC": (lambda d: {"movie": _cut(d / "b.mrc")}, "truncated"),
    "truncated gz": (
        lambda d: {"movie": _cut(d / "b.mrc.gz")},
        "ends inside image|compressed data have no end",
    ),
    "truncated TIFF": (lambda d: {"movie": _cut(d / "b.tif")}, "truncated"),
    "empty": (lambda d: {"movie": _cut(d / "b.mrc", 0)}, "is empty"),
    "unequal frames": (lambda d: {"movie": _unequal(d / "b.tif")}, "page 2 is 20 x 28"),
    "NaN": (lambda d: {"movie": _with_nan(d / "b.tif")}, "frame 3 has 4 pixels that are NaN or Inf"),
    "pixel size": (
        lambda d: {"movie": _movie(d / "b.mrc", pixel_size_A=0.62)},
        "has 0.62 A/px in its header",
    ),
    "wrong suffix": (lambda d: {"movie": _as(d / "b.tif", _movie(d / "x.mrc"))}, "no TIFF file"),
    "vanished": (lambda d: {"movie": d / "gone.mrc"}, "is missing"),
    "folder": (lambda d: {"movie": d}, "has the suffix"),
    "nothing": (lambda d: {}, "gives no file"),
    "too much": (lambda d: {"movie": d / "a.mrc", "single": d / "a.mrc"}, "gives movie and single"),
    "half a pair": (lambda d: {"even": d / "a.mrc"}, "gives even; fill"),
    "movie as single": (lambda d: {"single": _movie(d / "b.mrc")}, "holds 5 images where 1 is expected"),
    "denoised": (
        lambda d: (
            write_micrograph(d / "b.mrc", np.ones((8, 8), np.float32), 1.25, VIEWING_ONLY),
            {"single": d / "b.mrc"},
        )[1],
        "is denoised already",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_one_bad_row_never_stops_the_batch(tmp_path, kind):
    make, sentence = BAD[kind]
    good = _movie(tmp_path / "good.mrc")
    rows = [_row("a", movie=good), _row("bad", **make(tmp_path)), _row("z", movie=good)]
    done = _sum(tmp_path / "o", rows)
    for part in PARTS:
        assert [row.status for row in done[part].values()] == ["ok", "failed", "ok"]
        with pytest.raises(ValueError, match=sentence):
            raise ValueError(done[part]["bad"].reason)
    assert _files(tmp_path / "o") == sorted(
        [*MANIFESTS, *(f"{part}/b0001/{name}.mrc" for part in PARTS for name in "az")]
    )


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"last_frame": 9}, "has 5 frames, but last_frame is 9"),
        ({"first_frame": 6}, "no range of its 5 frames"),
    ],
)
def test_settings_that_do_not_fit_a_movie_fail_its_row(tmp_path, settings, sentence):
    done = _sum(tmp_path / "o", [_row("m1", movie=_movie(tmp_path / "m.mrc"))], **settings)
    assert done["full"]["m1"].status == "failed" and sentence in done["full"]["m1"].reason
    assert _files(tmp_path / "o") == MANIFESTS


def test_a_binning_larger_than_the_frames_fails_their_row(tmp_path):
    rows = [_row("m1", movie=_movie(tmp_path / "m.mrc", FRAMES[:, :6, :7]))]
    done = _sum(tmp_path / "o", rows, sum_binning=8)
    assert done["full"]["m1"].status == "failed" and "use a smaller factor" in done["full"]["m1"].reason
    assert _files(tmp_path / "o") == MANIFESTS


def test_a_gain_or_defects_of_another_shape_fail_the_rows(tmp_path):
    write_micrograph(tmp_path / "gain.mrc", np.ones((8, 9), np.float32), 0)
    rows = [_row("m1", movie=_movie(tmp_path / "m.mrc"))]
    done = _sum(tmp_path / "o", rows, gain=tmp_path / "gain.mrc")
    assert "the gain reference has 8 x 9 pixels" in done["odd"]["m1"].reason
    done = _sum(tmp_path / "o", rows, defects=tmp_path / "gain.mrc")
    assert "has 8 x 9 pixels, the frames have 24 x 28" in done["even"]["m1"].reason
    assert _files(tmp_path / "o") == MANIFESTS


def test_a_gain_that_cannot_be_read_ends_the_job(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gain\.mrc is missing"):
        _sum(tmp_path / "o", [_row("m1", movie=_movie(tmp_path / "m.mrc"))], gain=tmp_path / "gain.mrc")
    assert _files(tmp_path / "o") == []


def test_names_that_come_twice_end_the_job_before_any_work(tmp_path):
    movie = _movie(tmp_path / "m.mrc")
    with pytest.raises(ValueError, match="several rows named m1, m2; give each"):
        _sum(tmp_path / "o", [_row(name, movie=movie) for name in ("m1", "m2", "m3", "m2", "m1")])
    assert not (tmp_path / "o").exists()


def _fill_disk(monkeypatch, number, code):
    """Make the disk take only 64 bytes of the micrograph that is the `number`-th to be written, then fail."""
    real, written = Path.open, []

    class Full:
        def __init__(self, stream):
            self.stream = stream

        def __enter__(self):
            return self

        def __exit__(self, *reason):
            self.stream.close()

        def write(self, data):
            self.stream.write(bytes(data)[:64])
            raise OSError(code, os.strerror(code))

    def opened(self, mode="r", *args, **options):
        stream = real(self, mode, *args, **options)
        if mode == "wb" and self.suffix == ".mrc":
            written.append(self)
            return Full(stream) if len(written) == number else stream
        return stream

    monkeypatch.setattr(Path, "open", opened)


@pytest.mark.parametrize("number", [1, 2, 3, 5])
def test_a_full_disk_ends_the_job_and_leaves_no_half_written_file(tmp_path, monkeypatch, number):
    movie = _movie(tmp_path / "m.mrc")
    _fill_disk(monkeypatch, number, errno.ENOSPC)
    with pytest.raises(OSError, match="No space left on device"):
        _sum(tmp_path / "o", [_row(name, movie=movie) for name in ("m1", "m2", "m3")])
    whole = ["m1"] if number > 3 else []
    assert _files(tmp_path / "o") == sorted(f"{part}/b0001/{name}.mrc" for part in PARTS for name in whole)


def test_a_write_that_fails_for_one_micrograph_leaves_none_of_its_sums(tmp_path, monkeypatch):
    movie = _movie(tmp_path / "m.mrc")
    _fill_disk(monkeypatch, 6, errno.EFBIG)
    done = _sum(tmp_path / "o", [_row("m1", movie=movie), _row("m2", movie=movie)])
    assert [done[part]["m2"].status for part in PARTS] == ["failed"] * 3
    assert _files(tmp_path / "o") == sorted([*MANIFESTS, *(f"{part}/b0001/m1.mrc" for part in PARTS)])


def test_a_folder_without_write_permission_ends_the_job_before_any_movie_is_read(tmp_path, monkeypatch):
    def refuse(*_, **options):
        raise PermissionError(errno.EACCES, "Permission denied", str(options["dir"]))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    monkeypatch.setattr(step, "open_movie", lambda *_: pytest.fail("a movie was read"))
    with pytest.raises(PermissionError, match="Permission denied"):
        _sum(tmp_path / "o", [_row("m1", movie=_movie(tmp_path / "m.mrc"))])
    assert _files(tmp_path / "o") == []


def test_a_movie_without_read_permission_is_a_failed_row(tmp_path, monkeypatch):
    movie = _movie(tmp_path / "secret.mrc")
    real = Path.open

    def refuse(self, *args, **options):
        if self.name == "secret.mrc":
            raise PermissionError(errno.EACCES, "Permission denied", str(self))
        return real(self, *args, **options)

    monkeypatch.setattr(Path, "open", refuse)
    done = _sum(tmp_path / "o", [_row("m1", movie=movie)])
    assert done["full"]["m1"].status == "failed" and "secret.mrc" in done["full"]["m1"].reason


def test_equal_movies_make_equal_bytes(tmp_path):
    rows = [_row("m1", movie=_movie(tmp_path / "m.tif"))]
    first = _sum(tmp_path / "one", rows, threads=1)
    second = _sum(tmp_path / "two", rows, threads=4)
    assert first == second


def test_the_step_runs_from_a_shell(tmp_path):
    rows = [_row("m1", movie=_movie(tmp_path / "m.mrc"))]
    run_from_shell("sum_frames", _arguments(tmp_path / "o", rows))
    np.testing.assert_array_equal(_image(tmp_path / "o", "m1").pixels, FRAMES.sum(axis=0))
