"""Run NT2C and its controls through the workflow on EMPIAR-10146, score them, and draw them.

    python benchmarks/nt2c_real.py --choose                   # frames of two micrographs: which settings
    python benchmarks/nt2c_real.py                            # the other four: frames and averages, tables
    python benchmarks/nt2c_real.py --seeds 1 --cores 1        # one seed alone; seeds can run side by side
    python benchmarks/nt2c_real.py --figure docs/images       # and the pictures raw | low-pass | NT2C
    python benchmarks/nt2c_real.py --given NAME=FOLDER        # and a row for images made elsewhere (noise2noise_real.py --write)

The data are looked for in CLEARICE_SHARED or in `shared` beside the repository. The settings are
benchmarks/nt2c_real.yaml; all work lies in the folder --work, one folder for each seed, and a second call goes on where
the first stopped. No network sees a second exposure, a mark or a null image: the six micrographs give noise patches, the
rest is simulated. The marks only say where the spectrum of the null images is taken. Settings were chosen on two
micrographs (`real_data.SETTINGS`) by the rule that stands in the yaml; the tables are of the other four.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import yaml
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont
from real_data import PIXEL_SIZE_A, ROOT, SETTINGS, Image, load_fields, read_method, write_images, write_marks
from real_scores import FOLDERS, markdown, score_averages, score_frames, spread_of_runs

from clearice.files.mrc import read_micrograph
from clearice.files.tables import read_table, write_table
from clearice.reporting.previews import grey_scale, to_grey, with_scale_bar

HERE = Path(__file__).resolve().parent
STRUCTURE = ROOT / "resources/empiar10146/6z6u.pdb.gz"
INPUTS = {
    "frame": {"b0001": ("frames", "")},
    "average": {"b0001": ("averages", ""), "b0002": ("rests", "rest_")},
}
"""Folder of inputs and prefix of the names in each batch of a dataset; only the first batch is learned from."""
DENOISED = {
    "frame": {"b0001": "", "n0001": ""},
    "average": {"b0001": "", "n0001": "", "b0002": "rest_"},
}
"""What is scored: real images, the workflow's pure noise for them, and rests; with the prefix of the names."""
DETAIL_PX = 600
SHOWN = {"raw": "raw", "lowpass_20A": "low-pass 20 A", "nt2c": "NT2C"}


def run_workflow(
    work: Path, config: Path, seed: int, methods: Sequence[str], kinds: Sequence[str], cores: int
) -> float:
    """Let Snakemake make the denoised images of some methods; return the seconds it took."""
    targets = [
        f"results/{kind}/denoised/{method}/full/{batch}/manifest.tsv"
        for kind in kinds
        for method in methods
        for batch in DENOISED[kind]
    ]
    laid_over = work / "config.yaml"
    settings = yaml.safe_load(config.read_text())
    settings["run"] = {"methods": list(methods)}
    settings |= {"datasets": "datasets.tsv", "micrographs": "micrographs.tsv", "seed": seed}
    settings["evaluation"] = {"coordinates": "coordinates"}
    laid_over.write_text(yaml.safe_dump(settings, sort_keys=False))
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--snakefile",
        str(ROOT / "Snakefile"),
        "--directory",
        str(work),
    ]
    command += ["--profile", str(ROOT / "profiles/local"), "--cores", str(cores), "--rerun-incomplete"]
    started = time.monotonic()
    subprocess.run([*command, "--configfile", str(laid_over.resolve()), "--", *targets], check=True, cwd=ROOT)
    return time.monotonic() - started


def write_tables(work: Path, names: Sequence[str]) -> None:
    """Write the datasets and the sheet: the demo's rows of optics, all six micrographs, and rests."""
    given = {row["dataset"]: row for row in read_table(ROOT / "config/demo/datasets.tsv")}
    rows = {"average": given["apoferritin"], "frame": given["apoferritin_frame"]}
    datasets = [row | {"dataset": kind, "structures": f"{STRUCTURE}:1"} for kind, row in rows.items()]
    write_table(work / "datasets.tsv", datasets, list(datasets[0]))
    sheet = [
        {
            "dataset": kind,
            "micrograph": prefix + name,
            "movie": "",
            "even": "",
            "odd": "",
            "single": f"inputs/{folder}/{name}.mrc",
            "batch": batch,
            "split": "apply" if prefix else "validation" if name == SETTINGS[0] else "train",
        }
        for kind, batches in INPUTS.items()
        for batch, (folder, prefix) in batches.items()
        for name in names
    ]
    write_table(work / "micrographs.tsv", sheet, list(sheet[0]))


def read_denoised(work: Path, kind: str, method: str, names: Sequence[str]) -> list[dict[str, Image]]:
    """Read what a method made of the images, the null images and, for averages, the rests."""
    folder = work / "results" / kind / "denoised" / method / "full"
    return [
        {name: read_micrograph(folder / batch / f"{prefix}{name}.mrc").pixels for name in names}
        for batch, prefix in DENOISED[kind].items()
    ]


def read_given(folder: Path, kind: str, names: Sequence[str]) -> list[dict[str, Image]] | None:
    """Read the same of a method whose images were made elsewhere; None where there are none of this kind."""
    found = []
    for what in FOLDERS[kind]:
        images = read_method(folder, what)
        if images is None:
            return None
        found.append({name: images[name] for name in names})
    return found


def score_method(kind: str, images: Sequence[Mapping[str, Image]], data: Path) -> dict[str, float]:
    """Score the images of a method by the rules of their kind."""
    return score_frames(*images, folder=data) if kind == "frame" else score_averages(*images, folder=data)


def seconds_of_steps(work: Path, kind: str) -> str:
    """List the wall time of every learned step, from Snakemake's benchmarks."""
    found = []
    for path in sorted((work / "logs" / kind).rglob("*.benchmark.tsv")):
        name = path.relative_to(work / "logs" / kind).as_posix().removesuffix(".benchmark.tsv")
        if name.split("/")[0].startswith(("simulate", "train", "sample", "extract", "reweight")):
            found.append((name, float(read_table(path)[0]["s"])))
    steps: dict[str, float] = {}
    for name, seconds in found:
        parts = name.split("/")
        key = parts[0] if parts[0].startswith(("simulate", "extract", "reweight")) else name
        steps[key] = steps.get(key, 0.0) + seconds
    return ", ".join(f"{name} {seconds:.0f} s" for name, seconds in steps.items())


def draw_figure(path: Path, images: Mapping[str, Image], raw: Image, top_left: tuple[int, int]) -> None:
    """Draw the same detail of several images side by side in one grey scale, that of the previews."""
    black, white = grey_scale(raw, pixel_size_A=PIXEL_SIZE_A, resolution_A=20.0, contrast_sd=4.0)
    y, x = top_left
    panels = []
    for label, image in images.items():
        picture = to_grey(image[y : y + DETAIL_PX, x : x + DETAIL_PX], black, white)
        panels.append(_with_label(with_scale_bar(picture, PIXEL_SIZE_A), label))
    gap = np.full((panels[0].shape[0], 8), 255, np.uint8)
    joined = np.hstack([part for panel in panels for part in (panel, gap)][:-1])
    path.parent.mkdir(parents=True, exist_ok=True)
    Pictures.fromarray(joined).save(path, optimize=True)


def draw_figures(work: Path, folder: Path, kinds: Sequence[str], names: Sequence[str]) -> None:
    """Draw a test micrograph, and a null image in the same grey scale, as raw, low-passed and by NT2C."""
    name = next(name for name in names if name not in SETTINGS)
    for kind in kinds:
        found = {label: read_denoised(work, kind, method, [name]) for method, label in SHOWN.items()}
        raw = found["raw"][0][name]
        corner = ((raw.shape[0] - DETAIL_PX) // 2, (raw.shape[1] - DETAIL_PX) // 2)
        pictures = {label: images[0][name] for label, images in found.items()}
        draw_figure(folder / f"{kind}_before_after.png", pictures, raw, corner)
        if kind == "frame":
            nulls = {f"noise, {label}": images[1][name] for label, images in found.items()}
            draw_figure(folder / "null_before_after.png", nulls, raw, corner)


def prepare(work: Path, data: Path) -> None:
    """Write images, marks, datasets and the sheet into a work folder, once."""
    if not (work / "inputs").exists():
        write_images(work / "inputs", data)
        for kind in INPUTS:
            write_marks(work / "coordinates" / kind, data)
    write_tables(work, list(load_fields(data)))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, help="folder empiar10146; default: from CLEARICE_SHARED or ../shared"
    )
    parser.add_argument("--work", type=Path, default=ROOT / "results/nt2c_real")
    parser.add_argument("--config", type=Path, default=HERE / "nt2c_real.yaml")
    parser.add_argument("--kind", choices=["frame", "average", "both"], default="both")
    parser.add_argument("--methods", nargs="+", help="default: all of the config's run.methods")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--figure", type=Path, metavar="FOLDER", help="draw pictures of the first seed here")
    parser.add_argument(
        "--score_only", action="store_true", help="score what an earlier call made, and make nothing"
    )
    parser.add_argument("--given", action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument(
        "--choose", action="store_true", help="score frames of the two settings micrographs instead"
    )
    arguments = parser.parse_args()
    shared = Path(os.environ.get("CLEARICE_SHARED", ROOT.parent / "shared"))
    data = arguments.data or shared / "data/empiar10146"
    kinds = ["frame", "average"] if arguments.kind == "both" else [arguments.kind]
    kinds = ["frame"] if arguments.choose else kinds
    settings = yaml.safe_load(arguments.config.read_text())
    methods = arguments.methods or settings["run"]["methods"]
    names = list(load_fields(data))
    works = {seed: arguments.work.resolve() / f"seed{seed}" for seed in arguments.seeds}
    wall_s = 0.0
    for seed, work in works.items():
        if arguments.score_only:
            continue
        work.mkdir(parents=True, exist_ok=True)
        prepare(work, data)
        wall_s += run_workflow(work, arguments.config, seed, methods, kinds, arguments.cores)

    scored = [name for name in names if (name in SETTINGS) == arguments.choose]
    print(
        f"{platform.machine()}, {arguments.cores} cores, {datetime.date.today()}; EMPIAR-10146; "
        f"seeds {', '.join(map(str, works))}; this call {wall_s:.0f} s"
    )
    print(
        f"micrographs: {', '.join(scored)}; in % unless a unit is given; mean ± standard deviation of the seeds"
    )
    given = {name: Path(place) for name, _, place in (one.partition("=") for one in arguments.given)}
    for kind in kinds:
        rows = {
            method: spread_of_runs(
                [
                    score_method(kind, read_denoised(work, kind, method, scored), data)
                    for work in works.values()
                ]
            )
            for method in methods
        }
        for name, place in given.items():
            images = read_given(place, kind, scored)
            if images is not None:
                rows[name] = spread_of_runs([score_method(kind, images, data)])
        print(
            f"\n{kind}s\n\n{markdown({m: r[0] for m, r in rows.items()}, {m: r[1] for m, r in rows.items()})}\n",
            flush=True,
        )
        for work in works.values():
            print(f"{work.name}, {kind}s, wall time: {seconds_of_steps(work, kind)}", flush=True)
    if arguments.figure:
        draw_figures(works[arguments.seeds[0]], arguments.figure, kinds, names)


def _with_label(picture: np.ndarray, label: str) -> np.ndarray:
    """Write a label into the upper left corner, on black."""
    canvas = Pictures.fromarray(picture)
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(24)
    box = draw.textbbox((12, 8), label, font=font)
    draw.rectangle((0, 0, box[2] + 12, box[3] + 10), fill=0)
    draw.text((12, 8), label, fill=255, font=font)
    return np.asarray(canvas)


if __name__ == "__main__":
    main()
