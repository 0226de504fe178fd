"""List the micrographs that failed, and end the run with an error where they are too many or sums are out of date."""

import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

from clearice.files.documents import read_json
from clearice.files.tables import write_table
from clearice.reporting.failures import COUNTED, Failure, place_of, root_failures
from clearice.run.batches import FAILED, read_manifest
from clearice.run.step import run

log = logging.getLogger(__name__)


def check_failures(
    *,
    sums: list[Path],
    denoised: list[Path],
    simulated: list[Path],
    noise: list[Path],
    reweighted: list[Path],
    reference_coordinates: list[Path],
    second_exposure: list[Path],
    regions: list[Path],
    null: list[Path],
    denoised_for_scores: list[Path],
    picks: list[Path],
    settings: list[Path],
    table: Path,
    expected: dict[str, dict[str, Any]],
    max_failed_fraction: float,
) -> None:
    """Write every failed row with its reason, and refuse what must not pass for a finished run.

    Sums and denoised micrographs are counted. What failed in the other stages, all that trainings and scores rest
    on, is listed with `counted` no, once for each micrograph and reason, at the stage where it failed first.

    Raises
    ------
    ValueError
        More than `max_failed_fraction` of the micrographs failed in one stage, or sums were made with other
        settings than those `expected` of their dataset (their movies are gone, so Snakemake kept them).
    """
    _check_settings(settings, expected)
    stages = {
        "sums": sums,
        "denoised": denoised,
        "simulated": simulated,
        "noise": noise,
        "reweighted": reweighted,
        "reference_coordinates": reference_coordinates,
        "second_exposure": second_exposure,
        "regions": regions,
        "null": null,
        "denoised_for_scores": denoised_for_scores,
        "picks": picks,
    }
    failures: list[Failure] = []
    for stage, manifests in stages.items():
        read = [(manifest, row) for manifest in manifests for row in read_manifest(manifest)]
        failed = [
            Failure(*place_of(stage, manifest), stage, manifest, row.micrograph, row.reason)
            for manifest, row in read
            if row.status == FAILED
        ]
        failures += failed
        log.info("%s: %d of %d failed", stage, len(failed), len(read))
        if stage in COUNTED and read and len(failed) / len(read) > max_failed_fraction:
            first = failed[0]
            raise ValueError(
                f"{len(failed)} of {len(read)} micrographs failed in {stage}, more than max_failed_fraction "
                f"{max_failed_fraction:g} allows; the first is {first.micrograph} of {first.manifest}: {first.reason}; "
                "mend the files and run workflow/scripts/retry_failures.py, or raise max_failed_fraction"
            )
    listed = [one for one in failures if one.counted]
    listed += [one for one in root_failures(failures) if not one.counted]
    rows = [asdict(one) | {"counted": "yes" if one.counted else "no"} for one in listed]
    columns = ("stage", "manifest", "micrograph", "reason", "counted")
    write_table(table, [{column: row[column] for column in columns} for row in rows], columns)


def _check_settings(settings: list[Path], expected: dict[str, dict[str, Any]]) -> None:
    """Compare what sums were made with to what the datasets table says now."""
    for path in settings:
        made, wanted = read_json(path), expected[path.parts[-5]]
        for name, value in wanted.items():
            if name in {"gain", "defects"} and value is not None:
                value = str(Path(value))  # as the step wrote it: ./gain.mrc is gain.mrc
            if made[name] != value:
                raise ValueError(
                    f"the sums in {path.parent} were made with {name} {made[name]}, but the datasets table says {value}, "
                    "and their movies are gone; bring the movies back, or set the old value again"
                )


run(check_failures, globals())
