"""Compare synthetic with real noise, number by number, beside what two halves of the real noise differ by."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import scipy.stats
from numpy.typing import NDArray

from clearice.image.patches import cut_patches, random_corners
from clearice.noise.spectral_shaping import radial_amplitude

Patches = NDArray[np.float32]
LAGS = ((0, 1), (1, 0), (1, 1), (1, -1), (0, 2), (2, 0), (0, 4), (4, 0), (0, 8), (8, 0))
RANK_CROP_PX = 8


@dataclass(frozen=True)
class FidelityRow:
    """One statistic of noise.

    Attributes
    ----------
    statistic
        Its name.
    real
        Its value on the real patches.
    fake
        Its value on the synthetic ones.
    first_half
        Its value on the first half of the real ones.
    second_half
        Its value on the second half of the real ones.
    """

    statistic: str
    real: float
    fake: float
    first_half: float
    second_half: float


def compare_noise(real: Patches, fake: Patches, bands: int) -> list[FidelityRow]:
    """Tabulate statistics of real and synthetic noise patches.

    Parameters
    ----------
    real, fake
        (n, d, d) and (m, d, d), in the same units.
    bands
        Number of equal bands of frequency from 0 to Nyquist for the power.

    Returns
    -------
    list of FidelityRow
        mean, sd, skewness, excess kurtosis; sd of the patches' means and of their sds (slow variation); power
        in bands; autocorrelation; relative spread of the variance over the pixels' phases modulo 8 (a
        checkerboard raises it); effective rank of the covariance of 8-px crops (a generator of too few
        degrees of freedom lowers it).

    Raises
    ------
    ValueError
        Shapes differ or there are fewer than 2 patches.
    """
    if real.shape[1:] != fake.shape[1:] or min(len(real), len(fake)) < 2:
        raise ValueError(
            f"real noise {real.shape} and synthetic noise {fake.shape} cannot be compared; "
            "give at least 2 patches of one size each"
        )
    middle = len(real) // 2
    # Neighbouring patches overlap, so halves are consecutive: they come from different micrographs.
    columns = [_statistics(patches, bands) for patches in (real, fake, real[:middle], real[middle:])]
    return [FidelityRow(name, *(column[name] for column in columns)) for name in columns[0]]


def crops_like(patches: Patches, fields: Patches, generator: np.random.Generator) -> tuple[Patches, Patches]:
    """Cut both real patches and synthetic fields to one size, as many of each where the fields allow.

    Parameters
    ----------
    patches, fields
        Real (n, d, d) and synthetic (m, f, f) noise; the smaller of d and f is the common size.
    generator
        Draws the corners of the crops; a field gives no more crops than fit into it side by side.

    Returns
    -------
    two float32 arrays (n, k, k), (at most n, k, k)
    """
    side = min(patches.shape[-1], fields.shape[-1])
    each = max(1, min(-(-len(patches) // len(fields)), (fields.shape[-1] // side) ** 2))
    crops = [
        cut_patches(field, random_corners((field.shape[0], field.shape[1]), side, each, generator), side)
        for field in fields[: len(patches)]
    ]
    start = (patches.shape[-1] - side) // 2
    return patches[:, start : start + side, start : start + side], np.concatenate(crops)


def _statistics(patches: Patches, bands: int) -> dict[str, float]:
    """Compute every statistic of some patches."""
    pixels = patches.astype(np.float64)
    mean, sd = float(pixels.mean()), float(pixels.std())
    statistics = {
        "mean": mean,
        "sd": sd,
        "skewness": float(scipy.stats.skew(pixels, axis=None)),
        "excess_kurtosis": float(scipy.stats.kurtosis(pixels, axis=None)),
        "sd_of_patch_means": float(pixels.mean(axis=(1, 2)).std()),
        "sd_of_patch_sds": float(pixels.std(axis=(1, 2)).std()),
    }
    centred = (patches - mean).astype(np.float32)
    statistics.update(_band_powers(centred, bands))
    statistics.update(
        {
            f"autocorrelation_{dy}_{dx}": _autocorrelation(centred, dy, dx)
            for dy, dx in LAGS
            if max(dy, abs(dx)) < patches.shape[-1]
        }
    )
    statistics["phase_spread_of_variance"] = _phase_spread(centred)
    statistics["effective_rank"] = _effective_rank(centred)
    return statistics


def _band_powers(centred: Patches, bands: int) -> dict[str, float]:
    """Average the power density over equal bands of frequency."""
    side = centred.shape[-1]
    power = radial_amplitude(centred) ** 2
    frequency = np.arange(len(power)) / side
    edges = np.linspace(0.0, 0.5, bands + 1)
    result = {}
    for low, high in itertools.pairwise(edges):
        inside = (frequency >= low) & (frequency < high)
        if inside.any():
            # Rings weighted by their length, as power is spread over the plane; the first by its own small
            # disc.
            weight = np.maximum(frequency[inside], 0.25 / side)
            result[f"power_{low:.3f}_to_{high:.3f}_per_px"] = float(
                (power[inside] * weight).sum() / weight.sum()
            )
    return result


def _autocorrelation(centred: Patches, dy: int, dx: int) -> float:
    """Correlate all pixels with those (dy, dx) away."""
    side = centred.shape[-1]
    first = centred[:, : side - dy, max(0, -dx) : side - max(0, dx)]
    second = centred[:, dy:, max(0, dx) : side - max(0, -dx)]
    return float((first * second).mean(dtype=np.float64) / (centred**2).mean(dtype=np.float64))


def _phase_spread(centred: Patches) -> float:
    """Measure how much the variance differs between the 64 phases of an 8 x 8 grid, relative to its mean."""
    side = centred.shape[-1] // 8 * 8
    squares = (centred[:, :side, :side].astype(np.float64) ** 2).mean(axis=0)
    phases = squares.reshape(side // 8, 8, side // 8, 8).mean(axis=(0, 2))
    return float(phases.std() / phases.mean())


def _effective_rank(centred: Patches) -> float:
    """Compute (sum l)^2 / sum l^2 over the eigenvalues l of small crops' covariance."""
    side = centred.shape[-1] // RANK_CROP_PX * RANK_CROP_PX
    cells = centred[:, :side, :side].reshape(
        len(centred), side // RANK_CROP_PX, RANK_CROP_PX, -1, RANK_CROP_PX
    )
    crops = cells.transpose(0, 1, 3, 2, 4).reshape(-1, RANK_CROP_PX**2).astype(np.float64)
    covariance = crops.T @ crops / len(crops)
    return float(np.trace(covariance) ** 2 / (covariance**2).sum())
