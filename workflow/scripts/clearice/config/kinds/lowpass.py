"""The field's plainest view: a low-pass filter."""

from __future__ import annotations

from typing import Literal

from clearice.config.base import Length, Share
from clearice.config.kind import Kind, MethodSettings


class Lowpass(MethodSettings):
    """A low-pass filter with a cosine edge."""

    kind: Literal["lowpass"]
    """Kind of the method."""
    resolution_A: Length
    """Half amplitude here, in A."""
    edge_fraction: Share
    """Width of the cosine edge / cut-off frequency."""


KIND = Kind(settings=Lowpass, step="filter_micrographs")
