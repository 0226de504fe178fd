"""Put the pictures and tables of a run on one page."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from clearice.reporting.summary import SIMULATED

TEMPLATE = Path(__file__).with_name("page.html.j2")
"""The page's template; it counts as code of this module, so an edit of it writes the page again."""

Table = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Cell:
    """One cell of a table of scores; what is unknown is empty.

    Attributes
    ----------
    mean
        Mean and its standard error.
    gain
        Mean difference to the reference and its standard error.
    count
        Number of micrographs behind the mean.
    """

    mean: str
    gain: str
    count: str


@dataclass(frozen=True)
class ScoreTable:
    """Scores of one dataset and part.

    Attributes
    ----------
    title
        Heading.
    reference
        Method the gains are over.
    methods
        Heads of the columns.
    rows
        A metric, and its cell for each of the methods.
    notes
        Sentences on the numbers.
    """

    title: str
    reference: str
    methods: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell]]]
    notes: Sequence[str]


@dataclass(frozen=True)
class Preview:
    """The pictures of one micrograph by one method.

    Attributes
    ----------
    dataset
        Dataset of the micrograph.
    micrograph
        Its name.
    part
        Sums that were denoised: full, even or odd.
    method
        Method that denoised it.
    field
        Whole field, as PNG bytes.
    detail
        Detail of the centre, as PNG bytes.
    """

    dataset: str
    micrograph: str
    part: str
    method: str
    field: bytes
    detail: bytes


def group_previews(
    previews: Iterable[Preview], micrographs_shown: int
) -> dict[str, dict[tuple[str, str], list[Preview]]]:
    """Group pictures by dataset, then by (micrograph, part); keep the first micrographs of each dataset."""
    grouped: dict[str, dict[tuple[str, str], list[Preview]]] = {}
    for preview in previews:
        of_dataset = grouped.setdefault(preview.dataset, {})
        of_dataset.setdefault((preview.micrograph, preview.part), []).append(preview)
    return {
        dataset: dict(sorted(of_micrograph.items())[:micrographs_shown])
        for dataset, of_micrograph in grouped.items()
    }


def fill(
    template: str,
    *,
    previews: Mapping[str, Mapping[tuple[str, str], Sequence[Preview]]],
    counts: Table,
    failures: Table,
    notes: Sequence[str],
    scores: Sequence[ScoreTable],
    picks: Table,
    methods: Sequence[str],
    provenance: Mapping[str, Any],
) -> str:
    """Fill the page's template.

    Parameters
    ----------
    template
        Jinja2 text; an undefined name in it is an error.
    previews
        Pictures as `group_previews` returns them.
    counts
        One row per stage and dataset: how many micrographs are ok, failed and skipped.
    failures
        One row per failed micrograph, with its reason, and whether it counts for max_failed_fraction.
    notes
        Sentences about methods and micrographs that are ok but need a word.
    scores
        Tables of scores.
    picks
        One row per dataset, part, picker and method: how many picks, and how many of them are expected to be false.
    methods
        Names of all methods shown, the controls of the scores among them.
    provenance
        The run's record.

    Returns
    -------
    str
        An HTML page that needs no other file.
    """
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["embedded"] = lambda png: (
        "data:image/png;base64," + base64.b64encode(png).decode("ascii")
    )
    environment.filters["settings"] = _settings
    return environment.from_string(template).render(
        previews=previews,
        counts=counts,
        failures=failures,
        notes=notes,
        scores=scores,
        picks=picks,
        methods=methods,
        provenance=provenance,
    )


def score_tables(
    dataset: str, summary: Table, reference: str, notes: Mapping[str, Sequence[str]]
) -> list[ScoreTable]:
    """Turn a long summary into one table per part: a row per metric, a column per method.

    Parameters
    ----------
    dataset
        Name of the dataset, for the titles.
    summary
        Rows with method, part, metric, micrographs, mean, standard_error, gain, gain_standard_error and
        pairs, as text.
    reference
        Method the gains are over.
    notes
        Further sentences by part; what the numbers themselves leave open is added.
    """
    parts: dict[str, dict[str, dict[str, Mapping[str, str]]]] = {}
    for row in summary:
        parts.setdefault(row["part"], {}).setdefault(row["metric"], {})[row["method"]] = row
    tables = []
    for part, metrics in parts.items():
        methods = list(dict.fromkeys(method for values in metrics.values() for method in values))
        most = max(int(row["micrographs"]) for values in metrics.values() for row in values.values())
        rows = [
            (metric, [_cell(values.get(method), most, reference) for method in methods])
            for metric, values in metrics.items()
        ]
        found = [*notes.get(part, ()), *_gaps(metrics)]
        tables.append(ScoreTable(f"Scores: {dataset}, {_words_of(part)}", reference, methods, rows, found))
    return tables


def _words_of(part: str) -> str:
    """Write what a part of the scores is about."""
    return (
        "simulated micrographs, against the truth" if part == SIMULATED else f"real micrographs, {part} dose"
    )


def _cell(row: Mapping[str, str] | None, most: int, reference: str) -> Cell:
    """Write one number with its error, its gain over the reference, and the micrographs behind both."""
    if row is None or row["mean"] == "nan":
        return Cell("", "", "" if row is None else f"n 0 of {most}")
    count = int(row["micrographs"])
    gain = ""
    if row["method"] != reference and row["gain"] != "nan":
        signed = row["gain"] if row["gain"].startswith("-") else f"+{row['gain']}"
        gain = _with_error(signed, row["gain_standard_error"])
        gain += f" in {row['pairs']} pairs" if row["pairs"] != row["micrographs"] else ""
    return Cell(
        _with_error(row["mean"], row["standard_error"]),
        gain,
        f"n {count}" if count == most else f"n {count} of {most}",
    )


def _with_error(value: str, error: str) -> str:
    """Write a number with its error, where it has one."""
    return value if error == "nan" else f"{value} ± {error}"


def _gaps(metrics: Mapping[str, Mapping[str, Mapping[str, str]]]) -> list[str]:
    """Write where the control of another field is missing."""
    rows = {
        name: next(iter(metrics[name].values()))
        for name in ("second_exposure_r", "other_r")
        if name in metrics
    }
    if len(rows) < 2:
        return []
    compared, controlled = (int(rows[name]["micrographs"]) for name in ("second_exposure_r", "other_r"))
    if controlled >= compared:
        return []
    return [
        f"The control of r and EV, an independent exposure of another field (other_r, other_explained), is there for "
        f"{controlled} of {compared} micrographs: a batch of one has no other field, nor has one in which no two are "
        "of one size."
    ]


def _settings(method: Mapping[str, Any]) -> str:
    """Write a method's settings in one line."""
    return ", ".join(f"{key} {value}" for key, value in method.items() if key != "kind")
