"""Compare BM3D with a Gaussian, a low-pass and, where it is installed, the authors' package, on a field whose truth is known.

    python benchmarks/bm3d_trial.py --side_px 256

The noise's level or spectrum is given to every BM3D; the two filters may choose their width by the truth. The package `bm3d` is
for non-commercial use only, so it is never a dependency: install it into an environment of your own to see its rows.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import importlib.util
import platform
import sys
from pathlib import Path

import numpy as np
import scipy.fft
import scipy.ndimage
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

from clearice.config.kinds.bm3d import BM3D  # noqa: E402
from clearice.config.layers import shipped_config  # noqa: E402
from clearice.denoisers.bm3d import bm3d  # noqa: E402
from clearice.image.filters import lowpass  # noqa: E402

Image = NDArray[np.float32]
SNRS = (1.0, 0.5, 0.1, 0.05)
GRID_PX = 128  # side of a noise spectrum; the field's side is a multiple of it


def main() -> None:
    """Print the PSNR of every method, in dB."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--side_px", type=int, default=256, help="a multiple of 128")
    side = parser.parse_args().side_px
    settings = BM3D(**shipped_config()["methods"]["bm3d"])
    print(f"{platform.machine()}, {datetime.date.today()}, {side} x {side} px, seed 1; PSNR in dB")
    truth, one = scene(side), np.ones((GRID_PX, GRID_PX))
    white = np.random.default_rng(1).standard_normal((side, side))
    colour = scipy.fft.ifft2(scipy.fft.fft2(white) * np.sqrt(hump(side))).real
    trials = [(f"white, SNR {snr:g}", white, snr, one) for snr in SNRS]
    trials += [("coloured, SNR 0.1, its level given", colour, 0.1, one)]
    trials += [("coloured, SNR 0.1, its spectrum given", colour, 0.1, hump(GRID_PX))]
    print(
        "| noise | raw | best Gaussian | best low-pass | bm3d | authors' package |\n| --- | --- | --- | --- | --- | --- |"
    )
    for name, noise, snr, power in trials:
        raw = (truth + noise / snr**0.5).astype(np.float32)
        blurred = [scipy.ndimage.gaussian_filter(raw, sd) for sd in (0.7, 1, 1.5, 2, 3, 4, 6)]
        passed = [
            lowpass(raw, pixel_size_A=1.0, resolution_A=cut, edge_fraction=0.2)
            for cut in (3, 5, 8, 12, 16, 24)
        ]
        cells = [
            decibel(raw, truth),
            max(decibel(image, truth) for image in blurred),
            max(decibel(image, truth) for image in passed),
            decibel(bm3d(raw, power / snr, settings), truth),
            of_package(raw, hump(side) / snr if power is not one else None, snr**-0.5, truth),
        ]
        print(
            f"| {name} | {' | '.join('' if cell is None else f'{cell:.2f}' for cell in cells)} |", flush=True
        )


def of_package(raw: Image, power: NDArray[np.float64] | None, sd: float, truth: Image) -> float | None:
    """Return the PSNR of the authors' package, None where it is not installed."""
    if importlib.util.find_spec("bm3d") is None:
        return None
    if not hasattr(
        np, "trapz"
    ):  # numpy 2.4 dropped it, and the package asks for it where a spectrum is given
        vars(np)["trapz"] = np.trapezoid
    package = importlib.import_module("bm3d")
    found = package.bm3d(raw.astype(np.float64), sd if power is None else power * raw.size)
    return decibel(found, truth)


def scene(side: int) -> Image:
    """Plant dark lobed particles with edges and a ring inside, of variance 1."""
    generator = np.random.default_rng(0)
    rows, columns = np.mgrid[:side, :side]
    image = np.zeros((side, side))
    for y, x, turn in generator.uniform(0, 1, (side**2 // 4400, 3)) * (side, side, 2):
        distance, angle = np.hypot(rows - y, columns - x), np.arctan2(rows - y, columns - x)
        lobes = distance < 20 * (1 + 0.2 * np.cos(3 * (angle - turn)))
        image -= scipy.ndimage.gaussian_filter(lobes * (1 + 0.8 * np.cos(0.7 * distance)), 1.0)
    return ((image - image.mean()) / image.std()).astype(np.float32)


def hump(side: int) -> NDArray[np.float64]:
    """Make a spectrum of variance 1 with most of its power in slow variation."""
    line = np.fft.fftfreq(side)
    power = 0.3 + 6 * np.exp(-((np.hypot(line[:, None], line[None, :]) / 0.06) ** 2))
    return power / power.mean()


def decibel(image: NDArray[np.floating], truth: Image) -> float:
    """Return the peak signal-to-noise ratio."""
    return 10 * float(np.log10(np.ptp(truth) ** 2 / ((image - truth) ** 2).mean()))


if __name__ == "__main__":
    main()
