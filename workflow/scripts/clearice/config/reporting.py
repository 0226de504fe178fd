"""Pictures to look at, and what the report shows."""

from __future__ import annotations

from pydantic import Field

from clearice.config.base import Length, Name, Settings


class ShownPreviews(Settings):
    """How much of the pictures the report shows."""

    in_report: int = Field(ge=0)
    """Micrographs of each dataset that the report shows."""


class PreviewSettings(Settings):
    """What the step takes to draw a batch's pictures."""

    per_batch: int = Field(ge=0)
    """Micrographs of each batch that are drawn."""
    width_px: int = Field(ge=64, le=8192)
    """Width of the whole-field picture."""
    detail_px: int = Field(ge=32, le=8192)
    """Side of the square detail from the centre, in micrograph pixels."""
    reference_resolution_A: Length
    """Resolution in A to which the raw micrograph is low-passed before the grey scale is taken from it."""
    contrast_sd: Length
    """Half width of the grey scale, in standard deviations of that image."""


class Previews(PreviewSettings, ShownPreviews):
    """Pictures to look at: each method in the same grey scale."""


class ReportSettings(ShownPreviews):
    """What the step takes to write the report."""

    run_methods: list[str]
    """Methods of the run, whose denoised micrographs are counted."""
    shown_methods: list[str]
    """All methods that are shown: those of the run, and the controls of the scores."""
    reference: Name
    """Method that the others are compared with, micrograph by micrograph."""
    pairings: dict[str, str]
    """Which pairs each method that chooses its pairing learns from, by the method's name."""
