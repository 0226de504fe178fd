"""BM3D: patches that are alike are denoised together, with the noise measured on the micrograph itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clearice.config.kinds.bm3d import BM3D
from clearice.denoisers.bm3d_passes import TILE_PX, Geometry, Pass, Shrink, filter_groups
from clearice.denoisers.bm3d_transforms import (
    Matrix,
    bior15_matrix,
    coefficient_variances,
    dct_matrix,
    noise_similarity,
    power_on_grid,
)
from clearice.denoisers.measured_noise import check_reference, noise_spectrum
from clearice.denoisers.registry import Evidence, Image
from clearice.image.rescale import rescale_images
from clearice.image.resize import fourier_resample
from clearice.image.scaling import fill_not_finite


def denoise(micrograph: Image, pixel_size_A: float, settings: BM3D, evidence: Evidence) -> Image:
    """Denoise a micrograph with BM3D, at its own pixel size or a coarser one.

    Parameters
    ----------
    micrograph
        Micrograph (h, w), any units; pixels that are not finite are filled (`fill_not_finite`).
    pixel_size_A
        Its pixel size in A, 0 where it is not known; only needed with `rescale_to_A`.
    settings
        Sizes and thresholds, and how the noise is measured.
    evidence
        The reference, of the micrograph's shape, its boxes of noise, and threads. What level was taken is
        appended to its remarks.

    Returns
    -------
    float32 array (h, w)
        In the units of the micrograph. With `rescale_to_A` nothing beyond the coarser image's Nyquist frequency
        comes back.

    Raises
    ------
    ValueError
        The noise cannot be measured or is 0, the image is too small, or `rescale_to_A` is finer than its pixels.
    """
    check_reference(micrograph, evidence)
    filled, filled_px = fill_not_finite(micrograph)
    reference, _ = fill_not_finite(evidence.reference)
    boxes = evidence.free_boxes or ()
    spectrum = noise_spectrum(reference, boxes, settings.ring_px)
    image, scale = filled, 1.0
    if settings.rescale_to_A is not None:
        image = rescale_images("the micrograph", filled[None], pixel_size_A, settings.rescale_to_A)[0]
        scale = float(np.sqrt(filled.size / image.size))
    power = power_on_grid(spectrum, scale)
    level = float(np.sqrt(power.mean()))
    if settings.spectrum == "white":
        power = np.full_like(power, power.mean())
    evidence.remarks.append(
        f"noise of sd {level:.4g}, {settings.spectrum}, as measured in {len(boxes)} boxes of {boxes[0][2]} px"
        + (f", at {settings.rescale_to_A:g} A/px" if settings.rescale_to_A is not None else "")
    )
    if filled_px:
        evidence.remarks.append(f"{filled_px} pixels that were no finite numbers were filled")
    result = bm3d(image, power, settings, evidence.threads)
    return result if scale == 1.0 else fourier_resample(result, (filled.shape[0], filled.shape[1]))


def bm3d(
    image: Image, power: Matrix, settings: BM3D, threads: int = 1, tile_px: int = TILE_PX
) -> NDArray[np.float32]:
    """Denoise an image whose noise is known: hard thresholds, then a Wiener filter with the first result as its guide.

    Patches like a reference patch are stacked and transformed, each by bior1.5 (second pass: the DCT) and along
    the stack by Haar's transform; what is small beside the noise is set to 0 (second pass: W = e^2 / (e^2 + v), e
    of the first result, v the variance of the noise); all estimates of a pixel are averaged with the inverse of
    their variance and a Kaiser window as weights (Dabov et al. 2007).

    Coloured noise, as in Makinen et al. 2020: every coefficient of a patch has its own v, by which patches are
    compared too, and what noise shared by near patches takes off their distance is added again. Ours: v is taken as
    the same along a stack, so that noise shared by its patches counts as signal in part.

    Parameters
    ----------
    image
        Finite image (h, w), any units; its mean is set aside and kept.
    power
        Power spectrum of its noise on a square grid, in squared units of the image (`power_on_grid`).
    settings
        Sizes and thresholds.
    threads
        Tiles done at once.
    tile_px
        Side of the tiles; memory rises with it, and the result depends on it where rounding decides alone.

    Raises
    ------
    ValueError
        The image is smaller than patches and groups need, or not finite; the spectrum is negative or 0.
    """
    _check_image(image, settings)
    geometry = Geometry(settings.patch_px, settings.step_px, settings.window_px, settings.kaiser_beta)
    mean = image.mean(dtype=np.float64)
    missing = [(0, (settings.patch_px - side) % settings.step_px) for side in image.shape]
    centred = np.pad((image - mean).astype(np.float32), missing, mode="symmetric")
    first = _pass(bior15_matrix(settings.patch_px), power, settings, hard=True)
    guide = filter_groups([centred], first, geometry, threads, tile_px)
    second = _pass(dct_matrix(settings.patch_px), power, settings, hard=False)
    result = filter_groups([guide, centred], second, geometry, threads, tile_px)
    inner = result[: image.shape[0], : image.shape[1]]
    whole: Image = (inner - inner.mean(dtype=np.float64) + mean).astype(np.float32)
    return whole


def _check_image(image: Image, settings: BM3D) -> None:
    """Refuse an image in which a corner holds less patches than a group, or with pixels that are no numbers."""
    group = max(settings.group_hard, settings.group_wiener)
    reach = settings.window_px // 2 + 1
    places = [min(side - settings.patch_px + 1, reach) for side in image.shape]
    if min(places) < 1 or places[0] * places[1] < group:
        raise ValueError(
            f"the image has {image.shape[0]} x {image.shape[1]} px, too few for {group} patches of "
            f"{settings.patch_px} px; use a larger image, a finer rescale_to_A or smaller groups"
        )
    if not np.isfinite(image).all():
        raise ValueError("the image has pixels that are not finite numbers; fill them first")


def _pass(transform: Matrix, power: Matrix, settings: BM3D, *, hard: bool) -> Pass:
    """Make one of the two passes."""
    variances = coefficient_variances(transform, power)
    variance = torch.from_numpy(variances).float()
    weight = (variance.mean() / variance).sqrt()
    limit = settings.match_threshold * variance.sqrt() if hard else torch.zeros_like(variance)

    def features(coefficients: Tensor) -> Tensor:
        return torch.where(coefficients.abs() < limit, 0.0, coefficients) * weight

    return Pass(
        transform=transform,
        group=settings.group_hard if hard else settings.group_wiener,
        features=features,
        shrink=_hard(variance, settings.threshold) if hard else _wiener(variance),
        shared=torch.from_numpy(
            noise_similarity(transform, power, variances.mean() / variances, settings.window_px)
        ).float(),
    )


def _hard(variance: Tensor, threshold: float) -> Shrink:
    """Make the function that keeps what exceeds the noise, and weighs a group by the noise it keeps."""
    limit, least = threshold * variance.sqrt(), float(variance.mean())

    def shrink(spectra: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        kept = spectra[0].abs() > limit
        return spectra[0] * kept, 1 / (kept.sum(0).float() @ variance).clamp_min(least)

    return shrink


def _wiener(variance: Tensor) -> Shrink:
    """Make the function that multiplies by the share of power that is not noise, known from the guide."""
    least = float(variance.mean())

    def shrink(spectra: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        power = spectra[0].square()
        share = power / (power + variance)
        return spectra[1] * share, 1 / (share.square().sum(0) @ variance).clamp_min(least)

    return shrink
