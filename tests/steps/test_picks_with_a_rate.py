"""Picks by a false discovery rate, on files: which candidates are taken, what tables say, and what is refused."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from clearice.files.picks import read_picks
from clearice.files.star import read_star, write_star
from clearice.files.tables import read_table, write_table
from clearice.picking.records import BY_PICKER, BY_RATE, CANDIDATE_COLUMNS, SUMMARY_COLUMNS
from clearice.run.batches import read_manifest
from support.scored_batch import NAMES, SHAPE, Batch, coloured_noise, crowded_centres, textured_scene


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    """Crowded fields in noise: more particles than a threshold of noise needs to be known well."""
    return Batch(tmp_path, scene=textured_scene, noise=coloured_noise, centres=crowded_centres, marked=NAMES)


@pytest.fixture
def decoys(batch: Batch) -> Path:
    return batch.pick(batch.null(), "null")


def test_the_picks_are_the_candidates_within_the_rate(batch: Batch, decoys: Path) -> None:
    for rate in (0.05, 0.2):
        folder = batch.pick(batch.raw, f"raw{rate}", decoys, fdr=rate)
        rows = read_table(folder / "candidates.tsv")
        assert {row["micrograph"] for row in rows} == set(NAMES)
        for row in rows:
            assert (float(row["q_value"]) <= rate) == (row["picked"] == "1")
            assert float(row["q_value"]) <= float(row["q_high"]) + 1e-9
        summary = read_table(folder / "summary.tsv")
        assert len({row["threshold"] for row in summary}) == 1, "one threshold for the batch"
        assert sum(int(row["picks"]) for row in summary) == sum(row["picked"] == "1" for row in rows) > 20


def test_tables_say_how_many_picks_are_false_and_on_how_many_decoys_that_rests(
    batch: Batch, decoys: Path
) -> None:
    rows = read_table(batch.pick(batch.raw, "raw", decoys, fdr=0.2) / "summary.tsv")
    scores = [float(row["score"]) for row in read_table(decoys / "candidates.tsv")]
    for row in rows:
        assert (row["rule"], row["picker"], row["decoy_fields"]) == (BY_RATE, "blob", "3")
        assert int(row["decoys"]) == sum(score >= float(row["threshold"]) for score in scores)
    expected = sum(float(row["expected_false"]) for row in rows)
    assert 0 < expected <= 0.2 * sum(int(row["picks"]) for row in rows)
    assert expected < sum(float(row["expected_false_high"]) for row in rows)


def test_a_stricter_rate_takes_fewer_and_never_others(batch: Batch, decoys: Path) -> None:
    places = []
    for rate in (0.01, 0.05, 0.1, 0.3):
        rows = read_table(batch.pick(batch.raw, "raw", decoys, fdr=rate) / "candidates.tsv")
        places.append({(row["micrograph"], row["y_px"], row["x_px"]) for row in rows if row["picked"] == "1"})
    assert all(few <= many for few, many in itertools.pairwise(places))
    assert len(places[0]) < len(places[-1])


def test_q_values_stand_in_star_and_csv_and_go_on_to_the_particles(batch: Batch, decoys: Path) -> None:
    folder = batch.pick(batch.raw, "raw", decoys, fdr=0.2, csv_files=True)
    picked = [
        row
        for row in read_table(folder / "candidates.tsv")
        if (row["micrograph"], row["picked"]) == ("m1", "1")
    ]
    wanted = [float(row["q_value"]) for row in picked]
    found = read_picks(folder / "m1.star", SHAPE)
    assert found.q_values is not None
    np.testing.assert_allclose(found.q_values, wanted, atol=1e-6)
    header, *lines = (folder / "m1.csv").read_text().splitlines()
    assert header == "x,y,score,q_value"
    np.testing.assert_allclose([float(line.split(",")[3]) for line in lines], wanted, atol=1e-6)
    particles = read_star(batch.extract(batch.raw, folder, fdr=0.2) / "particles.star")["particles"]
    assert (particles["clearicePickQValue"] <= 0.2).all()
    fewer = read_star(batch.extract(batch.raw, folder, fdr=0.03) / "particles.star")["particles"]
    assert 0 < len(fewer) < len(particles) and (fewer["clearicePickQValue"] <= 0.03).all()


def test_without_a_rate_the_picker_decides_and_decoys_still_tell_how_many_are_false(
    batch: Batch, decoys: Path
) -> None:
    folder = batch.pick(batch.raw, "raw", decoys, fdr=None)
    alone = batch.pick(batch.raw, "alone")
    with_q, without = (read_table(one / "candidates.tsv") for one in (folder, alone))
    assert [row["picked"] for row in with_q] == [row["picked"] for row in without]
    assert all(0 < float(row["q_value"]) <= 1 for row in with_q)
    rows = read_table(folder / "summary.tsv")
    scores = [float(row["score"]) for row in read_table(decoys / "candidates.tsv")]
    for row in rows:
        assert row["rule"] == BY_PICKER and float(row["expected_false"]) <= float(row["expected_false_high"])
        assert int(row["decoys"]) == sum(score >= float(row["threshold"]) for score in scores)


def test_without_decoys_the_picker_decides_and_the_table_says_so(batch: Batch) -> None:
    folder = batch.pick(batch.raw, "raw", None, csv_files=True)
    assert {row["rule"] for row in read_table(folder / "summary.tsv")} == {BY_PICKER}
    assert {row["q_value"] for row in read_table(folder / "candidates.tsv")} == {""}
    assert "clearicePickQValue" not in read_star(folder / "m1.star")[""]
    assert (folder / "m1.csv").read_text().splitlines()[0] == "x,y,score"
    assert len(batch.extract(batch.raw, folder).joinpath("particles.star").read_text()) > 0


def test_noise_that_is_picked_as_a_micrograph_gives_hardly_a_pick(batch: Batch, decoys: Path) -> None:
    """Its own decoys are the strictest case: no candidate is above what noise gives."""
    folder = batch.pick(batch.null(), "again", decoys, fdr=0.05)
    assert {row["picks"] for row in read_table(folder / "summary.tsv")} == {"0"}
    assert [row.status for row in read_manifest(folder / "manifest.tsv")] == ["ok"] * 3


def change(column: str, value: str, table: str, columns: tuple[str, ...]) -> Callable[[Path], None]:
    """Make a function that writes another value into a column of the decoys' table."""

    def changed(folder: Path) -> None:
        rows = [{**row, column: value} for row in read_table(folder / f"{table}.tsv")]
        write_table(folder / f"{table}.tsv", rows, columns)

    return changed


def written_over(folder: Path) -> None:
    """Put a word where a score is expected."""
    rows = [{**row, "score": "high"} for row in read_table(folder / "candidates.tsv")]
    write_table(folder / "candidates.tsv", rows, CANDIDATE_COLUMNS)


def emptied(folder: Path) -> None:
    """Take every image of pure noise out of the decoys' tables."""
    write_table(folder / "candidates.tsv", [], CANDIDATE_COLUMNS)
    write_table(folder / "summary.tsv", [], SUMMARY_COLUMNS)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (emptied, "no pure noise was picked"),
        (
            change("picker", "template", "summary", SUMMARY_COLUMNS),
            "was picked by template, the micrograph by blob",
        ),
        (
            change("diameter_px", "12.0", "summary", SUMMARY_COLUMNS),
            "24.0 px here but 12.0 px in the pure noise",
        ),
        (written_over, "high"),
        (change("score", "nan", "candidates", CANDIDATE_COLUMNS), "number"),
    ],
    ids=["none", "another picker", "another pixel size", "a word", "no number"],
)
def test_decoys_that_do_not_compare_fail_the_micrographs_in_one_sentence(
    batch: Batch, decoys: Path, spoil: Callable[[Path], None], said: str
) -> None:
    spoil(decoys)
    folder = batch.pick(batch.raw, "raw", decoys)
    rows = read_manifest(folder / "manifest.tsv")
    assert {row.status for row in rows} == {"failed"}
    assert all(said in row.reason for row in rows)
    assert read_table(folder / "summary.tsv") == []


def test_noise_without_a_single_candidate_is_a_decoy_too(batch: Batch, decoys: Path) -> None:
    """A denoiser that makes nothing of noise leaves nothing to pick there: few picks are false then."""
    write_table(decoys / "candidates.tsv", [], CANDIDATE_COLUMNS)
    rows = read_table(batch.pick(batch.raw, "raw", decoys, fdr=0.05) / "summary.tsv")
    assert {(row["decoys"], float(row["expected_false"])) for row in rows} == {("0", 0.0)}
    assert all(int(row["picks"]) == int(row["candidates"]) > 0 for row in rows)


@pytest.mark.parametrize("value", ["-1", "1.5", "nan", "low"])
def test_a_q_value_that_is_none_is_told_and_nothing_is_cut_out(
    batch: Batch, decoys: Path, value: str
) -> None:
    """No pick is dropped or kept in silence because of a table that somebody changed."""
    folder = batch.pick(batch.raw, "raw", decoys, fdr=0.2)
    table = read_star(folder / "m1.star")[""].astype({"clearicePickQValue": object})
    table.loc[0, "clearicePickQValue"] = value
    write_star(folder / "m1.star", {"": table})
    batch.extract(batch.raw, folder)
    row = read_manifest(batch.folder / "particles/manifest.tsv")[0]
    assert row.status == "failed" and "clearicePickQValue that is no number from 0 to 1" in row.reason
