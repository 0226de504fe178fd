"""Read text files of any origin: UTF-8 with or without a mark, UTF-16, lines that end as on any system.

Every reader of tables, documents, lists and structures goes through here, so that a file of another kind
ends in one sentence that names its line and byte, and a huge one before it is read.
"""

from __future__ import annotations

import stat
from pathlib import Path

from clearice.files.compressed import FIRST_BYTES

MOST_BYTES = 1 << 28
"""The largest text that is read, 256 MiB: a table of a million particles."""

_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
"""First bytes that name an encoding; the longer ones first."""

UTF_MARKS = tuple(mark for mark, _ in _MARKS)
"""First bytes of a text that names its encoding."""


def read_text(path: Path, most_bytes: int = MOST_BYTES) -> str:
    r"""Read a text file; every line ends in ``\n``, whatever system wrote it.

    Parameters
    ----------
    path
        The file.
    most_bytes
        A larger file is refused before it is read.

    Raises
    ------
    ValueError
        The file is too large, no regular file, binary, or text of another encoding than UTF-8 or UTF-16 with
        its mark; the sentence names line and byte.
    OSError
        The file is missing or cannot be read.
    """
    return text_of(read_bytes(path, most_bytes), path)


def read_bytes(path: Path, most_bytes: int = MOST_BYTES) -> bytes:
    """Read a whole file of bounded size.

    Raises
    ------
    ValueError
        The file is larger than `most_bytes`, or a folder, a pipe or a device.
    OSError
        The file is missing or cannot be read.
    """
    check_size(path, most_bytes)
    return path.read_bytes()


def check_size(path: Path, most_bytes: int = MOST_BYTES) -> int:
    """Return the size of a regular file in bytes.

    Raises
    ------
    ValueError
        The file is larger than `most_bytes`, or a folder, a pipe or a device.
    OSError
        The file is missing.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing; put it there, or correct its path") from None
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "no regular file (a pipe or a device)"
        raise ValueError(f"{path} is {kind}; give a file")
    if found.st_size > most_bytes:
        raise ValueError(
            f"{path} has {found.st_size:,} bytes, but at most {most_bytes:,} are read of such a file; "
            "is it the right file? give a smaller one"
        )
    return found.st_size


def text_of(content: bytes, path: Path) -> str:
    r"""Decode the content of a text file; every line ends in ``\n``.

    Raises
    ------
    ValueError
        As for `read_text`.
    """
    mark, encoding = next((one for one in _MARKS if content.startswith(one[0])), (b"", "utf-8"))
    try:
        text = content[len(mark) :].decode(encoding)
    except UnicodeDecodeError as trouble:
        raise _undecodable(content, len(mark) + trouble.start, encoding, path) from None
    if "\0" in text:
        raise ValueError(_binary(content, content.find(0), path))
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _undecodable(content: bytes, place: int, encoding: str, path: Path) -> ValueError:
    """Make the error for bytes that are no text of their encoding."""
    if encoding != "utf-8":
        return ValueError(
            f"{path} begins like {encoding[:6].upper()} text, but its byte {place + 1} is none; "
            "the file is damaged or cut short: save it again as UTF-8"
        )
    if _kind_of(content) or b"\0" in content:
        return ValueError(_binary(content, place, path))
    line = content.count(b"\n", 0, place) + 1
    return ValueError(
        f"{path}, line {line}: byte {place + 1} (0x{content[place]:02x}) is no UTF-8 text; the file may be in "
        "Latin-1 or a Windows code page: save it as UTF-8"
    )


def _binary(content: bytes, place: int, path: Path) -> str:
    """Describe a file that is no text."""
    kind = _kind_of(content)
    if kind:
        return f"{path} is no text but {kind}; correct its suffix, or give the right file"
    halves = content[:64]
    if len(halves) > 3 and (
        halves[1::2].count(0) > len(halves) // 3 or halves[::2].count(0) > len(halves) // 3
    ):
        return f"{path} looks like UTF-16 text without its mark; save it as UTF-8"
    line = content.count(b"\n", 0, place) + 1
    return (
        f"{path} is no text file: line {line} holds the byte {place + 1} of binary data; give the right file"
    )


def _kind_of(content: bytes) -> str:
    """Name a kind of binary file by its first bytes; empty where it is unknown."""
    return next(
        (kind for magic, kind in FIRST_BYTES.items() if magic != b"<" and content.startswith(magic)), ""
    )
