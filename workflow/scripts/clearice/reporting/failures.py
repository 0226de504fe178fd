"""What failed in a run, each failure told at the stage nearest to the data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

COUNTED = ("sums", "denoised")
"""Stages whose failures count for max_failed_fraction; in all others a failure only narrows what scores rest on."""

FOLDERS = {
    "sums": 1,
    "denoised": 2,
    "simulated": 1,
    "noise": 1,
    "reweighted": 2,
    "reference_coordinates": 0,
    "second_exposure": 0,
    "regions": 0,
    "null": 1,
    "denoised_for_scores": 2,
    "picks": 3,
}
"""Folders between those of stage and batch: results/<dataset>/<stage>/<folders>/<batch>/manifest.tsv."""


@dataclass(frozen=True)
class Failure:
    """One failed row of a manifest: of a dataset, by `name` (a part, a method, a variant), in a stage."""

    dataset: str
    name: str
    stage: str
    manifest: Path
    micrograph: str
    reason: str

    @property
    def counted(self) -> bool:
        """Tell whether it counts for max_failed_fraction."""
        return self.stage in COUNTED


def place_of(stage: str, manifest: Path) -> tuple[str, str]:
    """Tell of a stage's manifest to which dataset it belongs, and by its folders to what (empty: to the batch alone)."""
    depth = FOLDERS[stage]
    folders = manifest.parts[:-2]
    return folders[-depth - 2], "/".join(folders[len(folders) - depth :])


def root_failures(failures: Iterable[Failure]) -> list[Failure]:
    """Drop what an earlier stage has told: a failure is carried from manifest to manifest with its reason.

    Parameters
    ----------
    failures
        In the order of the stages.
    """
    told: dict[tuple[str, str, str], Failure] = {}
    for one in failures:
        told.setdefault((one.dataset, one.micrograph, one.reason), one)
    return list(told.values())
