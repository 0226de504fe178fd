"""Binning and back: "low-pass (2x binning)" of Li et al. 2022, Table 1."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from clearice.config.kind import Kind, MethodSettings


class Binning(MethodSettings):
    """Binning, brought back to the micrograph's pixels."""

    kind: Literal["binning"]
    """Kind of the method."""
    factor: int = Field(ge=1, le=16)
    """Times coarser grid."""


KIND = Kind(settings=Binning, step="filter_micrographs")
