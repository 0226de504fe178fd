"""The radial spectrum of noise: measure it on patches, take it out (whiten), put it on any field (colour).

Whitening is a departure from NT2C with a reason: a GAN trained for a few thousand steps reproduces texture
long before it reproduces a spectrum. With the mean radial amplitude taken out before the training and
multiplied in again afterwards, exactly, the training is left with what a spectrum does not say. `whitened:
false` is the paper.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from clearice.image.grids import radial_frequencies


def radial_amplitude(patches: NDArray[np.float32]) -> NDArray[np.float64]:
    """Measure the mean radial amplitude of patches whose global mean is 0.

    Parameters
    ----------
    patches
        (n, d, d). Their own means are kept: they are the noise slower than a patch.

    Returns
    -------
    float64 array (rings,)
        Square root of the power density at the frequencies k / d cycles per pixel, k = 0, 1, ... up to the
        corner of Fourier space. White noise of standard deviation s gives s in every ring. A Hann window
        keeps what is stronger in one ring from leaking into all others.

    Raises
    ------
    ValueError
        There is no patch, or the patches have no power in some ring.
    """
    side = patches.shape[-1]
    if not len(patches):
        raise ValueError("no patch is left to measure a spectrum on; extract more noise patches")
    hann = np.hanning(side + 1)[:side]
    window = np.outer(hann, hann).astype(np.float32)
    power = np.zeros((side, side // 2 + 1))
    for start in range(0, len(patches), 256):  # a few patches at a time: the transforms need memory
        power += (np.abs(scipy.fft.rfft2(patches[start : start + 256] * window)) ** 2).sum(
            axis=0, dtype=np.float64
        )
    power /= len(patches) * float((window.astype(np.float64) ** 2).sum())
    position = radial_frequencies((side, side)).astype(np.float64) * side
    # Rings are triangles one frequency step to either side: the adjoint of the linear interpolation of
    # `amplitude_on`.
    lower = np.floor(position).astype(int)
    share = position - lower
    rings = math.ceil(side / math.sqrt(2.0)) + 2
    both_halves = np.full(power.shape, 2.0)
    both_halves[:, 0] = 1.0
    if side % 2 == 0:
        both_halves[:, -1] = 1.0
    weight = np.zeros(rings)
    total = np.zeros(rings)
    for ring, part in ((lower, 1.0 - share), (lower + 1, share)):
        weight += np.bincount(ring.ravel(), (part * both_halves).ravel(), rings)
        total += np.bincount(ring.ravel(), (part * both_halves * power).ravel(), rings)
    filled = weight > 0
    density = np.interp(np.arange(rings), np.flatnonzero(filled), total[filled] / weight[filled])
    if not (density > 0).all():
        raise ValueError(
            "noise patches have no power at some frequency; extract them from unfiltered micrographs"
        )
    amplitude: NDArray[np.float64] = np.sqrt(density)
    return amplitude


def amplitude_on(
    shape: tuple[int, int], amplitude: NDArray[np.float64], patch_px: int
) -> NDArray[np.float32]:
    """Interpolate a radial amplitude, known at k / patch_px cycles per pixel, on the transform of an image.

    Returns
    -------
    float32 array (h, w // 2 + 1)
        Below 1 / patch_px the curve is linear between its values at 0 and 1 / patch_px: patches hold no more
        than that about slower variation.
    """
    position = radial_frequencies(shape).astype(np.float64) * patch_px
    return np.interp(position, np.arange(len(amplitude)), amplitude).astype(np.float32)


def whiten(images: NDArray[np.float32], amplitude: NDArray[np.float64], patch_px: int) -> NDArray[np.float32]:
    """Divide the transforms of images (n, h, w) by a radial amplitude; `colour` undoes it exactly."""
    return _filtered(images, 1.0 / amplitude_on((images.shape[1], images.shape[2]), amplitude, patch_px))


def colour(images: NDArray[np.float32], amplitude: NDArray[np.float64], patch_px: int) -> NDArray[np.float32]:
    """Multiply transforms of images (n, h, w) by an amplitude known at k / patch_px cycles per pixel."""
    return _filtered(images, amplitude_on((images.shape[1], images.shape[2]), amplitude, patch_px))


def training_amplitude(patches: NDArray[np.float32], whitened: bool) -> NDArray[np.float64]:
    """Compute the amplitude to divide training patches (n, d, d) by: their own, or 1 at all frequencies."""
    own = radial_amplitude(patches)
    return own if whitened else np.ones_like(own)


def output_amplitude(
    amplitude: NDArray[np.float64], fake: NDArray[np.float32], whitened: bool
) -> NDArray[np.float64]:
    """Correct a training amplitude by what the trained generator does not give by itself.

    Parameters
    ----------
    amplitude
        `training_amplitude` of the real patches, which have standard deviation 1.
    fake
        Patches (m, d, d) of the generator, mean 0, as it makes them.
    whitened
        True: ring by ring, so that coloured output has the mean radial spectrum of the real patches. False:
        one gain for all rings, so that it has their standard deviation.

    Returns
    -------
    float64 array (rings,)
        To be multiplied in by `colour`.
    """
    if whitened:
        return amplitude / radial_amplitude(fake)
    return amplitude / float(fake.std(dtype=np.float64))


def _filtered(images: NDArray[np.float32], transfer: NDArray[np.float32]) -> NDArray[np.float32]:
    """Multiply each image's transform by a real transfer, one image at a time."""
    result = np.empty_like(images, dtype=np.float32)
    for target, image in zip(result, images, strict=True):
        target[:] = scipy.fft.irfft2(scipy.fft.rfft2(image) * transfer, s=image.shape)
    return result
