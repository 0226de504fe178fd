"""A band-pass filter (Penczek 2010): slow gradients and shot noise both removed."""

from __future__ import annotations

from typing import Literal

from clearice.config.band import Band
from clearice.config.base import Share
from clearice.config.kind import Kind, MethodSettings


class Bandpass(MethodSettings, Band):
    """A band-pass filter with cosine edges."""

    kind: Literal["bandpass"]
    """Kind of the method."""
    edge_fraction: Share
    """Width of the edges / their cut-offs."""


KIND = Kind(settings=Bandpass, step="filter_micrographs")
