"""Time the inference of one and the same trained network by clearice and by Topaz, in one run.

python benchmarks/denoise_speed.py                     4096 x 4096 pixels, beside `topaz denoise` at its defaults
python benchmarks/denoise_speed.py --side_px 1024      a quick look
python benchmarks/denoise_speed.py --skip_topaz --weights unet_L2_v0.2.2.sav --device cuda

Topaz and its published weights come with pip into an environment of their own (--environment, outside the
project; kept for the next time). CPU seconds are the figure to trust on a machine with other work.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))

from clearice.files.checkpoints import load_network  # noqa: E402
from clearice.files.mrc import read_micrograph, write_micrograph  # noqa: E402
from clearice.networks.fast_unet import FastUNet  # noqa: E402
from clearice.networks.unet import UNet  # noqa: E402
from clearice.run.batches import ManifestRow, files_of, write_manifest  # noqa: E402

PATCH_PX, PADDING_PX = 1024, 500  # the defaults of `topaz denoise`
TOPAZ_NEEDS = (
    "torch==2.13.0", "setuptools<80", "numpy", "scipy", "pandas", "scikit-learn", "pillow", "h5py", "tqdm",
    "psutil", "future",
)  # fmt: skip
# Topaz imports torchvision for its training augmentations; there is no build of it for torch's CPU wheel
STUB = "def rotate(*_, **__):\n    raise NotImplementedError\nhflip = vflip = rotate\n"


@dataclass(frozen=True)
class Measured:
    """What one command took.

    Attributes
    ----------
    wall_s
        Seconds on the clock.
    cpu_s
        Seconds of all cores.
    peak_GiB
        Largest memory of the process.
    """

    wall_s: float
    cpu_s: float
    peak_GiB: float


def main() -> None:
    options = arguments()
    torch.set_num_threads(options.threads)
    environment = (
        None if options.skip_topaz else topaz_environment(options.environment, options.topaz_version)
    )
    weights = options.weights or published_weights(environment)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        manifest = synthetic_micrographs(folder / "one", options.side_px, 1)
        raw = files_of(manifest)["m000"]
        rows: dict[str, tuple[Measured, float, str]] = {}
        results = {}
        if environment is not None:
            label = f"topaz {options.topaz_version}, defaults"
            seconds, results[label] = denoise_with_topaz(environment, raw, folder / "topaz", options.threads)
            rows[label] = (seconds, topaz_gflop(options.side_px, weights), "float32")
        for precision in ("float32", "bfloat16"):
            label = f"clearice, {precision}"
            seconds, denoised = denoise_with_clearice(
                manifest, weights, folder / precision, precision, options
            )
            rows[label], results[label] = (seconds, fast_gflop(options.side_px, weights), precision), denoised
        print_speed(rows, results, options)
        if options.flat > 1:
            print_memory(folder, weights, options)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--side_px", type=int, default=4096)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--device", default="cpu", help="of clearice: cpu or cuda")
    parser.add_argument("--tile_memory_mb", type=int, default=2000)
    parser.add_argument("--topaz_version", default="0.3.20")
    parser.add_argument("--environment", type=Path, default=Path(tempfile.gettempdir()) / "clearice-topaz")
    parser.add_argument("--skip_topaz", action="store_true")
    parser.add_argument("--weights", type=Path, default=None, help="default: Topaz's unet_L2_v0.2.2.sav")
    parser.add_argument("--flat", type=int, default=20, help="micrographs of the memory table (1: no table)")
    parser.add_argument("--flat_side_px", type=int, default=1024)
    parser.add_argument("--folder", type=Path, default=None, help="where the files go (default: a new one)")
    return parser.parse_args()


def topaz_environment(folder: Path, version: str) -> Path:
    """Make the environment that Topaz runs in, if it is not there."""
    python = folder / version / "bin" / "python"
    if not (folder / version / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / version)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, *TOPAZ_NEEDS], check=True)
        subprocess.run([*install, "--no-deps", f"topaz-em=={version}"], check=True)
        stub = site_packages(python) / "torchvision" / "transforms"
        stub.mkdir(parents=True, exist_ok=True)
        (stub.parent / "__init__.py").write_text("from . import transforms\n", encoding="utf-8")
        (stub / "__init__.py").write_text("from . import functional\n", encoding="utf-8")
        (stub / "functional.py").write_text(STUB, encoding="utf-8")
        (folder / version / "complete").touch()
    return python


def site_packages(python: Path) -> Path:
    """Ask a Python where its packages are."""
    code = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    return Path(
        subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    )


def published_weights(python: Path | None) -> Path:
    if python is None:
        raise SystemExit("without Topaz's environment the weights have to be given: --weights FILE")
    return site_packages(python) / "topaz" / "pretrained" / "denoise" / "unet_L2_v0.2.2.sav"


def synthetic_micrographs(folder: Path, side_px: int, count: int) -> Path:
    """Write micrographs of Gaussian blobs in Gaussian noise (signal-to-noise ratio 0.05) and their manifest."""
    generator = np.random.default_rng(1)
    rows = []
    for index in range(count):
        field = np.zeros((side_px, side_px), np.float32)
        coordinate = np.arange(side_px, dtype=np.float32)
        for y, x in generator.uniform(0, side_px, (max(1, 120 * side_px**2 // 4096**2), 2)):
            near_y, near_x = (slice(max(0, int(c) - 90), int(c) + 90) for c in (y, x))
            blob = (coordinate[near_y, None] - y) ** 2 + (coordinate[None, near_x] - x) ** 2
            field[near_y, near_x] += np.exp(-blob / (2 * 25.0**2))
        noise_sd = float(field.std() / np.sqrt(0.05))
        field += noise_sd * generator.standard_normal(field.shape, dtype=np.float32)
        write_micrograph(folder / f"m{index:03d}.mrc", field, 1.0)
        rows.append(ManifestRow(f"m{index:03d}", f"m{index:03d}.mrc", "ok", "", ""))
    write_manifest(folder / "manifest.tsv", rows)
    return folder / "manifest.tsv"


def measured(command: list[str], threads: int) -> Measured:
    """Run a command that must succeed, and ask the system what it took."""
    limits = {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    start = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        running = subprocess.Popen(command, stdout=said, stderr=said, env={**os.environ, **limits})
        _, status, usage = os.wait4(running.pid, 0)
        wall_s = time.perf_counter() - start
        running.returncode = os.waitstatus_to_exitcode(status)
        if running.returncode:
            said.seek(0)
            raise SystemExit(f"{' '.join(command)}\n{said.read().decode()[-2000:]}")
    return Measured(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20)


def denoise_with_topaz(python: Path, raw: Path, out: Path, threads: int) -> tuple[Measured, Path]:
    """Run `topaz denoise` as a user does, without a GPU."""
    out.mkdir()
    code = "import sys; from topaz.main import main; sys.argv[0] = 'topaz'; main()"
    command = [str(python), "-c", code, "denoise", "-d", "-1", "-o", str(out), str(raw)]
    return measured(command, threads), out / raw.name


def denoise_with_clearice(
    manifest: Path, weights: Path, out: Path, precision: str, options: argparse.Namespace
) -> tuple[Measured, Path]:
    """Run the step from a shell, with its start and its reading and writing."""
    settings = {"tile_memory_mb": options.tile_memory_mb, "precision": precision, "return_at": "original"}
    flags = {
        "micrographs": manifest, "model": weights, "denoised": out, "manifest": out / "manifest.tsv",
        "settings": json.dumps(settings), "threads": options.threads, "device": options.device,
    }  # fmt: skip
    words = [word for name, value in flags.items() for word in (f"--{name}", str(value))]
    used = measured([sys.executable, str(SCRIPTS / "denoise_micrographs.py"), *words], options.threads)
    return used, out / "m000.mrc"


def topaz_gflop(side_px: int, weights: Path) -> float:
    """Count what Topaz computes at its defaults: the plain network on overlapping patches."""
    spans = [
        min(side_px, first + PATCH_PX + PADDING_PX) - max(0, first - PADDING_PX)
        for first in range(0, side_px, PATCH_PX)
    ]
    network = trained(weights)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network(torch.zeros(1, 1, 64, 64))
    return counter.get_total_flops() / 64**2 * sum(spans) ** 2 / 1e9


def fast_gflop(side_px: int, weights: Path) -> float:
    """Count what the rewritten network computes on the whole image."""
    fast = FastUNet(trained(weights), torch.device("cpu"), "float32", 1000)
    with FlopCounterMode(display=False) as counter:
        fast(torch.zeros(1, 1, 64, 64))
    return counter.get_total_flops() / 64**2 * side_px**2 / 1e9


def trained(weights: Path) -> UNet:
    file = load_network(weights)
    network = UNet(**file.settings)
    network.load_state_dict(file.weights)
    return network


def matrix_rate(precision: str, repeats: int = 5) -> float:
    """Measure the machine's matrix product in GFLOP per second of one core."""
    side = 2048
    matrix = torch.ones(side, side, dtype=getattr(torch, precision))
    rates = []
    for _ in range(repeats + 1):
        start = time.process_time()
        matrix @ matrix
        rates.append(2 * side**3 / (time.process_time() - start) / 1e9)
    return max(rates[1:])


def print_speed(
    rows: dict[str, tuple[Measured, float, str]], results: dict[str, Path], options: argparse.Namespace
) -> None:
    side, first = options.side_px, next(iter(rows.values()))[0]
    exact = read_micrograph(results["clearice, float32"]).pixels
    print(
        f"\nOne micrograph of {side} x {side} px, {options.threads} threads, {platform.machine()}, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, clearice on {options.device}, "
        f"torch {torch.__version__}, {datetime.date.today()}\n"
    )
    print(
        "| program | wall s | CPU s | CPU s per Mpix | faster (CPU) | faster (wall) | peak GiB | TFLOP | "
        "GFLOP per CPU s | share of the matrix product | differs from clearice float32 (rms / sd) |"
    )
    print("|" + " --- |" * 11)
    for label, (used, gflop, precision) in rows.items():
        rate, ceiling = gflop / used.cpu_s, matrix_rate(precision)
        other = affine_fit(read_micrograph(results[label]).pixels, exact)
        difference = float(np.std(other - exact) / np.std(exact))
        on_cpu = options.device == "cpu" or label.startswith("topaz")
        print(
            f"| {label} | {used.wall_s:.1f} | {used.cpu_s:.1f} | {used.cpu_s / side**2 * 1e6:.2f} | "
            f"{first.cpu_s / used.cpu_s:.1f} | {first.wall_s / used.wall_s:.1f} | {used.peak_GiB:.2f} | "
            f"{gflop / 1e3:.2f} | {f'{rate:.0f}' if on_cpu else '-'} | "
            f"{f'{rate / ceiling:.0%} of {ceiling:.0f}' if on_cpu else '-'} | {difference:.1e} |"
        )


def affine_fit(image: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Bring an image to the scale and level of another, whatever units its program writes."""
    centred, other = image - image.mean(), target - target.mean()
    slope = float(np.vdot(centred, other) / np.vdot(centred, centred))
    return slope * centred + target.mean()


def print_memory(folder: Path, weights: Path, options: argparse.Namespace) -> None:
    side = options.flat_side_px
    print(f"\nMemory of one job over many micrographs of {side} x {side} px, float32\n")
    print("| micrographs | wall s | CPU s | peak GiB |\n| --- | --- | --- | --- |")
    for count in sorted({2, max(2, options.flat // 4), options.flat}):
        manifest = synthetic_micrographs(folder / f"many{count}", side, count)
        used, _ = denoise_with_clearice(manifest, weights, folder / f"out{count}", "float32", options)
        print(f"| {count} | {used.wall_s:.1f} | {used.cpu_s:.1f} | {used.peak_GiB:.3f} |", flush=True)


if __name__ == "__main__":
    main()
