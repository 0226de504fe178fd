"""Simulate real apoferritin micrographs (EMPIAR-10146) particle by particle and compare radial power spectra.

Simulated particles stand where a person marked the real ones, in random orientations. The defocus of each real
micrograph and, on the first `--fit` averages only, the signal's strength, its B factor and the structured background
are fitted to the real spectrum; the table then shows the other micrographs. Both spectra are divided by their own
plateau at 3.5 to 6 A, because the grey values of the real images have a scale of their own.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import datetime
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import scipy.fft
import scipy.ndimage
import scipy.optimize
import torch
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from clearice.config.lens import wavelength_A  # noqa: E402
from clearice.files.pictures import read_image  # noqa: E402
from clearice.files.structures import read_structure  # noqa: E402
from clearice.simulation.background import background_power  # noqa: E402
from clearice.simulation.ctf import Defocus, Optics  # noqa: E402
from clearice.simulation.detectors import named_detector  # noqa: E402
from clearice.simulation.exposure import damage_average  # noqa: E402
from clearice.simulation.ice import ice_phase_power, motion_average, unscattered_share  # noqa: E402
from clearice.simulation.imaging import Imaging  # noqa: E402
from clearice.simulation.micrograph import simulate_micrograph  # noqa: E402
from clearice.simulation.orientations import random_rotations  # noqa: E402
from clearice.simulation.projection import Projector, make_projector  # noqa: E402
from clearice.simulation.scattering import form_factors, highest_frequency_per_A  # noqa: E402
from clearice.simulation.specimen import Particles  # noqa: E402

CPU = torch.device("cpu")
PIXEL_A = 1.5
EDGES_A = (400, 200, 150, 100, 70, 50, 40, 30, 20, 15, 10, 8, 6, 5, 4, 3.5)
PLATEAU_A = (6.0, 3.5)
# of the fit: log signal scale, log background power, exponent, log B factor, log roll-off; spectra of a few micrographs
# do not tell a B factor from a roll-off, so both are kept within what real data show
BOUNDS = [(np.log(a), np.log(b)) for a, b in ((0.3, 1.5), (1e-4, 1.0))]
BOUNDS += [(0.5, 2.5), (np.log(40.0), np.log(400.0)), (np.log(5.0), np.log(50.0))]
Vector = NDArray[np.float64]
Image = NDArray[np.float32]

START = Imaging(
    mode="weak_phase", clean="noctf", optics=Optics(300, 0.0, 0.07, 2.7, 0.7, 0.05, 60.0),
    detector=named_detector("K2", 300, None), detector_pixel_A=PIXEL_A, dose_e_per_A2=100.0, dose_before_e_per_A2=0.0,
    damage=True, frames=1, drift_A=0.0, signal_scale=1.0, ice_thickness_nm=40.0, thickness_gradient_nm_per_um=0.0,
    ice_noise_scale=1.0, energy_filter=False, background_power_A2=0.0, background_exponent=1.5, background_rolloff_A=30.0,
)  # fmt: skip


def radial_spectrum(image: NDArray[Any], edges_per_A: Vector) -> Vector:
    """Average the power of a windowed image over rings of frequency."""
    window = np.hanning(image.shape[0])[:, None] * np.hanning(image.shape[1])[None, :]
    power = np.abs(scipy.fft.rfft2((image - image.mean()) * window)) ** 2 / (window**2).sum()
    radius = np.hypot(
        np.fft.fftfreq(image.shape[0], PIXEL_A)[:, None], np.fft.rfftfreq(image.shape[1], PIXEL_A)[None, :]
    )
    ring = np.digitize(radius.ravel(), edges_per_A) - 1
    keep = (ring >= 0) & (ring < len(edges_per_A) - 1)
    sums = np.bincount(ring[keep], power.ravel()[keep], len(edges_per_A) - 1)
    return sums / np.maximum(np.bincount(ring[keep], minlength=len(edges_per_A) - 1), 1)


def plateau(image: Image) -> float:
    """Measure the power of the counting noise."""
    return float(radial_spectrum(image, 1.0 / np.array(PLATEAU_A))[0])


def particles_at(marks: Path, generator: np.random.Generator) -> Particles:
    """Put particles where the marks are."""
    with marks.open(encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    numbers = [[float(cell) for cell in row[:2]] for row in rows if row and row[0].replace(".", "").isdigit()]
    centres = np.array(numbers)[:, ::-1]
    return Particles(
        centres, random_rotations(len(centres), generator), np.zeros(len(centres), np.int64), len(centres)
    )


def simulate(
    particles: Particles,
    projector: Projector,
    imaging: Imaging,
    defocus_um: float,
    shape: tuple[int, int],
    seed: int,
) -> tuple[Image, Image]:
    """Simulate the noisy and the clean image."""
    pair = simulate_micrograph(
        particles=particles, projectors=[projector], shape_px=shape, pixel_size_A=PIXEL_A, imaging=imaging,
        defocus=Defocus(defocus_um, defocus_um, 0.0), generator=np.random.default_rng(seed), device=CPU,
    )  # fmt: skip
    return pair.noisy, pair.clean / np.float32(pair.mean_counts)


def expected_spectrum(g: Vector, phase_power: Vector, imaging: Imaging, defocus_um: float) -> Vector:
    """Predict the spectrum over the counting noise of a micrograph from the power of its particles' phase."""
    noise = 1.0 / (imaging.dose_e_per_A2 * imaging.detector.dqe0)
    # a ring of the spectrum holds a small range of frequencies, so the CTF's square is averaged over it
    width = np.gradient(g)[:, None] * np.linspace(-0.5, 0.5, 9)
    fine = np.pi * wavelength_A(300) * (g[:, None] + width) ** 2 * defocus_um * 1e4
    contrast = 4 * (np.sin(fine + np.arcsin(imaging.optics.amplitude_contrast)) ** 2).mean(axis=1)
    faded = damage_average(g, 300, 0.0, imaging.dose_e_per_A2) ** 2
    ice = ice_phase_power(g, 300, imaging.ice_thickness_nm) * motion_average(g, imaging.dose_e_per_A2)
    mtf = np.interp(g * PIXEL_A, imaging.detector.cycles_per_px, imaging.detector.mtf) ** 2
    lens = contrast * np.exp(-imaging.optics.envelope_b_factor_A2 * g**2 / 2)
    # no energy filter: the electrons that lost energy dilute the contrast
    diluted = unscattered_share(300, imaging.ice_thickness_nm) ** 2
    signal = diluted * lens * (phase_power * imaging.signal_scale**2 * faded + ice)
    structured = background_power(
        np.concatenate([[0.0], g]),
        imaging.background_power_A2,
        imaging.background_exponent,
        imaging.background_rolloff_A,
    )[1:]
    total: Vector = 1.0 + (signal + structured) * mtf / noise
    return total


def with_fit(values: Vector, imaging: Imaging) -> Imaging:
    """Put the logarithms of signal scale, background power and its roll-off, the B factor and the exponent in place."""
    optics = dataclasses.replace(imaging.optics, envelope_b_factor_A2=float(np.exp(values[3])))
    return dataclasses.replace(
        imaging, optics=optics, signal_scale=float(np.exp(values[0])), background_power_A2=float(np.exp(values[1])),
        background_exponent=float(values[2]), background_rolloff_A=float(np.exp(values[4])),
    )  # fmt: skip


def fit(spectra: list[Vector], powers: list[Vector], g: Vector) -> tuple[Imaging, list[float], float]:
    """Fit one signal and background to several micrographs, each with a defocus of its own."""

    def misfit(values: Vector, defoci: list[float]) -> float:
        imaging = with_fit(values, START)
        pairs = zip(spectra, powers, defoci, strict=True)
        return float(
            np.mean(
                [np.mean((np.log(expected_spectrum(g, p, imaging, d)) - np.log(s)) ** 2) for s, p, d in pairs]
            )
        )

    values, best = np.array([np.log(0.8), np.log(0.02), 1.5, np.log(100.0), np.log(20.0)]), np.inf
    defoci = [1.5] * len(spectra)
    for _ in range(3):
        defoci = [fit_defocus(s, p, g, with_fit(values, START)) for s, p in zip(spectra, powers, strict=True)]
        found = scipy.optimize.minimize(
            misfit,
            values,
            args=(defoci,),
            method="Nelder-Mead",
            bounds=BOUNDS,
            options={"maxiter": 800},
        )
        values, best = found.x, float(found.fun)
    return with_fit(values, START), defoci, best


def fit_defocus(spectrum: Vector, power: Vector, g: Vector, imaging: Imaging) -> float:
    """Search the defocus that explains a spectrum best, 0.4 to 4 um in steps of 20 nm."""
    tried = np.arange(0.4, 4.0, 0.02)
    misfit = [
        np.mean((np.log(expected_spectrum(g, power, imaging, d)) - np.log(spectrum)) ** 2) for d in tried
    ]
    return float(tried[int(np.argmin(misfit))])


def draw(path: Path, panels: list[tuple[str, Image]], g: Vector, curves: dict[str, Vector]) -> None:
    """Draw real beside simulated images and their spectra."""
    mpl.use("Agg")
    figure, axes = plt.subplots(2, 3, figsize=(18, 12))
    for axis, (title, image) in zip(axes[:, :2].T.ravel(), panels, strict=True):
        smooth = scipy.ndimage.gaussian_filter(image, 2.0)
        smooth -= scipy.ndimage.gaussian_filter(image, 100.0)
        low, high = np.percentile(smooth, [0.5, 99.5])
        axis.imshow(smooth, cmap="gray", vmin=low, vmax=high)
        axis.set_title(title)
        axis.set_axis_off()
        axis.plot([40, 40 + 500 / PIXEL_A], [image.shape[0] - 40] * 2, "w-", linewidth=4)
        axis.text(40, image.shape[0] - 75, "500 A", color="w", fontsize=14, weight="bold")
    for axis, kind in zip(axes[:, 2], ("average", "frame"), strict=True):
        for name, curve in curves.items():
            if kind in name:
                axis.loglog(g, curve, label=name)
        axis.set_xlabel("1/A")
        axis.set_ylabel("power over the plateau at 3.5-6 A")
        axis.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=70)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path, help="folder with data/empiar10146 and data/models")
    parser.add_argument("--picture", type=Path, default=Path("simulated_beside_real.png"))
    parser.add_argument("--fit", type=int, default=2, help="micrographs to calibrate on")
    given = parser.parse_args()
    data, generator = given.shared / "data" / "empiar10146", np.random.default_rng(0)
    model = read_structure(given.shared / "data" / "models" / "6z6u.pdb.gz")
    factors = form_factors(
        model.elements, model.hydrogens, np.maximum(model.b_factors_A2, 20.0), model.occupancies,
        highest_frequency_per_A=highest_frequency_per_A(PIXEL_A), solvent=True,
    )  # fmt: skip
    projector = make_projector(model.positions_A, factors, PIXEL_A, CPU)
    names = sorted(path.stem for path in (data / "averages").glob("*.png"))
    edges = np.linspace(1 / 200, 1 / 8, 90)
    g = (edges[1:] + edges[:-1]) / 2
    bands = 1.0 / np.array(EDGES_A, dtype=float)
    real = {
        kind: {n: read_image(data / kind / f"{n}.png").pixels for n in names}
        for kind in ("averages", "frames")
    }
    placed = {name: particles_at(data / "marks" / f"{name}.csv", generator) for name in names}
    shape = real["averages"][names[0]].shape
    # the power of the particles' phase: the contrast of a perfect phase plate is -2 phi
    undamaged = dataclasses.replace(START, damage=False, ice_thickness_nm=0.0)
    phases = {
        n: simulate(placed[n], projector, undamaged, 1.5, (shape[0], shape[1]), 0)[1] / -2 for n in names
    }
    powers = {n: radial_spectrum(image, edges) * PIXEL_A**2 for n, image in phases.items()}
    spectra = {n: radial_spectrum(image, edges) / plateau(image) for n, image in real["averages"].items()}
    chosen = names[: given.fit]
    calibrated, _, misfit = fit([spectra[n] for n in chosen], [powers[n] for n in chosen], g)
    defocus = {n: fit_defocus(spectra[n], powers[n], g, calibrated) for n in names}
    plain = dataclasses.replace(START, signal_scale=0.8)
    print(
        f"EMPIAR-10146, {len(names)} micrographs, {datetime.date.today()}; calibrated on the averages of {', '.join(chosen)}"
    )
    print(
        f"signal_scale {calibrated.signal_scale:.2f}, "
        f"envelope_b_factor_A2 {calibrated.optics.envelope_b_factor_A2:.0f}, "
        f"background_power_A2 {calibrated.background_power_A2:.4f}, "
        f"background_exponent {calibrated.background_exponent:.2f}, "
        f"background_rolloff_A {calibrated.background_rolloff_A:.0f}; "
        f"rms misfit of the logarithm {np.sqrt(misfit):.2f}"
    )
    print("defocus, um: " + ", ".join(f"{n} {d:.2f}" for n, d in defocus.items()))
    others = [n for n in names if n not in chosen] or names
    rows: dict[str, Vector] = {}
    curves: dict[str, Vector] = {}
    panels: list[tuple[str, Image]] = []
    for kind, dose in (("averages", 100.0), ("frames", 2.0)):
        for label, imaging in (("uncalibrated", plain), ("calibrated", calibrated)):
            exposed = dataclasses.replace(imaging, dose_e_per_A2=dose)
            ratios = []
            for index, n in enumerate(others):
                noisy = simulate(placed[n], projector, exposed, defocus[n], (shape[0], shape[1]), index + 1)[
                    0
                ]
                image = real[kind][n]
                ratios.append(
                    (radial_spectrum(noisy, bands) / plateau(noisy))
                    / (radial_spectrum(image, bands) / plateau(image))
                )
                if index == 0:
                    one = kind[:-1]
                    curves[f"{label} {one}"] = radial_spectrum(noisy, edges) / plateau(noisy)
                    if label == "calibrated":
                        curves[f"real {one}"] = radial_spectrum(image, edges) / plateau(image)
                        panels += [(f"real {one}, {n}", image), (f"simulated {one}, calibrated", noisy)]
            rows[f"{kind} {label}"] = np.exp(np.mean(np.log(ratios), axis=0))
    print(
        f"\nPower simulated / real, geometric mean over {len(others)} micrographs that were not calibrated on\n"
    )
    print("| band, A | " + " | ".join(rows) + " |\n| --- |" + " --- |" * len(rows))
    for index in range(len(bands) - 1):
        print(
            f"| {EDGES_A[index]:g}-{EDGES_A[index + 1]:g} | "
            + " | ".join(f"{r[index]:.2f}" for r in rows.values())
            + " |"
        )
    draw(given.picture, panels, g, curves)
    print(f"\npicture: {given.picture}")


if __name__ == "__main__":
    main()
