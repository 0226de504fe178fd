"""What failed in a run, each failure told at the stage nearest to the data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from clearice.reporting.records import FAILED, OK, SKIPPED, Record, failed_of

COLUMNS = ("stage", "manifest", "micrograph", "reason", "counted")
"""Columns of the table of failures."""

STATUSES = (OK, FAILED, SKIPPED)
COUNTS = ("stage", *STATUSES)
"""Columns of the table of counts."""


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


def check_some_are_left(records: Sequence[Record]) -> None:
    """Refuse a stage in which nothing of a dataset is left, whatever share of micrographs may fail.

    Parameters
    ----------
    records
        Of one stage.

    Raises
    ------
    ValueError
        All micrographs of a dataset failed, in all or by one method; the first is named.
    """
    groups: dict[tuple[str, str], list[Record]] = {}
    for one in records:
        groups.setdefault((one.place.dataset, one.place.name), []).append(one)
    for (dataset, name), group in groups.items():
        failed = failed_of(group)
        if failed and not any(one.status == OK for one in group):
            first = failed[0]
            where = f"{first.stage} ({name})" if name else first.stage
            raise ValueError(
                f"all {len(failed)} micrographs of dataset {dataset} failed in {where}; the first is {first.micrograph}: "
                f"{first.reason}; mend the files and run workflow/scripts/retry_failures.py"
            )


def counts_by_stage(records: Mapping[str, Sequence[Record]]) -> list[dict[str, str]]:
    """Return how many rows are ok, failed and skipped in each stage that has some, a row for each stage.

    Parameters
    ----------
    records
        As `records_by_stage` returns them.
    """
    return [
        {
            "stage": stage,
            **{status: str(sum(one.status == status for one in of_stage)) for status in STATUSES},
        }
        for stage, of_stage in records.items()
        if of_stage
    ]


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
