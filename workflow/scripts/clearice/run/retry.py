"""Forget the batches in which micrographs failed first, so that the next run makes just these again."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from clearice.run.batches import FAILED, ManifestRow, read_manifest
from clearice.run.places import Place, place_of
from clearice.run.repair import Comparison

log = logging.getLogger(__name__)


def retry(
    results: Path, dataset: str | None, *, dry_run: bool, compare: bool = False
) -> dict[Path, list[ManifestRow]]:
    """Remove the manifests of the batches in which a micrograph failed first.

    A failure is carried from manifest to manifest with its reason. Only the stage nearest to the data needs
    to be made again: a manifest is left alone where the sums of its batch carry the same failure.

    Parameters
    ----------
    results
        The results folder.
    dataset
        One dataset, or None for all.
    dry_run
        Only name what would be removed.
    compare
        Remove those of batches with files that are missing, or that have another checksum than was written, too.

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
    places = _places(folder, results)
    failed = {
        manifest: [row for row in read_manifest(manifest) if row.status == FAILED] for manifest in places
    }

    def key(manifest: Path, row: ManifestRow) -> tuple[str, str, str]:
        return places[manifest].dataset, places[manifest].batch, row.micrograph

    of_sums = {manifest for manifest, place in places.items() if place.stage == "sums"}
    origin = {key(manifest, row) for manifest in of_sums for row in failed[manifest]}
    first: dict[Path, list[ManifestRow]] = {}
    for manifest, rows in failed.items():
        mine = [row for row in rows if manifest in of_sums or key(manifest, row) not in origin]
        if compare:
            mine += _changed(manifest)
        if mine:
            first[manifest] = mine
            if not dry_run:
                manifest.unlink()
    return first


def _changed(manifest: Path) -> list[ManifestRow]:
    """List the rows of a manifest whose files are missing or changed, with that as their reason."""
    changed = set(Comparison(most_bytes=None).changed_behind(manifest, read_all=True))
    return [
        replace(row, reason=f"{row.file} is missing or changed")
        for row in read_manifest(manifest)
        if row.file and row.file in changed
    ]


def _places(folder: Path, results: Path) -> dict[Path, Place]:
    """Find all manifests of a run with their places; those that no step has written are left alone."""
    found = {}
    for manifest in sorted(folder.glob("**/manifest.tsv")):
        try:
            found[manifest] = place_of(manifest, results)
        except ValueError as stranger:
            log.warning("left alone: %s", stranger)
    return found
