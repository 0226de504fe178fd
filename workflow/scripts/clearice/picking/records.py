"""What tables say of the picks of a micrograph."""

from __future__ import annotations

import math

from clearice.picking.acceptance import Accepted, Looked

CANDIDATE_COLUMNS = ("micrograph", "y_px", "x_px", "score", "picked", "q_value", "q_high")
SUMMARY_COLUMNS = (
    *("micrograph", "height_px", "width_px", "diameter_px", "threshold", "candidates", "picks"),
    *("picker", "rule", "expected_false", "expected_false_high", "decoys", "decoy_fields"),
)
BY_RATE, BY_PICKER = "false discovery rate", "picker's own threshold"
"""What the column `rule` says."""

Row = dict[str, object]


def candidate_rows(name: str, accepted: Accepted) -> list[Row]:
    """Describe every place a picker looked at: centre, score to full precision, whether it is a pick, its q-value."""
    found = accepted.found
    rows = []
    for (y, x), score, taken, q, high in zip(
        found.centres, found.scores, found.accepted, accepted.q, accepted.q_high, strict=True
    ):
        values = (name, f"{y:.3f}", f"{x:.3f}", repr(float(score)), int(taken), _known(q), _known(high))
        rows.append(dict(zip(CANDIDATE_COLUMNS, values, strict=True)))
    return rows


def summary_row(name: str, accepted: Accepted, looked: Looked, picker: str) -> Row:
    """Describe the picks of a micrograph as a whole, with its shape (h, w); what no decoys tell is empty."""
    found, evidence = accepted.found, accepted.evidence
    picked = int(found.accepted.sum())
    place = (name, *looked.shape, looked.diameter_px)
    values = (*place, repr(float(found.threshold)), len(found.scores), picked, picker)
    known = (BY_PICKER, "", "", "", "")
    if evidence is not None:
        expected = _known(evidence.expected_false), _known(evidence.expected_false_high)
        known = (
            BY_RATE if accepted.by_rate else BY_PICKER,
            *expected,
            str(evidence.decoys),
            str(accepted.decoy_fields),
        )
    return dict(zip(SUMMARY_COLUMNS, (*values, *known), strict=True))


def _known(value: float) -> str:
    """Write a number; what is unknown is empty."""
    return f"{value:.6g}" if math.isfinite(value) else ""
