from __future__ import annotations

import gzip
import itertools
import logging
import os
from pathlib import Path

import gemmi
import numpy as np
import pytest

from clearice.files.hydrogens import hydrogens_of_residue
from clearice.files.structures import Structure, read_structure
from clearice.simulation.electrons import PLANCK_TERM_V_A2
from clearice.simulation.scattering import ICE_POTENTIAL_V, atom_curve_A, displaced_volume_A3

BUNDLED = Path(__file__).resolve().parents[2] / "resources" / "empiar10146"
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
    text = structure.make_mmcif_document().as_string() if "cif" in path.name else structure.make_pdb_string()
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def rewrite(path: Path, *changes: tuple[str, str]) -> Path:
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    return path


def real_path(name: str) -> Path:
    for path in (BUNDLED / name, SHARED / "data" / "models" / name):
        if path.exists():
            return path
    pytest.skip("real data: no shared folder beside the repository")


def with_occupancies(residue: gemmi.Residue, altloc: str, *occupancies: float) -> gemmi.Residue:
    for atom, occupancy in zip(residue, itertools.cycle(occupancies), strict=False):
        atom.altloc, atom.occ = altloc, occupancy
    return residue


@pytest.mark.parametrize(
    "name", ["a.pdb", "a.pdb.gz", "a.ent", "a.PDB", "a.pdb1", "a.pdb2.gz", "a.cif", "a.cif.gz", "a.mmcif"]
)
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
    for number, (altloc, share) in enumerate((("A", 0.3), ("B", 0.4))):
        atom = make_residue("ALA", 1, [("CG", "C", (3.0 + number, 1.0, 1.0))])[0]
        atom.altloc, atom.occ = altloc, share
        residue.add_atom(atom)
    residue.add_atom(make_residue("ALA", 1, [("HA", "H", (1.5, 0.5, 0.9))])[0])
    water = make_residue("HOH", 2, [("O", "O", (9.0, 9.0, 9.0))])
    read = read_structure(write(make_structure(residue, water), tmp_path / "a.pdb"))
    assert list(read.elements) == ["N", "C", "C", "O", "C", "C"]
    assert np.allclose(read.occupancies, [1, 1, 1, 1, 1, 0.7])
    assert read.positions_A[5, 0] - read.positions_A[0, 0] == pytest.approx(3.0), "the first location stays"


SERINE: list[Atom] = [*ALANINE, ("OG", "O", (3.0, 0.0, 0.0))]


@pytest.mark.parametrize("name", ["a.cif", "a.pdb"])
@pytest.mark.parametrize("serine_first", [False, True])
def test_of_two_residues_for_one_place_the_first_is_kept_with_the_occupancy_of_both(
    tmp_path: Path, name: str, serine_first: bool
) -> None:
    pair = [("ALA", ALANINE, 0.5), ("SER", SERINE, 0.3)]
    choices = [
        with_occupancies(make_residue(kind, 1, atoms), altloc, share)
        for altloc, (kind, atoms, share) in zip("AB", reversed(pair) if serine_first else pair, strict=True)
    ]
    neighbour = make_residue("GLY", 2, ALANINE[:4])
    read = read_structure(write(make_structure(*choices, neighbour), tmp_path / name))
    first = 6 if serine_first else 5
    assert len(read.elements) == first + 4
    assert np.allclose(read.occupancies, [0.8] * first + [1.0] * 4)


def test_the_occupancies_of_three_choices_never_pass_one(tmp_path: Path) -> None:
    choices = [
        with_occupancies(make_residue(kind, 1, ALANINE), altloc, 0.4)
        for altloc, kind in (("A", "ALA"), ("B", "SER"), ("C", "THR"))
    ]
    assert np.allclose(read_structure(write(make_structure(*choices), tmp_path / "a.cif")).occupancies, 1.0)


def test_a_choice_that_was_not_observed_leaves_its_place_to_the_next(tmp_path: Path) -> None:
    choices = [
        with_occupancies(make_residue("ALA", 1, ALANINE), "A", 0.0),
        with_occupancies(make_residue("SER", 1, SERINE), "B", 0.9),
    ]
    read = read_structure(write(make_structure(*choices), tmp_path / "a.cif"))
    assert len(read.elements) == 6 and np.allclose(read.occupancies, 0.9)


@pytest.mark.parametrize("name", ["a.cif", "a.pdb"])
def test_a_file_without_occupancies_counts_every_atom_as_whole(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    residue = with_occupancies(make_residue("ALA", 1, ALANINE), "\0", 0.0)
    water = make_residue("HOH", 2, [("O", "O", (9.0, 9.0, 9.0))])  # whole: it must not decide
    path = write(make_structure(residue, water), tmp_path / name)
    with caplog.at_level(logging.WARNING):
        read = read_structure(path)
    assert np.array_equal(read.occupancies, np.ones(5))
    assert "gives none of its 5 atoms an occupancy; all are taken as 1" in caplog.text


def test_a_blank_occupancy_column_is_one_that_gives_none(tmp_path: Path) -> None:
    path = write(make_structure(make_residue("ALA", 1, ALANINE)), tmp_path / "a.pdb")
    read = read_structure(rewrite(path, ("  1.00 30.00 ", "        30.0 "), (" 30.0 ", "30.00 ")))
    assert np.array_equal(read.occupancies, np.ones(5)) and np.allclose(read.b_factors_A2, 30.0)


def test_some_unobserved_atoms_are_dropped_and_counted_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    residue = with_occupancies(make_residue("ALA", 1, ALANINE), "\0", 0.0, 0.5, 1.0)  # N and O are not there
    path = write(make_structure(residue), tmp_path / "a.pdb")
    with caplog.at_level(logging.WARNING):
        read = read_structure(path)
    assert list(read.elements) == ["C", "C", "C"] and np.allclose(read.occupancies, [0.5, 1.0, 0.5])
    assert "2 of 5 atoms have occupancy 0 and are dropped" in caplog.text
    caplog.clear()
    read_structure(write(make_structure(make_residue("ALA", 1, ALANINE)), tmp_path / "whole.pdb"))
    assert not caplog.records, "nothing is said of a file in which nothing is dropped"


@pytest.mark.parametrize("name", ["a.pdb1", "a.pdb1.gz"])
def test_an_assembly_file_is_read_with_all_its_models_and_any_other_with_its_first(
    tmp_path: Path, name: str
) -> None:
    structure = make_structure(make_residue("ALA", 1, ALANINE))
    structure.add_model(structure[0])
    structure[1].num = 2
    for one in structure[1].all():
        one.atom.pos.x += 40.0
    read = read_structure(write(structure, tmp_path / name))
    assert len(read.elements) == 10
    assert np.ptp(read.positions_A[:, 0]) == pytest.approx(42.0, abs=0.01)
    assert len(read_structure(write(structure, tmp_path / "a.pdb")).elements) == 5
    with pytest.raises(
        ValueError, match="no biological assembly '1' .it has: none.*leave the assembly empty"
    ):
        read_structure(tmp_path / name, "1")


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
    with pytest.raises(ValueError, match="no biological assembly '1' .it has: none"):
        read_structure(path.rename(tmp_path / "a.pdb1"), "1")  # it is one already


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
    ("element", "length_A"),
    [
        ("F", 1.35),
        ("Si", 1.87),
        ("P", 1.84),
        ("S", 1.81),
        ("Cl", 1.78),
        ("Se", 1.96),
        ("Br", 1.95),
        ("I", 2.14),
    ],
)
def test_a_single_bond_to_any_nonmetal_takes_one_hydrogen_of_carbon(element: str, length_A: float) -> None:
    places = np.array([[0.0, 0.0, 0.0], [length_A, 0.0, 0.0]])
    assert hydrogens_of_residue("XYZ", ["C1", "X1"], ["C", element], places)[0] == 3


@pytest.mark.parametrize("element", ["P", "S", "Se", "Br"])
def test_a_nonmetal_out_of_reach_takes_no_hydrogen(element: str) -> None:
    places = np.array([[0.0, 0.0, 0.0], [1.53, 0.0, 0.0], [0.0, 2.7, 0.0]])  # ethane beside it
    assert hydrogens_of_residue("XYZ", ["C1", "C2", "X1"], ["C", "C", element], places)[:2] == [3, 3]


def test_a_metal_takes_no_hydrogen_of_its_neighbour() -> None:
    places = np.array([[0.0, 0.0, 0.0], [1.45, 0.0, 0.0], [-1.0, 1.8, 0.0]])  # methanol beside magnesium
    assert hydrogens_of_residue("XYZ", ["O1", "C1", "MG"], ["O", "C", "Mg"], places)[:2] == [1, 3]


def counts_of(residue: str, atoms: list[Atom]) -> dict[str, int]:
    places = np.array([place for _, _, place in atoms])
    names, elements = [name for name, _, _ in atoms], [element for _, element, _ in atoms]
    return dict(zip(names, hydrogens_of_residue(residue, names, elements, places), strict=True))


def test_selenomethionine_carries_the_hydrogens_of_methionine() -> None:
    # C-Se bonds of 1.95 A, 101 degrees apart
    side: list[Atom] = [("CG", "C", (3.51, -0.75, -1.25)), ("CE", "C", (6.435, -0.04, -1.25))]
    place = (4.68, 0.81, -1.25)
    methionine = counts_of("MET", [*ALANINE, *side, ("SD", "S", place)])
    counts = counts_of("MSE", [*ALANINE, *side, ("SE", "Se", place)])
    assert counts.pop("SE") == methionine.pop("SD") == 0
    assert counts == methionine and (counts["CG"], counts["CE"]) == (2, 3)


@pytest.mark.parametrize("residue", ["UNK", "DAL", "SEC", "ASX", "QQQ", "ALA"])
def test_a_backbone_knows_of_its_peptide_bonds_whatever_the_residue(residue: str) -> None:
    counts = counts_of(residue, ALANINE)
    assert [counts[name] for name in ("N", "CA", "C", "O")] == [1, 1, 0, 0]


@pytest.mark.parametrize("residue", ["UNK", "DAL", "MSE", "QQQ"])
def test_a_stretched_bond_puts_no_hydrogen_on_a_backbone(residue: str) -> None:
    stretched = [(name, element, (1.1 * x, 1.1 * y, 1.1 * z)) for name, element, (x, y, z) in ALANINE]
    counts = counts_of(residue, stretched)
    assert [counts[name] for name in ("N", "CA", "C", "O")] == [1, 1, 0, 0]


def test_a_trace_of_unknown_residues_carries_the_hydrogen_of_each_alpha_carbon() -> None:
    assert counts_of("UNK", ALANINE[1:2]) == {"CA": 1}


def test_d_proline_has_no_hydrogen_on_its_nitrogen() -> None:
    ring: list[Atom] = [("CG", "C", (1.4, -2.1, -1.2)), ("CD", "C", (0.0, -1.4, -0.4))]
    counts = counts_of("DPR", [*ALANINE, *ring])
    assert [counts[name] for name in ("N", "CA", "C", "O")] == [0, 1, 0, 0]


def test_names_of_a_backbone_without_its_bonds_are_no_backbone() -> None:
    apart = [(name, element, (5.0 * x, 5.0 * y, z)) for name, element, (x, y, z) in ALANINE]
    assert set(counts_of("QQQ", apart).values()) == {0}, "atoms without a bond are ions, not groups"
    calcium: list[Atom] = [("CA", "Ca", (0.0, 0.0, 0.0))]
    assert counts_of("CA", calcium) == {"CA": 0}


@pytest.mark.parametrize("residue", ["HSD", "HSE", "HSP", "HID", "HIE", "HIP"])
def test_other_names_of_histidine_follow_histidine(residue: str) -> None:
    ring: list[Atom] = [
        ("CG", "C", (3.4, -0.9, -1.3)),
        ("ND1", "N", (4.2, -1.9, -0.9)),
        ("CD2", "C", (4.3, 0.0, -1.9)),
        ("CE1", "C", (5.4, -1.6, -1.2)),
        ("NE2", "N", (5.5, -0.5, -1.8)),
    ]
    counts = counts_of(residue, [*ALANINE, *ring])
    assert counts == counts_of("HIS", [*ALANINE, *ring])
    assert [counts[name] for name in ("N", "CA", "C", "O", "CB", "NE2")] == [1, 1, 0, 0, 2, 1]


def test_each_residue_of_apoferritin_carries_the_hydrogens_of_its_formula() -> None:
    # the formula of the free amino acid less one water, with aspartate and glutamate charged, histidine not
    charges = {"ASP": -1, "GLU": -1, "HIS": -1}
    fullest: dict[str, gemmi.Residue] = {}
    model = gemmi.read_structure(str(BUNDLED / "6z6u.pdb.gz"))
    for residue in model[0][0]:
        if gemmi.find_tabulated_residue(residue.name).is_standard():
            fullest[residue.name] = max(residue, fullest.get(residue.name, residue), key=len)
    del fullest["CYS"]  # modelled without its sulphur
    assert len(fullest) == 19
    for name, residue in fullest.items():
        atoms = [(atom.name, atom.element.name, tuple(atom.pos.tolist())) for atom in residue]
        formula = gemmi.find_tabulated_residue(name).hydrogen_count - 2 + charges.get(name, 0)
        assert sum(counts_of(name, atoms).values()) == formula, name


@pytest.mark.parametrize(
    ("name", "atoms", "radius"), [("6z6u.pdb.gz", 32618, 67), ("70S_tteftu_with_tRNA.pdb.gz", 148594, 154)]
)
def test_real_files_are_read_whole(name: str, atoms: int, radius: float) -> None:
    read = read_structure(real_path(name))
    assert len(read.elements) == atoms
    assert read.radius_A == pytest.approx(radius, abs=1)
    share = read.hydrogens.sum() / atoms
    assert 0.6 < share < 1.1  # RNA has fewer hydrogens than protein


def test_hydrogens_of_the_proteasome_give_its_published_volume() -> None:
    assert totals(read_structure(real_path("3j9i.pdb.gz")))["volume"] == pytest.approx(830_621, rel=1e-4)


def totals(read: Structure) -> dict[str, float]:
    """Sum displaced volume (A^3) and potential (V A^3) over a structure: heavy atoms, all atoms, all in ice."""
    names = np.stack([read.elements, read.hydrogens.astype(str)])
    kinds, counts = np.unique(names, axis=1, return_counts=True)
    zero, sums = np.zeros(1), {"volume": 0.0, "heavy": 0.0, "all": 0.0, "in ice": 0.0}
    for (element, carried), count in zip(kinds.T, counts, strict=True):
        symbol, hydrogens = str(element), int(carried)
        sums["volume"] += count * displaced_volume_A3(symbol, hydrogens)
        for name, number, solvent in (
            ("heavy", 0, False),
            ("all", hydrogens, False),
            ("in ice", hydrogens, True),
        ):
            curve = atom_curve_A(symbol, number, 0.0, zero, solvent=solvent)
            sums[name] += count * float(curve[0]) * PLANCK_TERM_V_A2
    return sums


@pytest.mark.parametrize("name", ["6z6u.pdb.gz", "3j9i.pdb.gz"])
def test_solvent_and_hydrogens_change_the_contrast_of_a_protein_as_measured(name: str) -> None:
    """Measured on 3J9I: potential 7.76 V, 18.6 % of it hydrogen's; contrast 3.23 V, 45 % less without them."""
    read = read_structure(real_path(name))
    sums = totals(read)
    potential, contrast = sums["all"] / sums["volume"], sums["in ice"] / sums["volume"]
    assert potential - contrast == pytest.approx(ICE_POTENTIAL_V)
    assert 1 - sums["heavy"] / sums["all"] == pytest.approx(0.18, abs=0.01)
    assert potential == pytest.approx(7.8, abs=0.1)
    assert contrast == pytest.approx(3.3, abs=0.1)
    assert potential / contrast == pytest.approx(2.4, abs=0.1), "ice makes a protein 2.4 times fainter"
    without = sums["heavy"] / sums["volume"] - ICE_POTENTIAL_V
    assert 1 - without / contrast == pytest.approx(0.425, abs=0.03)


LETTER = b"Dear editor,\n\nATOMS are small, and this is a letter.\nHEAT is what they like.\n"
NOTHING = {
    "letter": LETTER,
    "binary": bytes(range(256)) * 40,
    "empty": b"",
    "no atoms": b"REMARK nothing\nEND\n",
}
NAMES = ["a.pdb", "a.ent", "a.pdb1", "a.cif", "a.mmcif", "a.pdb.gz", "a.pdb1.gz", "a.cif.gz"]


@pytest.mark.parametrize("what", NOTHING)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_structure_is_refused_in_one_sentence(tmp_path: Path, name: str, what: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(NOTHING[what]) if path.suffix == ".gz" else NOTHING[what])
    with pytest.raises(ValueError, match=rf"{name} is not a structure \(.+\); give a PDB or mmCIF") as caught:
        read_structure(path)
    assert "\n" not in str(caught.value)
    assert ("it is empty" in str(caught.value)) == (what == "empty")


@pytest.mark.parametrize("name", ["a.pdb.gz", "a.pdb1.gz", "a.cif.gz"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_a_gzip_file_that_was_cut_off_is_no_structure_and_no_smaller_one(
    tmp_path: Path, name: str, share: float
) -> None:
    many = make_structure(*(make_residue("ALA", number, ALANINE) for number in range(1, 900)))
    whole = write(many, tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ValueError, match=f"{name} is not a structure"):
        read_structure(tmp_path / name)


def test_plain_text_named_gz_is_no_structure(tmp_path: Path) -> None:
    plain = write(make_structure(make_residue("ALA", 1, ALANINE)), tmp_path / "a.pdb")
    with pytest.raises(ValueError, match=r"a\.pdb\.gz is not a structure \(as a gzip file it is broken"):
        read_structure(plain.rename(tmp_path / "a.pdb.gz"))


def test_an_mmcif_file_without_coordinates_is_no_structure(tmp_path: Path) -> None:
    (tmp_path / "a.cif").write_text("data_x\n_entry.id x\n")
    with pytest.raises(ValueError, match=r"a\.cif is not a structure \(it lists no atom\)"):
        read_structure(tmp_path / "a.cif")


@pytest.mark.parametrize("kind", ["HOH", "ALA"])
def test_waters_or_hydrogens_alone_are_no_particle(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    atom: Atom = ("O", "O", (0.0, 0.0, 0.0)) if kind == "HOH" else ("HA", "H", (0.0, 0.0, 0.0))
    write(make_structure(make_residue(kind, 1, [atom])), tmp_path / "c.pdb")
    with pytest.raises(ValueError, match=r"c\.pdb holds no atoms other than waters and hydrogens"):
        read_structure(tmp_path / "c.pdb")
    assert not caplog.records


def test_a_missing_file_is_an_error_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        read_structure(tmp_path / "missing.pdb")


@pytest.mark.parametrize("name", ["a.xyz", "a.mmtf", "a.json", "a.pdb.bz2", "a", "pdb", "a.pdb_1"])
def test_another_suffix_is_refused_with_those_that_are_read(tmp_path: Path, name: str) -> None:
    path = write(make_structure(make_residue("ALA", 1, ALANINE)), tmp_path / name)
    with pytest.raises(
        ValueError, match=r"give \.pdb, \.ent, \.cif or \.mmcif, or an assembly as \.pdb1.*\.gz"
    ):
        read_structure(path)


@pytest.mark.parametrize(
    "text",
    [
        "  xx.xxx",
        "     nan",
        "     inf",
        "********",
        "        ",
        " 1.0 2.0",
        "   1e999",
        "  1_000 ",
        "   1,000",
    ],
)
def test_a_coordinate_of_a_pdb_file_that_is_no_number_is_refused_by_its_atom(
    tmp_path: Path, text: str
) -> None:
    path = write(make_structure(make_residue("ALA", 7, ALANINE)), tmp_path / "a.pdb")
    sentence = (
        "has 1 atom with a coordinate that is no finite number .first: atom 'CA' of residue ALA 7.; correct"
    )
    with pytest.raises(ValueError, match=sentence):
        read_structure(rewrite(path, ("   1.460", text)))


@pytest.mark.parametrize("text", ["xx", "?", ".", "nan", "1e400"])
def test_a_coordinate_of_an_mmcif_file_that_is_no_number_is_refused_by_its_atom(
    tmp_path: Path, text: str
) -> None:
    path = write(make_structure(make_residue("ALA", 7, ALANINE)), tmp_path / "a.cif")
    with pytest.raises(
        ValueError, match="has 1 atom with a coordinate that is no finite .*'CA' of residue ALA 7"
    ):
        read_structure(rewrite(path, (" 1.46 ", f" {text} ")))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("a.cif", " 30 ", " zz "),
        ("a.cif", " 30 ", " nan "),
        ("a.cif", " 30 ", " 1e39 "),
        ("a.pdb", " 30.00 ", "****** "),
        ("a.pdb", " 30.00 ", "   nan "),
    ],
)
def test_b_factors_that_are_no_numbers_are_refused_unless_they_are_ignored(
    tmp_path: Path, name: str, old: str, new: str
) -> None:
    path = rewrite(write(make_structure(make_residue("ALA", 1, ALANINE)), tmp_path / name), (old, new))
    with pytest.raises(ValueError, match=rf"{name} has 5 atoms with a B factor that .*set ignore_b_factors"):
        read_structure(path)
    ignored = read_structure(path, ignore_b_factors=True)
    assert len(ignored.elements) == 5 and np.array_equal(ignored.b_factors_A2, np.zeros(5))


@pytest.mark.parametrize(
    ("name", "old", "new"), [("a.cif", " 1 30 ", " zz 30 "), ("a.pdb", "  1.00 30", "  l.00 30")]
)
def test_an_occupancy_that_is_no_number_is_refused(tmp_path: Path, name: str, old: str, new: str) -> None:
    path = rewrite(write(make_structure(make_residue("ALA", 1, ALANINE)), tmp_path / name), (old, new))
    with pytest.raises(ValueError, match="has 5 atoms with an occupancy that is no finite number"):
        read_structure(path, ignore_b_factors=True)


@pytest.mark.parametrize(
    ("name", "old", "new", "written"),
    [
        ("a.pdb", "           X ", "          XX ", "XX"),
        ("a.cif", " X ", " Xq ", "Xq"),
        ("a.pdb", "  X ", "  X ", "X"),
    ],
)
def test_an_unknown_element_is_refused_as_it_is_written(
    tmp_path: Path, name: str, old: str, new: str, written: str
) -> None:
    path = write(make_structure(make_residue("ALA", 4, [*ALANINE, ("Q1", "X", (5, 5, 5))])), tmp_path / name)
    sentence = f"atom 'Q1' of residue ALA 4 in chain 'A' has the unknown element '{written}'; correct"
    with pytest.raises(ValueError, match=sentence):
        read_structure(rewrite(path, (old, new)))


def test_an_unknown_element_that_was_not_observed_is_dropped(tmp_path: Path) -> None:
    residue = make_residue("ALA", 4, [*ALANINE, ("Q1", "X", (5, 5, 5))])
    residue[5].occ = 0.0
    assert len(read_structure(write(make_structure(residue), tmp_path / "a.cif")).elements) == 5


def test_a_site_without_matter_in_a_water_model_is_no_unknown_element(tmp_path: Path) -> None:
    water = make_residue("HOH", 2, [("O", "O", (9.0, 9.0, 9.0)), ("MW", "X", (9.1, 9.0, 9.0))])
    path = write(make_structure(make_residue("ALA", 1, ALANINE), water), tmp_path / "a.cif")
    assert len(read_structure(path).elements) == 5


@pytest.mark.parametrize("suffix", [".pdb", ".cif"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_structure_is_read_in_every_encoding_and_with_every_line_end(
    tmp_path: Path, suffix: str, encoding: str, ending: str
) -> None:
    path = write(make_structure(make_residue("ALA", 1, ALANINE)), tmp_path / f"a{suffix}")
    plain, text = read_structure(path), path.read_text()
    path.write_bytes(text.replace("\n", ending).encode(encoding))
    np.testing.assert_array_equal(read_structure(path).positions_A, plain.positions_A)


def test_letters_of_an_old_code_page_in_a_remark_do_no_harm(tmp_path: Path) -> None:
    path = write(make_structure(make_residue("ALA", 1, ALANINE)), tmp_path / "a.pdb")
    path.write_bytes("AUTHOR    M. MÜLLER\n".encode("latin-1") + path.read_bytes())
    assert len(read_structure(path).elements) == 5


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.pdb", b"ATOM\0" * 20, "is not a structure .its byte 5 is one of binary data"),
        ("a.cif", "ATOM 1 N\n".encode("utf-16")[:-1], "begins like UTF-16 text, but its byte"),
        ("a.cif.gz", b"\x1f\x8b", "as a gzip file it is broken"),
    ],
)
def test_what_is_no_text_is_no_structure(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=words):
        read_structure(tmp_path / name)


def test_a_structure_that_unpacks_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clearice.files.structures.MOST_BYTES", 10_000)
    (tmp_path / "a.pdb.gz").write_bytes(gzip.compress(b"REMARK\n" * 100_000))
    assert (tmp_path / "a.pdb.gz").stat().st_size < 10_000
    with pytest.raises(ValueError, match="a.pdb.gz unpacks to more than 10,000 bytes"):
        read_structure(tmp_path / "a.pdb.gz")


def test_a_residue_of_thousands_of_atoms_is_refused_and_not_measured(tmp_path: Path) -> None:
    atoms: list[Atom] = [(f"C{number % 99}", "C", (1.5 * number, 0.0, 0.0)) for number in range(2500)]
    path = write(make_structure(make_residue("UNK", 1, atoms)), tmp_path / "a.pdb")
    with pytest.raises(ValueError, match="a.pdb: residue UNK 1 has 2500 atoms, but at most 2000 are read"):
        read_structure(path)
