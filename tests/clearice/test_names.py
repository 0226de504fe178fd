"""One place decides whether two names mean the same micrograph, with and without other programs' decorations."""

from __future__ import annotations

import pytest

from clearice.config.listing import name_rows
from clearice.files.names import NoRows, bare_name, micrograph_name, rows_of

UID = "001234567890123456789_"


@pytest.mark.parametrize(
    "file",
    [
        "mic1.mrc",
        "Micrographs/mic1.mrc",
        "C:\\data\\mic1.mrc",
        "mic1",
        "mic1.mrc.gz",
        "mic1_aligned_DW.mrc",
        "mic1_DW.mrc",
        "mic1_noDW.mrc",
        "mic1_aligned.mrc",
        "mic1_fractions.tiff",
        "mic1_Fractions_aligned.mrc",
        "mic1_EER.eer",
        "mic1_EVN.mrc",
        "mic1_ODD.mrc",
        "mic1_patch_aligned_doseweighted.mrc",
        f"J12/motioncorrected/{UID}mic1_patch_aligned_doseweighted.mrc",
        f"{UID}mic1_rigid_aligned.mrc",
        "mic1_autopick",
    ],
)
def test_decorated_names_mean_the_plain_micrograph(file: str) -> None:
    assert rows_of("mic1", [file, "mic2.mrc"], "table") == [0]


@pytest.mark.parametrize("sheet_name", ["mic1", "mic1_DW", f"{UID}mic1_patch_aligned_doseweighted"])
@pytest.mark.parametrize("row", ["mic1.mrc", "mic1_aligned.mrc", f"{UID}mic1_fractions.mrc"])
def test_either_side_may_be_decorated(sheet_name: str, row: str) -> None:
    assert rows_of(sheet_name, [row], "table") == [0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ts_01_21.0", "ts_01_21.5"),
        ("ts_01_21.0", "ts_01_21"),
        ("0012", "12"),
        ("mic1", "mic11"),
        ("prevent_2", "pr_2"),
        ("m_odd_1", "m_1"),
        ("modd", "m"),
        ("12345678901234567890_mic1", "mic1"),
    ],
)
def test_different_micrographs_stay_different(one: str, other: str) -> None:
    with pytest.raises(NoRows):
        rows_of(one, [f"{other}.mrc"], "table")
    with pytest.raises(NoRows):
        rows_of(other, [f"{one}.mrc"], "table")


@pytest.mark.parametrize("name", ["ts_01_21.0", "a.b.c", "0012", "1.5um_grid2", "x.star_2"])
def test_a_dot_in_a_name_is_part_of_it(name: str) -> None:
    assert micrograph_name(name) == micrograph_name(f"data/{name}.mrc") == name
    assert name_rows("set", {"movie": [f"data/{name}.tif.gz"]})[0]["micrograph"] == name


@pytest.mark.parametrize("file", ["Foil Hole 1.mrc", "Foil(Hole)+1 é.mrc"])
def test_the_sheet_and_a_table_change_illegal_letters_alike(file: str) -> None:
    (row,) = name_rows("set", {"single": [f"data/{file}"]})
    assert rows_of(row["micrograph"], [file, "other.mrc"], "table") == [0]


def test_an_exact_name_goes_before_a_decorated_one() -> None:
    assert rows_of("mic1", ["mic1_DW.mrc", "mic1.mrc", "a/mic1.mrc"], "table") == [1, 2]


def test_a_name_of_another_micrograph_is_never_taken() -> None:
    with pytest.raises(NoRows, match="none of the micrograph mic1: they name 'mic1_DW'"):
        rows_of("mic1", ["mic1_DW.mrc"], "table", others={"mic1", "mic1_DW"})
    with pytest.raises(
        ValueError, match=r"names 'mic1_aligned', which could be the micrograph mic1 or 'mic1_DW'"
    ):
        rows_of("mic1", ["mic1_aligned.mrc"], "table", others={"mic1", "mic1_DW"})


def test_two_decorations_that_could_both_be_meant_are_refused() -> None:
    with pytest.raises(
        ValueError, match="'mic1_DW', 'mic1_noDW', each of which could be the micrograph mic1"
    ):
        rows_of("mic1", ["mic1_DW.mrc", "mic1_noDW.mrc"], "table")


def test_rows_of_others_only_are_an_error_that_names_them() -> None:
    with pytest.raises(
        NoRows,
        match=r"t.star has 5 rows, but none of the micrograph m9: they name 'm0', 'm1', 'm2' and 2 more",
    ):
        rows_of("m9", [f"sums/m{number}.mrc" for number in range(5)], "t.star")


def test_no_row_at_all_is_a_statement() -> None:
    assert rows_of("m9", [], "t.star") == []


def test_a_name_that_is_all_decoration_is_kept() -> None:
    assert bare_name("aligned.mrc") == "aligned" and bare_name(f"{UID}.mrc") == f"{UID}"


@pytest.mark.parametrize("names", [["a/mic1.mrc", "b/mic1.mrc"], ["a/mic1_DW.mrc", "b\\mic1_DW.mrc"]])
def test_one_name_in_two_folders_may_be_two_micrographs(names: list[str]) -> None:
    with pytest.raises(
        ValueError, match="names mic1 in the folders 'a', 'b', which may be different micrographs"
    ):
        rows_of("mic1", names, "table")
