"""Atomic structures made ready for projection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from clearice.config.simulation import AtomSettings
from clearice.simulation.projection import Projector, make_projector
from clearice.simulation.scattering import form_factors, highest_frequency_per_A


class AtomicModel(Protocol):
    """The atoms of a structure, as `files.structures.Structure` holds them."""

    @property
    def name(self) -> str:
        """Name of the structure."""

    @property
    def elements(self) -> NDArray[np.str_]:
        """Element symbols (n,)."""

    @property
    def positions_A(self) -> NDArray[np.float64]:
        """Positions (n, 3), x, y, z in A, the centroid at the origin."""

    @property
    def b_factors_A2(self) -> NDArray[np.float64]:
        """B factors (n,) in A^2."""

    @property
    def occupancies(self) -> NDArray[np.float64]:
        """Occupancies (n,) in 0..1."""

    @property
    def hydrogens(self) -> NDArray[np.int64]:
        """Hydrogens (n,) that ride on each atom."""


def make_projectors(
    models: Sequence[AtomicModel], physics: AtomSettings, pixel_size_A: float, device: torch.device
) -> list[Projector]:
    """Make structures ready for projection.

    Parameters
    ----------
    models
        The structures.
    physics
        What becomes of their B factors and of the ice they displace.
    pixel_size_A
        Pixel size of the projections in A.
    device
        Device that projections are made on.

    Raises
    ------
    ValueError
        An element has no form factor, or a B factor is negative.
    """
    projectors = []
    for model in models:
        factors = form_factors(
            model.elements,
            model.hydrogens,
            effective_b_factors_A2(model.b_factors_A2, physics),
            model.occupancies,
            highest_frequency_per_A=highest_frequency_per_A(pixel_size_A),
            solvent=physics.solvent,
        )
        projectors.append(make_projector(model.positions_A, factors, pixel_size_A, device))
    return projectors


def effective_b_factors_A2(b_factors_A2: NDArray[np.float64], physics: AtomSettings) -> NDArray[np.float64]:
    """Return the file's B factors, or none of them, raised to the floor.

    Many files hold B = 0, and predicted structures hold a confidence in the place of B: both call for a
    floor, the second also for ignoring the file.
    """
    own = np.zeros_like(b_factors_A2) if physics.ignore_b_factors else b_factors_A2
    return np.maximum(own, physics.b_factor_floor_A2)
