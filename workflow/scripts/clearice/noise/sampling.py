"""Draw synthetic noise fields of any size: from a trained generator, real patches, or a Gaussian law."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clearice.image.patches import random_corners
from clearice.image.symmetries import SYMMETRIES, apply_symmetry
from clearice.noise.spectral_shaping import colour, radial_amplitude

SOURCES = ("gan", "extracted", "gaussian")
Fields = NDArray[np.float32]
DrawPatches = Callable[[int], Fields]
MakeFields = Callable[[int, int], Fields]


@dataclass(frozen=True)
class NoiseScale:
    """Units of noise.

    Attributes
    ----------
    mean
        Average over the micrographs of their noise's mean.
    sd
        Average over the micrographs of their noise's standard deviation.
    """

    mean: float
    sd: float


@dataclass(frozen=True)
class GeneratorOutput:
    """How a generator's output becomes noise of mean 0 and unit standard deviation.

    Attributes
    ----------
    offset
        To be subtracted first.
    amplitude
        (rings,), to multiply the transform by: its values at k / `patch_px` cycles per pixel.
    patch_px
        Side of the patches that the generator was trained on.
    """

    offset: float
    amplitude: NDArray[np.float64]
    patch_px: int


def standardised(stacks: Sequence[Fields]) -> tuple[Fields, NoiseScale]:
    """Pool the noise patches of several micrographs, each with one mean and one standard deviation.

    One pair of numbers for a whole micrograph: its patches keep their own means and contrasts, so slow
    variation survives. One pair for each micrograph: the dose on the detector differs with the ice, and
    counts differ with it.

    Parameters
    ----------
    stacks
        One array (n, d, d) per micrograph.

    Returns
    -------
    float32 array (sum of n, d, d), NoiseScale

    Raises
    ------
    ValueError
        A micrograph's patches are constant or not finite.
    """
    pooled, means, deviations = [], [], []
    for stack in stacks:
        mean, sd = float(stack.mean(dtype=np.float64)), float(stack.std(dtype=np.float64))
        if not np.isfinite(mean) or not np.isfinite(sd) or sd <= 1e-6 * abs(mean):
            raise ValueError(
                f"noise patches of one micrograph have mean {mean:.4g} and standard deviation {sd:.4g}; "
                "patches must be finite and vary"
            )
        pooled.append(((stack - mean) / sd).astype(np.float32))
        means.append(mean)
        deviations.append(sd)
    return np.concatenate(pooled), NoiseScale(mean=float(np.mean(means)), sd=float(np.mean(deviations)))


def coloured_fields(
    make: MakeFields,
    output: GeneratorOutput,
    number: int,
    field_px: int,
    *,
    any_size: bool,
    batch_size: int,
    generator: np.random.Generator,
) -> Fields:
    """Draw noise fields of mean 0 with the real patches' spectrum from a trained generator.

    Parameters
    ----------
    make
        Returns n fields (n, k, k) of the generator, in its own units.
    output
        What brings them into the units of the standardised patches.
    number, field_px
        Number and side of the fields.
    any_size
        True for a stationary generator: every field is made in one piece, a patch larger than asked for, so
        that the edges of the circular filter are cut off. False for one that knows only patches: larger
        fields are quilted.
    batch_size
        Fields made at once, where they are made in one piece.
    generator
        Draws the phases of quilts.

    Returns
    -------
    float32 array (number, field_px, field_px)
    """
    side = output.patch_px

    def coloured(count: int, made_px: int) -> Fields:
        return colour(make(count, made_px) - np.float32(output.offset), output.amplitude, side)

    if not any_size and field_px > side:
        return np.stack(
            [quilted(lambda n: coloured(n, side), side, field_px, generator) for _ in range(number)]
        )
    made_px = field_px + side if any_size else side
    start = (made_px - field_px) // 2
    inner = slice(start, start + field_px)
    fields = np.empty((number, field_px, field_px), dtype=np.float32)
    for first in range(0, number, batch_size):
        here = fields[first : first + batch_size]
        here[:] = coloured(len(here), made_px)[:, inner, inner]
    return fields


def extracted_fields(patches: Fields, count: int, field_px: int, generator: np.random.Generator) -> Fields:
    """Draw real noise patches with random flips and right-angle rotations.

    Parameters
    ----------
    patches
        Real noise (n, d, d) of mean 0.
    count, field_px
        Number and side of the fields. Fields smaller than a patch are random crops, larger ones are quilted.
    generator
        Draws patches, symmetries and corners.

    Returns
    -------
    float32 array (count, field_px, field_px)
    """

    def draw(number: int) -> Fields:
        chosen = patches[generator.integers(0, len(patches), number)]
        symmetries = generator.integers(0, SYMMETRIES, number).tolist()
        turned = [apply_symmetry(patch, one) for patch, one in zip(chosen, symmetries, strict=True)]
        return np.stack(turned).astype(np.float32)

    side = patches.shape[-1]
    if field_px > side:
        return np.stack([quilted(draw, side, field_px, generator) for _ in range(count)])
    corners = random_corners((side, side), field_px, count, generator)
    whole = draw(count)
    return np.stack(
        [patch[y : y + field_px, x : x + field_px] for patch, (y, x) in zip(whole, corners, strict=True)]
    )


def gaussian_fields(patches: Fields, count: int, field_px: int, generator: np.random.Generator) -> Fields:
    """Draw Gaussian noise with the mean radial spectrum of real patches of mean 0 (n, d, d).

    Returns
    -------
    float32 array (count, field_px, field_px)
    """
    amplitude, side = radial_amplitude(patches), patches.shape[-1]
    fields = np.empty((count, field_px, field_px), dtype=np.float32)
    # Made larger and cut, so that opposite edges of a field know nothing of each other.
    larger = field_px + side
    for field in fields:
        white = generator.standard_normal((1, larger, larger), dtype=np.float32)
        field[:] = colour(white, amplitude, side)[0, side // 2 :, side // 2 :][:field_px, :field_px]
    return fields


def quilted(draw: DrawPatches, patch_px: int, field_px: int, generator: np.random.Generator) -> Fields:
    """Lay patches of noise over each other, half overlapping, into a seamless field of their variance.

    Patches are windowed with sin(pi (i + 1/2) / d) along both axes: the squares of the windows of overlapping
    patches add to one at every pixel, and independent patches add in power. Spectra and variances are kept
    (but for the window's blur of one frequency step); pixels are sums of four patches, so skewness and
    kurtosis shrink towards Gaussian ones.

    Parameters
    ----------
    draw
        Returns n independent patches (n, d, d) of mean 0.
    patch_px
        d, even.
    field_px
        Side of the field.
    generator
        Draws the phase of the grid.

    Returns
    -------
    float32 array (field_px, field_px)
    """
    step = patch_px // 2
    across = field_px // step + 3
    window = np.sin(np.pi * (np.arange(2 * step) + 0.5) / (2 * step)).astype(np.float32)
    patches = draw(across * across)[:, : 2 * step, : 2 * step] * np.outer(window, window)
    canvas = np.zeros(((across + 1) * step,) * 2, dtype=np.float32)
    for index, patch in enumerate(patches):
        y, x = (position * step for position in divmod(index, across))
        canvas[y : y + 2 * step, x : x + 2 * step] += patch
    # The outermost half patch is covered by too few patches; a random phase makes the field stationary.
    y, x = (step + int(offset) for offset in generator.integers(0, step, 2))
    return canvas[y : y + field_px, x : x + field_px].copy()
