"""Text of any origin is read alike, and what is no text ends in a sentence with line and byte."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from clearice.files.text import read_text

WORDS = "dataset\tµ\nfilms\t1.06\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_encoding_with_a_mark_and_every_line_end_is_read_alike(
    tmp_path: Path, encoding: str, ending: str
) -> None:
    (tmp_path / "a.tsv").write_bytes(WORDS.replace("\n", ending).encode(encoding))
    assert read_text(tmp_path / "a.tsv") == WORDS


def test_big_endian_utf_16_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_bytes(b"\xfe\xff" + WORDS.encode("utf-16-be"))
    assert read_text(tmp_path / "a.tsv") == WORDS


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            "a\nb µ\n".encode("latin-1"),
            r"a.txt, line 2: byte 5 \(0xb5\) is no UTF-8 text; .*Latin-1 .*save it as UTF-8",
        ),
        ("x\ty\n1\t2\n".encode("utf-16-le"), "looks like UTF-16 text without its mark; save it as UTF-8"),
        (b"\xff\xfea\x00b", "begins like UTF-16 text, but its byte 5 is none"),
        (b"plain\nthen \0\0", "is no text file: line 2 holds the byte 12 of binary data"),
        (b"\x89PNG\r\n\x1a\n\0\0", "is no text but a PNG file"),
        (b"\x1f\x8b\x08\0", "is no text but a gzip file"),
    ],
)
def test_what_is_no_text_is_refused_with_line_and_byte(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(ValueError, match=words):
        read_text(tmp_path / "a.txt")


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "a.txt").open("wb") as stream:
        stream.truncate(3_000_000_000)  # sparse: it takes no room
    with pytest.raises(ValueError, match="has 3,000,000,000 bytes, but at most 268,435,456 are read"):
        read_text(tmp_path / "a.txt")


def test_a_pipe_or_a_folder_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(ValueError, match="no regular file"):
        read_text(tmp_path / "pipe.txt")
    with pytest.raises(ValueError, match="is a folder; give a file"):
        read_text(tmp_path)
    with pytest.raises(FileNotFoundError, match="gone.txt is missing"):
        read_text(tmp_path / "gone.txt")
