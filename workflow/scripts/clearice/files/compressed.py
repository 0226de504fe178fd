"""Open plain, gzip and bzip2 files as one kind of stream, and recognise a file by its first bytes."""

from __future__ import annotations

import bz2
import gzip
import stat
import tempfile
import zlib
from pathlib import Path
from typing import BinaryIO, cast

FIRST_BYTES = {
    b"\x1f\x8b": "a gzip file",
    b"BZh": "a bzip2 file",
    b"II*\x00": "a TIFF file",
    b"MM\x00*": "a TIFF file",
    b"II+\x00": "a BigTIFF file",
    b"MM\x00+": "a BigTIFF file",
    b"\x89PNG": "a PNG file",
    b"\xff\xd8\xff": "a JPEG file",
    b"\x89HDF": "an HDF5 file",
    b"PK\x03\x04": "a ZIP archive",
    b"\xfd7zXZ": "an xz file",
    b"(\xb5/\xfd": "a Zstandard file",
    b"<": "a web page or XML text",
}


def plain_suffix(path: Path) -> str:
    """Return the lower-case suffix of the content: ``.mrc`` for ``m1.mrc``, ``m1.MRC.gz``, ``m1.mrc.bz2``."""
    return Path(path.stem).suffix.lower() if is_compressed(path) else path.suffix.lower()


def is_compressed(path: Path) -> bool:
    """Check whether the name ends in ``.gz`` or ``.bz2``."""
    return path.suffix.lower() in {".gz", ".bz2"}


def open_bytes(path: Path) -> BinaryIO:
    """Open a file for reading its bytes in order, decompressing ``.gz`` and ``.bz2`` on the way.

    Raises
    ------
    ValueError
        The file is empty, or its compression is not what its suffix says.
    OSError
        The file is missing or cannot be read.
    """
    head = first_bytes(path)
    suffix = path.suffix.lower()
    if suffix == ".gz":
        if not head.startswith(b"\x1f\x8b"):
            raise not_what_it_says(path, "gzip", head)
        return cast(BinaryIO, gzip.open(path, "rb"))
    if suffix == ".bz2":
        if not head.startswith(b"BZh"):
            raise not_what_it_says(path, "bzip2", head)
        return cast(BinaryIO, bz2.open(path, "rb"))
    return cast(BinaryIO, path.open("rb", buffering=0))


def read_into(stream: BinaryIO, target: memoryview, path: Path) -> int:
    """Fill `target` with the next bytes of `stream`.

    Returns
    -------
    int
        Bytes read: fewer than asked for only where the file ends early.

    Raises
    ------
    ValueError
        The compressed data are damaged.
    """
    done = 0
    try:
        while done < len(target):
            # readinto is in every binary stream, though typing.BinaryIO does not list it
            count = cast("int | None", stream.readinto(target[done:]))  # type: ignore[attr-defined]
            if not count:
                break
            done += count
    except EOFError:  # gzip and bz2 say so where the compressed stream stops in the middle
        return done
    except (zlib.error, OSError) as trouble:
        raise _damaged(trouble, path) from None
    return done


def bytes_after(stream: BinaryIO, limit: int, path: Path) -> int:
    """Read to the end of a compressed stream, where its checksum stands, or over `limit` bytes at most.

    Returns
    -------
    int
        The number of bytes that were left, at most about `limit`.

    Raises
    ------
    ValueError
        The compressed stream is cut off before its end, or does not fit its checksum.
    """
    block = memoryview(bytearray(min(limit, 1 << 16)))
    count = 0
    while count < limit:
        try:
            step = cast("int | None", stream.readinto(block))  # type: ignore[attr-defined]
        except EOFError:
            raise ValueError(
                f"{path} is truncated: its compressed data have no end; copy the file again"
            ) from None
        except (zlib.error, OSError) as trouble:
            raise _damaged(trouble, path) from None
        if not step:
            break
        count += step
    return count


def first_bytes(path: Path, count: int = 16) -> bytes:
    """Read the first bytes of a file as it lies on the disk.

    Raises
    ------
    ValueError
        The file is empty, or no file.
    OSError
        The file is missing or cannot be read.
    """
    check_is_file(path)
    with path.open("rb") as stream:
        head = stream.read(count)
    if not head:
        raise ValueError(f"{path} is empty; copy it again, or take its row out of the sheet")
    return head


def check_is_file(path: Path) -> None:
    """Refuse what is no file before it is opened: reading a pipe or a device may never end.

    Raises
    ------
    ValueError
        It is a folder, a pipe, a device or a socket.
    OSError
        The file is missing, or its path is none.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path} is missing; put it back, or correct its path in the sheet (what the workflow itself makes is "
            "made again by the next run of snakemake)"
        ) from None
    except OSError as trouble:  # a name that is too long, links that run in a circle, a folder that is a file
        words = f"{path} cannot be opened ({trouble.strerror}); correct its path in the sheet"
        raise OSError(trouble.errno, words) from None
    if not stat.S_ISREG(mode):
        kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
        raise ValueError(
            f"{path} is {kinds.get(stat.S_IFMT(mode), 'a device')} and no file; correct its path in the sheet"
        )


def not_what_it_says(path: Path, expected: str, head: bytes) -> ValueError:
    """Make the error for a file whose content is not the kind its suffix names."""
    for magic, kind in FIRST_BYTES.items():
        if head.startswith(magic):
            return ValueError(f"{path} is no {expected} file but {kind}; correct its suffix or replace it")
    return ValueError(
        f"{path} is no {expected} file (it begins with {head[:8]!r}); correct its suffix, or replace the file"
    )


def make_writable_folder(folder: Path) -> None:
    """Make a folder, and find out before any work whether files can be written in it.

    Raises
    ------
    OSError
        The folder cannot be made or written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass


def _damaged(trouble: Exception, path: Path) -> Exception:
    """Distinguish damaged data, reported without an error number, from a disk in trouble."""
    if isinstance(trouble, OSError) and trouble.errno is not None:
        return trouble
    return ValueError(f"{path} holds damaged compressed data ({trouble}); copy the file again")
