"""The sheet only grows, and a row once given its batch and split keeps them."""

from __future__ import annotations

from collections import Counter

import pytest

from clearice.config.listing import append_rows, name_rows
from clearice.config.sheet import Row, check_datasets, check_sheet, kind_of, parse_structures


def movies(*numbers: int, dataset: str = "set") -> list[Row]:
    return name_rows(dataset, {"movie": [f"movies/m{n:03d}.tif" for n in numbers]})


def append(sheet: list[Row], new: list[Row], batch_size: int = 4) -> list[Row]:
    return append_rows(sheet, new, batch_size=batch_size, validation_fraction=0.1, test_fraction=0.1, seed=1)


def test_the_first_rows_are_split_and_later_ones_only_applied() -> None:
    sheet = append([], movies(*range(20)))
    assert Counter(row["split"] for row in sheet) == {"train": 16, "validation": 2, "test": 2}
    more = append(sheet, movies(*range(25)))
    assert [row["split"] for row in more] == ["apply"] * 5
    assert [row["micrograph"] for row in more] == [f"m{n:03d}" for n in range(20, 25)]


def test_new_rows_start_a_new_batch_and_old_ones_keep_theirs() -> None:
    sheet = append([], movies(*range(6)))
    assert [row["batch"] for row in sheet] == ["b0001"] * 4 + ["b0002"] * 2
    more = append(sheet, movies(6, 7), batch_size=50)
    assert [row["batch"] for row in more] == ["b0003"] * 2


def test_finding_the_same_files_again_adds_nothing() -> None:
    sheet = append([], movies(1, 2, 3))
    assert append(sheet, movies(1, 2, 3)) == []


def test_the_split_depends_on_seed_and_names_alone() -> None:
    first = {row["micrograph"]: row["split"] for row in append([], movies(*range(30)))}
    again = {row["micrograph"]: row["split"] for row in append([], movies(*range(30)), batch_size=7)}
    assert first == again


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_small_dataset_keeps_micrographs_to_train_on(count: int) -> None:
    splits = Counter(row["split"] for row in append([], movies(*range(count))))
    assert splits["train"] >= min(count, 2)


def test_two_datasets_have_batches_of_their_own() -> None:
    sheet = append([], movies(1, 2))
    assert {row["batch"] for row in append(sheet, movies(1, 2, dataset="other"))} == {"b0001"}


def test_halves_are_paired_by_name() -> None:
    rows = name_rows("set", {"even": ["e/a_EVN.mrc", "e/b_EVN.mrc"], "odd": ["o/b_ODD.mrc", "o/a_ODD.mrc"]})
    assert [(row["micrograph"], row["even"], row["odd"]) for row in rows] == [
        ("a", "e/a_EVN.mrc", "o/a_ODD.mrc"), ("b", "e/b_EVN.mrc", "o/b_ODD.mrc"),
    ]  # fmt: skip


def test_a_half_without_partner_is_named() -> None:
    with pytest.raises(ValueError, match=r"1 micrographs have one half only, e.g. b"):
        name_rows("set", {"even": ["a_even.mrc", "b_even.mrc"], "odd": ["a_odd.mrc"]})


def test_two_files_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match=r"x/a.tif and y/a.mrc.gz would both be micrograph 'a'"):
        name_rows("set", {"movie": ["x/a.tif", "y/a.mrc.gz"]})


def test_a_name_that_would_mean_another_file_later_is_refused() -> None:
    sheet = append([], movies(1))
    with pytest.raises(ValueError, match="would stand for movies/m001.tif and for elsewhere/m001.tif"):
        append(sheet, name_rows("set", {"movie": ["elsewhere/m001.tif"]}))


def test_nothing_found_says_how_to_ask() -> None:
    with pytest.raises(ValueError, match="no file matches; give quoted globs"):
        name_rows("set", {"movie": []})


def test_a_row_is_a_movie_or_a_pair_or_a_single() -> None:
    empty = {"movie": "", "even": "", "odd": "", "single": ""}
    assert kind_of({**empty, "movie": "a"}) == "movie"
    assert kind_of({**empty, "even": "a", "odd": "b"}) == "pair"
    assert kind_of({**empty, "single": "a"}) == "single"
    for wrong, found in (
        ({}, "no file"),
        ({"even": "a"}, "even"),
        ({"movie": "a", "single": "b"}, "movie and single"),
    ):
        with pytest.raises(ValueError, match=f"the row gives {found}, but must give"):
            kind_of({**empty, **wrong})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"dataset": "other"},
            r"sheet.tsv, row 2 \(m002\): dataset 'other' is in no row of the datasets table",
        ),
        (
            {"micrograph": "m001"},
            r"sheet.tsv, row 2 \(m001\): micrograph 'm001' stands twice in dataset 'set'",
        ),
        ({"movie": ""}, r"sheet.tsv, row 2 \(m002\): the row gives no file"),
        ({"split": "training"}, r"row 2 \(m002\): split is 'training', but must be one of train, validation"),
        ({"batch": "7"}, r"row 2 \(m002\): batch is '7', but must be b and at least four digits"),
    ],
)
def test_a_wrong_row_of_the_sheet_is_named(change: dict[str, str], words: str) -> None:
    rows = append([], movies(1, 2))
    rows[1] = {**rows[1], **change}
    with pytest.raises(ValueError, match=words):
        check_sheet(rows, {"set": {}}, "sheet.tsv")


def test_a_dataset_stands_once_and_the_table_is_not_empty() -> None:
    row = {"dataset": "a", "pixel_size_A": "1"}
    assert list(check_datasets([row], "datasets.tsv")) == ["a"]
    with pytest.raises(ValueError, match=r"row 2 \(a\): dataset 'a' stands twice"):
        check_datasets([row, row], "datasets.tsv")
    with pytest.raises(ValueError, match=r"datasets.tsv has no row; add one row per dataset"):
        check_datasets([], "datasets.tsv")


def test_the_mark_of_a_half_is_a_word_of_its_own() -> None:
    found = {
        "even": ["a/modd_1_EVN.mrc", "a/prevent_2_even.mrc"],
        "odd": ["a/modd_1_ODD.mrc", "a/prevent_2_odd.mrc"],
    }
    assert [row["micrograph"] for row in name_rows("set", found)] == ["modd_1", "prevent_2"]


def test_one_wrong_name_in_two_thousand_rows_is_one_sentence() -> None:
    rows = [{**row, "dataset": "flims"} for row in append([], movies(*range(2000)), batch_size=50)]
    with pytest.raises(ValueError) as caught:
        check_sheet(rows, {"films": {}, "other": {}}, "sheet.tsv")
    assert str(caught.value) == (
        "sheet.tsv, rows 1 (m000), 2 (m001), 3 (m002) and 1997 more: dataset 'flims' is in no row of the datasets "
        "table (known: films, other)"
    )


def test_complaints_that_differ_are_told_apart_and_at_most_twenty() -> None:
    rows = append([], movies(*range(40)), batch_size=50)
    rows[1]["split"] = rows[5]["split"] = "training"
    rows[2]["movie"] = ""
    with pytest.raises(ValueError) as caught:
        check_sheet(rows, {"set": {}}, "sheet.tsv")
    assert [line.split(": ")[0] for line in str(caught.value).splitlines()] == [
        "sheet.tsv, rows 2 (m001), 6 (m005)", "sheet.tsv, row 3 (m002)",
    ]  # fmt: skip
    for number, row in enumerate(rows):
        row["batch"] = f"x{number}"
    with pytest.raises(ValueError, match=r"sheet.tsv: 21 more complaints of other kinds$"):
        check_sheet(rows, {"set": {}}, "sheet.tsv")


def test_rows_that_stand_twice_are_one_complaint() -> None:
    rows = append([], movies(*range(6)))
    with pytest.raises(
        ValueError,
        match=r"^sheet.tsv, rows 7 \(m000\), 8 \(m001\), 9 \(m002\) and 3 more: micrograph 'm000' stands twice in dataset 'set'",
    ):
        check_sheet([*rows, *rows], {"set": {}}, "sheet.tsv")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a.pdb:nan", "weight 'nan' of structure a.pdb is no positive number"),
        ("a.pdb:inf", "weight 'inf'"),
        ("a.pdb:1_0", "weight '1_0'"),
        ("a.pdb:0", "weight '0'"),
        ("a.pdb:1,a.pdb:2", "structure a.pdb stands twice"),
        ("a.pdb,,b.pdb", "names a structure without a path"),
    ],
)
def test_structures_and_weights_that_are_none_are_refused(text: str, words: str) -> None:
    assert parse_structures("a.pdb:2,b.cif", "set") == {"a.pdb": 2.0, "b.cif": 1.0}
    with pytest.raises(ValueError, match=f"dataset set: .*{words}"):
        parse_structures(text, "set")


def test_a_sheet_with_a_batch_that_is_none_cannot_be_appended_to() -> None:
    sheet = [{**row, "batch": "first"} for row in append([], movies(1))]
    with pytest.raises(ValueError, match="micrograph m001 of the sheet is in batch 'first'"):
        append(sheet, movies(2))
