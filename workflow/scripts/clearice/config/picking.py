"""How particles are picked and cut out."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from clearice.config.base import DistinctNames, Length, Settings, filled_in
from clearice.config.tables import OpticsColumns


class CutOff(Settings):
    """What of the candidates is taken."""

    fdr: Annotated[float, Field(gt=0, lt=1)] | None
    """Share of false ones among the picks that is allowed, as pure noise tells; null for the picker's own threshold."""


class BoxSettings(Settings):
    """The boxes around picks."""

    box_A: Length
    """Side of extracted boxes and EMAN boxes, in A; about 1.5 particle diameters."""


class Sign(Settings):
    """The sign of the particles."""

    particles_are_dark: bool
    """Whether particles are darker than ice; pickers, simulated micrographs, the search for noise and the mask control
    follow it, and white ones are not inverted when they are cut out."""


class PickFiles(Sign, BoxSettings):
    """What picks are written as."""

    box_files: bool
    """Write EMAN .box files."""
    csv_files: bool
    """Write .csv files."""


class Picking(CutOff, PickFiles):
    """Particle picking and extraction."""

    pickers: DistinctNames
    """Pickers that are run on every method."""
    extract_from: DistinctNames
    """Methods whose picks are cut out."""
    invert_contrast: bool
    """Make extracted particles white, as RELION and cryoSPARC want them, where they are not."""


class PickSettings(CutOff, PickFiles):
    """What the step takes to pick."""

    particle_diameter_A: Length
    """diameter of the particle in A"""
    picker: str
    """Name of the picker."""
    own: dict[str, Any] = Field(default_factory=dict)
    """The picker's own settings, a model of which is in `config.pickers`."""


class ExtractSettings(filled_in(OpticsColumns), Sign, CutOff, BoxSettings):  # type: ignore[misc]
    """What the step takes to cut particles out."""

    particle_diameter_A: Length
    """diameter of the particle in A"""
    invert_contrast: bool
    """Make extracted particles white."""
