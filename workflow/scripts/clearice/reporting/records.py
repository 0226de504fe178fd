"""Rows of manifests, each with the place it comes from, by the stage they are told of in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from clearice.run.places import Kind, Place, place_of

OK, FAILED, SKIPPED = "ok", "failed", "skipped"
"""The statuses of a manifest's rows."""

FOR_SCORES = "denoised_for_scores"
"""Stage of what is denoised for the scores alone: noise, simulated micrographs, all by a method not run."""

STAGES = (
    "sums",
    "denoised",
    "simulated",
    "noise",
    "reweighted",
    "reference_coordinates",
    "second_exposure",
    "regions",
    "null",
    FOR_SCORES,
    "picks",
    "particles",
    "figures",
    "movies",
)
"""The stages that are told of, in their order: that of the data."""

COUNTED = ("sums", "denoised")
"""Stages whose failures count for max_failed_fraction; elsewhere one only narrows what scores rest on."""


class Row(Protocol):
    """A row of a manifest."""

    @property
    def micrograph(self) -> str:
        """Name of the micrograph."""

    @property
    def status(self) -> str:
        """One of the statuses."""

    @property
    def reason(self) -> str:
        """Why it failed, or what must be known of it."""


@dataclass(frozen=True)
class Record:
    """A row of a manifest, and where the manifest stands.

    Attributes
    ----------
    stage
        One of `STAGES`.
    place
        Place of the manifest.
    manifest
        Path of the manifest.
    micrograph
        Name of the micrograph.
    status
        One of the statuses.
    reason
        Why it failed, or what must be known of it.
    """

    stage: str
    place: Place
    manifest: Path
    micrograph: str
    status: str
    reason: str

    @property
    def counted(self) -> bool:
        """Return whether it counts for max_failed_fraction."""
        return self.stage in COUNTED


def records_by_stage(
    manifests: Iterable[Path], run_methods: Sequence[str], read: Callable[[Path], Iterable[Row]]
) -> dict[str, list[Record]]:
    """Read manifests of all stages, and sort their rows by stage.

    Parameters
    ----------
    manifests
        In any order; within a stage theirs is kept.
    run_methods
        Methods of the run.
    read
        Reads a manifest.

    Returns
    -------
    dict
        Rows of each of `STAGES`, in their order.

    Raises
    ------
    ValueError
        A path is that of no manifest, or of a stage that is not told of.
    """
    records: dict[str, list[Record]] = {stage: [] for stage in STAGES}
    for manifest in manifests:
        place = place_of(manifest)
        stage = stage_of(place, run_methods)
        if stage not in records:
            raise ValueError(
                f"{manifest} is of the stage {stage}, but expected is one of {', '.join(STAGES)}; leave it out"
            )
        records[stage] += [
            Record(stage, place, manifest, row.micrograph, row.status, row.reason) for row in read(manifest)
        ]
    return records


def stage_of(place: Place, run_methods: Sequence[str]) -> str:
    """Return the stage a manifest is told of in: its own, unless it is denoised for the scores alone."""
    if place.stage != "denoised" or (place.kind is Kind.REAL and place.method in run_methods):
        return place.stage
    return FOR_SCORES


def failed_of(records: Iterable[Record]) -> list[Record]:
    """Return the records that failed."""
    return [one for one in records if one.status == FAILED]
