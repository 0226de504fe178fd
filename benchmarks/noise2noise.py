"""Measure Noise2Noise on simulated counting movies, against the truth.

    python benchmarks/noise2noise.py

On real micrographs: benchmarks/noise2noise_real.py.
"""

from __future__ import annotations

import argparse
import datetime
import logging
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

from clearice.config.training import DenoiserTraining, Pairing  # noqa: E402
from clearice.image.filters import gaussian, lowpass  # noqa: E402
from clearice.image.grids import apply_transfer  # noqa: E402
from clearice.image.rings import ring_sums, transfer_of_rings  # noqa: E402
from clearice.image.scaling import restore, standardise  # noqa: E402
from clearice.networks.unet import UNet  # noqa: E402
from clearice.run.devices import torch_generator  # noqa: E402
from clearice.training.initialisation import initialise  # noqa: E402
from clearice.training.pairing import training_pairs, validation_pairs  # noqa: E402
from clearice.training.pairs import TrainingImage, training_image  # noqa: E402
from clearice.training.regression import train  # noqa: E402

Image = NDArray[np.float32]

PIXEL_SIZE_A = 3.0
FRAMES = 20
DOSE_PER_FRAME = 1.0  # electrons per pixel
CONTRAST = 0.07  # standard deviation of the expected counts over their mean


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--width", type=int, default=15)
    parser.add_argument("--crop_px", type=int, default=64)
    parser.add_argument("--batch_size", type=int, default=4)
    parser.add_argument("--learning_rate", type=float, default=2e-3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(options.threads)
    print(
        f"{datetime.date.today()}, {platform.machine()}, {options.threads} threads, torch {torch.__version__}"
    )
    print(f"python {' '.join(sys.argv)}\n")
    simulated(options)


def simulated(options: argparse.Namespace) -> None:
    """Print the PSNR against the truth of Noise2Noise and of linear filters that know no truth either."""
    generator = np.random.default_rng(options.seed)
    movies = [counting_movie(generator, 384, 40) for _ in range(14)]
    pairs = [training_image(str(k), even, odd, "noise2noise") for k, (_, even, odd) in enumerate(movies[:10])]
    start = time.monotonic()
    network = trained_network(pairs[:8], pairs[8:], training_settings("noise2noise", options))
    seconds = time.monotonic() - start
    table: dict[str, list[float]] = {}
    for truth, even, odd in movies[10:]:
        full = even + odd
        answers = {
            "raw": full,
            "low-pass 20 A": lowpass(full, pixel_size_A=PIXEL_SIZE_A, resolution_A=20.0, edge_fraction=0.2),
            "Gaussian, sigma 2 px": gaussian(full, sigma_px=2.0, window_px=13),
            "Wiener, spectra from even and odd": wiener(even, odd),
            "Noise2Noise of the full sum": denoised(network, full),
            "Noise2Noise, f(even) + f(odd)": denoised(network, even) + denoised(network, odd),
        }
        for name, answer in answers.items():
            table.setdefault(name, []).append(psnr_after_fit(answer, truth))
    print("| method | PSNR against the truth, dB | each of the 4 test movies |\n| --- | --- | --- |")
    for name, values in table.items():
        print(f"| {name} | {np.mean(values):.2f} | {', '.join(f'{value:.1f}' for value in values)} |")
    print(
        f"\n{options.steps} steps in {seconds:.0f} s, {options.steps * options.batch_size / seconds:.1f} pairs/s"
    )


def counting_movie(generator: np.random.Generator, side: int, particles: int) -> tuple[Image, Image, Image]:
    """Simulate the truth (expected counts), the even and the odd sum of one movie of a counting camera.

    A particle is 60 Gaussian blobs in a ball 36 px across, projected in a random direction.
    """
    blobs = np.random.default_rng(0).standard_normal((60, 3))
    blobs *= (
        18.0
        * np.random.default_rng(1).uniform(0, 1, (60, 1)) ** (1 / 3)
        / np.linalg.norm(blobs, axis=1)[:, None]
    )
    density = np.zeros((side, side))
    rows, columns = np.mgrid[-6:7, -6:7]
    for _ in range(particles):
        rotation, _ = np.linalg.qr(generator.standard_normal((3, 3)))
        centre = generator.uniform(0, side, 2)
        for y, x in (blobs @ rotation)[:, :2] + centre:
            iy, ix = round(y), round(x)
            bump = np.exp(-((rows + iy - y) ** 2 + (columns + ix - x) ** 2) / (2 * 1.7**2))
            np.add.at(density, ((rows + iy) % side, (columns + ix) % side), bump)
    relative = 1.0 - CONTRAST * (density - density.mean()) / density.std()
    expected = np.clip(relative, 0.05, None) * DOSE_PER_FRAME
    frames = generator.poisson(expected, (FRAMES, side, side))
    even, odd = frames[1::2].sum(0), frames[0::2].sum(0)
    return (FRAMES * expected).astype(np.float32), even.astype(np.float32), odd.astype(np.float32)


def training_settings(
    pairing: Pairing, options: argparse.Namespace, precision: str = "float32", validation_crops: int = 16
) -> DenoiserTraining:
    """Make the settings of a small U-Net's training, with eight validations on the way."""
    return DenoiserTraining.model_validate(
        {
            "width": options.width,
            "first_kernel": 7,
            "last_kernel": 3,
            "crop_px": options.crop_px,
            "batch_size": options.batch_size,
            "steps": options.steps,
            "learning_rate": options.learning_rate,
            "optimiser": "adam",
            "schedule": "cosine",
            "warmup_steps": min(50, options.steps // 4),
            "loss": "L2",
            "clip_norm": 1.0,
            "validate_every": max(1, options.steps // 8),
            "validation_crops": validation_crops,
            "patience": 0,
            "precision": precision,
            "rescale_to_A": None,
            "curriculum_start": 1.0,
            "curriculum_fraction": 0.0,
            "pairing": pairing,
            "seed": options.seed,
        }
    )


def trained_network(
    training: Sequence[TrainingImage], validation: Sequence[TrainingImage], settings: DenoiserTraining
) -> UNet:
    """Train a small U-Net with the project's trainer."""
    network = UNet(settings.width, settings.first_kernel, settings.last_kernel)
    initialise(network, torch_generator(settings.seed, "initial weights"))
    trained = train(
        network,
        training_pairs(training, settings, settings.seed),
        validation_pairs(validation, settings, settings.seed),
        settings,
        device=torch.device("cpu"),
        workers=1,
        resume_from=None,
        save_state=lambda state: None,
    )
    network.load_state_dict(trained.weights)
    return network.eval()


def denoised(network: UNet, image: Image) -> Image:
    """Apply a network to a whole image, in the image's units."""
    scaled, mean, sd = standardise(image)
    with torch.inference_mode():
        answer: Image = network(torch.from_numpy(scaled)[None, None])[0, 0].numpy()
    return restore(answer, mean, sd)


def wiener(even: Image, odd: Image) -> Image:
    """Filter even + odd with S / (S + N) by ring: S from even x odd, N from what they do not share."""
    sums = ring_sums(even, odd, 4.0)
    signal = np.maximum(4.0 * sums.cross, 0.0)
    power = sums.power_first + sums.power_second + 2.0 * sums.cross
    gain = np.clip(signal / np.maximum(power, 1e-12), 0.0, 1.0)
    full = even + odd
    mean = np.float32(full.mean())
    return mean + apply_transfer(
        full - mean, transfer_of_rings((full.shape[0], full.shape[1]), sums.frequency, gain)
    )


def psnr_after_fit(answer: Image, truth: Image) -> float:
    """Return the PSNR in dB (range of the truth) after the best gain and offset."""
    slope, offset = np.polyfit(answer.ravel().astype(np.float64), truth.ravel().astype(np.float64), 1)
    error = float(np.mean((slope * answer + offset - truth) ** 2))
    return 10.0 * float(np.log10(float(np.ptp(truth)) ** 2 / error))


if __name__ == "__main__":
    main()
