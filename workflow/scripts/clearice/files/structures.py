"""Read atomic structures (PDB and mmCIF, plain or gzipped) as arrays."""

from __future__ import annotations

import gzip
import io
import logging
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gemmi
import numpy as np
from numpy.typing import NDArray

from clearice.files.atoms import check_elements, check_numbers, heavy_atoms
from clearice.files.hydrogens import hydrogens_of_residue
from clearice.files.text import UTF_MARKS, read_bytes, text_of

MOST_BYTES = 1 << 29
"""The largest structure that is read, 512 MiB: ten times a ribosome's."""
MOST_ATOMS = 2000
"""Atoms a residue may have: hydrogens are found from all distances within it."""

_SUFFIX = re.compile(r"\.(?:(?P<pdb>pdb|ent|(?P<built>pdb\d+))|cif|mmcif)(?:\.gz)?$", re.IGNORECASE)
_PLAIN = bytes(value if value < 128 else ord("?") for value in range(256))  # letters of remarks; columns stay
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Structure:
    """Heavy atoms of one structure.

    Attributes
    ----------
    name
        The file's stem.
    elements
        Element symbols (n,).
    positions_A
        x, y, z in A, float64 (n, 3); the centroid of the atoms is at the origin.
    b_factors_A2
        B factors (n,) as in the file, or 0.
    occupancies
        Occupancies (n,), 0 to 1.
    hydrogens
        Number of hydrogens that ride on each atom, (n,).
    """

    name: str
    elements: NDArray[np.str_]
    positions_A: NDArray[np.float64]
    b_factors_A2: NDArray[np.float64]
    occupancies: NDArray[np.float64]
    hydrogens: NDArray[np.int64]

    @property
    def radius_A(self) -> float:
        """Return the distance of the outermost atom from the centroid, in A."""
        return float(np.linalg.norm(self.positions_A, axis=1).max())


def read_structure(path: Path, assembly: str | None = None, *, ignore_b_factors: bool = False) -> Structure:
    """Read the first model of a structure file, or all models of an assembly file, without waters.

    Of alternate locations, and of residues that share one place, the first is kept, with the occupancy of all
    together. Atoms of occupancy 0 were not observed and are dropped, unless the file gives no atom any
    occupancy: then all count as 1. Hydrogens of the file are dropped: they come back as riding hydrogens,
    which every structure gets by the same rule.

    Parameters
    ----------
    path
        ``.pdb``, ``.ent``, ``.cif`` or ``.mmcif``, or an assembly file ``.pdb1``, ``.pdb2``, ...; also with
        ``.gz``. The models of an assembly file are the copies that make up one particle.
    assembly
        Name of the biological assembly to build (mostly ``1``), or None for the atoms as they are.
    ignore_b_factors
        Ignore the B factors of the file: all become 0 A^2, and none needs to be a number.

    Raises
    ------
    ValueError
        The file is no structure or has another suffix; it holds only waters and hydrogens, an unknown
        element, a coordinate, occupancy or B factor that is no finite number, or no such assembly.
    OSError
        The file cannot be read.
    """
    suffix = _SUFFIX.search(path.name)
    if suffix is None:
        raise ValueError(
            f"{path} does not end like a structure file; give .pdb, .ent, .cif or .mmcif, or an assembly as .pdb1, "
            ".pdb2 and so on, each plain or with .gz"
        )
    content, is_pdb = _content_of(path), suffix["pdb"] is not None
    structure = _parse(content, path, is_pdb)
    check_numbers(structure, content, path, is_pdb=is_pdb, ignore_b_factors=ignore_b_factors)
    if assembly is not None:
        _build_assembly(structure, path, assembly, is_built=suffix["built"] is not None)
    chains = [chain for model in list(structure)[: None if suffix["built"] else 1] for chain in model]
    _settle_occupancies(chains, path)
    check_elements(chains, content, path, is_pdb=is_pdb)
    return _arrays_of(chains, path, ignore_b_factors)


def _content_of(path: Path) -> bytes:
    """Read a file, decompressed if its name ends in ``.gz``: gemmi takes a file cut off for a whole one."""
    content = read_bytes(path, MOST_BYTES)
    if path.suffix.lower() == ".gz":
        try:
            with gzip.open(io.BytesIO(content)) as stream:
                content = stream.read(MOST_BYTES + 1)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise _no_structure(path, f"as a gzip file it is broken: {error}") from None
        if len(content) > MOST_BYTES:
            raise ValueError(f"{path} unpacks to more than {MOST_BYTES:,} bytes; is it the right file?")
    if content.startswith(UTF_MARKS):
        content = text_of(content, path).encode()
    if b"\0" in content:
        raise _no_structure(path, f"its byte {content.find(0) + 1} is one of binary data")
    return content.translate(_PLAIN).replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _parse(content: bytes, path: Path, is_pdb: bool) -> gemmi.Structure:
    """Read a file's content with gemmi, and check that there are atoms in it."""
    try:
        structure = gemmi.read_structure_string(
            content, format=gemmi.CoorFormat.Pdb if is_pdb else gemmi.CoorFormat.Mmcif
        )
    except (RuntimeError, ValueError, LookupError, ArithmeticError) as error:
        raise _no_structure(path, " ".join(str(error).split()) if content else "it is empty") from None
    if len(structure) == 0 or not any(len(residue) for chain in structure[0] for residue in chain):
        raise _no_structure(path, "it lists no atom" if content else "it is empty")
    return structure


def _no_structure(path: Path, why: str) -> ValueError:
    """Make the error for a file that is something else."""
    return ValueError(f"{path} is not a structure ({why}); give a PDB or mmCIF file with coordinates")


def _build_assembly(structure: gemmi.Structure, path: Path, assembly: str, *, is_built: bool) -> None:
    """Replace the first model by the named biological assembly."""
    names = [] if is_built else [one.name for one in structure.assemblies]
    if assembly not in names:
        raise ValueError(
            f"{path} has no biological assembly {assembly!r} (it has: {', '.join(names) or 'none'}); "
            "name one of these, or leave the assembly empty"
        )
    structure.transform_to_assembly(assembly, gemmi.HowToNameCopiedChain.AddNumber)


def _settle_occupancies(chains: list[gemmi.Chain], path: Path) -> None:
    """Set every occupancy to 1 where the file gives none to any atom; else log how many will be dropped."""
    atoms = [atom for chain in chains for residue in chain for atom in heavy_atoms(residue)]
    empty = [atom for atom in atoms if atom.occ <= 0]
    if atoms and len(empty) == len(atoms):
        for atom in atoms:
            atom.occ = 1.0
        log.warning("%s gives none of its %d atoms an occupancy; all are taken as 1", path, len(atoms))
    elif empty:
        log.warning("%s: %d of %d atoms have occupancy 0 and are dropped", path, len(empty), len(atoms))


def _arrays_of(chains: list[gemmi.Chain], path: Path, ignore_b_factors: bool) -> Structure:
    """Collect the heavy atoms of the chains."""
    elements, hydrogens = list[str](), list[int]()
    positions, factors, occupancies = list[tuple[float, float, float]](), list[float](), list[float]()
    for chain in chains:
        for choices in _places(chain):
            residue, atoms, shares = _first_choice(choices)
            if len(atoms) > MOST_ATOMS:
                raise ValueError(
                    f"{path}: residue {residue.name} {residue.seqid} has {len(atoms)} atoms, but at most {MOST_ATOMS} "
                    "are read; give each residue a number of its own"
                )
            symbols = [atom.element.name for atom in atoms]
            places = [(atom.pos.x, atom.pos.y, atom.pos.z) for atom in atoms]
            hydrogens += hydrogens_of_residue(
                residue.name, [atom.name for atom in atoms], symbols, np.array(places).reshape(-1, 3)
            )
            elements += symbols
            positions += places
            factors += [0.0 if ignore_b_factors else atom.b_iso for atom in atoms]
            occupancies += shares
    if not elements:
        raise ValueError(
            f"{path} holds no atoms other than waters and hydrogens; give the particle's structure"
        )
    centred = np.array(positions, dtype=np.float64)
    return Structure(
        name=path.name.split(".")[0],
        elements=np.array(elements),
        positions_A=centred - centred.mean(axis=0),
        b_factors_A2=np.array(factors, dtype=np.float64),
        occupancies=np.array(occupancies, dtype=np.float64),
        hydrogens=np.array(hydrogens, dtype=np.int64),
    )


def _places(chain: gemmi.Chain) -> Iterator[list[gemmi.Residue]]:
    """Return the residues of a chain, those that are choices for one place together (microheterogeneity)."""
    # gemmi's own removal of alternates also drops whole chains where residue numbers start again in one chain
    choices: list[gemmi.Residue] = []
    for residue in chain:
        if choices and not (residue.seqid == choices[0].seqid and all(atom.has_altloc() for atom in residue)):
            yield choices
            choices = []
        choices.append(residue)
    if choices:
        yield choices


def _first_choice(choices: list[gemmi.Residue]) -> tuple[gemmi.Residue, list[gemmi.Atom], list[float]]:
    """Keep the first residue that was observed, its atoms with the occupancy of all choices together."""
    residue, atoms, shares = choices[0], list[gemmi.Atom](), list[float]()
    for choice in choices:
        own, own_shares = _without_alternates(choice)
        if not atoms:
            residue, atoms, shares = choice, own, own_shares
        elif own:
            # the choices differ in their atoms: each counts as much as its fullest atom
            shares = [min(1.0, share + max(own_shares)) for share in shares]
    return residue, atoms, shares


def _without_alternates(residue: gemmi.Residue) -> tuple[list[gemmi.Atom], list[float]]:
    """Keep the first location of each heavy atom, with the occupancy of all its locations together."""
    kept, shares, index_of = list[gemmi.Atom](), list[float](), dict[str, int]()
    for atom in heavy_atoms(residue):
        if atom.occ <= 0:
            continue
        if atom.has_altloc() and atom.name in index_of:
            shares[index_of[atom.name]] = min(1.0, shares[index_of[atom.name]] + atom.occ)
        else:
            index_of.setdefault(atom.name, len(kept))
            kept.append(atom)
            shares.append(min(1.0, atom.occ))
    return kept, shares
