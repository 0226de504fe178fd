"""Known particles come in by the micrograph they name, or the micrograph's row says why they do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from choose_regions import choose_regions
from clearice.config.evaluation import RegionSettings
from clearice.config.picking import ExtractSettings
from clearice.files.coordinates import Coordinates, read_coordinates, write_coordinates_star
from clearice.files.mrc import DATA, write_micrograph
from clearice.files.tables import read_table, write_table
from clearice.picking.records import CANDIDATE_COLUMNS, SUMMARY_COLUMNS
from clearice.run.batches import ManifestRow, files_of, process_rows, read_manifest, write_manifest
from extract_particles import extract_particles
from import_coordinates import import_coordinates
from match_picks import match_picks
from support.settings import made

SHAPE = (120, 160)
NAMES = ("mic1", "mic2", "ts_01_21.0")


class Import:
    """A batch of micrographs and a folder for what is known of them."""

    def __init__(self, folder: Path) -> None:
        self.known = folder / "coordinates" / "films"
        self.sums = folder / "sums"
        self.target = folder / "reference"
        self.known.mkdir(parents=True)

        def treat(name: str) -> Path:
            pixels = np.random.default_rng(1).standard_normal(SHAPE).astype(np.float32)
            write_micrograph(self.sums / f"{name}.mrc", pixels, 2.0, DATA)
            return self.sums / f"{name}.mrc"

        write_manifest(self.sums / "manifest.tsv", process_rows(NAMES, self.sums, treat))

    def run(self, alike: list[str] | None = None) -> dict[str, ManifestRow]:
        import_coordinates(
            micrographs=self.sums / "manifest.tsv",
            folder=self.known,
            alike=alike,
            reference_coordinates=self.target,
            manifest=self.target / "manifest.tsv",
            flip_y=False,
        )
        return {row.micrograph: row for row in read_manifest(self.target / "manifest.tsv")}

    def counts(self) -> dict[str, int]:
        files = files_of(self.target / "manifest.tsv")
        return {name: len(read_coordinates(file, SHAPE).centres) for name, file in files.items()}


@pytest.fixture
def batch(tmp_path: Path) -> Import:
    return Import(tmp_path)


def csv_of(*names: str) -> str:
    return "image_name,x_coord,y_coord\n" + "".join(
        f"{name},{20 + 40 * n},100\n" for n, name in enumerate(names)
    )


def test_each_micrograph_gets_its_file_and_the_others_are_skipped(batch: Import) -> None:
    (batch.known / "mic1.csv").write_text(csv_of("mic1_aligned_DW.mrc", "mic1_aligned_DW.mrc"))
    (batch.known / "ts_01_21.0.csv").write_text(csv_of("ts_01_21.0.mrc"))
    rows = batch.run()
    assert batch.counts() == {"mic1": 2, "ts_01_21.0": 1}
    assert (rows["mic2"].status, rows["mic2"].reason[:22]) == ("skipped", "no coordinates of mic2")


def test_a_file_of_other_micrographs_is_a_failed_row_and_no_empty_field(batch: Import) -> None:
    (batch.known / "mic1.csv").write_text(csv_of("mic7", "mic8"))
    (batch.known / "mic2.csv").write_text(csv_of())
    rows = batch.run()
    assert rows["mic1"].status == "failed" and "they name 'mic7', 'mic8'" in rows["mic1"].reason
    assert rows["mic2"].status == "ok" and batch.counts() == {"mic2": 0}, "no row at all is a statement"


def test_a_file_may_have_the_decorated_name_too(batch: Import) -> None:
    (batch.known / "001234567890123456789_mic1_patch_aligned_doseweighted.csv").write_text("x,y\n20,30\n")
    batch.run()
    assert batch.counts() == {"mic1": 1}


def test_what_could_be_another_micrograph_of_the_dataset_is_not_taken(batch: Import) -> None:
    (batch.known / "mic1_DW.csv").write_text("x,y\n20,30\n")
    (batch.known / "mic2.csv").write_text(csv_of("mic2_DW"))
    rows = batch.run(alike=["mic1_DW", "mic2_DW"])
    assert (rows["mic1"].status, rows["mic2"].status) == ("skipped", "failed")


def test_one_table_of_the_whole_dataset_serves_every_micrograph(batch: Import) -> None:
    (batch.known.parent / "films.csv").write_text(csv_of("a/mic1.mrc", "mic1", "ts_01_21.0.mrc", "mic9"))
    rows = batch.run()
    assert batch.counts() == {"mic1": 2, "ts_01_21.0": 1}
    assert rows["mic2"].status == "skipped", "a table that does not name it says nothing of it"
    (batch.known / "mic1.csv").write_text("x,y\n20,30\n")
    batch.run()
    assert batch.counts()["mic1"] == 1, "its own file goes first"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (csv_of("other1", "other2"), "none of the micrograph mic1: they name 'other1', 'other2'"),
        ("x,y\n20,30\n", "no column that names the micrograph of a row"),
        (csv_of(), "but has no row"),
    ],
)
def test_a_table_of_the_dataset_that_names_none_of_it_is_an_error(
    batch: Import, text: str, words: str
) -> None:
    (batch.known.parent / "films.csv").write_text(text)
    rows = batch.run()
    assert {row.status for row in rows.values()} == {"failed"} and words in rows["mic1"].reason


def test_coordinates_outside_are_a_failed_row_with_the_numbers(batch: Import) -> None:
    (batch.known / "mic1.csv").write_text("x,y\n20,30\n300,20\n")
    (batch.known / "mic2.csv").write_text("x,y\n20,30\n")
    rows = batch.run()
    assert "1 of 2 particles outside the micrograph of 120 rows x 160 columns" in rows["mic1"].reason
    assert rows["mic2"].status == "ok", "the rest of the batch goes on"


def test_coordinates_of_a_binned_micrograph_are_noted(batch: Import) -> None:
    places = "".join(f"{5 * n},{4 * n}\n" for n in range(1, 13))
    (batch.known / "mic1.csv").write_text(f"x,y\n{places}")
    row = batch.run()["mic1"]
    assert row.status == "ok" and "upper left quarter" in row.reason and "binned" in row.reason


def write_outside(batch: Import) -> Path:
    """Write reference coordinates of which one lies far outside."""
    outside = Coordinates(np.array([[20.0, 20.0], [900.0, 20.0]]), np.full(2, np.nan))

    def treat(name: str) -> Path:
        write_coordinates_star(batch.target / f"{name}.star", outside, f"{name}.mrc")
        return batch.target / f"{name}.star"

    write_manifest(batch.target / "manifest.tsv", process_rows(NAMES, batch.target, treat))
    return batch.target / "manifest.tsv"


def test_regions_are_not_chosen_from_particles_outside(batch: Import, tmp_path: Path) -> None:
    choose_regions(
        micrographs=batch.sums / "manifest.tsv",
        reference_coordinates=write_outside(batch),
        regions=tmp_path / "regions",
        manifest=tmp_path / "regions" / "manifest.tsv",
        settings=made(RegionSettings, particle_diameter_A=20.0, largest_box_A=40.0, smallest_box_A=20.0),
    )
    rows = read_manifest(tmp_path / "regions" / "manifest.tsv")
    assert {row.status for row in rows} == {"failed"} and "1 of 2 particles outside" in rows[0].reason


def test_picks_are_not_scored_against_particles_outside(
    batch: Import, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_table(tmp_path / "candidates.tsv", [], CANDIDATE_COLUMNS)
    sizes = dict(zip(SUMMARY_COLUMNS, ("mic1", *SHAPE, 10, "inf", 0, 0), strict=False))
    write_table(tmp_path / "summary.tsv", [sizes], SUMMARY_COLUMNS)
    match_picks(
        candidates=tmp_path / "candidates.tsv",
        summary=tmp_path / "summary.tsv",
        reference_coordinates=write_outside(batch),
        scores=tmp_path / "scores.tsv",
        method="raw",
        part="full",
        batch="b0001",
        picker="blob",
        scores_compare=False,
        seed=1,
    )
    assert "mic1.star has 1 of 2 particles outside" in caplog.text
    assert read_table(tmp_path / "scores.tsv") == [], "no score is one of particles in other pixels"


def test_particles_outside_are_not_extracted(batch: Import, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no particle was extracted"):
        extract_particles(
            micrographs=batch.sums / "manifest.tsv",
            picks=write_outside(batch),
            particles=tmp_path / "particles",
            manifest=tmp_path / "particles" / "manifest.tsv",
            star=tmp_path / "particles.star",
            dataset="films",
            settings=made(
                ExtractSettings,
                particle_diameter_A=20.0,
                box_A=40.0,
                voltage_kV=300.0,
                spherical_aberration_mm=2.7,
                amplitude_contrast=0.07,
            ),
        )
    rows = read_manifest(tmp_path / "particles" / "manifest.tsv")
    assert {row.status for row in rows} == {"failed"} and "1 of 2 particles outside" in rows[0].reason
