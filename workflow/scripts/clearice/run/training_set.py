"""Which files of which manifests a training learns from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clearice.run.batches import OK, ManifestRow, read_manifest
from clearice.run.left_out import LeftOut

LEARN = ("train", "validation")


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
    batch
        Number of the manifest it is of.
    """

    name: str
    split: str
    noisy: Path
    target: Path | None
    batch: int


def chosen_files(
    noisy: Sequence[Path],
    target: Sequence[Path],
    splits: Mapping[str, str],
    left_out: LeftOut,
    *,
    with_partner: bool,
) -> list[Chosen]:
    """List the micrographs of some manifests that are to be learned from, with their partners.

    Parameters
    ----------
    noisy, target
        Manifests of the same batches in the same order.
    splits
        Split of a micrograph, by its name or by ``folder/name`` with any folder of its manifest's path, such
        as the dataset's. Only train and validation are chosen; micrographs without an entry are not.
    left_out
        Takes those that are not ok in one of their two manifests, have no partner or are their own, and those
        whose image was met before under another name: it would be learned twice, or validate what it taught.
    with_partner
        Whether every micrograph needs a partner; without, `target` must be empty.

    Returns
    -------
    list of Chosen
        In the order of the manifests, sorted by name within each.

    Raises
    ------
    ValueError
        The numbers of manifests disagree, or a micrograph has two splits.
    """
    expected = len(noisy) if with_partner else 0
    if len(target) != expected:
        raise ValueError(
            f"{len(target)} manifests of targets are given beside {len(noisy)} of noisy images, but "
            f"{expected} are needed; give those of the same batches in the same order, or none for single "
            "exposures"
        )
    chosen: list[Chosen] = []
    met: dict[str, str] = {}
    for index, manifest in enumerate(noisy):
        partners = target[index] if with_partner else None
        chosen += _chosen_of_batch(index, manifest, partners, splits, left_out, met)
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


def _chosen_of_batch(
    index: int,
    manifest: Path,
    target: Path | None,
    splits: Mapping[str, str],
    left_out: LeftOut,
    met: dict[str, str],
) -> list[Chosen]:
    """List the micrographs of one batch; `met` has the name of every image by its checksum."""
    rows = {row.micrograph: row for row in read_manifest(manifest)}
    partners = {row.micrograph: row for row in read_manifest(target)} if target else {}
    chosen = []
    for name in sorted({*rows, *partners}):
        split = split_of(name, manifest, splits)
        if split not in LEARN:
            continue
        row, partner = rows.get(name), partners.get(name)
        if reason := _why_not(name, (row, manifest), (partner, target)):
            left_out.add(name, reason)
        elif row and row.checksum in met:
            left_out.add(name, f"{name} is the same image as {met[row.checksum]}; list it once")
        elif row:
            met[row.checksum] = name
            partner_file = target.parent / partner.file if target and partner else None
            chosen.append(Chosen(name, split, manifest.parent / row.file, partner_file, index))
    return chosen


def _why_not(
    name: str, noisy: tuple[ManifestRow | None, Path], partner: tuple[ManifestRow | None, Path | None]
) -> str:
    """Return why a micrograph cannot be learned from, by its rows in two manifests; empty where it can."""
    (row, manifest), (other, target) = noisy, partner
    if target and (row is None or other is None):
        has, lacks = (target, manifest) if row is None else (manifest, target)
        return f"{name} is in {has}, but its partner is missing in {lacks}; remake that batch"
    for one in (row, other):
        if one and one.status != OK:
            return f"{name} is {one.status}: {one.reason}"
    if row and other and row.checksum == other.checksum:
        return f"{name} and its partner are the same image; give two exposures of one field"
    return ""
