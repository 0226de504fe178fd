"""Write the report: one page with pictures, tables and the settings behind them."""

from collections import Counter
from pathlib import Path
from typing import Any

from clearice.batches import FAILED, OK, SKIPPED, files_of, read_manifest
from clearice.evaluation.page import Shot, fill, group_shots, score_tables
from clearice.evaluation.template import PAGE
from clearice.files.atomic import write_text
from clearice.files.documents import read_json
from clearice.files.tables import read_table
from clearice.learning.pairs import BIAS
from clearice.step import run


def write_report(
    *,
    previews: list[Path],
    sums: list[Path],
    denoised: list[Path],
    scores: list[Path],
    provenance: Path,
    page: Path,
    micrographs_shown: int,
) -> None:
    """Fill the page's template; pictures are embedded, so that the page can be sent alone."""
    record = read_json(provenance)
    shots = []
    for manifest in previews:
        dataset, method, part = manifest.parts[-7], manifest.parts[-4], manifest.parts[-3]
        shots += [
            Shot(
                dataset,
                name,
                part,
                method,
                file.read_bytes(),
                file.with_name(f"{name}_detail.png").read_bytes(),
            )
            for name, file in files_of(manifest).items()
        ]
    counts: dict[tuple[str, str, str], Counter[str]] = {}
    failures = []
    notes: list[str] = []
    told: set[tuple[str, str, str]] = set()  # a failure is carried on by every later stage: tell it once
    for stage, manifests in (("sums", sums), ("denoised", denoised)):
        for manifest in manifests:
            dataset = manifest.parts[-5 if stage == "sums" else -6]
            what = manifest.parts[-3 if stage == "sums" else -4]
            for row in read_manifest(manifest):
                counts.setdefault((dataset, stage, what), Counter())[row.status] += 1
                if row.status == OK and row.reason:
                    notes.append(f"{dataset}, {what}, {row.micrograph}: {row.reason}")
                if row.status == FAILED and (dataset, row.micrograph, row.reason) not in told:
                    told.add((dataset, row.micrograph, row.reason))
                    failures.append(
                        {
                            "dataset": dataset,
                            "micrograph": row.micrograph,
                            "stage": f"{stage}: {what}",
                            "reason": row.reason,
                        }
                    )
    table = [
        {
            "dataset": dataset,
            "stage": stage,
            "name": what,
            **{kind: str(count[kind]) for kind in (OK, FAILED, SKIPPED)},
        }
        for (dataset, stage, what), count in counts.items()
    ]
    write_text(
        page,
        fill(
            PAGE,
            shots=group_shots(shots, micrographs_shown),
            counts=table,
            failures=failures,
            notes=[*_biases(record["settings"]), *notes],
            scores={
                title: table
                for path in scores
                for title, table in score_tables(path.parts[-3], read_table(path)).items()
            },
            provenance=record,
        ),
    )


def _biases(settings: dict[str, Any]) -> list[str]:
    """State the bias of every method that learns from pairs which are not independent."""
    notes = []
    for name in settings["run"]["methods"]:
        method = settings["methods"][name]
        diet = method.get("noise2noise", {}).get("diet", settings["noise2noise"]["diet"])
        if method["kind"] == "noise2noise" and BIAS[diet]:
            notes.append(f"method {name} learns from pairs of the kind {diet}: {BIAS[diet]}")
    return notes


run(write_report, globals())
