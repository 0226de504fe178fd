"""Files behind a manifest that are missing or changed: found when a run is planned, so that their batches are made again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from clearice.config.sheet import sources_of
from clearice.run.batches import OK, ManifestRow, checksum, read_manifest
from clearice.run.places import Place, place_of
from clearice.run.plan import Plan

MOST_COMPARED_BYTES = 2_000_000_000
"""How much of what is newer than its manifest is compared by its checksum when a run is planned."""

LATER_S = 2.0
"""A file that is newer than its manifest by more than this was written by somebody else."""


class Comparison:
    """Finds what lies no longer behind manifests as it was written.

    A look into each folder tells what is missing or newer than the manifest; only the newer is read, and its
    checksum compared. A link is as good as what it leads to, which has a manifest of its own.

    Parameters
    ----------
    most_bytes
        So much is read at most, None for all.

    Attributes
    ----------
    not_compared
        Number of newer files that were left out.
    """

    def __init__(self, most_bytes: int | None = MOST_COMPARED_BYTES) -> None:
        self._left_bytes, self.not_compared = most_bytes, 0

    def changed_behind(self, manifest: Path, *, read_all: bool = False) -> list[str]:
        """List the files of a manifest that are missing or changed.

        Parameters
        ----------
        manifest
            One that exists.
        read_all
            Compare every file, however old.
        """
        try:
            rows = [row for row in read_manifest(manifest) if row.status == OK]
            written_s = manifest.stat().st_mtime
            with os.scandir(manifest.parent) as entries:
                found = {entry.name: entry for entry in entries}
        except (OSError, ValueError):
            return [manifest.name]
        changed = []
        for row in rows:
            entry = found.get(row.file)
            try:
                state = entry.stat() if entry is not None else os.stat(manifest.parent / row.file)  # noqa: PTH116
            except OSError:
                changed.append(row.file)
                continue
            newer = state.st_mtime > written_s + LATER_S and not (entry is not None and entry.is_symlink())
            if (read_all or newer) and self._differs(manifest.parent, row, state.st_size):
                changed.append(row.file)
        return changed

    def _differs(self, folder: Path, row: ManifestRow, size: int) -> bool:
        """Compare a file with its checksum, as long as not too much was read."""
        if self._left_bytes is not None:
            if size > self._left_bytes:
                self.not_compared += 1
                return False
            self._left_bytes -= size
        return checksum(folder / row.file) != row.checksum


class Repairs:
    """What is made again because files behind its manifest are missing or changed.

    Attributes
    ----------
    manifests
        Manifests of batches that are made again.
    doubts
        Sentences: what is made again, and what cannot be.
    """

    def __init__(self, plan: Plan, manifests: Iterable[str]) -> None:
        comparison = Comparison()
        self.manifests: list[str] = []
        self.doubts: list[str] = []
        for manifest in map(Path, manifests):
            if manifest.is_file():
                changed = comparison.changed_behind(manifest)
            else:
                changed = [manifest.name] if _lies_beside_sums(manifest) else []
            if not changed:
                continue
            gone = _gone(plan, place_of(manifest))
            if gone:
                self.doubts.append(_lost(manifest.parent, changed, gone))
                continue
            self.manifests.append(str(manifest))
            self.doubts.append(
                f"{manifest.parent}: {_named(changed)} missing or changed since the batch was made; it is made again"
            )
        if comparison.not_compared:
            self.doubts.append(
                f"{comparison.not_compared} files are newer than their manifests and too many to be compared (copied without "
                "their dates?); workflow/scripts/retry_failures.py --compare true compares them all"
            )


def _gone(plan: Plan, place: Place) -> list[str]:
    """List the sources of a batch of sums that are not there any more; other batches can always be made again."""
    if place.stage != "sums":
        return []
    rows = plan.batches.get(place.dataset, {}).get(place.batch, ())
    return [source for row in rows for source in sources_of(row) if not Path(source).exists()]


def _lies_beside_sums(manifest: Path) -> bool:
    """Return whether a manifest is one of sums, and lies no longer beside those of the other parts of its batch."""
    if place_of(manifest).stage != "sums":
        return False
    return any(manifest.parents[2].glob(f"*/{manifest.parent.name}/*.mrc"))


def _lost(folder: Path, changed: Sequence[str], gone: Sequence[str]) -> str:
    """Write that sums cannot be made again."""
    return (
        f"{folder}: {_named(changed)} missing or changed, but the batch is not made again, because {_named(gone)} gone, and what "
        "is left of it would be lost; bring the files back, and the next run makes it"
    )


def _named(names: Sequence[str]) -> str:
    """Write the first of some names, with a verb."""
    return f"{names[0]} is" if len(names) == 1 else f"{names[0]} and {len(names) - 1} more are"


def with_partners(manifests: Iterable[str]) -> Iterator[str]:
    """List manifests of sums with those of their halves, and all others as they are."""
    for manifest in manifests:
        yield manifest
        if "/sums/full/" in manifest:
            for part in ("even", "odd"):
                yield manifest.replace("/sums/full/", f"/sums/{part}/")
