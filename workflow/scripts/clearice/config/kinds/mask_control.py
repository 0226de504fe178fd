"""Blur, Otsu mask, one value outside: it wins both SNRs and must lose every honest test."""

from __future__ import annotations

from typing import Literal

from clearice.config.base import Length
from clearice.config.kind import Kind, MethodSettings


class MaskControl(MethodSettings):
    """Blur and mask."""

    kind: Literal["mask_control"]
    """Kind of the method."""
    sigma_px: Length
    """Width of the blur in px."""


KIND = Kind(settings=MaskControl, step="filter_micrographs", needs=frozenset({"sign"}), control=True)
