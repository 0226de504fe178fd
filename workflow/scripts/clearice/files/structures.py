"""Read atomic structures (PDB and mmCIF, plain or gzipped) as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import gemmi
import numpy as np
from numpy.typing import NDArray

from clearice.files.hydrogens import hydrogens_of_residue

_WATERS = {"HOH", "DOD", "WAT", "H2O", "TIP", "TIP3", "SOL"}


@dataclass(frozen=True)
class Structure:
    """Heavy atoms of one structure.

    `name` the file's stem; `elements` (n,) element symbols; `positions_A` float64 (n, 3), x, y, z in A, the
    centroid of the atoms at the origin; `b_factors_A2` (n,) as in the file; `occupancies` (n,) in 0..1;
    `hydrogens` (n,) hydrogens that ride on each atom.
    """

    name: str
    elements: NDArray[np.str_]
    positions_A: NDArray[np.float64]
    b_factors_A2: NDArray[np.float64]
    occupancies: NDArray[np.float64]
    hydrogens: NDArray[np.int64]

    @property
    def radius_A(self) -> float:
        """Distance of the outermost atom from the centroid, in A."""
        return float(np.linalg.norm(self.positions_A, axis=1).max())


def read_structure(path: Path, assembly: str | None = None) -> Structure:
    """Read the first model of a structure file, without waters and alternate locations.

    Of alternate locations the first is kept, with the occupancy of all together. Hydrogens of the file are
    dropped: they come back as riding hydrogens, which every structure gets by the same rule.

    Parameters
    ----------
    path
        ``.pdb``, ``.ent`` or ``.cif``, also with ``.gz``.
    assembly
        Name of the biological assembly to build (mostly ``1``), or None for the atoms as they are.

    Raises
    ------
    ValueError
        The file is no structure, holds no atom, an unknown element or no such assembly.
    OSError
        The file cannot be read.
    """
    with path.open("rb"):
        pass  # gemmi reports a missing file as RuntimeError
    try:
        structure = gemmi.read_structure(str(path))
    except (RuntimeError, ValueError, UnicodeDecodeError) as error:
        sentence = " ".join(str(error).split())
        raise ValueError(
            f"{path} cannot be read as PDB or mmCIF ({sentence}); give a structure file"
        ) from None
    if len(structure) == 0:
        raise ValueError(f"{path} holds no atoms; give a PDB or mmCIF file with coordinates")
    if assembly is not None:
        _build_assembly(structure, path, assembly)
    return _arrays_of(structure, path)


def _build_assembly(structure: gemmi.Structure, path: Path, assembly: str) -> None:
    """Replace the first model by the named biological assembly."""
    names = [one.name for one in structure.assemblies]
    if assembly not in names:
        raise ValueError(
            f"{path} has no biological assembly {assembly!r} (it has: {', '.join(names) or 'none'}); "
            "name one of these, or leave the assembly empty"
        )
    structure.transform_to_assembly(assembly, gemmi.HowToNameCopiedChain.AddNumber)


def _arrays_of(structure: gemmi.Structure, path: Path) -> Structure:
    """Collect the heavy atoms of the first model."""
    elements: list[str] = []
    positions: list[tuple[float, float, float]] = []
    factors: list[float] = []
    occupancies: list[float] = []
    hydrogens: list[int] = []
    for chain in structure[0]:
        before: gemmi.Residue | None = None
        for residue in chain:
            alternative = before is not None and _is_alternative_of(residue, before)
            if not alternative:
                before = residue
            if alternative or residue.is_water() or residue.name in _WATERS:
                continue
            atoms, shares = _without_alternates(residue)
            if not atoms:
                continue
            symbols = [atom.element.name for atom in atoms]
            for atom, symbol in zip(atoms, symbols, strict=True):
                if atom.element.atomic_number == 0:
                    raise ValueError(
                        f"{path}: atom {atom.name!r} of residue {residue.name} {residue.seqid} in chain "
                        f"{chain.name!r} "
                        f"has the unknown element {symbol!r}; correct the element column of the file"
                    )
            places = [(atom.pos.x, atom.pos.y, atom.pos.z) for atom in atoms]
            hydrogens += hydrogens_of_residue(
                residue.name, [atom.name for atom in atoms], symbols, np.array(places)
            )
            elements += symbols
            positions += places
            factors += [atom.b_iso for atom in atoms]
            occupancies += shares
    if not elements:
        raise ValueError(
            f"{path} holds no atoms other than waters and hydrogens; give a structure of the particle"
        )
    centred = np.array(positions, dtype=np.float64)
    if not np.isfinite(centred).all():
        raise ValueError(f"{path} has a coordinate that is no finite number; correct the file")
    return Structure(
        name=path.name.split(".")[0],
        elements=np.array(elements),
        positions_A=centred - centred.mean(axis=0),
        b_factors_A2=np.array(factors, dtype=np.float64),
        occupancies=np.array(occupancies, dtype=np.float64),
        hydrogens=np.array(hydrogens, dtype=np.int64),
    )


def _is_alternative_of(residue: gemmi.Residue, before: gemmi.Residue) -> bool:
    """Tell whether a residue is another choice for the place of the one before (microheterogeneity)."""
    # gemmi's own removal of alternates also drops whole chains where residue numbers start again in one chain
    return residue.seqid == before.seqid and all(atom.has_altloc() for atom in residue)


def _without_alternates(residue: gemmi.Residue) -> tuple[list[gemmi.Atom], list[float]]:
    """Keep the first location of each heavy atom, with the occupancy of all its locations together."""
    kept: list[gemmi.Atom] = []
    shares: list[float] = []
    place: dict[str, int] = {}
    for atom in residue:
        if atom.is_hydrogen() or atom.occ <= 0:
            continue
        if atom.has_altloc() and atom.name in place:
            shares[place[atom.name]] = min(1.0, shares[place[atom.name]] + atom.occ)
            continue
        if atom.has_altloc():
            place[atom.name] = len(kept)
        kept.append(atom)
        shares.append(min(1.0, atom.occ))
    return kept, shares
