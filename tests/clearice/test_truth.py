from __future__ import annotations

from pathlib import Path

import mrcfile
import numpy as np
import pytest
import tifffile

from clearice.files.counts import LABEL, count_movie
from clearice.files.documents import read_json
from clearice.files.star import read_star
from clearice.files.truth import read_mtf, write_truth


def write(path: Path, count: int) -> None:
    generator = np.random.default_rng(0)
    write_truth(
        path,
        micrograph="m.mrc",
        centres_px=generator.uniform(-10, 100, (count, 2)),
        angles_deg=generator.uniform(0, 180, (count, 3)),
        structures=np.arange(count) % 2,
        inside=np.arange(count) % 3 != 0,
        defocus=(1.5, 1.4, 30.0),
        voltage_kV=300,
        spherical_aberration_mm=2.7,
        amplitude_contrast=0.07,
        pixel_size_A=1.5,
        parameters={"seed": 3},
    )


def test_truth_comes_back_in_pixels_degrees_and_angstroms(tmp_path: Path) -> None:
    write(tmp_path / "m.star", 9)
    generator = np.random.default_rng(0)
    centres, angles = generator.uniform(-10, 100, (9, 2)), generator.uniform(0, 180, (9, 3))
    blocks, inside = read_star(tmp_path / "m.star"), np.arange(9) % 3 != 0
    table = blocks["particles"]
    assert np.allclose(table[["rlnCoordinateY", "rlnCoordinateX"]], centres[inside], atol=1e-3)
    assert np.allclose(table[["rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi"]], angles[inside], atol=1e-3)
    assert set(table["rlnDefocusU"]) == {15000.0} and set(table["rlnDefocusV"]) == {14000.0}
    assert len(blocks["outside"]) == 3 and set(table["rlnClassNumber"]) == {1, 2}
    assert blocks["optics"]["rlnVoltage"].item() == 300
    assert read_json(tmp_path / "m.json") == {"seed": 3}


def test_an_empty_field_has_tables_without_rows(tmp_path: Path) -> None:
    write(tmp_path / "m.star", 0)
    text = (tmp_path / "m.star").read_text()
    assert "_rlnCoordinateX" in text and len(read_star(tmp_path / "m.star")["particles"]) == 0


def test_equal_truth_gives_equal_bytes(tmp_path: Path) -> None:
    for name in ("a.star", "b.star"):
        write(tmp_path / name, 5)
    assert (tmp_path / "a.star").read_bytes() == (tmp_path / "b.star").read_bytes()


def test_an_mtf_file_is_read_and_another_refused(tmp_path: Path) -> None:
    path = tmp_path / "mtf.star"
    path.write_text(
        "data_\n\nloop_\n_rlnResolutionInversePixel #1\n_rlnMtfValue #2\n0.0 1.0\n0.25 0.8\n0.5 0.4\n\n"
    )
    frequencies, mtf = read_mtf(path)
    assert list(frequencies) == [0.0, 0.25, 0.5] and list(mtf) == [1.0, 0.8, 0.4]
    write(tmp_path / "m.star", 2)
    with pytest.raises(ValueError, match="rlnMtfValue"):
        read_mtf(tmp_path / "m.star")


@pytest.mark.parametrize("suffix", [".mrcs", ".tif"])
def test_frames_come_back_as_whole_counts(tmp_path: Path, suffix: str) -> None:
    frames = np.random.default_rng(0).poisson(3.0, (4, 20, 30)).astype(np.float32)
    path = tmp_path / f"movie{suffix}"
    with count_movie(path, 4, (20, 30), 1.5) as keep:
        for index, frame in enumerate(frames):
            keep(index, frame)
        assert not path.exists()
    if suffix == ".mrcs":
        with mrcfile.open(path) as mrc:
            assert mrc.data.dtype == np.uint16 and np.array_equal(mrc.data, frames)
            assert mrc.voxel_size.x == pytest.approx(1.5) and mrc.header.dmean == pytest.approx(
                frames.mean(), rel=1e-5
            )
    else:
        assert np.array_equal(tifffile.imread(path), frames)
    first = path.read_bytes()
    with count_movie(path, 4, (20, 30), 1.5) as keep:
        for index, frame in enumerate(frames):
            keep(index, frame)
    assert path.read_bytes() == first


@pytest.mark.parametrize("suffix", [".mrcs", ".tif"])
def test_a_frame_of_another_shape_leaves_nothing_behind(tmp_path: Path, suffix: str) -> None:
    with (
        pytest.raises(ValueError, match="all frames have one shape"),
        count_movie(tmp_path / f"movie{suffix}", 2, (4, 5), 1.0) as keep,
    ):
        keep(0, np.ones((5, 4), np.float32))
    assert not list(tmp_path.iterdir())


def test_a_movie_has_the_bytes_that_mrcfile_writes(tmp_path: Path) -> None:
    frames = np.random.default_rng(3).poisson(5.0, (3, 70, 90)).astype(np.float32)
    with count_movie(tmp_path / "ours.mrcs", 3, (70, 90), 1.057) as keep:
        for index, frame in enumerate(frames):
            keep(index, frame)
    with mrcfile.new(tmp_path / "theirs.mrcs", data=frames.astype(np.uint16)) as mrc:
        mrc.set_image_stack()
        mrc.voxel_size = (1.057, 1.057, 1.0)
        mrc.header.label[0] = LABEL
    assert (tmp_path / "ours.mrcs").read_bytes() == (tmp_path / "theirs.mrcs").read_bytes()


def test_a_movie_that_is_no_count_leaves_nothing_behind(tmp_path: Path) -> None:
    for value in (0.5, -1.0, 70_000.0):
        with (
            pytest.raises(ValueError, match="whole counts"),
            count_movie(tmp_path / "movie.mrcs", 1, (4, 4), 1.0) as keep,
        ):
            keep(0, np.full((4, 4), value, dtype=np.float32))
    with (
        pytest.raises(ValueError, match="movies are written as"),
        count_movie(tmp_path / "movie.avi", 1, (4, 4), 1.0),
    ):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ("0.0 1.0\n0.5 dim\n", "mtf_x.star, line 6: rlnMtfValue is 'dim' where a number is expected"),
        ("0.0 1.0\n0.5 nan\n", "line 6: rlnMtfValue is 'nan'"),
        ("0.0\n", "line 5: the row has 1 values, but data_mtf has 2 columns"),
    ],
)
def test_a_curve_with_a_value_that_is_none_is_refused(tmp_path: Path, values: str, words: str) -> None:
    header = "data_mtf\nloop_\n_rlnResolutionInversePixel #1\n_rlnMtfValue #2\n"
    (tmp_path / "mtf_x.star").write_text(header + values)
    with pytest.raises(ValueError, match=words):
        read_mtf(tmp_path / "mtf_x.star")
