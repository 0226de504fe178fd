from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import gemmi
import numpy as np
import pandas as pd
import pytest
import scipy.ndimage
from scipy.spatial.transform import Rotation

from clearice.files.documents import read_json
from clearice.files.mrc import read_micrograph
from clearice.files.star import read_star
from clearice.files.structures import read_structure
from clearice.run.batches import checksum, files_of, read_manifest
from support.settings import call
from support.shell import run_from_shell
from support.simulation import PHYSICS, STEP

SCRIPT = Path(__file__).resolve().parents[2] / "workflow" / "scripts" / "simulate_micrographs.py"


def step() -> ModuleType:
    spec = importlib.util.spec_from_file_location("simulate_micrographs", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_structure(path: Path, atoms: int, seed: int) -> Path:
    """Write a ball of glycine-like atoms, 40 A across."""
    generator = np.random.default_rng(seed)
    structure, model, chain = gemmi.Structure(), gemmi.Model(1), gemmi.Chain("A")
    for number, place in enumerate(generator.normal(0, 8, (atoms, 3))):
        residue, atom = gemmi.Residue(), gemmi.Atom()
        residue.name, residue.seqid = "GLY", gemmi.SeqId(str(number + 1))
        atom.name, atom.element, atom.pos, atom.occ = "CA", gemmi.Element("C"), gemmi.Position(*place), 1.0
        residue.add_atom(atom)
        chain.add_residue(residue)
    model.add_chain(chain)
    structure.add_model(model)
    path.write_text(structure.make_pdb_string())
    return path


def arguments(folder: Path, **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "structures": [write_structure(folder / "one.pdb", 900, 0)],
        "noisy": folder / "noisy",
        "clean": folder / "clean",
        "truth": folder / "truth",
        "batch": "s0001",
        **STEP,
        "physics": dict(PHYSICS),
        "device": "cpu",
    }
    given |= {f"{name}_manifest": folder / name / "manifest.tsv" for name in ("noisy", "clean", "truth")}
    return given | changes


def simulate(folder: Path, **changes: Any) -> None:
    folder.mkdir(exist_ok=True)
    settings = PHYSICS | changes.pop("physics", {})
    call(step().simulate_micrographs, **arguments(folder, physics=settings, **changes))


def pixels(folder: Path, name: str) -> np.ndarray:
    return read_micrograph(folder / f"{name}.mrc").pixels


def test_a_batch_holds_matched_pairs_and_the_truth_about_them(tmp_path: Path) -> None:
    simulate(tmp_path)
    names = ["s0001_001", "s0001_002", "s0001_003"]
    for part in ("noisy", "clean", "truth"):
        assert list(files_of(tmp_path / part / "manifest.tsv")) == names
    for name in names:
        noisy, clean = read_micrograph(tmp_path / "noisy" / f"{name}.mrc"), pixels(tmp_path / "clean", name)
        known, blocks = (
            read_json(tmp_path / "truth" / f"{name}.json"),
            read_star(tmp_path / "truth" / f"{name}.star"),
        )
        assert noisy.pixels.shape == clean.shape == (96, 128) and noisy.pixel_size_A == pytest.approx(3.0)
        assert noisy.pixels.mean() == pytest.approx(known["mean_counts_per_px"], rel=0.02)
        assert len(blocks["particles"]) == known["particles_inside"] > 0
        assert known["particles_placed"] == len(blocks["particles"]) + len(blocks["outside"])
        assert known["seed"] == 7 and known["settings"] == PHYSICS
        noise = noisy.pixels - clean
        assert abs(noise.mean()) < 2 and noise.var() == pytest.approx(known["mean_counts_per_px"], rel=0.25)
        defocus = blocks["particles"]["rlnDefocusU"].iloc[0] / 1e4
        assert defocus == pytest.approx(known["defocus"]["u_um"], abs=1e-4) and 0.9 < defocus < 2.1


def test_the_truth_says_where_the_particles_are(tmp_path: Path) -> None:
    simulate(tmp_path, physics={"clean": "noctf"}, number=1)
    clean = pixels(tmp_path / "clean", "s0001_001")
    table = read_star(tmp_path / "truth" / "s0001_001.star")["particles"]
    at = clean[np.rint(table["rlnCoordinateY"]).astype(int), np.rint(table["rlnCoordinateX"]).astype(int)]
    assert (at < clean.mean() - 1.5 * clean.std()).all()


def test_equal_seeds_give_equal_bytes_and_other_names_other_images(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        simulate(tmp_path / folder, number=2)
    simulate(tmp_path / "c", number=2, seed=8)
    for path in sorted((tmp_path / "a").rglob("*.*")):
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()
    first, second = (pixels(tmp_path / "a" / "noisy", f"s0001_00{index}") for index in (1, 2))
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, pixels(tmp_path / "c" / "noisy", "s0001_001"))


def test_more_micrographs_leave_the_first_ones_as_they_were(tmp_path: Path) -> None:
    simulate(tmp_path / "few", number=1)
    simulate(tmp_path / "more", number=3)
    assert np.array_equal(*(pixels(tmp_path / folder / "noisy", "s0001_001") for folder in ("few", "more")))


def test_empty_fields_hold_noise_and_no_particle(tmp_path: Path) -> None:
    simulate(tmp_path, physics={"empty_fraction": 0.34})
    placed = [read_json(path)["particles_placed"] for path in sorted((tmp_path / "truth").glob("*.json"))]
    assert placed.count(0) == 1, "of three fields a third"
    name = f"s0001_{placed.index(0) + 1:03d}"
    assert np.ptp(pixels(tmp_path / "clean", name)) == 0 and pixels(tmp_path / "noisy", name).std() > 0


def test_structures_are_mixed_by_their_weights(tmp_path: Path) -> None:
    other = write_structure(tmp_path / "two.pdb", 500, 1)
    simulate(tmp_path, structures=[write_structure(tmp_path / "one.pdb", 900, 0), other], weights=[1.0, 1.0])
    classes = {
        number
        for path in (tmp_path / "truth").glob("*.star")
        for number in read_star(path)["particles"]["rlnClassNumber"]
    }
    assert classes == {1, 2}


@pytest.mark.parametrize("suffix", [".mrcs", ".tif"])
def test_a_movie_adds_up_to_its_micrograph(tmp_path: Path, suffix: str) -> None:
    simulate(
        tmp_path,
        movies=tmp_path / "movies",
        movies_manifest=tmp_path / "movies" / "manifest.tsv",
        movie_suffix=suffix,
        number=1,
        physics={"frames": 4, "drift_A": 6.0},
    )
    path = tmp_path / "movies" / f"s0001_001{suffix}"
    if suffix == ".mrcs":
        import mrcfile

        with mrcfile.open(path) as mrc:
            frames = np.array(mrc.data)
    else:
        import tifffile

        frames = tifffile.imread(path)
    assert files_of(tmp_path / "movies" / "manifest.tsv") == {"s0001_001": path}
    assert frames.shape == (4, 96, 128) and frames.dtype == np.uint16
    assert np.array_equal(frames.sum(axis=0, dtype=np.float32), pixels(tmp_path / "noisy", "s0001_001"))


def test_an_mtf_file_serves_as_detector(tmp_path: Path) -> None:
    mtf = tmp_path / "mtf_mine.star"
    mtf.write_text(
        "data_\n\nloop_\n_rlnResolutionInversePixel #1\n_rlnMtfValue #2\n0.0 1.0\n0.25 0.8\n0.5 0.4\n\n"
    )
    simulate(tmp_path, detector=str(mtf), number=1, physics={"detector_dqe0": 0.5})
    used = read_json(tmp_path / "truth" / "s0001_001.json")["imaging"]["detector"]
    assert used["name"].endswith("mtf_mine.star") and used["dqe0"] == 0.5
    assert used["cycles_per_px"] == [0.0, 0.25, 0.5] and used["mtf"] == [1.0, 0.8, 0.4]


def test_the_truth_names_all_that_the_image_was_made_of(tmp_path: Path) -> None:
    simulate(tmp_path, number=1)
    known = read_json(tmp_path / "truth" / "s0001_001.json")
    assert known["asked"] == {"particles_per_um2": "4000-8000", "defocus_um": "1.0-2.0"}
    assert known["imaging"]["detector"]["dqe0"] == 0.79, "the value that was used, not the null of the config"
    assert known["files"] == [{"file": "one.pdb", "sha256": checksum(tmp_path / "one.pdb")}]
    assert 0 <= known["ice_thicker_towards_deg"] < 360 and known["device"] == "cpu"
    assert {"clearice", "torch", "numpy"} <= set(known["versions"])


def test_the_angles_of_the_truth_project_to_the_clean_image(tmp_path: Path) -> None:
    simulate(tmp_path, physics={"clean": "noctf"}, number=1)
    table = read_star(tmp_path / "truth" / "s0001_001.star")
    everyone = pd.concat([table["particles"], table["outside"]])
    atoms = read_structure(tmp_path / "one.pdb").positions_A
    drawn = np.zeros((96, 128))
    for _, row in everyone.iterrows():
        # RELION's angles are intrinsic ZYZ turns of the axes: the atoms turn by the inverse
        turn = Rotation.from_euler(
            "ZYZ", row[["rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi"]].astype(float), degrees=True
        )
        places = turn.inv().apply(atoms) / 3.0
        y, x = np.rint(places[:, 1] + row["rlnCoordinateY"]), np.rint(places[:, 0] + row["rlnCoordinateX"])
        within = (y >= 0) & (y < 96) & (x >= 0) & (x < 128)
        np.add.at(drawn, (y[within].astype(int), x[within].astype(int)), 1.0)
    clean = pixels(tmp_path / "clean", "s0001_001")
    blurred = [scipy.ndimage.gaussian_filter(image, 1.0) for image in (drawn, clean.astype(float))]
    assert np.corrcoef(blurred[0].ravel(), blurred[1].ravel())[0, 1] < -0.97


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dose_e_per_A2": -2.0}, "dose_e_per_A2 is -2"),
        ({"detector": "K9"}, "detector 'K9' is unknown"),
        ({"particles_per_um2": "90000"}, "random placing jams"),
        ({"pixel_size_A": 9.0, "defocus_um": "0.5"}, "too coarse for"),
        ({"defocus_um": "0.02"}, "less half of astigmatism_um 0.05 is -0.005 um, which is not positive"),
        ({"defocus_um": "1-inf"}, "a range such as"),
        ({"ice_thickness_nm": 0.0}, "takes 0 nm of ice below zero"),
        ({"weights": [-1.0]}, "the weights of the structures are"),
        ({"particles_per_um2": "-5"}, "a range such as"),
        ({"device": "cuda:99"}, "device cuda:99 was asked for"),
        ({"physics": {"background_power_A2": -1.0}}, "background_power_A2 is -1"),
        ({"weights": [1.0, 2.0]}, "give each structure one weight"),
        ({"movie_suffix": ".avi"}, "movie_suffix is '.avi'"),
        ({"physics": {"drift_A": 2.0}}, "make no movie"),
        ({"physics": {"assembly": "3"}}, "no biological assembly '3'"),
    ],
)
def test_impossible_orders_end_in_a_sentence_before_anything_is_written(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        simulate(tmp_path, **changes)
    assert not (tmp_path / "noisy").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Dear Sir or Madam,\n", "one.pdb is not a structure"),
        ("REMARK nothing\nEND\n", "one.pdb"),
        ("ATOM      1 XX   GLY A   1       0.000   0.000   0.000  1.00 20.00          XX\nEND\n", "XX"),
    ],
    ids=["a letter", "no atoms", "unknown element"],
)
def test_a_file_without_a_usable_structure_ends_in_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    given = arguments(tmp_path)
    (tmp_path / "one.pdb").write_text(text)
    with pytest.raises(ValueError, match=words):
        call(step().simulate_micrographs, **given)
    assert not (tmp_path / "noisy").exists()


def test_a_micrograph_that_cannot_be_written_is_a_failed_row_in_all_manifests(tmp_path: Path) -> None:
    (tmp_path / "clean" / "s0001_002.mrc").mkdir(parents=True)
    simulate(tmp_path)
    for part in ("noisy", "clean", "truth"):
        rows = read_manifest(tmp_path / part / "manifest.tsv")
        assert [row.status for row in rows] == ["ok", "failed", "ok"] and "s0001_002" in rows[1].reason


def test_the_step_runs_from_a_shell(tmp_path: Path) -> None:
    said = run_from_shell("simulate_micrographs", arguments(tmp_path, number=1))
    assert (tmp_path / "noisy" / "s0001_001.mrc").exists() and "particles placed" in said
