"""What failed in a run, each failure told at the stage nearest to the data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from clearice.reporting.records import Record, failed_of

COLUMNS = ("stage", "manifest", "micrograph", "reason", "counted")
"""Columns of the table of failures."""


def root_failures(failures: Iterable[Record]) -> list[Record]:
    """Drop what an earlier stage has told: a failure is carried from manifest to manifest with its reason.

    Parameters
    ----------
    failures
        In the order of the stages.
    """
    told: dict[tuple[str, str, str], Record] = {}
    for one in failures:
        told.setdefault((one.place.dataset, one.micrograph, one.reason), one)
    return list(told.values())


def check_share(records: Sequence[Record], max_failed_fraction: float) -> None:
    """Refuse too many failures in a stage that counts.

    Parameters
    ----------
    records
        Of one stage.
    max_failed_fraction
        Share of them that may fail.

    Raises
    ------
    ValueError
        More failed; the first is named.
    """
    failed = [one for one in failed_of(records) if one.counted]
    if failed and len(failed) / len(records) > max_failed_fraction:
        first = failed[0]
        raise ValueError(
            f"{len(failed)} of {len(records)} micrographs failed in {first.stage}, more than max_failed_fraction "
            f"{max_failed_fraction:g} allows; the first is {first.micrograph} of {first.manifest}: {first.reason}; "
            "mend the files and run workflow/scripts/retry_failures.py, or raise max_failed_fraction"
        )


def failure_table(records: Mapping[str, Sequence[Record]]) -> list[dict[str, str]]:
    """Return a row for every failure that counts, then one for each other that no earlier stage has told.

    Parameters
    ----------
    records
        As `records_by_stage` returns them.
    """
    failures = [one for of_stage in records.values() for one in failed_of(of_stage)]
    listed = [one for one in failures if one.counted]
    listed += [one for one in root_failures(failures) if not one.counted]
    return [
        {
            "stage": one.stage,
            "manifest": str(one.manifest),
            "micrograph": one.micrograph,
            "reason": one.reason,
            "counted": _yes_or_no(one),
        }
        for one in listed
    ]


def failures_shown(records: Mapping[str, Sequence[Record]]) -> list[dict[str, str]]:
    """Return a row for each failure that no earlier stage has told, as the page shows it."""
    failures = [one for of_stage in records.values() for one in failed_of(of_stage)]
    return [
        {
            "dataset": one.place.dataset,
            "micrograph": one.micrograph,
            "stage": f"{one.stage}: {one.place.name}" if one.place.name else one.stage,
            "counted": _yes_or_no(one),
            "reason": one.reason,
        }
        for one in root_failures(failures)
    ]


def _yes_or_no(failure: Record) -> str:
    """Write whether a failure counts."""
    return "yes" if failure.counted else "no"
