"""List the micrographs that failed, each with its reason, whether or not the run may end well with them."""

from pathlib import Path

from clearice.files.tables import write_table
from clearice.reporting.failures import COLUMNS, failure_table
from clearice.reporting.records import records_by_stage
from clearice.run.batches import read_manifest
from clearice.run.step import run


def list_failures(*, manifests: list[Path], table: Path, run_methods: list[str]) -> None:
    """Write every failed row of some manifests with its reason.

    Sums, and micrographs denoised by the run's own methods, are counted. What failed in the other stages, all
    that trainings and scores rest on, is listed with `counted` no, once for each micrograph and reason, at
    the stage where it failed first.
    """
    write_table(table, failure_table(records_by_stage(manifests, run_methods, read_manifest)), COLUMNS)


run(list_failures, globals())
