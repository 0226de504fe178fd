"""Which files of which manifests a training learns from."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clearice.run.batches import OK, read_manifest

LEARN = ("train", "validation")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Chosen:
    """A micrograph in use.

    Attributes
    ----------
    name
        Its name.
    split
        ``train`` or ``validation``.
    noisy
        Its file.
    target
        Its partner's file; None where it has none.
    """

    name: str
    split: str
    noisy: Path
    target: Path | None


def chosen_files(
    noisy: Sequence[Path], target: Sequence[Path], splits: Mapping[str, str], *, with_partner: bool
) -> list[Chosen]:
    """List the micrographs of some manifests that are to be learned from, with their partners.

    Micrographs that are not ok in one of their two manifests are left out, with a line in the log.

    Parameters
    ----------
    noisy, target
        Manifests of the same batches in the same order.
    splits
        Split of a micrograph, by its name or by ``folder/name`` with any folder of its manifest's path, such
        as the dataset's. Only train and validation are chosen; micrographs without an entry are not.
    with_partner
        Whether every micrograph needs a partner; without, `target` must be empty.

    Returns
    -------
    list of Chosen
        In the order of the manifests, sorted by name within each.

    Raises
    ------
    ValueError
        The numbers of manifests disagree, a micrograph's partner has no row or is the same image, or a
        micrograph has two splits.
    """
    expected = len(noisy) if with_partner else 0
    if len(target) != expected:
        raise ValueError(
            f"{len(target)} manifests of targets are given beside {len(noisy)} of noisy images, but "
            f"{expected} are needed; give those of the same batches in the same order, or none for single "
            "exposures"
        )
    chosen: list[Chosen] = []
    for index, manifest in enumerate(noisy):
        chosen += _chosen_of_batch(manifest, target[index] if with_partner else None, splits)
    return chosen


def split_of(name: str, manifest: Path, splits: Mapping[str, str]) -> str:
    """Look up the split of a micrograph; empty text where it has none.

    Raises
    ------
    ValueError
        Two keys that fit name different splits.
    """
    keys = (name, *(f"{folder}/{name}" for folder in manifest.parent.parts))
    found = sorted({splits[key] for key in keys if key in splits})
    if len(found) > 1:
        raise ValueError(
            f"{name} of {manifest} is marked {' and '.join(found)}; use dataset/micrograph as keys"
        )
    return found[0] if found else ""


def split_to_learn(name: str, manifest: Path, splits: Mapping[str, str]) -> str:
    """Look up the split of a simulated micrograph, all of which are to be learned from.

    Raises
    ------
    ValueError
        It has none, or another than train and validation.
    """
    split = split_of(name, manifest, splits)
    if split not in LEARN:
        raise ValueError(
            f"{name} is marked {split or 'nothing'} in splits, but pairs are made for train and "
            "validation alone; mark it as one of them"
        )
    return split


def _chosen_of_batch(manifest: Path, target: Path | None, splits: Mapping[str, str]) -> list[Chosen]:
    """List the micrographs of one batch."""
    rows = {row.micrograph: row for row in read_manifest(manifest)}
    partners = {row.micrograph: row for row in read_manifest(target)} if target else {}
    chosen = []
    for name in sorted({*rows, *partners}):
        split = split_of(name, manifest, splits)
        if split not in LEARN:
            continue
        if name not in rows or (target and name not in partners):
            has, lacks = (manifest, target) if name in rows else (target, manifest)
            raise ValueError(f"{name} is in {has}, but its partner is missing in {lacks}; remake that batch")
        row, partner = rows[name], partners.get(name)
        if row.status != OK or (partner and partner.status != OK):
            log.warning("%s is left out, because it or its partner is not ok", name)
            continue
        if partner and partner.checksum == row.checksum:
            raise ValueError(f"{name} and its partner are the same image; give two exposures of one field")
        partner_file = target.parent / partner.file if target and partner else None
        chosen.append(Chosen(name, split, manifest.parent / row.file, partner_file))
    return chosen
