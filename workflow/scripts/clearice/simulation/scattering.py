"""Form factors of atoms in ice: Peng's factors, riding hydrogens, displaced solvent; a small basis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gemmi
import numpy as np
from numpy.typing import NDArray

from clearice.simulation.electrons import PLANCK_TERM_V_A2

ICE_POTENTIAL_V = 4.53
"""Mean inner potential of vitreous ice, independent-atom water at 0.93 g/cm3 (InSilicoTEM's Vwat)."""

HYDROGEN_B_FACTOR_A2 = 29.0
"""Blur of a hydrogen around the atom that carries it: 8 pi^2 d^2 / 3 with d = 1.05 A."""

_DISPLACED_VOLUMES_A3 = {  # Fraser et al. 1978; metals as in CRYSOL (Svergun et al. 1995)
    "H": 5.15, "C": 16.44, "N": 2.49, "O": 9.13, "S": 19.86, "P": 5.73,
    "Mg": 17.16, "Ca": 31.89, "Mn": 9.20, "Fe": 7.99, "Cu": 8.78, "Zn": 9.85,
}  # fmt: skip


@dataclass(frozen=True)
class FormFactors:
    """All atoms of a structure as a small basis of radial curves.

    Atom j has the form factor ``strengths[j] @ basis_A``.

    Attributes
    ----------
    strengths
        float32 (n_atoms, k).
    basis_A
        float64 (k, n_frequencies) in A.
    frequencies_per_A
        Frequencies of the curves, from 0.
    error
        Largest deviation from the exact curves, as a share of the largest form factor.
    """

    strengths: NDArray[np.float32]
    basis_A: NDArray[np.float64]
    frequencies_per_A: NDArray[np.float64]
    error: float


def form_factors(
    elements: NDArray[np.str_],
    hydrogens: NDArray[np.int64],
    b_factors_A2: NDArray[np.float64],
    occupancies: NDArray[np.float64],
    *,
    highest_frequency_per_A: float,
    solvent: bool,
    tolerance: float = 5e-4,
) -> FormFactors:
    """Expand the form factors of all atoms in the fewest basis curves (SVD).

    The exact curve of an atom is `atom_curve_A`; between whole B factors (A^2) the curves are interpolated.
    Twelve kinds of atoms need about four curves.

    Parameters
    ----------
    elements, hydrogens, b_factors_A2, occupancies
        (n,) per atom: symbol, riding hydrogens, B in A^2 (>= 0), occupancy.
    highest_frequency_per_A
        Largest |g| in 1/A that will be used.
    solvent
        Subtract the ice that the atom displaces.
    tolerance
        Largest deviation allowed, as a share of the largest form factor.

    Raises
    ------
    ValueError
        An element has no form factor, or a B factor is negative.
    """
    if (b_factors_A2 < 0).any():
        raise ValueError("a B factor is negative; floor the B factors (b_factor_floor_A2) or ignore them")
    frequencies = np.linspace(0.0, highest_frequency_per_A, 1024)
    below = np.floor(b_factors_A2).astype(np.int64)
    symbols, symbol_index = np.unique(elements, return_inverse=True)
    both = np.concatenate([below, below + 1])
    kinds, kind_index = np.unique(
        np.stack([np.tile(symbol_index, 2), np.tile(hydrogens, 2), both], axis=1), axis=0, return_inverse=True
    )
    curves = np.stack(
        [
            atom_curve_A(str(symbols[symbol]), int(count), float(b), frequencies, solvent=solvent)
            for symbol, count, b in kinds
        ]
    )
    _, _, right = np.linalg.svd(curves, full_matrices=False)
    largest = np.abs(curves).max()
    for size in range(1, len(right) + 1):
        coefficients = curves @ right[:size].T
        error = float(np.abs(coefficients @ right[:size] - curves).max() / largest)
        if error < tolerance:
            break
    lower, upper = np.split(kind_index.ravel(), 2)
    above = (b_factors_A2 - below)[:, None]
    strengths = ((1 - above) * coefficients[lower] + above * coefficients[upper]) * occupancies[:, None]
    return FormFactors(strengths.astype(np.float32), right[:size].copy(), frequencies, error)


def highest_frequency_per_A(pixel_size_A: float) -> float:
    """Compute the frequency at the corner of an image's transform, ``sqrt(2) / (2 pixel_size_A)`` in 1/A.

    Raises
    ------
    ValueError
        The pixel size is not positive.
    """
    if pixel_size_A <= 0:
        raise ValueError(f"pixel size {pixel_size_A:g} A is not positive; give the pixel size in A")
    return float(np.sqrt(0.5) / pixel_size_A)


def atom_curve_A(
    element: str, hydrogens: int, b_factor_A2: float, frequencies_per_A: NDArray[np.float64], *, solvent: bool
) -> NDArray[np.float64]:
    """Compute the form factor in A of an atom with its hydrogens, less the ice they displace.

    ``f(g) = exp(-B g^2 / 4) [sum a_i exp(-b_i g^2 / 4) + n_H f_H(g) exp(-B_H g^2 / 4) - (V_ice / C) nu
    exp(-pi nu^(2/3) g^2)]``, nu the displaced volume of the group in A^3 (Fraser's Gaussians), C = 47.8776
    V A^2. Factors a, b of neutral atoms: Peng et al. 1996, as tabulated in gemmi.

    Raises
    ------
    ValueError
        The element is unknown or has no electron form factor.
    """
    squared = frequencies_per_A**2
    curve = _peng(element, squared) + hydrogens * _peng("H", squared) * np.exp(
        -HYDROGEN_B_FACTOR_A2 * squared / 4
    )
    if solvent:
        volume = displaced_volume_A3(element, hydrogens)
        curve -= (
            ICE_POTENTIAL_V / PLANCK_TERM_V_A2 * volume * np.exp(-np.pi * volume ** (2.0 / 3.0) * squared)
        )
    result: NDArray[np.float64] = curve * np.exp(-b_factor_A2 * squared / 4)
    return result


def displaced_volume_A3(element: str, hydrogens: int) -> float:
    """Compute the volume of solvent, in A^3, that an atom and its hydrogens displace.

    Fraser's and CRYSOL's volumes; for elements outside their tables, the sphere of the van der Waals radius.
    """
    tabulated = _DISPLACED_VOLUMES_A3.get(element)
    volume = tabulated if tabulated is not None else 4.0 / 3.0 * np.pi * _element(element).vdw_r ** 3
    return float(volume + hydrogens * _DISPLACED_VOLUMES_A3["H"])


def _peng(element: str, squared: NDArray[np.float64]) -> NDArray[np.float64]:
    """Evaluate ``sum a_i exp(-b_i g^2 / 4)`` for a neutral atom."""
    factors = _element(element).c4322
    curve: NDArray[np.float64] = sum(
        (a * np.exp(-b * squared / 4) for a, b in zip(factors.a, factors.b, strict=True)),
        np.zeros_like(squared),
    )
    return curve


def _element(symbol: str) -> Any:
    """Look an element up; gemmi gives an unknown symbol number 0, with factors that mean nothing."""
    element = gemmi.Element(symbol)
    if not 1 <= element.atomic_number <= 98:
        raise ValueError(
            f"element {symbol!r} has no electron form factor (known: hydrogen to californium); "
            "correct the element column of the structure file"
        )
    return element
