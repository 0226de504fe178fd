"""Measure training crops per second: memory-mapped, against reading both whole micrographs for every crop.

python benchmarks/crop_speed.py --side_px 4096 --crop_px 800
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

from clearice.config.complaints import checked  # noqa: E402
from clearice.config.defaults import default_settings  # noqa: E402
from clearice.config.training import DenoiserTraining  # noqa: E402
from clearice.files.mapped import map_images  # noqa: E402
from clearice.files.mrc import read_micrograph, write_micrograph  # noqa: E402
from clearice.image.scaling import standardise  # noqa: E402
from clearice.image.symmetries import SYMMETRIES, apply_symmetry  # noqa: E402
from clearice.training.crops import TRAINING, crop_generator, cut, draw_corner  # noqa: E402
from clearice.training.loading import DrawPair, batches_ahead  # noqa: E402
from clearice.training.pairing import training_pairs  # noqa: E402
from clearice.training.pairs import Image, training_image  # noqa: E402

SEED = 1


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--side_px", type=int, default=4096)
    parser.add_argument("--crop_px", type=int, default=800)
    parser.add_argument("--micrographs", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each repeat")
    parser.add_argument("--folder", type=Path, default=None, help="where the files go (default: a new one)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        files = write_pairs(Path(name), options.micrographs, options.side_px)
        images = [
            training_image(str(even), map_images(even).images[0], map_images(odd).images[0], "noise2noise")
            for even, odd in files
        ]
        changed = {"pairing": "noise2noise", "curriculum_fraction": 0.0, "crop_px": options.crop_px}
        settings = checked(DenoiserTraining, {**default_settings(DenoiserTraining), **changed}, "settings")
        mapped = training_pairs(images, settings, SEED)
        reread = whole_file_pairs(files, options.crop_px)
        rows: list[tuple[str, list[float]]] = []
        for label, draw, workers in (
            ("whole files read and standardised for each crop", reread, 0),
            ("memory-mapped, no worker", mapped, 0),
            ("memory-mapped, 1 worker", mapped, 1),
            ("memory-mapped, 2 workers", mapped, 2),
        ):
            rates = [crops_per_second(draw, workers, options.seconds) for _ in range(options.repeats)]
            rows.append((label, rates))
    print(
        f"{datetime.date.today()}, {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    print(f"python {' '.join(sys.argv)}")
    print(
        f"pairs of {options.crop_px} px crops from {options.micrographs} pairs of {options.side_px} px float32 "
        f"MRC files, files in the page cache; median (least to most) of {options.repeats} runs\n"
    )
    slowest = statistics.median(rows[0][1])
    print("| how | crop pairs/s | times |\n| --- | --- | --- |")
    for label, rates in rows:
        median = statistics.median(rates)
        print(f"| {label} | {median:.3g} ({min(rates):.3g} to {max(rates):.3g}) | {median / slowest:.1f} |")


def write_pairs(folder: Path, micrographs: int, side_px: int) -> list[tuple[Path, Path]]:
    """Write pairs of noise images."""
    files = []
    for index in range(micrographs):
        pair = (folder / f"{index}_even.mrc", folder / f"{index}_odd.mrc")
        for path in pair:
            noise = np.random.default_rng(index).standard_normal((side_px, side_px), dtype=np.float32)
            write_micrograph(path, noise, 1.0)
        files.append(pair)
    return files


def whole_file_pairs(files: list[tuple[Path, Path]], crop_px: int) -> DrawPair:
    """Make crops as a loader does that keeps nothing: read, standardise and cut both files of a pair."""

    def draw(index: int) -> tuple[Image, Image]:
        generator = crop_generator(SEED, TRAINING, index)
        pair = files[int(generator.integers(len(files)))]
        even, odd = (standardise(read_micrograph(path).pixels)[0] for path in pair)
        corner = draw_corner((even.shape[0], even.shape[1]), crop_px, generator)
        symmetry = int(generator.integers(SYMMETRIES))
        crops = [apply_symmetry(cut(one, corner, crop_px), symmetry) for one in (even, odd)]
        return np.ascontiguousarray(crops[0]), np.ascontiguousarray(crops[1])

    return draw


def crops_per_second(draw: DrawPair, workers: int, seconds: float) -> float:
    """Draw batches of 4 pairs for some seconds, at least one, and count."""
    batches = batches_ahead(draw, 0, 4_000_000, 4, workers=workers)
    next(batches)  # the workers have started
    start, crops = time.monotonic(), 0
    while crops == 0 or time.monotonic() - start < seconds:
        crops += len(next(batches)[0])
    rate = crops / (time.monotonic() - start)
    batches.close()
    return rate


if __name__ == "__main__":
    main()
