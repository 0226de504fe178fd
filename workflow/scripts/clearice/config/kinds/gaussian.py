"""A Gaussian filter, as in NT2C's released script."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from clearice.config.base import Length
from clearice.config.kind import Kind, MethodSettings


class Gaussian(MethodSettings):
    """A Gaussian filter with a window."""

    kind: Literal["gaussian"]
    """Kind of the method."""
    sigma_px: Length
    """Standard deviation in px."""
    window_px: int = Field(ge=1)
    """Odd side of the window in px."""


KIND = Kind(settings=Gaussian, step="filter_micrographs")
