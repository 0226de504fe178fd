"""Tables: what a spreadsheet saves is read, and what is none says what is wrong with it, and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearice.files.scores import read_candidates, read_positions, read_scores
from clearice.files.tables import read_separated, read_table, write_table


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "t.tsv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("cell", ["plain", 'a "word"', "tab\there", " ", "'", "#", "0012", "µ", '"'])
def test_what_is_written_comes_back(tmp_path: Path, cell: str) -> None:
    write_table(tmp_path / "t.tsv", [{"a": "x", "b": cell}], ["a", "b"])
    assert read_table(tmp_path / "t.tsv") == [{"a": "x", "b": cell.strip()}]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    "text",
    [
        "a\tb\r\n1\t2\r\n",
        '"a"\t"b"\r\n"1"\t"2"\r\n',
        "a\tb\t\t\r\n1\t2\t\t\r\n\t\t\t\r\n",
        "# a comment\na\tb\n\n1\t2",
        "a\tb\r1\t2\r",
    ],
    ids=["windows", "quoted", "empty cells", "comments", "old mac"],
)
def test_what_a_spreadsheet_saves_is_read(tmp_path: Path, text: str, encoding: str) -> None:
    assert read_table(written(tmp_path, text, encoding)) == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "a,b\n1,2\n",
            r"t.tsv is separated by commas, not by tabs \(its first line is 'a,b'\); save it as tab-separated",
        ),
        ("a;b\n1;2\n", "separated by semicolons, not by tabs"),
        ("a   b\n1   2\n", "separated by spaces, not by tabs"),
        (
            "a\tb\n1 2\n",
            r"row 1 \(line 2\) has 1 cells \(it is separated by spaces\), the header has 2; .*one tab each",
        ),
        (
            "a\tb\n1\t2\n3,4\n",
            r"row 2 \(line 3\) has 1 cells \(it is separated by commas\), the header has 2",
        ),
        ("# c\n\na\tb\n1\t2\t3\n", r"row 1 \(line 4\) has 3 cells, the header has 2"),
        ("a\tb\ta\n1\t2\t3\n", "line 1 has the column 'a' 2 times; give each column one name"),
        ("a\t\tb\n1\t2\t3\n", "line 1 has a column without a name"),
        ('a\tb\n1\t"2\n3\t4\n', "t.tsv, line 2: its quotation marks cannot be read"),
        ('x\n"' + "y" * 200_000, "t.tsv, line 2: .*cannot be read"),
    ],
)
def test_a_table_of_another_kind_says_what_it_is(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_table(written(tmp_path, text))


def test_a_missing_column_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"t.tsv lacks the columns b, d: its first line has a, c; add them"):
        read_table(written(tmp_path, "a\tc\n"), ("a", "b", "c", "d"))
    with pytest.raises(ValueError, match="lacks the column a: its first line has nothing"):
        read_table(written(tmp_path, ""), ("a",))


@pytest.mark.parametrize("separator", [",", ";", "\t", "  ", ", "])
def test_a_table_of_another_program_is_split_as_its_header_shows(tmp_path: Path, separator: str) -> None:
    path = written(tmp_path, f"x{separator}y\n1.5{separator}2\n")
    assert read_separated(path) == (["x", "y"], [{"x": "1.5", "y": "2"}])


SUMMARY = "micrograph\theight_px\twidth_px\tdiameter_px\tthreshold\nm1\t100\t200\t32\tinf\n"
CANDIDATES = "micrograph\ty_px\tx_px\tscore\nm1\t50\t150\t0.5\n"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("y_px", "y", "candidates.tsv lacks the column y_px"),
        ("\t50", "\tfifty", "candidates.tsv, row 1: y_px is 'fifty' where a number is expected"),
        ("\t50", "\tnan", "row 1: y_px is 'nan'"),
        ("\t50", "\t1e400", "row 1: y_px is '1e400'"),
        (
            "\t50",
            "\t150",
            r"candidates.tsv \(m1\) has 1 of 1 particles outside the micrograph of 100 rows x 200 columns",
        ),
        ("100", "1e2", "summary.tsv, row 1: height_px is '1e2' where a whole number"),
        ("inf", "nan", "summary.tsv, row 1: threshold is 'nan'"),
    ],
)
def test_candidates_that_are_none_are_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    (tmp_path / "candidates.tsv").write_text(CANDIDATES)
    (tmp_path / "summary.tsv").write_text(SUMMARY)
    assert read_candidates(tmp_path / "candidates.tsv", tmp_path / "summary.tsv")["m1"].shape == (100, 200)
    (tmp_path / "candidates.tsv").write_text(CANDIDATES.replace(old, new))
    (tmp_path / "summary.tsv").write_text(SUMMARY.replace(old, new))
    with pytest.raises(ValueError, match=words):
        read_candidates(tmp_path / "candidates.tsv", tmp_path / "summary.tsv")


def test_scores_and_positions_that_are_none_are_named(tmp_path: Path) -> None:
    header = "method\tpart\tbatch\tmicrograph\tmetric\tvalue\n"
    assert read_scores([written(tmp_path, f"{header}a\tfull\tb0001\tm\tsnr\tnan\n")])[0]["value"] == "nan"
    with pytest.raises(ValueError, match="row 1: value is 'high' where a number is expected"):
        read_scores([written(tmp_path, f"{header}a\tfull\tb0001\tm\tsnr\thigh\n")])
    with pytest.raises(ValueError, match="lacks the columns method, part"):
        read_scores([written(tmp_path, "a\tb\n")])
    with pytest.raises(ValueError, match="row 1: x_px is '1.5' where a whole number"):
        read_positions(written(tmp_path, "micrograph\ty_px\tx_px\nm\t1\t1.5\n"))
