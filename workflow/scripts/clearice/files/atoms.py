"""The atoms of a structure file: which of them count, and what is wrong with them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

import gemmi

_WATERS = {"HOH", "DOD", "WAT", "H2O", "TIP", "TIP3", "SOL"}
_NUMBER = re.compile(rb"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*")
_CURES = {
    "a coordinate": "correct the file",
    "an occupancy": "correct the file",
    "a B factor": "correct the file, or set ignore_b_factors in the section physics of the config",
}


def heavy_atoms(residue: gemmi.Residue) -> list[gemmi.Atom]:
    """Return the atoms that are neither hydrogen nor water's."""
    water = residue.is_water() or residue.name in _WATERS
    return [] if water else [atom for atom in residue if not atom.is_hydrogen()]


def check_numbers(
    structure: gemmi.Structure, content: bytes, path: Path, *, is_pdb: bool, ignore_b_factors: bool
) -> None:
    """Stop at numbers that would poison the simulation.

    Raises
    ------
    ValueError
        Naming how many atoms have one, the first of them, and what to do.
    """
    broken = _broken_in_text(content) if is_pdb else _broken_in_models(structure)
    found = [(kind, name) for kind, name in broken if not (ignore_b_factors and kind == "a B factor")]
    for worst, cure in _CURES.items():
        names = [name for kind, name in found if kind == worst]
        if names:
            raise ValueError(
                f"{path} has {len(names)} atom{'s' * (len(names) > 1)} with {worst} that is no finite number "
                f"(first: {names[0]}); {cure}"
            )


def check_elements(chains: list[gemmi.Chain], content: bytes, path: Path, *, is_pdb: bool) -> None:
    """Stop at an atom that is none of the periodic table, and show its element as it is written.

    Raises
    ------
    ValueError
        Naming the atom and its element.
    """
    atoms = (
        (chain.name, residue, atom) for chain in chains for residue in chain for atom in heavy_atoms(residue)
    )
    for chain, residue, atom in atoms:
        if atom.element.atomic_number > 0 or atom.occ <= 0:
            continue
        name = _name(atom.name, residue.name, str(residue.seqid))
        if is_pdb:
            lines = (line for line in content.splitlines() if _is_atom(line) and _name_of_line(line) == name)
            symbols = [line[76:78].decode("latin-1").strip() for line in lines]
        else:
            rows = gemmi.cif.read_string(content)[0].find("_atom_site.", ["id", "type_symbol"])
            symbols = [row.str(1) for row in rows if row.str(0) == str(atom.serial)]
        raise ValueError(
            f"{path}: {name} in chain {chain!r} has the unknown element "
            f"{next(iter(symbols), atom.element.name)!r}; correct the element column of the file"
        )


def _broken_in_text(content: bytes) -> Iterator[tuple[str, str]]:
    """Return kind and atom of each number of a PDB file that is none: gemmi takes it for 0."""
    for line in filter(_is_atom, content.splitlines()):
        columns = ((line[30:38], line[38:46], line[46:54]), (line[54:60],), (line[60:66],))
        for kind, fields in zip(_CURES, columns, strict=True):
            if not all(
                _is_number(field) or (kind != "a coordinate" and not field.strip()) for field in fields
            ):
                yield kind, _name_of_line(line)


def _broken_in_models(structure: gemmi.Structure) -> Iterator[tuple[str, str]]:
    """Return kind and atom of each number of an mmCIF file that is none: gemmi makes it NaN."""
    for model in structure:
        for one in model.all():
            values = (sum(one.atom.pos.tolist()), one.atom.occ, one.atom.b_iso)
            for kind, value in zip(_CURES, values, strict=True):
                if not math.isfinite(value):
                    yield kind, _name(one.atom.name, one.residue.name, str(one.residue.seqid))


def _is_atom(line: bytes) -> bool:
    """Check whether a line of a PDB file describes an atom, by the four letters that gemmi looks at."""
    return line[:4].upper() in (b"ATOM", b"HETA")


def _is_number(field: bytes) -> bool:
    """Check whether a field of a PDB file holds one finite number and nothing else."""
    return _NUMBER.fullmatch(field) is not None and math.isfinite(float(field))


def _name_of_line(line: bytes) -> str:
    """Name the atom of a line of a PDB file."""
    text = line.decode("latin-1")
    return _name(text[12:16].strip(), text[17:20].strip(), text[22:27].strip())


def _name(atom: str, residue: str, number: str) -> str:
    """Name an atom in a sentence."""
    return f"atom {atom!r} of residue {residue} {number}"
