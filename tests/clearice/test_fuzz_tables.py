"""Whatever is done to a table, a list, a document, a structure or a network file, its reader reads or refuses it.

A few hundred mutations of valid files for each reader, drawn from one seed. The law: the result is whole and
finite, or the error is a ValueError or OSError that names the file, in one line; never anything else.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from clearice.config.sheet import SHEET_COLUMNS, check_datasets, check_sheet
from clearice.files.checkpoints import NetworkFile, load_network, save_network
from clearice.files.coordinates import read_coordinates
from clearice.files.defects import read_defects
from clearice.files.documents import read_json, read_yaml
from clearice.files.extent import EDGE_SHARE
from clearice.files.regions import read_regions
from clearice.files.scores import read_candidates, read_positions, read_scores
from clearice.files.star import read_star
from clearice.files.structures import read_structure
from clearice.files.tables import read_table
from clearice.files.training_state import load_state, save_state
from clearice.files.truth import read_mtf

SHAPE = (400, 600)
CASES = 300
SEED = 7

STAR = """
# version 30001

data_optics

loop_
_rlnOpticsGroup #1
_rlnOpticsGroupName #2
_rlnMicrographPixelSize #3
1 "group one" 1.06

data_particles

loop_
_rlnMicrographName #1
_rlnCoordinateX #2
_rlnCoordinateY #3
_rlnAutopickFigureOfMerit #4
sums/m1.mrc 12.5 34.25 0.5
sums/m1.mrc 512.0 300 0.25
sums/m2.mrc 1 2 0.125

data_general
_rlnTomoName ts_01
"""
CSV = "image_name,x_coord,y_coord,score\nm1,12.5,34,0.5\nm1,500,300,\nm2,1,2,0.25\n"
BOX = "10\t20\t64\t64\n300\t200\t64\t64\t0.5\n"
MTF = "data_mtf\n\nloop_\n_rlnResolutionInversePixel #1\n_rlnMtfValue #2\n0.0 1.0\n0.25 0.7\n0.5 0.4\n"
SHEET = (
    "\t".join(SHEET_COLUMNS)
    + "".join(f"\nfilms\tm{i}\tdata/m{i}.tif\t\t\t\tb0001\ttrain" for i in range(4))
    + "\n"
)
DATASETS = "dataset\tpixel_size_A\tvoltage_kV\tdefocus_um\nfilms\t1.06\t300\t0.8-2.0\n"
SCORES = "method\tpart\tbatch\tmicrograph\tmetric\tvalue\nraw\tfull\tb0001\tm1\tsnr\t0.25\nraw\tfull\tb0001\tm2\tsnr\tnan\n"
CANDIDATES = "micrograph\ty_px\tx_px\tscore\tpicked\nm1\t10.5\t20.25\t0.5\t1\nm1\t300\t500\t-0.25\t0\n"
SUMMARY = "micrograph\theight_px\twidth_px\tdiameter_px\tthreshold\tcandidates\tpicks\nm1\t400\t600\t32.0\t0.25\t2\t1\n"
POSITIONS = "micrograph\ty_px\tx_px\tlowest_ssim\nm1\t10\t20\t0.5\nm1\t0\t200\t0.7\n"
YAML = "seed: 7\nrun:\n  methods: [raw, lowpass]\n  parts: &parts [full, even]\nother: *parts\ntext: 'a b'\nsize: 1.5\n"
JSON = '{"free": [[0, 10, 64], [3, 4, 64]], "pairs": [[[0, 1, 64], [90, 9, 64]]], "value": 1.5e3}\n'
DEFECTS = "# x y\n5 7\n10 20 3 4\n12, 13\n"
PDB = (
    "ATOM      1  N   ALA A   1      11.104   6.134  -6.504  1.00 10.00           N\n"
    "ATOM      2  CA  ALA A   1      11.639   6.071  -5.147  1.00 10.00           C\n"
    "ATOM      3  C   ALA A   1      12.139   7.471  -4.747  0.50 12.00           C\n"
    "ATOM      4  O   ALA A   1      12.639   8.071  -5.647  1.00 10.00           O\nEND\n"
)
_ATOM_SITE = re.findall(
    r"\w+",
    "group_PDB id type_symbol label_atom_id label_alt_id label_comp_id label_asym_id label_entity_id label_seq_id "
    "pdbx_PDB_ins_code Cartn_x Cartn_y Cartn_z occupancy B_iso_or_equiv auth_seq_id auth_asym_id pdbx_PDB_model_num",
)
CIF = (
    "data_x\nloop_\n"
    + "".join(f"_atom_site.{name}\n" for name in _ATOM_SITE)
    + "ATOM 1 N N . ALA A 1 1 ? 11.1 6.1 -6.5 1.0 10.0 1 A 1\n"
    + "ATOM 2 C CA . ALA A 1 1 ? 11.6 6.0 -5.1 1.0 10.0 1 A 1\n"
    + "ATOM 3 C C . ALA A 1 1 ? 12.1 7.4 -4.7 1.0 10.0 1 A 1\n"
)


def cryosparc_table() -> bytes:
    names = (
        "location/micrograph_path",
        "location/center_x_frac",
        "location/center_y_frac",
        "pick_stats/ncc_score",
    )
    table = np.zeros(3, dtype=list(zip(names, ("S40", "f4", "f4", "f4"), strict=True)))
    table[names[0]] = [b"J1/001234567890123456789_m1.mrc", b"J1/m1.mrc", b"J1/m2.mrc"]
    table[names[1]], table[names[2]] = [0.1, 0.5, 0.9], [0.2, 0.4, 0.6]
    stream = io.BytesIO()
    np.save(stream, table)
    return stream.getvalue()


def network_file(folder: Path) -> bytes:
    weights = {"encode.weight": torch.arange(12.0).reshape(3, 4), "encode.bias": torch.ones(3)}
    save_network(
        folder / "n.pt", NetworkFile("unet", {"width": 3}, weights, 1.5, "fine", "main", {"steps": 5})
    )
    return (folder / "n.pt").read_bytes()


def state_file(folder: Path) -> bytes:
    save_state(folder / "state", {"step": 3, "network": {"w": torch.arange(6.0)}})
    return (folder / "state" / "state.pt").read_bytes()


def check_places(path: Path) -> None:
    found = read_coordinates(path, SHAPE, "m1")
    reach = EDGE_SHARE * max(SHAPE)
    assert found.centres.shape == (len(found.scores), 2) and np.isfinite(found.centres).all()
    assert ((found.centres >= -reach) & (found.centres <= np.array(SHAPE) - 1 + reach)).all()


def check_numbers(value: Any) -> None:
    """Check that no number of a document is beyond all numbers, but where YAML has a word for it."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            check_numbers(one)
    assert not isinstance(value, float) or math.isfinite(value)


def check_candidates(path: Path) -> None:
    (path.parent / "summary.tsv").write_text(SUMMARY)
    for found in read_candidates(path, path.parent / "summary.tsv").values():
        assert np.isfinite(found.centres).all() and np.isfinite(found.scores).all()


def check_summary(path: Path) -> None:
    (path.parent / "candidates.tsv").write_text(CANDIDATES)
    for found in read_candidates(path.parent / "candidates.tsv", path).values():
        assert math.isfinite(found.diameter_px) and not math.isnan(found.threshold)


def check_squares(path: Path) -> None:
    found = read_regions(path)
    squares = [*found.free, *(one for pair in found.pairs for one in pair)]
    assert all(min(top, left) >= 0 and side > 0 for top, left, side in squares)


def check_curve(path: Path) -> None:
    frequencies, values = read_mtf(path)
    assert frequencies.shape == values.shape and np.isfinite(values).all() and np.isfinite(frequencies).all()


def check_structure(path: Path) -> None:
    found = read_structure(path)
    assert len(found.elements) == len(found.positions_A) and np.isfinite(found.positions_A).all()


def check_network(path: Path) -> None:
    assert all(torch.isfinite(one).all() for one in load_network(path).weights.values())


READERS: dict[str, tuple[str, Callable[[Path], object], str | bytes | Callable[[Path], bytes]]] = {
    "table": ("t.tsv", read_table, SCORES),
    "scores": ("t.tsv", lambda path: read_scores([path]), SCORES),
    "candidates": ("t.tsv", check_candidates, CANDIDATES),
    "summary": ("t.tsv", check_summary, SUMMARY),
    "positions": ("t.tsv", read_positions, POSITIONS),
    "sheet": ("t.tsv", lambda path: check_sheet(read_table(path), {"films": {}}, str(path)), SHEET),
    "datasets": ("t.tsv", lambda path: check_datasets(read_table(path), str(path)), DATASETS),
    "yaml": ("t.yaml", read_yaml, YAML),
    "json": ("t.json", lambda path: check_numbers(read_json(path)), JSON),
    "regions": ("t.json", check_squares, JSON),
    "star": ("t.star", read_star, STAR),
    "star of particles": ("t.star", check_places, STAR),
    "mtf": ("mtf_t.star", check_curve, MTF),
    "box": ("t.box", check_places, BOX),
    "csv": ("t.csv", check_places, CSV),
    "tsv": ("t.tsv", check_places, CSV.replace(",", "\t")),
    "cs": ("t.cs", check_places, cryosparc_table()),
    "defects": ("t.txt", lambda path: read_defects(path, SHAPE), DEFECTS),
    "pdb": ("t.pdb", check_structure, PDB),
    "cif": ("t.cif", check_structure, CIF),
    "network": ("t.pt", check_network, network_file),
    "state": ("state.pt", lambda path: load_state(path.parent), state_file),
}

WORDS = [b"nan", b"1e400", b"-1e400", b"inf", b"-5", b"1_0", b"two", b"", b"9" * 400, b"<NA>", b"0x10", b"1,5", b'"', b"'"]  # fmt: skip
PIECES = [b"\0", b"\t", b'"', b"'", b"#", b"loop_\n", b"data_\n", b"_rln\n", b"\xff\xfe", b"[" * 300, b"- " * 300, b"\xe9", b"\x85", b"*a", b"&a ", b"{", b"}", b": ", b"\n"]  # fmt: skip


def cut(content: bytes, draw: np.random.Generator) -> bytes:
    return content[: draw.integers(0, len(content) + 1)]


def flip(content: bytes, draw: np.random.Generator) -> bytes:
    changed = bytearray(content)
    for place in draw.integers(0, max(1, len(changed)), draw.integers(1, 6)):
        if changed:
            changed[place] = draw.integers(0, 256)
    return bytes(changed)


def lines(content: bytes, draw: np.random.Generator) -> bytes:
    rows = content.split(b"\n")
    place, other = draw.integers(0, len(rows), 2)
    if draw.random() < 0.5:
        rows.pop(place)
    else:
        rows.insert(place, rows[other])
    return b"\n".join(rows)


def words(content: bytes, draw: np.random.Generator) -> bytes:
    found = list(re.finditer(rb"[^\s,;:]+", content))
    if not found:
        return content
    one = found[draw.integers(0, len(found))]
    return content[: one.start()] + WORDS[draw.integers(0, len(WORDS))] + content[one.end() :]


def pieces(content: bytes, draw: np.random.Generator) -> bytes:
    place = draw.integers(0, len(content) + 1)
    return content[:place] + PIECES[draw.integers(0, len(PIECES))] + content[place:]


def separators(content: bytes, draw: np.random.Generator) -> bytes:
    marks = [b"\t", b",", b";", b" ", b"\n", b"\r\n", b"\r"]
    one, other = draw.permutation(len(marks))[:2]
    return content.replace(marks[one], marks[other])


def encodings(content: bytes, draw: np.random.Generator) -> bytes:
    text = content.decode("latin-1")
    return [
        b"\xef\xbb\xbf" + content,
        text.encode("utf-16"),
        b"\xfe\xff" + text.encode("utf-16-be"),
        text.encode("utf-16-le"),
        text.encode("utf-32"),
        content.replace(b"m1", b"m\xe9"),
    ][draw.integers(0, 6)]


MUTATIONS = (cut, flip, lines, words, words, pieces, separators, encodings)


@pytest.mark.parametrize("reader", READERS)
def test_a_damaged_file_is_read_whole_or_refused_in_one_line(tmp_path: Path, reader: str) -> None:
    name, read, valid = READERS[reader]
    content = valid.encode() if isinstance(valid, str) else valid(tmp_path) if callable(valid) else valid
    path, draw = tmp_path / name, np.random.default_rng(SEED)
    path.write_bytes(content)
    read(path)  # what is whole is read
    refused = 0
    for _ in range(CASES):
        damaged = content
        for _ in range(draw.integers(1, 4)):
            damaged = MUTATIONS[draw.integers(0, len(MUTATIONS))](damaged, draw)
        path.write_bytes(damaged)
        try:
            read(path)
        except (ValueError, OSError) as error:
            refused += 1
            said = str(error)
            assert type(error).__module__ in {"builtins", "clearice.files.names"}, f"{error!r} of {damaged!r}"
            assert all(str(path) in line or path.parent.name in line for line in said.split("\n")), (
                f"{said!r} of {damaged!r}"
            )
            assert reader in {"sheet", "datasets"} or "\n" not in said, f"{said!r} of {damaged!r}"
            assert "Error" not in said.replace("Errors", ""), f"{said!r} of {damaged!r}"
        except Exception as error:
            pytest.fail(f"{type(error).__name__}: {error} of {damaged!r}")
    assert refused > CASES // 20
