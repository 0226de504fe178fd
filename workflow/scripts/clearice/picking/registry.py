"""Pickers, found by the names of their modules, and what each returns."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from clearice.config.registry import all_pickers


@dataclass(frozen=True)
class Picks:
    """Candidates of one micrograph, highest score first, and which of them are picks.

    Attributes
    ----------
    centres
        (n, 2) as (y, x) in pixels.
    scores
        (n,), in the unit of the picker.
    threshold
        What a candidate must reach to be a pick; inf where there is no pick.
    """

    centres: NDArray[np.float64]
    scores: NDArray[np.float64]
    threshold: float

    @property
    def accepted(self) -> NDArray[np.bool_]:
        """Return which candidates are picks."""
        return self.scores >= self.threshold


class Picker(Protocol):
    """The function `pick` of a picker's module."""

    def __call__(
        self,
        image: NDArray[np.float32],
        diameter_px: float,
        *,
        particles_are_dark: bool = True,
        settings: Any = None,
        templates: NDArray[np.float32] | None = None,
    ) -> Picks:
        """Pick the particles of one micrograph, raw or denoised.

        Parameters
        ----------
        image
            Micrograph (h, w); its offset and scale do not matter to the places.
        diameter_px
            Particle diameter in pixels.
        particles_are_dark
            Whether particles are darker than ice.
        settings
            The picker's own, a model of `config.pickers`; None for a picker that has none.
        templates
            Projections (n, s, s) of the particle, for a picker that needs them.

        Raises
        ------
        ValueError
            The particle does not fit the image, or what the picker needs is missing.
        """


def load_picker(name: str) -> Picker:
    """Return the function `pick` of the module ``picking/<name>.py``.

    Raises
    ------
    ValueError
        No picker has that name.
    """
    known = sorted(all_pickers())
    if name not in known:
        raise ValueError(f"picker {name!r} is unknown; use one of {', '.join(known)}")
    picker: Picker = importlib.import_module(f"clearice.picking.{name}").pick
    return picker
