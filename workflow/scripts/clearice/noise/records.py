"""What tables say of noise patches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clearice.noise.background import Background

POSITION_COLUMNS = ("micrograph", "y_px", "x_px", "lowest_ssim", "largest_local_sd_255")
SEARCH_COLUMNS = (
    "micrograph", "patches", "searched", "excluded", "best_refused_ssim", "guide_at_0", "guide_at_1",
    "mean", "sd",
)  # fmt: skip
Row = dict[str, object]


def position_rows(name: str, found: Background) -> list[Row]:
    """Describe every patch of a micrograph: its corner in pixels of the stack, and how flat its guide is."""
    measured = zip(found.corners, found.similarities, found.deviations_255, strict=True)
    rows = [
        (name, int(y), int(x), f"{similarity:.4f}", f"{deviation:.3f}")
        for (y, x), similarity, deviation in measured
    ]
    return [dict(zip(POSITION_COLUMNS, row, strict=True)) for row in rows]


def search_row(name: str, found: Background, patches: NDArray[np.float32]) -> Row:
    """Describe how a micrograph was searched, and its patches (n, d, d) as a whole."""
    mean, sd = (patches.mean(), patches.std()) if len(patches) else (float("nan"), float("nan"))
    values = (
        name, len(patches), found.searched, found.excluded, f"{found.best_refused:.4f}", f"{found.low:.6g}",
        f"{found.high:.6g}", f"{mean:.6g}", f"{sd:.6g}",
    )  # fmt: skip
    return dict(zip(SEARCH_COLUMNS, values, strict=True))
