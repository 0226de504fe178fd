"""Batches of micrographs: the manifest each step leaves, and the loop no bad micrograph can stop."""

from __future__ import annotations

import errno
import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from clearice.files.tables import read_table, write_table
from clearice.run.progress import Progress

OK, FAILED, SKIPPED = "ok", "failed", "skipped"
COLUMNS = ("micrograph", "file", "status", "reason", "checksum")
FRAMES = "frames"
NOTES_APART = "; "
OUR_OWN_TROUBLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}

Result = TypeVar("Result")

log = logging.getLogger(__name__)


class Skip(Exception):
    """Raised where a micrograph has nothing to give here, which is no failure (its text is the reason)."""


@dataclass(frozen=True)
class ManifestRow:
    """One micrograph of a batch.

    Attributes
    ----------
    micrograph
        Its name.
    file
        Its file, relative to the manifest's folder; empty unless ok.
    status
        ``ok``, ``failed`` or ``skipped``.
    reason
        One sentence; of an ok micrograph a note, mostly empty.
    checksum
        sha256 of the file, hexadecimal; empty unless ok.
    frames
        Number of frames summed; empty where it is not known.
    """

    micrograph: str
    file: str
    status: str
    reason: str
    checksum: str
    frames: str = ""


@dataclass(frozen=True)
class Noted:
    """A result that is ok, with a note for the reason of its row.

    Attributes
    ----------
    path
        The file written.
    note
        One sentence; empty for none.
    frames
        Number of frames summed; 0 where it is not known.
    """

    path: Path
    note: str
    frames: int = 0


def read_manifest(path: Path) -> list[ManifestRow]:
    """Read the ``manifest.tsv`` of a batch folder.

    Raises
    ------
    ValueError
        The table lacks a column of a manifest.
    """
    rows = read_table(path)
    try:
        return [
            ManifestRow(**{column: row[column] for column in COLUMNS}, frames=row.get(FRAMES, ""))
            for row in rows
        ]
    except KeyError as missing:
        raise ValueError(f"{path} is no manifest: column {missing} is missing; remake its batch") from None


def write_manifest(path: Path, rows: Sequence[ManifestRow]) -> None:
    """Write the manifest; it is the last file a step writes in its folder. Frames are a column of sums of frames."""
    columns = (*COLUMNS, FRAMES) if any(row.frames for row in rows) else COLUMNS
    write_table(path, [{name: getattr(row, name) for name in columns} for row in rows], columns)


def files_of(manifest: Path) -> dict[str, Path]:
    """Return the file of every micrograph that is ok, by micrograph name, in the manifest's order."""
    return {row.micrograph: manifest.parent / row.file for row in read_manifest(manifest) if row.status == OK}


def checksum(path: Path) -> str:
    """Hash a file (sha256, hexadecimal)."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def process_rows(
    names: Sequence[str], folder: Path, process: Callable[[str], Path | Noted], verb: str = "processed"
) -> list[ManifestRow]:
    """Process each named micrograph; turn what goes wrong with one into its `failed` row.

    Parameters
    ----------
    names
        Micrograph names.
    folder
        The folder of the manifest to be written; files are recorded relative to it.
    process
        Writes the result of one micrograph and returns its path, or its path with a note. ValueError and
        OSError mean that this micrograph is unusable, MemoryError that it alone is too large; `Skip` that it has
        nothing to give.
    verb
        Past participle for the log.

    Returns
    -------
    list of ManifestRow
        One row for each name, in order.

    Raises
    ------
    OSError
        A full, read-only or broken disk: that is no micrograph's fault, so the job ends.
    """
    rows = []
    progress = Progress(len(names), verb=verb)
    for index, name in enumerate(names):
        try:
            row = _ok_row(name, folder, process(name))
        except Skip as nothing:
            row = ManifestRow(name, "", SKIPPED, str(nothing), "")
        except (ValueError, OSError, MemoryError) as trouble:
            if is_our_own_trouble(trouble):
                raise
            reason = in_one_line(trouble)
            if isinstance(trouble, MemoryError):
                reason = f"there was not enough memory for {name} ({reason}); give the job more memory"
            row = ManifestRow(name, "", FAILED, reason, "")
            log.warning("%s failed: %s", name, row.reason)
        rows.append(row)
        progress.write_line(index + 1)
    return rows


def try_each(
    files: dict[str, Path], look: Callable[[str, Path], Result], verb: str
) -> tuple[dict[str, Result], dict[str, ValueError | OSError]]:
    """Look at every micrograph of a batch before anything is written of the first.

    Parameters
    ----------
    files
        File of each micrograph by name.
    look
        Called with a micrograph's name and file.
    verb
        Past participle for the log.

    Returns
    -------
    tuple of dict
        What was found, and what went wrong, by micrograph; `process_rows` makes a row of the latter when it is raised there.
    """
    found: dict[str, Result] = {}
    troubles: dict[str, ValueError | OSError] = {}
    progress = Progress(len(files), verb=verb)
    for index, (name, file) in enumerate(files.items()):
        try:
            found[name] = look(name, file)
        except (ValueError, OSError) as trouble:
            troubles[name] = trouble
        progress.write_line(index + 1)
    return found, troubles


def process_manifest(
    source: Path, target: Path, process: Callable[[str, Path], Path | Noted], verb: str = "processed"
) -> list[ManifestRow]:
    """Process every ok micrograph of the manifest `source`, carry the others on, write the manifest `target`.

    Parameters
    ----------
    source, target
        Manifest read and manifest written.
    process
        Called with a micrograph's name and file; writes its result under ``target.parent`` and returns the
        path, or the path with a note. Errors as in `process_rows`.
    verb
        Past participle for the log.

    Returns
    -------
    list of ManifestRow
        The rows of `target`: one for each of `source`, in order.
    """
    before = read_manifest(source)
    files = files_of(source)
    done = {
        row.micrograph: row
        for row in process_rows(list(files), target.parent, lambda name: process(name, files[name]), verb)
    }
    rows = [
        done.get(row.micrograph, ManifestRow(row.micrograph, "", row.status, row.reason, ""))
        for row in before
    ]
    write_manifest(target, rows)
    return rows


def partner_row(row: ManifestRow, folder: Path, suffix: str, frames: int = 0) -> ManifestRow:
    """Make the row of a second file that was written beside the one of `row`.

    Parameters
    ----------
    row
        Row of the first file. Where it is not ok there is no second one: the row is carried on.
    folder
        Folder of the second file and of its manifest.
    suffix
        The second file is ``<micrograph><suffix>``.
    frames
        Number of frames summed in it; 0 where it is not known.
    """
    if row.status != OK:
        return row
    return _ok_row(row.micrograph, folder, Noted(folder / f"{row.micrograph}{suffix}", "", frames))


def skipped_row(row: ManifestRow, reason: str) -> ManifestRow:
    """Make the row of a second file that a micrograph cannot have; carry a row that is not ok on."""
    return ManifestRow(row.micrograph, "", SKIPPED, reason, "") if row.status == OK else row


def with_frames_compared(rows: Sequence[ManifestRow]) -> list[ManifestRow]:
    """Note of each row how many frames were summed, where most rows of the batch have another number."""
    counts = Counter(row.frames for row in rows if row.frames)
    if len(counts) < 2:
        return list(rows)
    usual = max(counts, key=lambda frames: (counts[frames], int(frames)))
    compared = []
    for row in rows:
        if row.frames and row.frames != usual:
            note = f"{row.frames} frames were summed, of most movies of the batch {usual}"
            row = replace(row, reason=NOTES_APART.join(filter(None, (row.reason, note))))
        compared.append(row)
    return compared


def without_note(row: ManifestRow, note: str) -> ManifestRow:
    """Make the row without one of its notes."""
    notes = [one for one in row.reason.split(NOTES_APART) if one != note]
    return replace(row, reason=NOTES_APART.join(notes))


def withdrawn(row: ManifestRow, files: Sequence[Path], reason: str) -> ManifestRow:
    """Make the `failed` row of a micrograph that was ok until others of its batch were seen; remove its files."""
    for file in files:
        file.unlink(missing_ok=True)
    return ManifestRow(row.micrograph, "", FAILED, reason, "")


def is_our_own_trouble(trouble: BaseException) -> bool:
    """Check whether an error is that of a full, read-only or broken disk: no micrograph's fault."""
    return isinstance(trouble, OSError) and trouble.errno in OUR_OWN_TROUBLE


def in_one_line(trouble: BaseException) -> str:
    """Make the message of an exception one line without tabs."""
    text = " ".join(str(trouble).split())
    return text or type(trouble).__name__


def _ok_row(name: str, folder: Path, written: Path | Noted) -> ManifestRow:
    """Make the row of a micrograph whose file is written."""
    if not isinstance(written, Noted):
        written = Noted(written, "")
    file = written.path.relative_to(folder).as_posix()
    return ManifestRow(name, file, OK, written.note, checksum(written.path), str(written.frames or ""))
