"""Pixel size, voltage, dose and diameter are enough for every method; what is taken for the rest is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clearice.files.mrc import write_micrograph
from support.project import Project, make_checkout

MINE = "run: {methods: [raw, lowpass_20A, n2n, coarse, nt2c]}\n"
ROW = {
    "dataset": "mine",
    "pixel_size_A": "1.06",
    "voltage_kV": "300",
    "dose_e_per_A2": "50",
    "particle_diameter_A": "150",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = make_checkout(tmp_path_factory.mktemp("minimal"))
    (made.folder / "data").mkdir()
    for number in range(4):
        write_micrograph(made.folder / "data" / f"film{number}.mrc", np.zeros((1000, 1000), np.float32), 1.06)
    (made.folder / "config" / "datasets.tsv").write_text(
        "\t".join(ROW) + "\n" + "\t".join(ROW.values()) + "\n"
    )
    (made.folder / "mine.yaml").write_text(MINE)
    made.list_movies("mine", "data/film*.mrc")
    return made


@pytest.mark.parametrize("quality", ["quick", "standard", "paper"])
def test_four_numbers_are_enough_for_every_method_and_every_quality(project: Project, quality: str) -> None:
    (project.folder / "quality.yaml").write_text(f"quality: {quality}\n")
    said = project.run("-n", "--configfile", "mine.yaml", "quality.yaml")
    assert f"mine: quality {quality}, and for what is left open:" in said
    structure = Path("resources/structures/6dvw.pdb.gz")
    assert f"structures {structure}:1 (the bundled model of the nearest size)" in said
    assert "picking.box_A 240 (1.6 diameters)" in said
    for rule in ("train_noise_gan", "reweight_pairs", "simulate_micrographs"):
        assert f"rule {rule}:" in said
