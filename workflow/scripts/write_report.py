"""Write the report: one page with pictures, tables and the settings behind them."""

from collections import Counter
from pathlib import Path
from typing import Any

from clearice.evaluation.null_test import OF_WHOLE_FIELD
from clearice.files.atomic import write_text
from clearice.files.documents import read_json
from clearice.files.tables import read_table
from clearice.reporting.failures import COUNTED, Failure, place_of, root_failures
from clearice.reporting.page import Preview, fill, group_previews, score_tables
from clearice.reporting.template import PAGE
from clearice.run.batches import FAILED, OK, SKIPPED, ManifestRow, files_of, read_manifest
from clearice.run.step import run
from clearice.training.pairs import BIAS


def write_report(
    *,
    previews: list[Path],
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
    scores: list[Path],
    provenance: Path,
    page: Path,
    micrographs_shown: int,
    methods: list[str],
    reference: str,
) -> None:
    """Fill the page's template; pictures are embedded, so that the page can be sent alone.

    `methods` are all that are shown, the controls of the scores among them; `reference` is the one gains are over.
    """
    record = read_json(provenance)
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
    read = {
        stage: [(manifest, row) for manifest in manifests for row in read_manifest(manifest)]
        for stage, manifests in stages.items()
    }
    failures = [
        Failure(*place_of(stage, manifest), stage, manifest, row.micrograph, row.reason)
        for stage, rows in read.items()
        for manifest, row in rows
        if row.status == FAILED
    ]
    nulls = _notes_on_nulls(read["null"])
    tables = []
    for path in scores:
        dataset = path.parts[-3]
        tables += score_tables(dataset, read_table(path), reference, nulls.get(dataset, {}))
    write_text(
        page,
        fill(
            PAGE,
            shots=group_previews(_previews(previews), micrographs_shown),
            counts=_counts({stage: read[stage] for stage in COUNTED}),
            failures=[
                {
                    "dataset": one.dataset,
                    "micrograph": one.micrograph,
                    "stage": f"{one.stage}: {one.name}" if one.name else one.stage,
                    "counted": "yes" if one.counted else "no",
                    "reason": one.reason,
                }
                for one in root_failures(failures)
            ],
            notes=[*_biases(record["settings"], methods), *_notes(read)],
            scores=tables,
            methods=methods,
            provenance=record,
        ),
    )


def _previews(previews: list[Path]) -> list[Preview]:
    """Read all pictures."""
    shots = []
    for manifest in previews:
        dataset, method, part = manifest.parts[-7], manifest.parts[-4], manifest.parts[-3]
        for name, file in files_of(manifest).items():
            detail = file.with_name(f"{name}_detail.png").read_bytes()
            shots.append(Preview(dataset, name, part, method, file.read_bytes(), detail))
    return shots


def _counts(read: dict[str, list[tuple[Path, ManifestRow]]]) -> list[dict[str, str]]:
    """Count the micrographs of every dataset, stage, and part or method by their status."""
    counts: dict[tuple[str, str, str], Counter[str]] = {}
    for stage, rows in read.items():
        for manifest, row in rows:
            dataset, name = place_of(stage, manifest)
            counts.setdefault((dataset, stage, name.split("/")[0]), Counter())[row.status] += 1
    return [
        {
            "dataset": dataset,
            "stage": stage,
            "name": what,
            **{kind: str(count[kind]) for kind in (OK, FAILED, SKIPPED)},
        }
        for (dataset, stage, what), count in counts.items()
    ]


def _notes(read: dict[str, list[tuple[Path, ManifestRow]]]) -> list[str]:
    """Say of micrographs that are ok what must be known: filled pixels, and regions without pairs."""
    notes = []
    for stage in ("sums", "denoised", "regions"):
        for manifest, row in read[stage]:
            simulated = manifest.parts[-2].startswith("s")
            if row.status == OK and row.reason and not simulated:
                dataset, name = place_of(stage, manifest)
                notes.append(f"{dataset}, {name.split('/')[0] or stage}, {row.micrograph}: {row.reason}")
    return notes


def _notes_on_nulls(rows: list[tuple[Path, ManifestRow]]) -> dict[str, dict[str, list[str]]]:
    """Say for each dataset and part from how many whole fields pure noise has its spectrum."""
    whole: dict[tuple[str, str], list[bool]] = {}
    for manifest, row in rows:
        if row.status == OK:
            whole.setdefault(place_of("null", manifest), []).append(row.reason.startswith(OF_WHOLE_FIELD))
    notes: dict[str, dict[str, list[str]]] = {}
    for (dataset, part), each in whole.items():
        if any(each):
            others = "" if all(each) else ", that of the others that of their particle-free boxes"
            notes.setdefault(dataset, {})[part] = [
                f"Null test: {sum(each)} of {len(each)} noise fields have the {OF_WHOLE_FIELD}, for want of known "
                f"coordinates or of free places{others}. The former are stricter: read null_sd and null picks paired."
            ]
    return notes


def _biases(settings: dict[str, Any], methods: list[str]) -> list[str]:
    """State the bias of every method that learns from pairs which are not independent."""
    notes = []
    for name in methods:
        method = settings["methods"][name]
        pairing = method.get("noise2noise", {}).get("pairing", settings["noise2noise"]["pairing"])
        if method["kind"] == "noise2noise" and BIAS[pairing]:
            notes.append(f"method {name} learns from pairs of the kind {pairing}: {BIAS[pairing]}")
    return notes


run(write_report, globals())
