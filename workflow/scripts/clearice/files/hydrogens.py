"""How many hydrogens ride on each heavy atom: structure files mostly leave them out."""

from __future__ import annotations

from collections.abc import Sequence

import gemmi
import numpy as np
from numpy.typing import NDArray

# Atoms that carry hydrogens at pH 7, for the standard residues; an atom that is not listed has none.
# Chain ends are treated as inner residues, histidine as the neutral tautomer with its proton on NE2.
_BACKBONE = "N1 CA1 C0 O0"
_SIDE_CHAINS = {
    "A": "CB3",
    "R": "CB2 CG2 CD2 NE1 NH1:2 NH2:2",
    "N": "CB2 ND2:2",
    "D": "CB2",
    "C": "CB2 SG1",
    "Q": "CB2 CG2 NE2:2",
    "E": "CB2 CG2",
    "G": "CA2",
    "H": "CB2 CD2:1 CE1:1 NE2:1",
    "I": "CB1 CG1:2 CG2:3 CD1:3 CD3",
    "L": "CB2 CG1 CD1:3 CD2:3",
    "K": "CB2 CG2 CD2 CE2 NZ3",
    "M": "CB2 CG2 CE3",
    "F": "CB2 CD1:1 CD2:1 CE1:1 CE2:1 CZ1",
    "P": "N0 CB2 CG2 CD2",
    "S": "CB2 OG1",
    "T": "CB1 OG1:1 CG2:3",
    "W": "CB2 CD1:1 NE1:1 CE3:1 CZ2:1 CZ3:1 CH2:1",
    "Y": "CB2 CD1:1 CD2:1 CE1:1 CE2:1 OH1",
    "V": "CB1 CG1:3 CG2:3",
}
_SUGAR = "O5':0 C5':2 C4':1 C3':1 O3':0 C2':1 O2':1 C1':1"
_BASES = {
    "A": "C8:1 N6:2 C2:1",
    "G": "C8:1 N1:1 N2:2",
    "C": "N4:2 C5:1 C6:1",
    "U": "N3:1 C5:1 C6:1",
    "T": "N3:1 C6:1 C7:3 C5M:3",
}
_OLD_NUCLEOTIDES = {"ADE": "A", "GUA": "G", "CYT": "C", "URA": "U", "URI": "U", "THY": "T", "T": "T"}
_OTHER_NAMES = {
    "HSD": "HIS",
    "HSE": "HIS",
    "HSP": "HIS",
    "HID": "HIS",
    "HIE": "HIS",
    "HIP": "HIS",
}  # CHARMM's, Amber's
_VALENCES = {"C": 4, "N": 3, "O": 2}
_LARGE = {"Si", "P", "S", "Cl", "As", "Se", "Br", "Te", "I"}  # their bonds to C, N, O are longer than 1.7 A


def hydrogens_of_residue(
    residue: str, names: Sequence[str], elements: Sequence[str], positions_A: NDArray[np.float64]
) -> list[int]:
    """Count the hydrogens that ride on each heavy atom of one residue.

    Standard amino acids and nucleotides follow a table (pH 7, inside a chain). Modified and D-amino acids
    keep the counts of the parent on backbone and CB, modified nucleotides those of the plain sugar; any other
    residue that is built like an amino acid gets the backbone of one. All other atoms are counted from
    valences and bond lengths, which know nothing of bonds to other residues.

    Parameters
    ----------
    residue
        Residue name as in the file (``ALA``, ``DA``, ``PSU``, ``HEM``).
    names
        Atom names; old ones (``O5*``, ``O1P``) are understood.
    elements
        Element symbols, none of them hydrogen.
    positions_A
        (n, 3) atom positions in A.

    Returns
    -------
    list of int
        Hydrogens on each atom, 0 to 4.
    """
    modern = [name.replace("*", "'") for name in names]
    table, complete = _table_of(residue, modern, _has_backbone(modern, elements, positions_A))
    if complete:
        return [table.get(name, 0) for name in modern]
    guessed = _count_by_valence(elements, positions_A)
    return [table.get(name, guess) for name, guess in zip(modern, guessed, strict=True)]


def _table_of(residue: str, names: Sequence[str], has_backbone: bool) -> tuple[dict[str, int], bool]:
    """Return the hydrogen counts by atom name, and whether they cover the whole residue."""
    known = gemmi.find_tabulated_residue(_OTHER_NAMES.get(residue, residue))
    letter = _OLD_NUCLEOTIDES.get(residue, known.one_letter_code)
    parent, standard = letter.upper(), letter.isupper()
    if residue in _OLD_NUCLEOTIDES or known.kind in (gemmi.ResidueKind.RNA, gemmi.ResidueKind.DNA):
        if parent not in _BASES:
            return {}, False
        table = _parse(_SUGAR) | _parse(_BASES[parent])
        if "O2'" not in names:
            table["C2'"] = 2
        if not standard:
            # a modified base or sugar may have lost any hydrogen of its parent: only the plain sugar is sure
            table = {
                name: count for name, count in _parse(_SUGAR).items() if name not in ("O2'", "C1'", "C2'")
            }
        return table, standard
    if not (known.is_amino_acid() or has_backbone):
        return {}, False
    if parent not in _SIDE_CHAINS:
        return _parse(_BACKBONE), False
    table = _parse(_BACKBONE) | _parse(_SIDE_CHAINS[parent])
    if not standard:
        table = {name: count for name, count in table.items() if name in ("N", "CA", "C", "O", "CB")}
    return table, standard


def _has_backbone(names: Sequence[str], elements: Sequence[str], positions_A: NDArray[np.float64]) -> bool:
    """Check whether N, CA, C and O are there and bonded in this order, whatever the residue is called."""
    index = {name: number for number, name in enumerate(names)}
    chain = [index[name] for name in ("N", "CA", "C", "O") if name in index]
    if [elements[number] for number in chain] != ["N", "C", "C", "O"]:
        return False
    lengths = np.linalg.norm(np.diff(positions_A[chain], axis=0), axis=1)
    return bool(((lengths > 0.8) & (lengths < 1.8)).all())


def _parse(text: str) -> dict[str, int]:
    """Read ``CB2 NH1:2`` as CB has 2 and NH1 has 2."""
    counts = {}
    for word in text.split():
        name, _, count = word.rpartition(":") if ":" in word else (word[:-1], "", word[-1])
        counts[name] = int(count)
    return counts


def _count_by_valence(elements: Sequence[str], positions_A: NDArray[np.float64]) -> list[int]:
    """Count hydrogens as valence minus bond orders, the orders from bond lengths in the residue."""
    distances = np.linalg.norm(positions_A[:, None, :] - positions_A[None, :, :], axis=-1)
    counts = []
    for index, element in enumerate(elements):
        if element not in _VALENCES:
            counts.append(0)
            continue
        bonded = np.flatnonzero((distances[index] > 0.8) & (distances[index] < 2.2))
        lengths = [(elements[int(other)], float(distances[index, other])) for other in bonded]
        orders = [_bond_order(element, other, length) for other, length in lengths]
        orders = [order for order in orders if order > 0]
        total = sum(orders)
        if element == "C" and 3.0 not in orders:
            total = min(total, len(orders) + 1)  # one double bond at most: short bonds of rings look like two
        counts.append(max(0, round(_VALENCES[element] - total - 1e-6)) if orders else 0)
    return counts


def _bond_order(first: str, second: str, length_A: float) -> float:
    """Estimate a bond order from two elements and their distance in A."""
    pair = frozenset((first, second))
    if pair & _LARGE:
        return (
            2.0 if first == "O" else 1.0
        )  # oxygens of phosphates, sulphates and their like carry no proton at pH 7
    if length_A > 1.7:
        return 0.0
    limits = {
        frozenset("C"): (1.28, 1.37, 1.43),
        frozenset("CN"): (1.22, 1.31, 1.40),
        frozenset("CO"): (1.16, 1.29, 1.29),
    }
    triple, double, aromatic = limits.get(pair, (1.1, 1.25, 1.30))
    return 3.0 if length_A < triple else 2.0 if length_A < double else 1.5 if length_A < aromatic else 1.0
