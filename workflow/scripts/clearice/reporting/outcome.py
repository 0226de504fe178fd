"""What became of a run, in a few lines: counts, first reasons, and where to look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clearice.reporting.failures import counts_by_stage, root_failures
from clearice.reporting.records import Record, failed_of

MOST_REASONS = 5
"""How many reasons are told; the rest is counted."""


def describe_outcome(
    records: Mapping[str, Sequence[Record]],
    *,
    unmade: int,
    failed_jobs: Mapping[str, str],
    places: Mapping[str, str],
) -> list[str]:
    """Describe how a run ended.

    Parameters
    ----------
    records
        Rows of the manifests that are made, as `records_by_stage` returns them.
    unmade
        Manifests that should be there and are not.
    failed_jobs
        Why each job failed, by its log file.
    places
        Where to look, by what is there.

    Returns
    -------
    list of str
        Lines for the terminal.
    """
    counts = [
        f"{row['stage']} {row['ok']} ok"
        + "".join(f", {row[word]} {word}" for word in ("failed", "skipped") if row[word] != "0")
        for row in counts_by_stage(records)
    ]
    lines = [f"Micrographs: {'; '.join(counts) or 'none yet'}."]
    if unmade:
        lines.append(f"Not made yet: {unmade} batches.")
    lines += [f"Failed: {reason} (log: {log})" for log, reason in list(failed_jobs.items())[:MOST_REASONS]]
    if len(failed_jobs) > MOST_REASONS:
        lines.append(f"Failed: {len(failed_jobs) - MOST_REASONS} jobs more.")
    lines += _reasons(root_failures(one for of_stage in records.values() for one in failed_of(of_stage)))
    return [*lines, *(f"{what}: {where}" for what, where in places.items())]


def _reasons(failures: Sequence[Record]) -> list[str]:
    """Describe the first reasons; what differs in the name of the micrograph alone is told once."""
    alike: dict[tuple[str, str, str], list[Record]] = {}
    for one in failures:
        key = one.stage, one.place.dataset, one.reason.replace(one.micrograph, "")
        alike.setdefault(key, []).append(one)
    told = list(alike.values())
    lines = []
    for group in told[:MOST_REASONS]:
        first, more = group[0], f" and {len(group) - 1} more" if len(group) > 1 else ""
        lines.append(f"  {first.place.dataset}/{first.micrograph}{more}, in {first.stage}: {first.reason}")
    if len(told) > MOST_REASONS:
        lines.append(f"  and {sum(map(len, told[MOST_REASONS:]))} more, for other reasons")
    return lines
