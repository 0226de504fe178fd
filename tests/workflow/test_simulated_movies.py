"""Movies of the simulator come out of a rule, and go back in as any other movie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from clearice.files.mrc import read_micrograph
from clearice.run.batches import files_of
from support.project import make_checkout

MINE = """
run: {methods: [raw]}
evaluation: {batches: 0}
simulation:
  movies: 3
  batch_size: 2
  movie_frames: 4
  movie_drift_A: 9.0
  movie_suffix: .tif
  height_px: 96
  width_px: 104
physics: {empty_fraction: 0.0}
"""


@pytest.mark.slow
def test_simulated_movies_are_summed_like_measured_ones(tmp_path: Path) -> None:
    project = make_checkout(tmp_path)
    header = (tmp_path / "config/datasets.tsv").read_text().splitlines()[0].split("\t")
    row = {
        "dataset": "films", "pixel_size_A": "3.0", "voltage_kV": "300", "spherical_aberration_mm": "2.7", "amplitude_contrast": "0.07",
        "dose_e_per_A2": "8", "detector": "K2", "super_resolution": "1", "structures": "resources/empiar10146/6z6u.pdb.gz:1",
        "particle_diameter_A": "124", "particles_per_um2": "500,900", "ice_thickness_nm": "30", "defocus_um": "1.0,1.5",
    }  # fmt: skip
    (tmp_path / "config/datasets.tsv").write_text(
        "\t".join(header) + "\n" + "\t".join(row.get(name, "") for name in header) + "\n"
    )
    (tmp_path / "mine.yaml").write_text(MINE)
    project.run("simulated_movies", "--configfile", "mine.yaml")
    movies = tmp_path / "results/films/movies"
    made = {
        name: path for batch in ("m0001", "m0002") for name, path in files_of(movies / "frames" / batch / "manifest.tsv").items()
    }  # fmt: skip
    assert list(made) == ["m0001_001", "m0001_002", "m0002_001"]
    frames = tifffile.imread(made["m0002_001"])
    assert frames.shape == (4, 96, 104) and frames.dtype == np.uint16

    project.list_movies("films", "results/films/movies/frames/*/*.tif")
    project.run("sums", "--configfile", "mine.yaml")
    for name in made:
        (full,) = (tmp_path / "results/films/sums/full").glob(f"*/{name}.mrc")
        noisy = read_micrograph(movies / "noisy" / name.split("_")[0] / f"{name}.mrc")
        assert np.array_equal(read_micrograph(full).pixels, noisy.pixels)
    assert project.planned("simulated_movies", "--configfile", "mine.yaml") == {}
