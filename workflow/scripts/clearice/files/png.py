"""Write 8-bit pictures as PNG: equal pixels, equal bytes."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from clearice.files.atomic import atomic_write


def write_png(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write grey (h, w) or RGB (h, w, 3) pixels, whole or not at all."""
    encoded = imagecodecs.png_encode(np.ascontiguousarray(pixels), level=6)
    with atomic_write(path) as partial:
        partial.write_bytes(encoded)
