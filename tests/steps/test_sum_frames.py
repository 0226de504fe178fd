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
from clearice.config.reading import Reading
from clearice.files.mrc import VIEWING_ONLY, read_micrograph, write_micrograph
from clearice.run.batches import read_manifest
from support.image_files import mrc_bytes, pack_counts, tiff_bytes
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


def _hostile(folder):
    """Make files that claim too much, hang, or say what cannot be; a row for each."""
    claims = np.zeros(256, "<i4")
    claims[:4] = 1 << 20, 1 << 20, 1, 2
    (folder / "bomb.mrc.gz").write_bytes(gzip.compress(claims.tobytes()))
    (folder / "sparse.mrc").write_bytes(claims.tobytes())
    os.truncate(folder / "sparse.mrc", 1024 + (3 << 30))
    os.mkfifo(folder / "pipe.mrc")
    os.mkfifo(folder / "pipe.tif")
    (folder / "folder.tif").mkdir()
    (folder / "flat.tif").write_bytes(tiff_bytes([b""], (0, 9), 8))
    links = b"".join(bytes(2) + (14 + 6 * index).to_bytes(4, "little") for index in range(100_000))
    (folder / "chain.tif").write_bytes(b"II*\0\x08\0\0\0" + links)
    (folder / "zero.tif").write_bytes(tiff_bytes([bytes(54)] * 2, (6, 9), 8, {1: {273: 0}}))
    return [_row(path.name.replace(".", "_"), movie=path) for path in sorted(folder.iterdir())]


def test_hostile_files_fail_alone_and_the_rest_of_the_batch_is_done(tmp_path):
    bad = tmp_path / "bad"
    bad.mkdir()
    hostile = _hostile(bad)
    good = _row("good", movie=_movie(tmp_path / "good.tif"))
    rows = _sum(tmp_path / "out", [*hostile[:3], good, *hostile[3:]])["full"]
    failed = {name: row.reason for name, row in rows.items() if row.status == "failed"}
    assert set(failed) == {row["micrograph"] for row in hostile} and rows["good"].status == "ok"
    for row in hostile:
        assert Path(row["movie"]).name in failed[row["micrograph"]]


def test_png_of_a_hundred_thousand_pixels_fails_alone(tmp_path):
    header = b"IHDR" + (100_000).to_bytes(4) * 2 + bytes([16, 0, 0, 0, 0])
    (tmp_path / "huge.png").write_bytes(b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4) + header + bytes(4))
    good = _movie(tmp_path / "good.mrc", FRAMES[0].astype(np.float32))
    rows = _sum(tmp_path / "out", [_row("huge", single=tmp_path / "huge.png"), _row("good", single=good)])[
        "full"
    ]
    assert rows["good"].status == "ok"
    assert "100000 x 100000 px, more than the 200000000 px that are read" in rows["huge"].reason


def test_imods_signed_bytes_are_summed_as_counts_with_a_gain(tmp_path):
    stored = (FRAMES.astype(np.int16) - 128).astype(np.int8)
    (tmp_path / "m.mrc").write_bytes(mrc_bytes(stored, 0, imod_flags=1, cella=(0, 0, 0)))
    write_micrograph(tmp_path / "gain.mrc", np.full(FRAMES.shape[1:], 2, np.float32), 0)
    out = tmp_path / "out"
    _sum(out, [_row("m", movie=tmp_path / "m.mrc")], gain=tmp_path / "gain.mrc")
    np.testing.assert_array_equal(_image(out, "m").pixels, 2.0 * FRAMES.sum(0, dtype=np.float32))


def test_packed_counts_are_summed_whole(tmp_path):
    counts = FRAMES.clip(0, 15)
    (tmp_path / "m.mrc").write_bytes(mrc_bytes(pack_counts(counts), 0, imod_flags=16, cella=(0, 0, 0)))
    out = tmp_path / "out"
    _sum(out, [_row("m", movie=tmp_path / "m.mrc")])
    np.testing.assert_array_equal(_image(out, "m").pixels, counts.sum(0, dtype=np.float32))


def test_the_limits_of_the_configuration_reach_the_readers(tmp_path):
    row = _row("m", movie=_movie(tmp_path / "m.tif"))
    rows = _sum(
        tmp_path / "out", [row], reading=Reading(largest_image_px=10**6, most_frames=4, most_expansion=10)
    )
    assert "raise reading.most_frames" in rows["full"]["m"].reason


SIDE = 160


def _wide(path, factor=1.0, frames=6, counts=4.0, seed=0):
    """Write a movie of a detector whose pixels, multiplied by `factor`, are alike."""
    generator = np.random.default_rng(seed)
    shape = np.broadcast_shapes(np.shape(factor), (SIDE, SIDE))
    return _movie(path, generator.poisson(counts / factor, (frames, *shape)).astype(np.uint8))


def _gain(path, spread=0.2):
    """Write a gain reference as a camera's program writes it, rows in the order of its format."""
    reference = np.exp(np.random.default_rng(7).normal(0, spread, (SIDE, SIDE))).astype(np.float32)
    if path.suffix == ".tif":
        tifffile.imwrite(path, reference[::-1])
    else:
        write_micrograph(path, reference, 0)
    return reference


@pytest.mark.parametrize("movie", ["m.mrc", "m.tif"])
@pytest.mark.parametrize("gain", ["gain.mrc", "gain.tif"])
def test_gain_and_movie_of_any_format_meet_by_the_values_of_relion_and_motioncor(tmp_path, movie, gain):
    """One camera writes its frames as MRC or as TIFF, whose first row is the upper one."""
    factor = np.fliplr(np.rot90(_gain(tmp_path / gain), -1))
    path = _wide(tmp_path / movie, factor[::-1] if movie == "m.tif" else factor)
    settings = {"gain": tmp_path / gain, "gain_rotation": 1, "gain_flip": "left_right"}
    done = _sum(tmp_path / "o", [_row("m1", movie=path)], **settings)
    assert done["full"]["m1"].status == "ok" and done["full"]["m1"].reason == ""
    expected = tifffile.imread(path) if movie == "m.tif" else mrcfile.read(path)
    expected = expected.sum(axis=0) * (factor[::-1] if movie == "m.tif" else factor)
    np.testing.assert_allclose(_image(tmp_path / "o", "m1").pixels, expected, rtol=1e-5)


def test_a_gain_that_does_not_lie_as_the_frames_fails_every_movie_with_the_values_that_do(tmp_path):
    factor = np.flipud(_gain(tmp_path / "gain.mrc"))
    rows = [_row(f"m{seed}", movie=_wide(tmp_path / f"{seed}.mrc", factor, seed=seed)) for seed in range(2)]
    done = _sum(tmp_path / "o", rows, gain=tmp_path / "gain.mrc")
    for name in ("m0", "m1"):
        assert done["full"][name].status == "failed"
        assert "gain_operation multiply, gain_rotation 0 and gain_flip up_down" in done["full"][name].reason
    unasked = _sum(tmp_path / "p", rows, gain=tmp_path / "gain.mrc", check_gain=False)
    assert {row.status for row in unasked["full"].values()} == {"ok"}
    right = _sum(tmp_path / "q", rows, gain=tmp_path / "gain.mrc", gain_flip="up_down")
    assert {row.status for row in right["full"].values()} == {"ok"}


def test_movies_that_could_not_tell_alone_fail_with_those_that_can(tmp_path):
    factor = np.flipud(_gain(tmp_path / "gain.mrc", spread=0.02))
    rows = [
        _row(str(seed), movie=_wide(tmp_path / f"{seed}.mrc", factor, counts=counts, seed=seed))
        for seed, counts in enumerate([0.3, 0.3, 30])
    ]
    rows.append(_row("pair", **_pair_files(tmp_path, *HALVES)))
    done = _sum(tmp_path / "o", rows, gain=tmp_path / "gain.mrc")
    for part in PARTS:
        assert [row.status for row in done[part].values()] == ["failed", "failed", "failed", "ok"]
        assert all("gain_flip up_down" in row.reason for row in list(done[part].values())[:3])
    assert _files(tmp_path / "o") == sorted([*MANIFESTS, *(f"{part}/b0001/pair.mrc" for part in PARTS)])
    right = _sum(tmp_path / "p", rows, gain=tmp_path / "gain.mrc", gain_flip="up_down")
    assert {(row.status, row.reason) for row in right["full"].values()} == {("ok", "")}


def test_a_flat_gain_is_noted_as_unknown(tmp_path):
    write_micrograph(tmp_path / "gain.mrc", np.ones((SIDE, SIDE), np.float32), 0)
    done = _sum(tmp_path / "o", [_row("m", movie=_wide(tmp_path / "m.mrc"))], gain=tmp_path / "gain.mrc")
    assert (
        done["full"]["m"].status == "ok"
        and "cannot tell whether the gain lies right" in done["full"]["m"].reason
    )


@pytest.mark.parametrize("movie", ["m.mrc", "m.tif"])
def test_a_list_of_defects_counts_rows_as_an_mrc_file_does(tmp_path, movie):
    (tmp_path / "defects.txt").write_text("30 10\n")
    frames = np.random.default_rng(0).poisson(9, (4, SIDE, SIDE)).astype(np.uint8)
    row = SIDE - 1 - 10 if movie == "m.tif" else 10
    frames[:, row, 30] = 255
    settings = {"defects": tmp_path / "defects.txt", "find_bad_pixels": False}
    _sum(tmp_path / "o", [_row("m1", movie=_movie(tmp_path / movie, frames))], **settings)
    assert _image(tmp_path / "o", "m1").pixels.max() < 100


@pytest.mark.parametrize("movie", ["m.mrc", "m.tif"])
def test_a_list_of_defects_that_lies_upside_down_fails_the_row(tmp_path, movie):
    (tmp_path / "defects.txt").write_text("30 10\n50 20\n70 80\n")
    frames = np.random.default_rng(0).poisson(9, (4, SIDE, SIDE)).astype(np.uint8)
    for x, y in ((30, 10), (50, 20), (70, 80)):
        frames[:, y if movie == "m.tif" else SIDE - 1 - y, x] = 255
    done = _sum(
        tmp_path / "o", [_row("m1", movie=_movie(tmp_path / movie, frames))], defects=tmp_path / "defects.txt"
    )
    assert done["full"]["m1"].status == "failed" and "lie upside down: 3 of 3" in done["full"]["m1"].reason


def _spoil(image):
    image[:, 40] = 0
    image[:5] = 0
    image[100, 100] = image[120, 30] = 250
    return image


def _spoiled_rows(folder):
    """Write a movie, a pair and a single micrograph with the same faults."""
    frames = np.stack([_spoil(frame) for frame in np.random.default_rng(1).poisson(9, (4, SIDE, SIDE))])
    even, odd = frames[1::2].sum(axis=0), frames[::2].sum(axis=0)
    for name, image in (("e", even), ("o", odd), ("s", even + odd)):
        write_micrograph(folder / f"{name}.mrc", image.astype(np.float32), 1.25)
    return [
        _row("movie", movie=_movie(folder / "m.mrc", frames.astype(np.uint8))),
        _row("pair", even=folder / "e.mrc", odd=folder / "o.mrc"),
        _row("single", single=folder / "s.mrc"),
    ]


def test_bad_pixels_are_found_filled_and_counted_in_every_kind_of_row(tmp_path):
    done = _sum(tmp_path / "o", _spoiled_rows(tmp_path))
    for name, row in done["full"].items():
        pixels = _image(tmp_path / "o", name).pixels
        assert pixels.min() > 0 and pixels.max() < 100
        total = 5 * SIDE + (SIDE - 5) + 2
        assert row.reason == (
            f"{total} bad pixels were found and filled (5 lines of a constant border, 1 column, 2 single pixels)"
        )
    full, even, odd = (_image(tmp_path / "o", "pair", part).pixels for part in PARTS)
    np.testing.assert_array_equal(full, even + odd)
    np.testing.assert_array_equal(full, _image(tmp_path / "o", "movie").pixels)


def test_the_search_for_bad_pixels_can_be_turned_off(tmp_path):
    done = _sum(tmp_path / "o", _spoiled_rows(tmp_path), find_bad_pixels=False)
    for name, row in done["full"].items():
        assert row.status == "ok" and row.reason == ""
        assert _image(tmp_path / "o", name).pixels.max() == 1000


def test_a_trusted_table_overrules_headers_and_the_difference_is_noted(tmp_path):
    rows = [
        _row("movie", movie=_movie(tmp_path / "m.mrc", pixel_size_A=1.06)),
        _row("single", single=tmp_path / "s.mrc"),
    ]
    write_micrograph(tmp_path / "s.mrc", FRAMES[0].astype(np.float32), 1.06)
    refused = _sum(tmp_path / "o", rows)
    assert all("set trust_table to true" in row.reason for row in refused["full"].values())
    done = _sum(tmp_path / "p", rows, trust_table=True)
    for name, row in done["full"].items():
        assert (row.status, row.reason) == (
            "ok",
            "the header says 1.06 A/px, the datasets table, which is trusted, 1.25",
        )
        assert _image(tmp_path / "p", name).pixel_size_A == 1.25


def test_the_frames_that_were_summed_stand_in_the_manifests(tmp_path):
    rows = [
        _row("a", movie=_movie(tmp_path / "a.mrc")),
        _row("b", movie=_movie(tmp_path / "b.tif")),
        _row("short", movie=_movie(tmp_path / "c.mrc", FRAMES[:3])),
        _row("single", single=_movie(tmp_path / "d.mrc", FRAMES[0].astype(np.float32))),
    ]
    done = _sum(tmp_path / "o", rows)
    assert [row.frames for row in done["full"].values()] == ["5", "5", "3", ""]
    assert [row.frames for row in done["even"].values()] == ["2", "2", "1", ""]
    assert [row.frames for row in done["odd"].values()] == ["3", "3", "2", ""]
    assert done["full"]["short"].reason == "3 frames were summed, of most movies of the batch 5"
    assert done["full"]["a"].reason == done["full"]["single"].reason == ""
    alone = _sum(tmp_path / "p", rows[-1:])
    assert alone["full"]["single"].frames == ""
    assert "frames" not in (tmp_path / "p/full/b0001/manifest.tsv").read_text().splitlines()[0]


def _pair_files(folder, even, odd):
    for name, image in (("even", even), ("odd", odd)):
        write_micrograph(folder / f"{name}.mrc", image.astype(np.float32), 1.25)
    return {"even": folder / "even.mrc", "odd": folder / "odd.mrc"}


HALVES = np.random.default_rng(3).poisson(20, (2, 256, 256)).astype(np.float32)
NO_HALVES = {
    "equal halves": (lambda d: _pair_files(d, HALVES[0], HALVES[0]), "are equal, pixel by pixel"),
    "a scaled copy": (lambda d: _pair_files(d, HALVES[0], 3 * HALVES[0] + 2), "is a scaled copy of"),
    "the full sum as a half": (lambda d: _pair_files(d, HALVES[0], HALVES.sum(axis=0)), "holds the even sum"),
    "the full sum as the other half": (
        lambda d: _pair_files(d, HALVES.sum(axis=0), HALVES[1]),
        "holds the odd sum",
    ),
    "one file twice": (
        lambda d: {name: _pair_files(d, *HALVES)["even"] for name in ("even", "odd")},
        "are equal, pixel by pixel",
    ),
    "a constant half": (lambda d: _pair_files(d, HALVES[0], np.full((256, 256), 7.0)), "is blank: all its pixels are 7"),
    "an empty half": (lambda d: _pair_files(d, 0 * HALVES[0], HALVES[1]), "is blank: all its pixels are 0"),
    "a blank micrograph": (
        lambda d: {"single": _pair_files(d, 0 * HALVES[0] + 3, HALVES[1])["even"]},
        "is blank: all its pixels are 3",
    ),
    "a blank movie": (
        lambda d: {"movie": _movie(d / "b.mrc", np.zeros((4, 24, 28), np.uint8))},
        "is blank: all its pixels are 0",
    ),
    "a movie of one frame again and again": (
        lambda d: {"movie": _movie(d / "b.mrc", np.repeat(FRAMES[:1], 4, axis=0))},
        "are equal, pixel by pixel",
    ),
    "a movie of copies": (
        lambda d: {"movie": _movie(d / "b.tif", np.repeat(FRAMES[:1], 5, axis=0))},
        "is a scaled copy",
    ),
    "a micrograph that is mostly blank": (
        lambda d: {"single": _pair_files(d, np.where(np.arange(256) < 60, 0, HALVES[0]), HALVES[1])["even"]},
        "23% of the pixels are dead",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", NO_HALVES)
def test_what_shows_nothing_or_has_no_noise_of_its_own_is_refused_at_the_entrance(tmp_path, kind):
    make, sentence = NO_HALVES[kind]
    rows = [_row("bad", **make(tmp_path)), _row("good", movie=_movie(tmp_path / "good.mrc"))]
    done = _sum(tmp_path / "o", rows)
    for part in PARTS:
        assert done[part]["bad"].status == "failed" and sentence in done[part]["bad"].reason
        assert done[part]["good"].status == "ok"
