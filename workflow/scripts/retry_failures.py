"""Forget the batches in which micrographs failed, so that the next run makes just these again."""

import logging
from pathlib import Path

from clearice.run.retry import retry
from clearice.run.step import run

log = logging.getLogger(__name__)


def retry_failures(
    *,
    results: Path = Path("results"),
    dataset: str | None = None,
    dry_run: bool = False,
    compare: bool = False,
) -> None:
    """Remove the manifest of every batch where a micrograph first failed; everything made stays until then.

    With `compare`, that of every batch with a file that is missing or has another checksum than its manifest says, too.

    The next `snakemake` makes those batches and what follows from them again.
    """
    for manifest, rows in retry(results, dataset, dry_run=dry_run, compare=compare).items():
        for row in rows:
            log.info("%s: %s: %s", manifest.parent, row.micrograph, row.reason)
        log.info("%s: %d to retry%s", manifest.parent, len(rows), " (dry run)" if dry_run else "")


run(retry_failures, globals())
