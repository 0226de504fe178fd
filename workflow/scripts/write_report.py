"""Write the report: one page with pictures, tables and the settings behind them."""

from collections.abc import Iterator
from pathlib import Path

from clearice.config.reporting import ReportSettings
from clearice.evaluation.null_test import OF_WHOLE_FIELD
from clearice.files.atomic import write_text
from clearice.files.documents import read_json
from clearice.files.tables import read_table
from clearice.picking.records import BY_RATE
from clearice.reporting import notes
from clearice.reporting.failures import failures_shown
from clearice.reporting.page import TEMPLATE, Preview, fill, group_previews, score_tables
from clearice.reporting.picks import table_of_picks
from clearice.reporting.records import records_by_stage
from clearice.run.batches import files_of, read_manifest
from clearice.run.places import place_of
from clearice.run.step import run
from clearice.training.pairs import BIAS


def write_report(
    *,
    manifests: list[Path],
    previews: list[Path],
    scores: list[Path],
    picks: list[Path] | None = None,
    provenance: Path,
    page: Path,
    settings: ReportSettings,
) -> None:
    """Fill the page's template; pictures are embedded, so that the page can be sent alone.

    `picks` are summaries of picks, of the batches that are scored.
    """
    records = records_by_stage(manifests, settings.run_methods, read_manifest)
    nulls = notes.notes_on_nulls(records["null"], OF_WHOLE_FIELD)
    biases = notes.notes_on_pairings(settings.shown_methods, settings.pairings, BIAS)
    record = read_json(provenance)
    trainings = notes.notes_on_trainings(record.get("left_out", {}))
    tables = []
    for path in scores:
        dataset = place_of(path).dataset
        tables += score_tables(dataset, read_table(path), settings.reference, nulls.get(dataset, {}))
    text = fill(
        TEMPLATE.read_text(encoding="utf-8"),
        previews=group_previews(_read_previews(previews), settings.in_report),
        counts=notes.counts_of_micrographs(records),
        failures=failures_shown(records),
        notes=[*biases, *trainings, *notes.notes_on_micrographs(records)],
        scores=tables,
        picks=table_of_picks([(place_of(path), read_table(path)) for path in picks or []], BY_RATE),
        methods=settings.shown_methods,
        provenance=record,
    )
    write_text(page, text)


def _read_previews(manifests: list[Path]) -> Iterator[Preview]:
    """Read all pictures."""
    for manifest in manifests:
        place = place_of(manifest)
        for name, file in files_of(manifest).items():
            pictures = file.read_bytes(), file.with_name(f"{name}_detail.png").read_bytes()
            yield Preview(place.dataset, name, place.part, place.method, *pictures)


run(write_report, globals())
