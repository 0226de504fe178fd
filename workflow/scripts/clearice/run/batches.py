"""Batches of micrographs: the manifest each step leaves, and the loop no bad micrograph can stop."""

from __future__ import annotations

import errno
import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from clearice.files.tables import read_table, write_table

OK, FAILED, SKIPPED = "ok", "failed", "skipped"
COLUMNS = ("micrograph", "file", "status", "reason", "checksum")
OUR_OWN_TROUBLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}

log = logging.getLogger(__name__)


class Skip(Exception):
    """Say that a micrograph has nothing to give here, which is no failure (its text is the reason)."""


@dataclass(frozen=True)
class ManifestRow:
    """One micrograph of a batch.

    `file` is relative to the manifest's folder (empty unless ok), `status` is ok, failed or skipped,
    `reason` one sentence (empty if ok), `checksum` the sha256 of the file.
    """

    micrograph: str
    file: str
    status: str
    reason: str
    checksum: str


def read_manifest(path: Path) -> list[ManifestRow]:
    """Read the ``manifest.tsv`` of a batch folder.

    Raises
    ------
    ValueError
        The table lacks a column of a manifest.
    """
    rows = read_table(path)
    try:
        return [ManifestRow(**{column: row[column] for column in COLUMNS}) for row in rows]
    except KeyError as missing:
        raise ValueError(f"{path} is no manifest: column {missing} is missing; remake its batch") from None


def write_manifest(path: Path, rows: Sequence[ManifestRow]) -> None:
    """Write the manifest; it is the last file a step writes in its folder."""
    write_table(path, [asdict(row) for row in rows], COLUMNS)


def files_of(manifest: Path) -> dict[str, Path]:
    """Give the file of every micrograph that is ok, by micrograph name, in the manifest's order."""
    return {row.micrograph: manifest.parent / row.file for row in read_manifest(manifest) if row.status == OK}


def checksum(path: Path) -> str:
    """Hash a file (sha256, hexadecimal)."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def process_rows(
    names: Sequence[str], folder: Path, treat: Callable[[str], Path], verb: str = "treated"
) -> list[ManifestRow]:
    """Treat each named micrograph; turn what goes wrong with one into its `failed` row.

    Parameters
    ----------
    names
        Micrograph names.
    folder
        The folder of the manifest to be written; files are recorded relative to it.
    treat
        Writes the result of one micrograph and returns its path. ValueError and OSError mean that this
        micrograph is unusable; `Skip` that it has nothing to give.
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
    start = time.monotonic()
    for index, name in enumerate(names):
        try:
            written = treat(name)
            row = ManifestRow(name, written.relative_to(folder).as_posix(), OK, "", checksum(written))
        except Skip as nothing:
            row = ManifestRow(name, "", SKIPPED, str(nothing), "")
        except (ValueError, OSError) as trouble:
            if isinstance(trouble, OSError) and trouble.errno in OUR_OWN_TROUBLE:
                raise
            row = ManifestRow(name, "", FAILED, in_one_line(trouble), "")
            log.warning("%s failed: %s", name, row.reason)
        rows.append(row)
        rate = (time.monotonic() - start) / (index + 1)
        log.info(
            "%s %d of %d, %.2f s each, %.0f s left",
            verb,
            index + 1,
            len(names),
            rate,
            rate * (len(names) - index - 1),
        )
    return rows


def process_manifest(
    source: Path, target: Path, treat: Callable[[str, Path], Path], verb: str = "treated"
) -> list[ManifestRow]:
    """Treat every ok micrograph of the manifest `source`, carry the others on, write the manifest `target`.

    Parameters
    ----------
    source, target
        Manifest read and manifest written.
    treat
        Called with a micrograph's name and file; writes its result under ``target.parent`` and returns the path.
    verb
        Past participle for the log.
    """
    before = read_manifest(source)
    files = files_of(source)
    done = {
        row.micrograph: row
        for row in process_rows(list(files), target.parent, lambda name: treat(name, files[name]), verb)
    }
    rows = [
        done.get(row.micrograph, ManifestRow(row.micrograph, "", row.status, row.reason, ""))
        for row in before
    ]
    write_manifest(target, rows)
    return rows


def in_one_line(trouble: BaseException) -> str:
    """Make the message of an exception one line without tabs."""
    text = " ".join(str(trouble).split())
    return text or type(trouble).__name__


def retry(results: Path, dataset: str | None, *, dry_run: bool) -> dict[Path, list[ManifestRow]]:
    """Remove the manifests of the batches in which a micrograph failed first.

    A failure is carried from manifest to manifest with its reason. Only the stage nearest to the data needs to be
    made again: a manifest is left alone where the sums of its batch carry the same failure.

    Parameters
    ----------
    results
        The results folder.
    dataset
        One dataset, or None for all.
    dry_run
        Only say what would be removed.

    Returns
    -------
    dict
        The failed rows, by the manifest that was (or would be) removed.

    Raises
    ------
    ValueError
        There is no such folder.
    """
    folder = results / dataset if dataset else results
    if not folder.is_dir():
        raise ValueError(
            f"{folder} is no folder; give the results folder of a run, and the name of a dataset in it"
        )
    failed = {
        manifest: [row for row in read_manifest(manifest) if row.status == FAILED]
        for manifest in sorted(folder.glob("**/manifest.tsv"))
    }

    def place(manifest: Path, row: ManifestRow) -> tuple[str, str, str]:
        return manifest.relative_to(results).parts[0], manifest.parent.name, row.micrograph

    of_sums = {manifest for manifest in failed if manifest.relative_to(results).parts[1] == "sums"}
    origin = {place(manifest, row) for manifest in of_sums for row in failed[manifest]}
    first: dict[Path, list[ManifestRow]] = {}
    for manifest, rows in failed.items():
        mine = [row for row in rows if manifest in of_sums or place(manifest, row) not in origin]
        if mine:
            first[manifest] = mine
            if not dry_run:
                manifest.unlink()
    return first
