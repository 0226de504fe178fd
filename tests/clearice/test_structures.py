from __future__ import annotations

import gzip
import os
from pathlib import Path

import gemmi
import numpy as np
import pytest

from clearice.files.hydrogens import hydrogens_of_residue
from clearice.files.structures import Structure, read_structure
from clearice.physics.scattering import displaced_volume_A3

SHARED = Path(os.environ.get("CLEARICE_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))

Atom = tuple[str, str, tuple[float, float, float]]
ALANINE: list[Atom] = [
    ("N", "N", (0.0, 0.0, 0.0)),
    ("CA", "C", (1.46, 0.0, 0.0)),
    ("C", "C", (2.0, 1.42, 0.0)),
    ("O", "O", (1.25, 2.39, 0.0)),
    ("CB", "C", (1.99, -0.77, -1.2)),
]


def make_residue(name: str, number: int, atoms: list[Atom], b: float = 30.0) -> gemmi.Residue:
    residue = gemmi.Residue()
    residue.name, residue.seqid = name, gemmi.SeqId(str(number))
    for label, element, place in atoms:
        atom = gemmi.Atom()
        atom.name, atom.element, atom.pos, atom.b_iso = (
            label,
            gemmi.Element(element),
            gemmi.Position(*place),
            b,
        )
        atom.occ = 1.0
        residue.add_atom(atom)
    return residue


def make_structure(*residues: gemmi.Residue) -> gemmi.Structure:
    structure, model, chain = gemmi.Structure(), gemmi.Model(1), gemmi.Chain("A")
    for residue in residues:
        chain.add_residue(residue)
    model.add_chain(chain)
    structure.add_model(model)
    structure.setup_entities()
    return structure


def write(structure: gemmi.Structure, path: Path) -> Path:
    text = structure.make_pdb_string() if ".pdb" in path.name else structure.make_mmcif_document().as_string()
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def real_model(name: str) -> Structure:
    path = SHARED / "data" / "models" / name
    if not path.exists():
        pytest.skip("real data: no shared folder beside the repository")
    return read_structure(path)


@pytest.mark.parametrize("name", ["a.pdb", "a.pdb.gz", "a.cif", "a.cif.gz"])
def test_every_format_gives_the_same_atoms(tmp_path: Path, name: str) -> None:
    read = read_structure(write(make_structure(make_residue("ALA", 1, ALANINE)), tmp_path / name))
    assert read.name == "a"
    assert list(read.elements) == ["N", "C", "C", "O", "C"]
    assert list(read.hydrogens) == [1, 1, 0, 0, 3]
    places = np.array([place for _, _, place in ALANINE])
    assert np.allclose(read.positions_A, places - places.mean(axis=0), atol=1e-3)
    assert np.allclose(read.b_factors_A2, 30.0) and np.allclose(read.occupancies, 1.0)
    assert read.radius_A == pytest.approx(np.linalg.norm(read.positions_A, axis=1).max())


def test_waters_hydrogens_and_alternates_are_dropped_and_occupancies_joined(tmp_path: Path) -> None:
    residue = make_residue("ALA", 1, ALANINE)
    for altloc, share in (("A", 0.6), ("B", 0.4)):
        atom = make_residue("ALA", 1, [("CG", "C", (3.0, 1.0, 1.0))])[0]
        atom.altloc, atom.occ = altloc, share
        residue.add_atom(atom)
    residue.add_atom(make_residue("ALA", 1, [("HA", "H", (1.5, 0.5, 0.9))])[0])
    water = make_residue("HOH", 2, [("O", "O", (9.0, 9.0, 9.0))])
    read = read_structure(write(make_structure(residue, water), tmp_path / "a.pdb"))
    assert list(read.elements) == ["N", "C", "C", "O", "C", "C"]
    assert np.allclose(read.occupancies, 1.0)


def test_of_two_residues_for_one_place_the_first_is_kept(tmp_path: Path) -> None:
    first, second = (
        make_residue("ALA", 1, ALANINE),
        make_residue("SER", 1, [*ALANINE, ("OG", "O", (3, 0, 0))]),
    )
    for residue, altloc in ((first, "A"), (second, "B")):
        for atom in residue:
            atom.altloc, atom.occ = altloc, 0.5
    read = read_structure(write(make_structure(first, second), tmp_path / "a.cif"))
    assert len(read.elements) == 5


def test_residues_that_repeat_a_number_in_one_chain_are_all_kept(tmp_path: Path) -> None:
    residues = [make_residue("ALA", number, ALANINE) for number in (1, 2, 1, 2)]
    assert len(read_structure(write(make_structure(*residues), tmp_path / "a.pdb")).elements) == 20


def test_an_assembly_is_built_on_request(tmp_path: Path) -> None:
    structure = make_structure(make_residue("ALA", 1, ALANINE))
    assembly, generator = gemmi.Assembly("1"), gemmi.Assembly.Gen()
    generator.chains = ["A"]
    for shift in (0.0, 40.0):
        operator = gemmi.Assembly.Operator()
        operator.name = str(int(shift) + 1)
        operator.transform = gemmi.Transform(gemmi.Mat33(), gemmi.Vec3(shift, 0, 0))
        generator.operators.append(operator)
    generator.subchains = ["Axp"]
    assembly.generators.append(generator)
    structure.assemblies.append(assembly)
    path = write(structure, tmp_path / "a.pdb")
    assert len(read_structure(path).elements) == 5
    twice = read_structure(path, "1")
    assert len(twice.elements) == 10
    assert np.ptp(twice.positions_A[:, 0]) == pytest.approx(42.0, abs=0.01)
    with pytest.raises(ValueError, match="no biological assembly '7'"):
        read_structure(path, "7")


def test_old_names_of_nucleotides_count_like_new_ones() -> None:
    new = ["P", "OP1", "O5'", "C5'", "C4'", "O4'", "C3'", "O3'", "C2'", "O2'", "C1'", "N9", "C8", "N6", "C2"]
    old = ["P", "O1P"] + [name.replace("'", "*") for name in new[2:]]
    elements = [name[0] for name in new]
    places = np.zeros((len(new), 3))
    assert hydrogens_of_residue("A", new, elements, places) == hydrogens_of_residue(
        "ADE", old, elements, places
    )
    assert sum(hydrogens_of_residue("A", new, elements, places)) == 2 + 1 + 1 + 1 + 1 + 1 + 1 + 2 + 1


def test_deoxyribose_has_one_hydrogen_more_on_c2_and_none_on_o2() -> None:
    names = ["C2'", "C1'", "N3", "C7"]
    assert hydrogens_of_residue("DT", names, ["C", "C", "N", "C"], np.zeros((4, 3))) == [2, 1, 1, 3]


def test_an_unknown_residue_is_counted_by_valence() -> None:
    # ethanol: CH3-CH2-OH
    names, elements = ["C1", "C2", "O1"], ["C", "C", "O"]
    places = np.array([[0.0, 0.0, 0.0], [1.52, 0.0, 0.0], [2.0, 1.35, 0.0]])
    assert hydrogens_of_residue("XYZ", names, elements, places) == [3, 2, 1]


@pytest.mark.parametrize(
    ("name", "atoms", "radius"), [("6z6u.pdb.gz", 32618, 67), ("70S_tteftu_with_tRNA.pdb.gz", 148594, 154)]
)
def test_real_files_are_read_whole(name: str, atoms: int, radius: float) -> None:
    read = real_model(name)
    assert len(read.elements) == atoms
    assert read.radius_A == pytest.approx(radius, abs=1)
    share = read.hydrogens.sum() / atoms
    assert 0.6 < share < 1.1  # RNA has fewer hydrogens than protein


def test_hydrogens_of_the_proteasome_give_its_published_volume() -> None:
    read = real_model("3j9i.pdb.gz")
    volume = sum(
        displaced_volume_A3(str(e), int(h)) for e, h in zip(read.elements, read.hydrogens, strict=True)
    )
    assert volume == pytest.approx(830_621, rel=1e-4)


def test_what_is_no_structure_is_refused(tmp_path: Path) -> None:
    text, empty, waters = tmp_path / "a.cif", tmp_path / "b.pdb", tmp_path / "c.pdb"
    text.write_text("this is a letter\n")
    empty.write_text("REMARK nothing\nEND\n")
    write(make_structure(make_residue("HOH", 1, [("O", "O", (0, 0, 0))])), waters)
    with pytest.raises(ValueError, match=r"a\.cif cannot be read as PDB or mmCIF"):
        read_structure(text)
    with pytest.raises(ValueError, match=r"b\.pdb holds no atoms"):
        read_structure(empty)
    with pytest.raises(ValueError, match=r"c\.pdb holds no atoms other than waters"):
        read_structure(waters)
    with pytest.raises(OSError, match="missing"):
        read_structure(tmp_path / "missing.pdb")


def test_an_unknown_element_is_refused(tmp_path: Path) -> None:
    path = write(
        make_structure(make_residue("ALA", 1, [*ALANINE, ("XX", "X", (5, 5, 5))])), tmp_path / "a.cif"
    )
    with pytest.raises(ValueError, match="unknown element"):
        read_structure(path)
