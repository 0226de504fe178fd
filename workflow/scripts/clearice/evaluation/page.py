"""Put the pictures and tables of a run on one page."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jinja2

Table = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Shot:
    """The pictures of one micrograph by one method: whole field and detail, as PNG bytes."""

    dataset: str
    micrograph: str
    part: str
    method: str
    field: bytes
    detail: bytes


def group_shots(
    shots: Iterable[Shot], micrographs_shown: int
) -> dict[str, dict[tuple[str, str], list[Shot]]]:
    """Group pictures by dataset, then by (micrograph, part); keep the first micrographs of each dataset."""
    grouped: dict[str, dict[tuple[str, str], list[Shot]]] = {}
    for shot in shots:
        grouped.setdefault(shot.dataset, {}).setdefault((shot.micrograph, shot.part), []).append(shot)
    return {
        dataset: dict(sorted(of_micrograph.items())[:micrographs_shown])
        for dataset, of_micrograph in grouped.items()
    }


def fill(
    template: str,
    *,
    shots: Mapping[str, Mapping[tuple[str, str], Sequence[Shot]]],
    counts: Table,
    failures: Table,
    notes: Sequence[str],
    scores: Mapping[str, Table],
    provenance: Mapping[str, Any],
) -> str:
    """Fill the page's template.

    Parameters
    ----------
    template
        Jinja2 text; an undefined name in it is an error.
    shots
        Pictures as `group_shots` gives them.
    counts
        One row per stage and dataset: how many micrographs are ok, failed and skipped.
    failures
        One row per failed micrograph, with its reason.
    notes
        Sentences about methods and micrographs that are ok but need a word.
    scores
        Tables of numbers by their title; every row has the same columns.
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
        shots=shots, counts=counts, failures=failures, notes=notes, scores=scores, provenance=provenance
    )


def score_tables(dataset: str, summary: Table) -> dict[str, list[dict[str, str]]]:
    """Turn a long summary into one table per part: a row per metric, a column per method.

    Parameters
    ----------
    dataset
        Name of the dataset, for the titles.
    summary
        Rows with method, part, metric, mean and standard_error, as text.

    Returns
    -------
    dict
        Tables by title; a missing number is an empty cell, an error is given where there are several micrographs.
    """
    parts: dict[str, dict[str, dict[str, str]]] = {}
    for row in summary:
        cell = row["mean"] if row["standard_error"] == "nan" else f"{row['mean']} ± {row['standard_error']}"
        parts.setdefault(row["part"], {}).setdefault(row["metric"], {})[row["method"]] = cell
    tables = {}
    for part, metrics in parts.items():
        methods = list(dict.fromkeys(method for values in metrics.values() for method in values))
        what = (
            "simulated micrographs, against the truth"
            if part == "simulated"
            else f"real micrographs, {part} dose"
        )
        tables[f"Scores: {dataset}, {what}"] = [
            {
                "metric": metric,
                **{
                    method: "" if values.get(method) == "nan" else values.get(method, "")
                    for method in methods
                },
            }
            for metric, values in metrics.items()
        ]
    return tables


def _settings(method: Mapping[str, Any]) -> str:
    """Write a method's settings in one line."""
    return ", ".join(f"{key} {value}" for key, value in method.items() if key != "kind")
