"""What tables say of the picks of a micrograph."""

from __future__ import annotations

from clearice.picking.registry import Picks

CANDIDATE_COLUMNS = ("micrograph", "y_px", "x_px", "score", "picked")
SUMMARY_COLUMNS = ("micrograph", "height_px", "width_px", "diameter_px", "threshold", "candidates", "picks")

Row = dict[str, object]


def candidate_rows(name: str, found: Picks) -> list[Row]:
    """Describe every place a picker looked at: centre, score to full precision, and whether it is a pick."""
    rows = []
    for (y, x), score, taken in zip(found.centres, found.scores, found.accepted, strict=True):
        values = (name, f"{y:.3f}", f"{x:.3f}", repr(float(score)), int(taken))
        rows.append(dict(zip(CANDIDATE_COLUMNS, values, strict=True)))
    return rows


def summary_row(name: str, found: Picks, shape: tuple[int, ...], diameter_px: float) -> Row:
    """Describe the picks of a micrograph as a whole, with its shape (h, w)."""
    picked = int(found.accepted.sum())
    values = (name, *shape, diameter_px, repr(found.threshold), len(found.scores), picked)
    return dict(zip(SUMMARY_COLUMNS, values, strict=True))
