"""Join the scores of all methods and compare them, micrograph by micrograph, with the raw ones."""

import math
from dataclasses import asdict, fields
from pathlib import Path

from clearice.files.scores import SCORE_COLUMNS, read_scores
from clearice.files.tables import write_table
from clearice.reporting.summary import Score, Summary, summarise
from clearice.run.step import run

SIMULATED = "simulated"  # a part of its own: the mean over real and simulated micrographs would mean nothing


def summarise_scores(*, scores: list[Path], joined: Path, summary: Path, reference: str) -> None:
    """Write `joined`, all lines of `scores`, and `summary`: mean, error and paired gain over `reference`.

    Simulated micrographs are summed up apart, as the part `simulated`.
    """
    rows = read_scores(scores)
    write_table(joined, rows, SCORE_COLUMNS)
    values = [
        Score(
            row["method"],
            SIMULATED if row["batch"].startswith("s") else row["part"],
            f"{row['batch']}/{row['micrograph']}",
            row["metric"],
            float(row["value"]),
        )
        for row in rows
    ]
    lines = [
        {
            key: f"{value:.4g}" if isinstance(value, float) and math.isfinite(value) else value
            for key, value in one
        }
        for one in (asdict(found).items() for found in summarise(values, reference))
    ]
    write_table(summary, lines, [field.name for field in fields(Summary)])


run(summarise_scores, globals())
