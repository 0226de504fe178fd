"""A Wiener filter: each ring of frequencies is kept by the share of its power that is not noise."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from clearice.config.base import part_of
from clearice.config.kind import Kind, MethodSettings
from clearice.config.stages.extract_noise import ExtractNoise


class Wiener(MethodSettings):
    """A radial Wiener filter, with the noise measured on the micrograph itself."""

    kind: Literal["wiener"]
    """Kind of the method."""
    noise: Literal["patches", "free_boxes"]
    """What the spectrum of the noise is measured on: noise patches as NT2C finds them, or particle-free boxes, which
    need known coordinates."""
    ring_px: float = Field(ge=1)
    """Width of a ring of the spectra, in Fourier pixels of the shorter side."""
    extract_noise: part_of(ExtractNoise) | None = None  # type: ignore[valid-type]
    """What differs in extract_noise (noise: patches)."""


PATCHES = ("extract_noise",)

KIND = Kind(
    settings=Wiener,
    step="filter_micrographs",
    stages=PATCHES,
    stages_of=lambda own: PATCHES if own.get("noise") == "patches" else (),
    needs=frozenset({"noise"}),
)
