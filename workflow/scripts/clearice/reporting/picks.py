"""How many picks there are, and how many of them are expected to be false."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from clearice.run.places import Place

Rows = Sequence[Mapping[str, str]]

COLUMNS = ("dataset", "part", "picker", "method", "micrographs", "picks", "expected", "decoys", "rule")


def table_of_picks(summaries: Iterable[tuple[Place, Rows]], by_rate: str) -> list[dict[str, str]]:
    """Sum the picks of the scored batches up: one row for each dataset, part, picker and method.

    Parameters
    ----------
    summaries
        Place and rows of every batch's summary of picks.
    by_rate
        What the column `rule` says of picks by a false discovery rate: of others nothing is known.

    Returns
    -------
    list of dict
        Text by column, one of `COLUMNS`; the decoys are those that reach the threshold, of all images of pure noise.
    """
    found: dict[tuple[str, str, str, str], list[tuple[str, Mapping[str, str]]]] = {}
    for place, rows in summaries:
        key = (place.dataset, place.part, place.picker, place.method)
        found.setdefault(key, []).extend((place.batch, row) for row in rows)
    table = []
    for key, batches in found.items():
        rows = [row for _, row in batches]
        picks = sum(int(row["picks"]) for row in rows)
        rated = bool(rows) and all(row["rule"] == by_rate for row in rows)
        expected = decoys = ""
        if rated:
            low, high = (
                sum(float(row[name]) for row in rows) for name in ("expected_false", "expected_false_high")
            )
            expected = f"{low:.1f} (at most {high:.1f})"
            reached = {batch: (row["decoys"], row["decoy_fields"]) for batch, row in batches}
            decoys = "; ".join(f"{count} in {fields} noise fields" for count, fields in reached.values())
        rule = ", ".join(sorted({row["rule"] for row in rows}))
        values = (*key, str(len(rows)), str(picks), expected, decoys, rule)
        table.append(dict(zip(COLUMNS, values, strict=True)))
    return table
