"""List the micrographs that failed, and refuse a run in which they are too many or sums are out of date."""

import logging
from pathlib import Path
from typing import Any

from clearice.files.documents import read_json
from clearice.files.tables import write_table
from clearice.reporting.failures import COLUMNS, check_share, failure_table
from clearice.reporting.records import failed_of, records_by_stage
from clearice.run.batches import read_manifest
from clearice.run.places import place_of
from clearice.run.step import run

log = logging.getLogger(__name__)


def check_failures(
    *,
    manifests: list[Path],
    sum_settings: list[Path],
    table: Path,
    expected: dict[str, dict[str, Any]],
    run_methods: list[str],
    max_failed_fraction: float,
) -> None:
    """Write every failed row with its reason, and refuse what must not pass for a finished run.

    Sums, and micrographs denoised by the run's own methods, are counted. What failed in the other stages, all
    that trainings and scores rest on, is listed with `counted` no, once for each micrograph and reason, at
    the stage where it failed first.

    Raises
    ------
    ValueError
        More than `max_failed_fraction` of the micrographs failed in one stage, or sums were made with other
        settings than those `expected` of their dataset (their movies are gone, so Snakemake kept them).
    """
    for path in sum_settings:
        _check_settings(path, read_json(path), expected[place_of(path).dataset])
    records = records_by_stage(manifests, run_methods, read_manifest)
    for stage, of_stage in records.items():
        log.info("%s: %d of %d failed", stage, len(failed_of(of_stage)), len(of_stage))
        check_share(of_stage, max_failed_fraction)
    write_table(table, failure_table(records), COLUMNS)


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
