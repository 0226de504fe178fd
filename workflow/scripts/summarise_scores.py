"""Join the scores of all methods and compare them, micrograph by micrograph, with the raw ones."""

from pathlib import Path

from clearice.files.scores import SCORE_COLUMNS, read_scores
from clearice.files.tables import write_table
from clearice.reporting.summary import SUMMARY_COLUMNS, scores_of, summarise, summary_table
from clearice.run.step import run


def summarise_scores(*, scores: list[Path], joined: Path, summary: Path, reference: str) -> None:
    """Write `joined`, all lines of `scores`, and `summary`: mean, error and paired gain over `reference`.

    Simulated micrographs are summed up apart, as the part `simulated`.
    """
    rows = read_scores(scores)
    write_table(joined, rows, SCORE_COLUMNS)
    write_table(summary, summary_table(summarise(scores_of(rows), reference)), SUMMARY_COLUMNS)


run(summarise_scores, globals())
