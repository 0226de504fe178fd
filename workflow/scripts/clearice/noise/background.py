"""Find pure background in micrographs by the similarity of local patches of a coarsely denoised guide.

NT2C, section 2.2.2: in a denoised micrograph background is flat, so that all local patches of a background
patch look alike; specimen does not. The search runs on the guide, the patches are cut from the raw
micrograph.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from clearice.config.stages.extract_noise import Criterion, ExtractNoise
from clearice.image.patches import cut_patches, grid_corners, local_patches, touched
from clearice.noise.dead_areas import dead_areas

K1, K2, DYNAMIC_RANGE = 0.01, 0.03, 1.0
# What to change where a criterion gives too few patches.
GIVE_MORE: Mapping[Criterion, str] = {
    "ssim": "lower extract_noise.ssim_threshold, raise extract_noise.maximum_patches if it is not 0",
    "std": "raise extract_noise.std_threshold_255, raise extract_noise.maximum_patches if it is not 0",
    "flattest": "raise extract_noise.maximum_patches",
}


@dataclass(frozen=True)
class Background:
    """Background patches of one micrograph.

    Attributes
    ----------
    corners
        int64 (n, 2), (y, x) of their first pixels.
    similarities
        (n,) lowest SSIM over all pairs of local patches.
    deviations_255
        (n,) largest local standard deviation on a scale of 255.
    searched
        Number of patches looked at.
    excluded
        Number of patches that touched a bad region.
    best_refused
        Highest similarity among those refused; nan where none was.
    low
        Value of the guide that became 0.
    high
        Value of the guide that became 1.
    """

    corners: NDArray[np.int64]
    similarities: NDArray[np.float64]
    deviations_255: NDArray[np.float64]
    searched: int
    excluded: int
    best_refused: float
    low: float
    high: float


def find_background(
    guide: NDArray[np.float32],
    micrograph: NDArray[np.float32],
    settings: ExtractNoise,
    *,
    particles_are_dark: bool = True,
) -> Background:
    """Find the patches of a micrograph that hold background only (NT2C 2.2.2, steps 2 to 4).

    Parameters
    ----------
    guide
        The coarsely denoised micrograph (h, w), any scale.
    micrograph
        The raw micrograph (h, w). Patches with non-finite, constant or contaminated raw pixels are left out.
    settings
        What counts as background.
    particles_are_dark
        Whether particles are darker than ice. SSIM compares relative differences of means, so white particles
        are looked at as dark ones.

    Returns
    -------
    Background
        Corners in the order of the grid; with `maximum_patches` the flattest ones.

    Raises
    ------
    ValueError
        Shapes differ, the image is smaller than a patch, or the guide is constant.
    """
    if guide.shape != micrograph.shape:
        raise ValueError(
            f"the guide has {guide.shape} px, the micrograph {micrograph.shape} px; "
            "denoise without rescaling, or rescale both"
        )
    corners = grid_corners((guide.shape[0], guide.shape[1]), settings.patch_px, settings.step_px)
    if not len(corners):
        raise ValueError(
            f"the micrograph of {guide.shape[0]} x {guide.shape[1]} px is smaller than a noise patch of "
            f"{settings.patch_px} px; lower extract_noise.patch_px"
        )
    sign = 1.0 if particles_are_dark else -1.0
    scaled, low, high = scale_guide(guide if particles_are_dark else -guide, settings.clip_percent)
    bad = touched(bad_regions(guide, micrograph, settings), corners, settings.patch_px)
    local = local_patches(cut_patches(scaled, corners, settings.patch_px), settings.local_patches)
    similarity = lowest_similarity(local)
    deviation = 255.0 * local.std(axis=(2, 3), dtype=np.float64).max(axis=1)
    alike = {
        "ssim": similarity > settings.ssim_threshold,
        "std": deviation <= settings.std_threshold_255,
        "flattest": np.full(len(corners), True),
    }[settings.criterion]
    level = np.ptp(local.mean(axis=(2, 3), dtype=np.float64), axis=1) <= settings.mean_difference
    chosen = np.flatnonzero(alike & level & ~bad)
    refused = similarity[~bad & ~(alike & level)]
    if settings.maximum_patches and len(chosen) > settings.maximum_patches:
        flattest = -similarity if settings.criterion == "ssim" else deviation
        order = np.argsort(flattest[chosen], kind="stable")[: settings.maximum_patches]
        chosen = np.sort(chosen[order])
    return Background(
        corners=corners[chosen],
        similarities=similarity[chosen],
        deviations_255=deviation[chosen],
        searched=len(corners),
        excluded=int(bad.sum()),
        best_refused=float(refused.max()) if len(refused) else float("nan"),
        low=sign * low,
        high=sign * high,
    )


def scale_guide(guide: NDArray[np.float32], clip_percent: float) -> tuple[NDArray[np.float32], float, float]:
    """Clip a guide at percentiles and scale it to [0, 1].

    Eq. 3 is a threshold on flatness relative to this range (two uncorrelated patches of equal mean and
    standard deviation s have similarity c2 / (2 s^2 + c2): 0.7 means s < 0.0139), so one hot pixel would
    change what is found if the range were the plain minimum and maximum. The values used are returned to be
    recorded.

    Parameters
    ----------
    guide
        (h, w); non-finite pixels become 0.5.
    clip_percent
        Share of the pixels clipped at either end, in percent, 0 to 25.

    Returns
    -------
    float32 array (h, w), float, float
        The scaled guide, and the values that became 0 and 1.

    Raises
    ------
    ValueError
        The guide has no finite pixel or no range.
    """
    finite = guide[np.isfinite(guide)]
    if not finite.size:
        raise ValueError("the guide has no finite pixel; look at the coarse denoiser's output")
    low, high = (float(value) for value in np.percentile(finite, (clip_percent, 100.0 - clip_percent)))
    if high <= low:
        raise ValueError(
            f"the guide is constant ({low:.4g}); the coarse denoiser shows nothing, so train it longer"
        )
    scaled = (np.nan_to_num(guide, nan=0.5 * (low + high), posinf=high, neginf=low) - low) / (high - low)
    return np.clip(scaled, 0.0, 1.0).astype(np.float32), low, high


def lowest_similarity(local: NDArray[np.float32]) -> NDArray[np.float64]:
    """Compute SSIM (eq. 3) between all pairs of local patches and keep the lowest.

    Parameters
    ----------
    local
        (n, N, k, k), scaled to [0, 1].

    Returns
    -------
    float64 array (n,)
        In [-1, 1]. Means, variances and covariances are over whole local patches; K1 0.01, K2 0.03, L 1.
    """
    pixels = local.reshape(*local.shape[:2], -1).astype(np.float64)
    means = pixels.mean(axis=-1)
    centred = pixels - means[..., None]
    covariance = np.einsum("nak,nbk->nab", centred, centred) / pixels.shape[-1]
    variance = np.einsum("naa->na", covariance)
    c1, c2 = (K1 * DYNAMIC_RANGE) ** 2, (K2 * DYNAMIC_RANGE) ** 2
    first, second = np.triu_indices(local.shape[1], k=1)
    mean_a, mean_b = means[:, first], means[:, second]
    luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    structure = (2 * covariance[:, first, second] + c2) / (variance[:, first] + variance[:, second] + c2)
    lowest: NDArray[np.float64] = (luminance * structure).min(axis=1)
    return lowest


def bad_regions(
    guide: NDArray[np.float32], micrograph: NDArray[np.float32], settings: ExtractNoise
) -> NDArray[np.bool_]:
    """Mark pixels no noise patch may touch.

    Non-finite pixels of either image; raw pixels of constant areas (`dead_areas`: dead pixels, padding); and,
    with `contamination_sd`, places where the raw micrograph smoothed over a quarter of a local patch lies
    further from its median than that many robust standard deviations (1.4826 times the median absolute
    deviation).
    """
    finite = np.isfinite(micrograph)
    pixels = np.where(finite, micrograph, np.median(micrograph[finite]) if finite.any() else 0.0)
    bad = ~finite | ~np.isfinite(guide) | dead_areas(micrograph)
    if settings.contamination_sd > 0:
        smoothed = scipy.ndimage.gaussian_filter(pixels.astype(np.float32), settings.patch_px / 16)
        away = np.abs(smoothed - np.median(smoothed))
        spread = 1.4826 * float(np.median(away))
        bad |= away > settings.contamination_sd * spread
    marked: NDArray[np.bool_] = bad
    return marked


def require_patches(
    stacks: Sequence[NDArray[np.float32]], minimum: int, criterion: Criterion, left_out: str = ""
) -> None:
    """Refuse to model noise from too few patches.

    Parameters
    ----------
    stacks
        Patches (n, d, d) of every micrograph that has some.
    minimum
        How many are needed in all; one at least.
    criterion
        The one they were found by, on which it depends what gives more.
    left_out
        What is said of micrographs whose patches are of no use, at the end of the error.

    Raises
    ------
    ValueError
        There are fewer; the message says which knobs give more.
    """
    found = sum(len(stack) for stack in stacks)
    if found < max(1, minimum):
        what = f"{found} noise patches of {stacks[0].shape[-1]} px" if found else "no noise patches"
        where = f"{len(stacks)} micrographs" if found else "any micrograph"
        other = "" if criterion == "flattest" else ", use extract_noise.criterion flattest"
        raise ValueError(
            f"{what} were found in {where} by extract_noise.criterion {criterion}, {max(1, minimum)} are "
            f"needed: {GIVE_MORE[criterion]}, raise extract_noise.mean_difference or contamination_sd (0: off), "
            f"lower extract_noise.step_px or patch_px{other}, add micrographs with more empty ice, or lower "
            f"noise_gan.minimum_patches{left_out}"
        )
