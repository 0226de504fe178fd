"""What a training pair is: the pairings of the one trainer.

=========== ============================ =============================================
pairing        input -> target              mean and standard deviation taken from
=========== ============================ =============================================
noise2noise even -> odd and odd -> even  each exposure for itself
supervised  noisy -> clean, not swapped  the noisy image, for both
neighbor2neighbor pixel -> neighbour and back  the single exposure
added_noise exposure + noise -> exposure the single exposure, before the added noise
=========== ============================ =============================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clearice.image.copies import is_copy
from clearice.image.scaling import standardise
from clearice.image.symmetries import SYMMETRIES, apply_symmetry
from clearice.training.crops import TRAINING, VALIDATION, crop_generator, cut, draw_corner

Image = NDArray[np.float32]

WITH_PARTNER = ("noise2noise", "supervised")
BOTH_WAYS = ("noise2noise", "neighbor2neighbor")
BIAS = {
    "noise2noise": "none known, if the noise of the two exposures has no covariance",
    "supervised": "that of the simulation: what was never simulated is not learned",
    "neighbor2neighbor": (
        "made from single exposures: noise that neighbouring pixels share is taken for signal and kept, "
        "and the network is trained on pixels twice as coarse as those it is applied to"
    ),
    "added_noise": (
        "made from single exposures: the target is itself noisy, so the network removes the added noise and "
        "keeps a share of the exposure's own"
    ),
}


@dataclass(frozen=True)
class TrainingImage:
    """One image to cut pairs from, with its partner.

    Attributes
    ----------
    name
        Name for messages.
    noisy
        (h, w), in memory or memory-mapped.
    target
        Its partner (h, w) likewise; None where the pairing needs none.
    noisy_mean
        Mean of `noisy`: a pixel p of it is seen as ``(p - noisy_mean) / noisy_sd``.
    noisy_sd
        Standard deviation of `noisy`.
    target_mean
        Likewise the mean of `target`.
    target_sd
        Likewise the standard deviation of `target`.
    """

    name: str
    noisy: Image
    target: Image | None
    noisy_mean: float
    noisy_sd: float
    target_mean: float
    target_sd: float


def training_image(name: str, noisy: Image, target: Image | None, pairing: str) -> TrainingImage:
    """Check an image and its partner and measure their normalisation.

    Parameters
    ----------
    name
        Name for messages.
    noisy
        Image (h, w).
    target
        Second exposure or clean image (h, w), or None for the pairings that make both from one exposure.
    pairing
        A key of `BIAS`.

    Raises
    ------
    ValueError
        The partner is missing, of another shape or a copy of the image, pixels are not finite, a noisy image
        is constant, or a clean target is in other units than its noisy image.
    """
    if pairing not in BIAS:
        raise ValueError(f"pairing {pairing!r} is unknown; use one of {', '.join(BIAS)}")
    mean, sd = _statistics(name, noisy, "noisy")
    if pairing not in WITH_PARTNER:
        return TrainingImage(name, noisy, None, mean, sd, mean, sd)
    if target is None:
        raise ValueError(f"{name} has no partner; the pairing {pairing} needs two images of every field")
    if target.shape != noisy.shape:
        raise ValueError(
            f"{name} has {noisy.shape[0]} x {noisy.shape[1]} px, but its partner "
            f"{target.shape[0]} x {target.shape[1]} px; make both of the same field and size"
        )
    second = (0.0, 0.0)
    if pairing == "noise2noise":
        second = _statistics(name, target, "second noisy")
    target_mean = _finite_mean(name, target, "target")
    if is_copy(noisy, target):
        raise ValueError(
            f"{name} and its partner are the same image, up to scale and offset, so that a network would learn to "
            "change nothing; give two exposures of one field, or a noisy and a clean image"
        )
    if pairing == "noise2noise":
        return TrainingImage(name, noisy, target, mean, sd, *second)
    if abs(target_mean - mean) > 3.0 * sd:
        raise ValueError(
            f"{name}: the target's mean is {target_mean:.4g}, more than 3 standard deviations from that "
            f"of the noisy image ({mean:.4g} +- {sd:.4g}); give both in the same units"
        )
    return TrainingImage(name, noisy, target, mean, sd, mean, sd)


def draw_pair(
    images: Sequence[TrainingImage],
    index: int,
    *,
    pairing: str,
    seed: int,
    crop_px: int,
    noise_level: float,
    added_noise_sd: float,
) -> tuple[Image, Image]:
    """Draw the training pair of a number: an image, a place in it, a symmetry, and what the pairing draws.

    Parameters
    ----------
    images
        The training images; each is as likely as any other.
    index
        Number of the crop in the whole training, from 0; the pair is a pure function of `seed` and `index`.
    pairing
        A key of `BIAS`.
    seed
        Seed of the training.
    crop_px
        Side of the crop; the pairing ``neighbor2neighbor`` gives pairs of half this side.
    noise_level
        For ``supervised``: the input is ``S + noise_level (X - S)`` with noisy X, clean S (1: X itself).
    added_noise_sd
        For ``added_noise``: standard deviation of the white noise, in units of the exposure's own.

    Returns
    -------
    noisy, target : float32 arrays (side, side)
        Normalised.
    """
    generator = crop_generator(seed, TRAINING, index)
    image = images[int(generator.integers(len(images)))]
    corner = draw_corner(_shape(image.noisy), crop_px, generator)
    symmetry = int(generator.integers(SYMMETRIES))
    noisy, target = _pair_at(image, corner, pairing, crop_px, noise_level, added_noise_sd, generator)
    return (
        np.ascontiguousarray(apply_symmetry(noisy, symmetry)),
        np.ascontiguousarray(apply_symmetry(target, symmetry)),
    )


def fixed_pair(
    images: Sequence[TrainingImage],
    index: int,
    *,
    pairing: str,
    seed: int,
    crop_px: int,
    added_noise_sd: float,
) -> tuple[Image, Image]:
    """Cut the validation pair of a number: image ``index`` modulo their count, full noise, no augmentation.

    Parameters and returns as for `draw_pair`.
    """
    generator = crop_generator(seed, VALIDATION, index)
    image = images[index % len(images)]
    corner = draw_corner(_shape(image.noisy), crop_px, generator)
    return _pair_at(image, corner, pairing, crop_px, 1.0, added_noise_sd, generator)


def neighbor2neighbor_pair(crop: Image, generator: np.random.Generator) -> tuple[Image, Image]:
    """Split an image into two of half its side by taking two adjacent pixels out of every 2 x 2 cell.

    The random neighbour sub-sampler of Neighbor2Neighbor (Huang et al. 2021, section 4.1), without the
    paper's regularisation term.

    Parameters
    ----------
    crop
        Image (h, w); an odd last row or column is left out.
    generator
        Draws one of the eight ordered adjacent pairs for every cell.

    Returns
    -------
    first, second : float32 arrays (h // 2, w // 2)
    """
    height, width = crop.shape[0] // 2, crop.shape[1] // 2
    cells = crop[: 2 * height, : 2 * width].reshape(height, 2, width, 2)
    around = cells.transpose(1, 3, 0, 2)[[0, 0, 1, 1], [0, 1, 1, 0]]  # the four pixels of a cell, clockwise
    first = generator.integers(4, size=(1, height, width))
    second = (first + 1 + 2 * generator.integers(2, size=first.shape)) % 4
    return np.take_along_axis(around, first, 0)[0], np.take_along_axis(around, second, 0)[0]


def _pair_at(
    image: TrainingImage,
    corner: tuple[int, int],
    pairing: str,
    crop_px: int,
    noise_level: float,
    added_noise_sd: float,
    generator: np.random.Generator,
) -> tuple[Image, Image]:
    """Cut and normalise the pair at a place."""
    noisy = _normalised(cut(image.noisy, corner, crop_px), image.noisy_mean, image.noisy_sd)
    if pairing == "neighbor2neighbor":
        return neighbor2neighbor_pair(noisy, generator)
    if pairing == "added_noise":
        return noisy + np.float32(added_noise_sd) * generator.standard_normal(
            noisy.shape, dtype=np.float32
        ), noisy
    if image.target is None:
        raise ValueError(
            f"{image.name} has no partner; the pairing {pairing} needs two images of every field"
        )
    target = _normalised(cut(image.target, corner, crop_px), image.target_mean, image.target_sd)
    if pairing == "supervised" and noise_level != 1.0:
        noisy = target + np.float32(noise_level) * (noisy - target)
    return noisy, target


def _normalised(crop: Image, mean: float, sd: float) -> Image:
    """Subtract a mean and divide by a standard deviation, in place."""
    crop -= np.float32(mean)
    crop /= np.float32(sd)
    return crop


def _shape(image: Image) -> tuple[int, int]:
    """Return (h, w) as a pair."""
    return image.shape[0], image.shape[1]


def _finite_mean(name: str, pixels: Image, kind: str) -> float:
    """Measure a mean, refusing pixels that are not finite."""
    mean = float(np.mean(pixels, dtype=np.float64))
    if not np.isfinite(mean):
        raise ValueError(
            f"{name}: the {kind} image has pixels that are not finite; remake it or mark it unused"
        )
    return mean


def _statistics(name: str, pixels: Image, kind: str) -> tuple[float, float]:
    """Measure mean and standard deviation as at inference, refusing constant images."""
    mean = _finite_mean(name, pixels, kind)
    if pixels.min() == pixels.max():
        raise ValueError(
            f"{name}: the {kind} image is constant ({mean:.4g} everywhere), which teaches nothing; "
            "remake it or leave it out"
        )
    _, mean, sd = standardise(np.asarray(pixels))
    return mean, sd
