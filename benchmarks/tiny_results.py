"""Run every stage at the smallest settings in a folder, and list the checksum of every file it makes.

    python benchmarks/tiny_results.py FOLDER > new.tsv
    python benchmarks/tiny_results.py new.tsv --compare old.tsv --renamed known=reference_coordinates cheat=mask_control

Two trees of code that give one list compute the same: what a change of the code's shape must not alter. Only `results/`
is listed, where no file holds a time but the histories of trainings: their seconds are left out. Networks are listed
tensor by tensor. The second call compares two lists, without a run, and ends with status 1 where they differ.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import tifffile
import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.project import Project, make_checkout  # noqa: E402

CONFIG = """\
run:
  methods: [raw, lowpass_20A, bandpass, mask_control, n2n, coarse, nt2c, nt2c_gaussian, n2n_given]
  parts: [full, even]
methods:
  nt2c_gaussian: {kind: nt2c, extract_noise: {criterion: flattest}, sample_noise: {source: gaussian}}
  n2n_given: {kind: weights, file: results/films/models/noise2noise/main.pt, rescale_to_A: null}
extract_noise: {criterion: ssim, ssim_threshold: -0.9}
picking: {pickers: [blob, mean_shift], box_files: true, csv_files: true, box_A: 60}
previews: {per_batch: 1, in_report: 1}
evaluation: {batches: 1, second_exposure: exposures}
physics: {empty_fraction: 0.25}
simulation: {movies: 2, movie_frames: 3}
"""
DATASET = {
    "dataset": "films",
    "pixel_size_A": "3.0",
    "voltage_kV": "300",
    "spherical_aberration_mm": "2.7",
    "amplitude_contrast": "0.07",
    "dose_e_per_A2": "8",
    "detector": "K2",
    "super_resolution": "1",
    "structures": "resources/empiar10146/6z6u.pdb.gz:1",
    "particle_diameter_A": "124",
    "particles_per_um2": "500-900",
    "ice_thickness_nm": "30",
    "defocus_um": "1.0-1.5",
}
TARGETS = ("all", "denoised", "picks", "scores", "models", "simulated_movies", "export")
MOVIES = 4
SHAPE = (96, 104)

Digests = dict[str, str]
"""Checksums by path below `results/`; those of a network's tensors by path, a colon and the tensor's name."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "folder", type=Path, help="a new folder, that of an earlier run (it goes on), or a list made before"
    )
    parser.add_argument("--cores", type=int, default=2, help="(default: %(default)s)")
    parser.add_argument(
        "--compare",
        type=Path,
        metavar="OLD.tsv",
        help="print what differs from this list, in place of the list",
    )
    parser.add_argument(
        "--renamed", nargs="+", default=[], metavar="OLD=NEW", help="folders that had another name in OLD.tsv"
    )
    given = parser.parse_args()
    new = read_list(given.folder) if given.folder.is_file() else run_and_list(given.folder, given.cores)
    if given.compare is None:
        print("\n".join(f"{name}\t{digest}" for name, digest in new.items()))
        return
    old = with_new_names(read_list(given.compare), dict(parse_renamed(given.renamed)))
    found = differences(old, new)
    for line in found:
        print(line)
    print(f"{sum(old.get(name) == digest for name, digest in new.items())} of {len(new)} are equal")
    if found:
        sys.exit(1)


def run_and_list(folder: Path, cores: int) -> Digests:
    """Run the workflow in a folder, from the first job or from where it stopped, and list what it made.

    Raises
    ------
    SystemExit
        Snakemake ended with an error.
    """
    if not folder.exists():
        folder.mkdir(parents=True)
        prepare(make_checkout(folder))
    words = ("--configfile", "config/presets/tiny.yaml", "mine.yaml", "--cores", str(cores), "--", *TARGETS)
    done = Project(folder).snakemake(*words)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    results = folder / "results"
    return {
        path.relative_to(results).as_posix() + part: digest
        for path in sorted(results.rglob("*"))
        if path.is_file()
        for part, digest in digests_of(path)
    }


def prepare(project: Project) -> None:
    """Write counting movies with known particles and second exposures, their tables, and the settings."""
    folder = project.folder
    table = folder / "config" / "datasets.tsv"
    header = table.read_text().splitlines()[0].split("\t")
    table.write_text("\t".join(header) + "\n" + "\t".join(DATASET.get(name, "") for name in header) + "\n")
    for name in ("data", "coordinates/films", "exposures/films"):
        (folder / name).mkdir(parents=True)
    for number in range(MOVIES):
        name, generator = f"film{number}", np.random.default_rng(number)
        counts = generator.poisson(18, (4, *SHAPE)).astype(np.uint8)
        second = generator.normal(18, 4, SHAPE).astype(np.float32)
        tifffile.imwrite(folder / "data" / f"{name}.tif", counts, photometric="minisblack")
        tifffile.imwrite(folder / "exposures/films" / f"{name}.tif", second, photometric="minisblack")
        (folder / "coordinates/films" / f"{name}.csv").write_text("x,y\n30,40\n80,60\n")
    project.list_movies("films", "data/film*.tif", validation_fraction="0.25", test_fraction="0")
    (folder / "mine.yaml").write_text(CONFIG)


def digests_of(path: Path) -> Iterator[tuple[str, str]]:
    """Hash a file: a network tensor by tensor, the history of a training without its seconds.

    Yields
    ------
    part, digest
        What the part's name adds to the path, mostly nothing, and its checksum.
    """
    if path.suffix == ".pt":
        for name, tensor in sorted(torch.load(path, weights_only=True)["weights"].items()):
            yield f":{name}", hashlib.sha256(tensor.numpy().tobytes()).hexdigest()
        return
    data = path.read_bytes()
    if path.suffix == ".tsv" and "models" in path.parts:
        rows = [line.split("\t") for line in data.decode().splitlines()]
        columns = [index for index, name in enumerate(rows[0]) if name != "seconds"]
        data = "\n".join("\t".join(row[index] for index in columns) for row in rows).encode()
    yield "", hashlib.sha256(data).hexdigest()


def read_list(path: Path) -> Digests:
    """Read a list that an earlier call wrote."""
    rows = (line.partition("\t") for line in path.read_text(encoding="utf-8").splitlines())
    return {name: digest for name, _, digest in rows}


def parse_renamed(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Take words such as ``known=reference_coordinates`` apart."""
    for word in words:
        old, equals, new = word.partition("=")
        if not (old and equals and new):
            sys.exit(f"--renamed {word}: write OLD=NEW, for example known=reference_coordinates")
        yield old, new


def with_new_names(digests: Mapping[str, str], new_names: Mapping[str, str]) -> Digests:
    """Rename folders in the paths of a list."""
    return {
        "/".join([*(new_names.get(part, part) for part in parts[:-1]), parts[-1]]): digest
        for parts, digest in ((name.split("/"), digest) for name, digest in digests.items())
    }


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Describe what differs: each file or tensor that both lists have, and by folder what only one has."""
    lines = [f"differs\t{name}" for name in sorted(old.keys() & new.keys()) if old[name] != new[name]]
    for label, names in (("only old", old.keys() - new.keys()), ("only new", new.keys() - old.keys())):
        folders = Counter(PurePosixPath(name).parent.as_posix() for name in names)
        lines += [f"{label}\t{folder}/\t{count}" for folder, count in sorted(folders.items())]
    return lines


if __name__ == "__main__":
    main()
