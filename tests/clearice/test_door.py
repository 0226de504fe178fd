"""What is found before anything starts: missing files, unknown cameras, sizes that do not fit the images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest

from clearice.files.mrc import write_micrograph
from clearice.files.shapes import image_shape
from clearice.run.batches import OK, ManifestRow, write_manifest
from clearice.run.door import check_door
from support.plan import plan_of, shipped_config

SHAPE = (60, 80)
MTF = "data_\nloop_\n_rlnResolutionInversePixel\n_rlnMtfValue\n0 1\n0.5 0.4\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with the two movies of the only batch, and with all that the dataset names."""
    monkeypatch.chdir(tmp_path)
    for name in ("m10.mrc", "m11.mrc"):
        write_micrograph(Path(name), np.zeros(SHAPE, np.float32), 1.5)
    for name in ("a.pdb", "b.cif", "gain.mrc"):
        Path(name).write_text("x")


def door(
    listed: list[str], *, suffix: str = ".mrc", columns: dict[str, Any] | None = None, **sections: Any
) -> list[str]:
    sizes = {"height_px": 512, "width_px": 512}
    sections["simulation"] = {**sizes, **sections.get("simulation", {})}
    plan = plan_of(
        shipped_config(run={"methods": listed}, **sections),
        batches=1,
        particle_diameter_A=60.0,
        **(columns or {}),
    )
    for row in plan.batches["films"]["b0001"]:
        row["movie"] = row["movie"].replace(".tif", suffix)
    return check_door(plan)


def test_a_run_that_has_all_it_needs_is_let_in_without_a_word() -> None:
    small = {"extract_noise": {"patch_px": 16}, "columns": {"gain": "gain.mrc"}}
    assert door(["raw", "coarse", "nt2c"], **small) == []


@pytest.mark.parametrize(
    ("methods", "changes", "said"),
    [
        (
            ["coarse"],
            {"columns": {"detector": "Falcon 4"}},
            "row 1 .films.: detector is 'Falcon 4', which is unknown; did you mean 'Falcon4'",
        ),
        (
            ["coarse"],
            {"columns": {"detector": "mtf_k2.star"}},
            "detector is mtf_k2.star, but there is no such file",
        ),
        (["coarse"], {"columns": {"voltage_kV": 120.0}}, "K2 is tabulated at 300 and 200 kV, not at 120 kV"),
        (
            ["coarse"],
            {"columns": {"structures": "c.pdb:1"}},
            "structures names c.pdb, but there is no such file",
        ),
        (["raw"], {"columns": {"gain": "none.mrc"}}, "gain is none.mrc, but there is no such file"),
        (["raw"], {"columns": {"defects": "none.txt"}}, "defects is none.txt, but there is no such file"),
        (["raw"], {"suffix": ".mrcs"}, "none of the 2 files of dataset films is there .m10.mrcs, m11.mrcs."),
        (
            ["n2n"],
            {"training": {"crop_px": 96, "rescale_to_A": None}},
            "noise2noise.crop_px of method n2n is 96 px, .* 30 px wide at 3 A/px",
        ),
        (
            ["nt2c"],
            {"extract_noise": {"patch_px": 64}, "training": {"rescale_to_A": None}},
            "extract_noise.patch_px of method nt2c is 64 px, .* 30 px wide at 3 A/px",
        ),
        (
            ["raw"],
            {"columns": {"pixel_size_A": 0.5}},
            "particle_diameter_A is 60, but the images .* are 30 A wide",
        ),
        (
            ["coarse"],
            {"simulation": {"height_px": 16384, "width_px": 16384}, "columns": {"sum_binning": 1}},
            "fields of 16384 x 16384 px .* need about 19 GB, more than 16 GB",
        ),
        (
            ["coarse"],
            {"simulation": {"pixel_size_A": 7.5}},
            "pixels of 7.5 A are too coarse for [0-9.]+ um defocus .* Nyquist at 15.0 A; make simulation.pixel_size_A",
        ),
        (
            ["coarse"],
            {"simulation": {"height_px": 64, "pixel_size_A": 0.8}, "training": {"crop_px": 32}},
            "fields of 64 x 512 px of 0.8 A are smaller than a particle of 60 A",
        ),
        (
            ["given"],
            {"methods": {"given": {"kind": "weights", "file": "net.pt", "rescale_to_A": None}}},
            "methods.given.file is net.pt, but there is no such file",
        ),
    ],
)
def test_what_cannot_work_is_refused_in_one_sentence(
    methods: list[str], changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said) as refusal:
        door(methods, **changes)
    assert len(str(refusal.value).splitlines()) == 1


def test_an_mtf_that_is_no_table_of_one_is_refused() -> None:
    columns = {"detector": "mtf.star"}
    Path("mtf.star").write_text(MTF)
    assert door(["coarse"], columns=columns) == []
    Path("mtf.star").write_text(MTF.replace("rlnMtfValue", "rlnOther"))
    with pytest.raises(ValueError, match="row 1 .films.: detector: mtf.star has no block"):
        door(["coarse"], columns=columns)


def test_what_a_run_does_not_use_is_not_asked_for() -> None:
    assert door(["raw"], columns={"detector": "K4", "structures": "c.pdb:1"}) == []


def test_simulated_movies_are_asked_for_by_their_number() -> None:
    with pytest.raises(ValueError, match="'K4', which is unknown"):
        door(["raw"], columns={"detector": "K4"}, simulation={"movies": 1})


def test_some_missing_movies_are_counted_and_stop_nothing() -> None:
    Path("m11.mrc").unlink()
    (doubt,) = door(["raw"])
    assert "1 files of dataset films are missing (m11.mrc); their micrographs will be failed rows" in doubt


def test_movies_that_are_gone_after_their_sums_were_made_are_not_missed() -> None:
    manifest = Path("results/films/sums/full/b0001/manifest.tsv")
    manifest.parent.mkdir(parents=True)
    write_manifest(manifest, [ManifestRow(name, f"{name}.mrc", OK, "", "1") for name in ("m10", "m11")])
    for name in ("m10.mrc", "m11.mrc", "gain.mrc"):
        Path(name).unlink()
    assert door(["raw"], columns={"gain": "gain.mrc"}) == []


def test_a_folder_of_coordinates_that_a_user_names_and_that_is_not_there_is_told() -> None:
    (doubt,) = door(["raw"], evaluation={"coordinates": "my_picks"})
    assert "evaluation.coordinates is my_picks, but there is no such folder" in doubt


def test_a_file_that_cannot_be_read_is_left_to_its_step() -> None:
    Path("m10.mrc").write_bytes(b"no image")
    assert door(["raw"]) == []


def test_a_shape_is_read_from_the_header() -> None:
    Path("a.png").write_bytes(imagecodecs.png_encode(np.zeros(SHAPE, np.uint16)))
    assert image_shape(Path("a.png")) == image_shape(Path("m10.mrc")) == SHAPE
