"""Sum scores up: every method against the same micrographs of a reference method."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np

from clearice.run.places import Kind, batch_kind

SIMULATED = "simulated"
"""The part of simulated micrographs: the mean over real and simulated ones would mean nothing."""


@dataclass(frozen=True)
class Score:
    """One number.

    Attributes
    ----------
    method
        Method that is scored.
    part
        Part of the dose, or `SIMULATED`.
    micrograph
        Micrograph, with its batch.
    metric
        What was measured.
    value
        The number; it need not be finite.
    """

    method: str
    part: str
    micrograph: str
    metric: str
    value: float


@dataclass(frozen=True)
class Summary:
    """One metric of one method over its micrographs.

    Attributes
    ----------
    method
        Method that was scored.
    part
        Part of the dose, or `SIMULATED`.
    metric
        What was measured.
    micrographs
        Number of micrographs with a finite value, n.
    mean
        Mean over them.
    standard_error
        Its standard error, nan for a single one.
    gain
        Mean difference to the reference method, micrograph by micrograph: the spread between micrographs is
        larger than most differences between methods, so only this pairing tells them apart.
    gain_standard_error
        Its standard error.
    pairs
        Number of micrographs on which both have a finite value: those behind the gain.
    """

    method: str
    part: str
    metric: str
    micrographs: int
    mean: float
    standard_error: float
    gain: float
    gain_standard_error: float
    pairs: int


SUMMARY_COLUMNS = tuple(field.name for field in fields(Summary))
"""Columns of the table of summaries."""


def scores_of(rows: Iterable[Mapping[str, str]]) -> list[Score]:
    """Read scores from rows of a table of scores; those of simulated micrographs are a part of their own."""
    return [
        Score(
            row["method"],
            SIMULATED if batch_kind(row["batch"]) is Kind.SIMULATED else row["part"],
            f"{row['batch']}/{row['micrograph']}",
            row["metric"],
            float(row["value"]),
        )
        for row in rows
    ]


def summarise(scores: Sequence[Score], reference: str) -> list[Summary]:
    """Average every metric of every method and part, paired with the reference method.

    Parameters
    ----------
    scores
        All numbers; values that are not finite are left out and counted by their absence.
    reference
        Name of the method to compare with, usually ``raw``; where it has no such number the gain is nan.

    Returns
    -------
    list of Summary
        In the order in which part, metric and method first appear.

    Raises
    ------
    ValueError
        One micrograph has two values of one metric.
    """
    table: dict[tuple[str, str, str], dict[str, float]] = {}
    for one in scores:
        values = table.setdefault((one.part, one.metric, one.method), {})
        if one.micrograph in values:
            raise ValueError(
                f"{one.micrograph} has two values of {one.metric} for {one.method} on {one.part}; "
                "give each table once, and each micrograph a name of its own"
            )
        values[one.micrograph] = one.value
    return [
        _summarise_one(part, metric, method, values, table.get((part, metric, reference), {}))
        for (part, metric, method), values in table.items()
    ]


def summary_table(summaries: Iterable[Summary]) -> list[dict[str, object]]:
    """Return a row for each summary, its numbers with four digits."""
    return [
        {
            key: f"{value:.4g}" if isinstance(value, float) and math.isfinite(value) else value
            for key, value in asdict(one).items()
        }
        for one in summaries
    ]


def _summarise_one(
    part: str, metric: str, method: str, values: Mapping[str, float], reference: Mapping[str, float]
) -> Summary:
    """Average one metric of one method."""
    finite = {name: value for name, value in values.items() if math.isfinite(value)}
    differences = [
        value - reference[name]
        for name, value in finite.items()
        if math.isfinite(reference.get(name, math.nan))
    ]
    mean, error = _mean_and_error(list(finite.values()))
    gain, gain_error = _mean_and_error(differences)
    return Summary(method, part, metric, len(finite), mean, error, gain, gain_error, len(differences))


def _mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and its standard error, nan where there are too few values."""
    if not values:
        return math.nan, math.nan
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return float(np.mean(values)), error
