"""Noise2Noise end to end, on simulated movies of a counting camera whose truth is known."""

import numpy as np
import pytest
import torch

from clearice.image.filters import gaussian, lowpass
from clearice.image.grids import apply_transfer
from clearice.image.rings import ring_sums, transfer_of_rings
from clearice.image.scaling import restore, standardise
from clearice.networks.unet import UNet
from clearice.training.initialisation import initialise
from clearice.training.pairing import training_pairs, validation_pairs
from clearice.training.pairs import training_image
from clearice.training.regression import train
from support.training import small_training

PARTICLE = np.array([[0, 0, 2], [9, 4, 1], [-8, 6, 2], [3, -10, 1], [-5, -7, 1], [11, -6, 2], [-2, 12, 1]])


def movie(seed: int, side: int = 192) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Simulate the expected counts of a field of turned particles, and its even and odd sums of 10 frames."""
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side]
    density = np.zeros((side, side))
    for _ in range(12):
        angle = generator.uniform(0, 2 * np.pi)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        spots = PARTICLE[:, :2] @ turn + generator.uniform(0, side, 2)
        for (y, x), weight in zip(spots, PARTICLE[:, 2], strict=True):
            density += weight * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * 2.5**2))
    expected = 2.0 * (1.0 - 0.15 * density)
    frames = generator.poisson(expected, (10, side, side)).astype(np.float32)
    return 10 * expected.astype(np.float32), frames[1::2].sum(0), frames[0::2].sum(0)


def psnr(answer: np.ndarray, truth: np.ndarray) -> float:
    """Compute the PSNR after the best gain and offset, so that no method loses by its scale."""
    slope, offset = np.polyfit(answer.ravel().astype(np.float64), truth.ravel().astype(np.float64), 1)
    return 10 * np.log10(np.ptp(truth) ** 2 / np.mean((slope * answer + offset - truth) ** 2))


def wiener(even: np.ndarray, odd: np.ndarray) -> np.ndarray:
    """Filter the full sum by the signal's share of each ring, as even and odd tell it."""
    sums = ring_sums(even, odd, 4.0)
    power = sums.power_first + sums.power_second + 2 * sums.cross
    gain = np.clip(4 * sums.cross / np.maximum(power, 1e-12), 0, 1)
    return apply_transfer(even + odd, transfer_of_rings(even.shape, sums.frequency, gain))


@pytest.mark.slow
def test_noise2noise_beats_lowpass_gaussian_and_wiener_on_counting_movies():
    pairs = [training_image(str(seed), *movie(seed)[1:], "noise2noise") for seed in range(5)]
    settings = small_training(
        pairing="noise2noise",
        crop_px=64,
        steps=150,
        batch_size=4,
        learning_rate=2e-3,
        schedule="cosine",
        warmup_steps=20,
        clip_norm=1.0,
        validate_every=50,
        validation_crops=8,
    )
    network = UNet(15, 5, 3)
    initialise(network, torch.Generator().manual_seed(1))
    trained = train(
        network,
        training_pairs(pairs[:4], settings, 1),
        validation_pairs(pairs[4:], settings, 1),
        settings,
        device=torch.device("cpu"),
        workers=1,
        resume_from=None,
        save_state=lambda state: None,
    )
    network.load_state_dict(trained.weights)

    truth, even, odd = movie(99)
    full = even + odd
    scaled, mean, sd = standardise(full)
    with torch.inference_mode():
        denoised = restore(network(torch.from_numpy(scaled)[None, None])[0, 0].numpy(), mean, sd)
    # the filters at the best of several settings each: an advantage that they would not have on real data
    rivals = {
        "raw": [full],
        "low-pass": [
            lowpass(full, pixel_size_A=1.0, resolution_A=width, edge_fraction=0.2) for width in (5, 8, 11, 15)
        ],
        "gaussian": [gaussian(full, sigma_px=sigma, window_px=25) for sigma in (1.0, 1.5, 2.0, 3.0)],
        "wiener": [wiener(even, odd)],
    }
    best = {name: max(psnr(answer, truth) for answer in answers) for name, answers in rivals.items()}
    assert psnr(denoised, truth) > max(best.values()) + 0.5, best
