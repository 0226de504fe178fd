"""Correlation with projections of the dataset's structures."""

from __future__ import annotations

from pydantic import Field

from clearice.config.base import Length
from clearice.config.kind import Picker, PickerSettings
from clearice.config.simulation import AtomSettings


class Template(PickerSettings):
    """Correlation with projections of the dataset's structures, at a coarse pixel size."""

    pixels_per_diameter: float = Field(ge=8, le=64)
    """Pixels that a particle's diameter has in templates and in the micrograph they are compared with."""
    views: int = Field(ge=1, le=1000)
    """Directions from which every structure is projected, evenly spread over the sphere."""
    turn_deg: float = Field(gt=0, le=360)
    """Step of the rotation in the plane, in degrees."""


class TemplateStep(Template, AtomSettings):
    """What the step project_templates takes: the picker's settings, the particle, how its atoms are read."""

    particle_diameter_A: Length
    """diameter of the particle in A"""


PICKER = Picker(settings=Template, templates=TemplateStep)
