"""Refuse a target behind which too many micrographs failed, or sums are out of date."""

import logging
from pathlib import Path
from typing import Any

from clearice.files.documents import read_json
from clearice.files.tables import write_table
from clearice.reporting.failures import COUNTS, check_share, check_some_are_left, counts_by_stage
from clearice.reporting.records import COUNTED, records_by_stage
from clearice.run.batches import read_manifest
from clearice.run.places import place_of
from clearice.run.step import run

log = logging.getLogger(__name__)


def check_failures(
    *,
    manifests: list[Path],
    sum_settings: list[Path],
    failures: Path | None = None,
    counts: Path,
    expected: dict[str, dict[str, Any]],
    run_methods: list[str],
    own_stage: str = "",
    max_failed_fraction: float,
) -> None:
    """Write how many micrographs are ok, failed and skipped in each stage, unless these are too few to pass for a result.

    `failures`, where it is made, lists all that failed; `own_stage` is the one a target is there for.

    Raises
    ------
    ValueError
        More than `max_failed_fraction` of the micrographs failed in a stage that counts; nothing of a dataset is left
        in one of these or in `own_stage`; or sums were made with other settings than those `expected` of
        their dataset (their movies are gone, so Snakemake kept them).
    """
    for path in sum_settings:
        _check_settings(path, read_json(path), expected[place_of(path).dataset])
    records = records_by_stage(manifests, run_methods, read_manifest)
    table = counts_by_stage(records)
    for row in table:
        log.info("%(stage)s: %(ok)s ok, %(failed)s failed, %(skipped)s skipped", row)
    try:
        for stage in {**dict.fromkeys(COUNTED), **({own_stage: None} if own_stage else {})}:
            check_some_are_left(records[stage])
            check_share(records[stage], max_failed_fraction)
    except ValueError as refusal:
        raise ValueError(f"{refusal}{f'; all are listed in {failures}' if failures else ''}") from None
    write_table(counts, table, COUNTS)


def _check_settings(path: Path, made: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Compare what sums were made with to what the datasets table says now."""
    for name, value in wanted.items():
        if name in {"gain", "defects"} and value is not None:
            value = str(Path(value))  # as the step wrote it: ./gain.mrc is gain.mrc
        if made[name] != value:
            raise ValueError(
                f"the sums in {path.parent} were made with {name} {made[name]}, but the datasets table says {value}, "
                "and their movies are gone; bring the movies back, or set the old value again"
            )


run(check_failures, globals())
