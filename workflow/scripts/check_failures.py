"""List the micrographs that failed, and end the run with an error where they are too many."""

import logging
from pathlib import Path

from clearice.batches import FAILED, read_manifest
from clearice.files.tables import write_table
from clearice.step import run

log = logging.getLogger(__name__)


def check_failures(
    *, sums: list[Path], denoised: list[Path], table: Path, max_failed_fraction: float
) -> None:
    """Write every failed row with its reason; too large a share of failed micrographs is an error.

    Raises
    ------
    ValueError
        More than `max_failed_fraction` of the micrographs failed in one stage.
    """
    rows = []
    for stage, manifests in (("sums", sums), ("denoised", denoised)):
        read = [(manifest, row) for manifest in manifests for row in read_manifest(manifest)]
        failed = [(manifest, row) for manifest, row in read if row.status == FAILED]
        rows += [
            {"stage": stage, "manifest": manifest, "micrograph": row.micrograph, "reason": row.reason}
            for manifest, row in failed
        ]
        log.info("%s: %d of %d failed", stage, len(failed), len(read))
        if read and len(failed) / len(read) > max_failed_fraction:
            manifest, row = failed[0]
            raise ValueError(
                f"{len(failed)} of {len(read)} micrographs failed in {stage}, more than max_failed_fraction "
                f"{max_failed_fraction:g} allows; the first is {row.micrograph} of {manifest}: {row.reason}; mend the "
                "files and run workflow/scripts/retry_failures.py, or raise max_failed_fraction"
            )
    write_table(table, rows, ("stage", "manifest", "micrograph", "reason"))


run(check_failures, globals())
