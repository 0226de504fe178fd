"""Measure CPU seconds and memory of BM3D as it is shipped, on noise with a spectrum; medians of repeats.

python benchmarks/bm3d_speed.py --sides_px 512 1024 4096 --repeats 3
"""

from __future__ import annotations

import argparse
import datetime
import platform
import resource
import statistics
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

from clearice.config.kinds.bm3d import BM3D  # noqa: E402
from clearice.config.layers import shipped_config  # noqa: E402
from clearice.denoisers.bm3d import bm3d  # noqa: E402
from clearice.denoisers.bm3d_transforms import power_on_grid  # noqa: E402
from clearice.image.spectra import Spectrum  # noqa: E402


def main() -> None:
    """Print a row for each side."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sides_px", type=int, nargs="+", default=[512, 1024, 4096])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    settings = BM3D(**shipped_config()["methods"]["bm3d"])
    frequency = np.linspace(0.01, 0.5, 50)
    power = power_on_grid(Spectrum(frequency, 0.5 + np.exp(-((frequency / 0.1) ** 2))))
    print(
        f"{platform.machine()}, {datetime.date.today()}, {options.threads} threads, {options.repeats} repeats"
    )
    print(
        "| side, px | CPU s, median | lowest to highest | wall s, median | CPU us a pixel | peak memory of the process, GB |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    for side in options.sides_px:
        image = np.random.default_rng(side).standard_normal((side, side)).astype(np.float32)
        spent, walls = [], []
        for _ in range(options.repeats):
            began, wall = time.process_time(), time.perf_counter()
            bm3d(image, power, settings, options.threads)
            spent.append(time.process_time() - began)
            walls.append(time.perf_counter() - wall)
        middle = statistics.median(spent)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(
            f"| {side} | {middle:.1f} | {min(spent):.1f} to {max(spent):.1f} | {statistics.median(walls):.1f} | "
            f"{1e6 * middle / side**2:.1f} | {peak:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
