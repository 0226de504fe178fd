"""Draw training pairs: places in a simulated micrograph, noise for each, and equation 4 for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clearice.config.stages.reweight import Reweight
from clearice.image.patches import cut_patches, random_corners
from clearice.noise.reweighting import Pair, reweight

Image = NDArray[np.float32]


WEIGHT_COLUMNS = (
    "micrograph", "pair", "y_px", "x_px", "draw", "field", "signal_scale",
    "alpha", "beta", "gamma", "noise_gain", "noise_sd", "reference_noise_sd", "signal_sd",
)  # fmt: skip


@dataclass(frozen=True)
class DrawnPair:
    """A pair and what was drawn for it.

    Attributes
    ----------
    pair
        The noisy and the clean patch, and how they were made.
    corner
        (y, x) of the clean patch in the micrograph.
    place
        Number of the place in the micrograph.
    draw
        Number of the noise draw at that place.
    field
        Index of the noise field.
    signal_scale
        Factor on the contrast of the signal; 0 for an empty field.
    """

    pair: Pair
    corner: tuple[int, int]
    place: int
    draw: int
    field: int
    signal_scale: float


def divided_fields(count: int, splits: Mapping[str, str]) -> dict[str, range]:
    """Divide noise fields between training and validation.

    A field that both draw from would show the network, while it learns, the very noise it is validated by.

    Parameters
    ----------
    count
        Number of fields.
    splits
        Split of each simulated micrograph: train or validation.

    Returns
    -------
    dict
        Indices of the fields of train and of validation: the last ones, the same share of the fields as of
        the micrographs, but at least one, are for validation.

    Raises
    ------
    ValueError
        There are fewer than two fields.
    """
    if count < 2:
        raise ValueError(
            f"{count} noise field cannot be divided between training and validation pairs, which must share "
            "none; set sample_noise.fields to 2 or more"
        )
    marks = [mark for mark in splits.values() if mark in ("train", "validation")]
    share = marks.count("validation") / max(1, len(marks))
    kept = min(count - 1, max(1, round(share * count)))
    return {"train": range(count - kept), "validation": range(count - kept, count)}


def draw_pairs(
    clean: Image,
    reference: Image,
    fields: Image,
    usable: range,
    settings: Reweight,
    generator: np.random.Generator,
) -> Iterator[DrawnPair]:
    """Draw the training pairs of one simulated micrograph.

    Parameters
    ----------
    clean, reference
        S and X, the simulated clean and noisy micrograph (h, w).
    fields
        Synthetic noise (n, f, f); a pair gets a random crop of a random field.
    usable
        Indices of the fields to draw from: those of the micrograph's split (`divided_fields`).
    settings
        What to draw.
    generator
        Draws places, fields, crops and scales, in an order that does not depend on the outcome.

    Yields
    ------
    DrawnPair

    Raises
    ------
    ValueError
        Patches are larger than the micrograph or the fields, or shapes differ.
    """
    if clean.shape != reference.shape:
        raise ValueError(
            f"the clean image has {clean.shape} px, the noisy {reference.shape} px; simulate them together"
        )
    check_field_size(settings, min(fields.shape[1:]))
    corners = random_corners(
        (clean.shape[0], clean.shape[1]), settings.patch_px, settings.patches_per_micrograph, generator
    )
    signals = cut_patches(clean, corners, settings.patch_px)
    references = cut_patches(reference, corners, settings.patch_px)
    for place, (y, x) in enumerate(corners):
        for draw in range(settings.draws):
            noise, field = _crop_of_field(fields, usable, settings.patch_px, generator)
            scale = _signal_scale(settings, generator)
            pair = reweight(
                signals[place], noise, references[place], modulation=settings.modulation, signal_scale=scale
            )
            yield DrawnPair(pair, (int(y), int(x)), place, draw, field, scale)


def check_field_size(settings: Reweight, field_px: int) -> None:
    """Refuse patches larger than noise fields of `field_px`.

    Raises
    ------
    ValueError
        Noise fields are smaller than patches.
    """
    if field_px < settings.patch_px:
        raise ValueError(
            f"noise fields of {field_px} px are smaller than training patches of {settings.patch_px} px; "
            "raise sample_noise.field_px or lower reweight.patch_px"
        )


def _crop_of_field(
    fields: Image, usable: range, patch_px: int, generator: np.random.Generator
) -> tuple[Image, int]:
    """Draw a random crop of a random usable field, and return it with the field's index."""
    field = usable[int(generator.integers(0, len(usable)))]
    ((y, x),) = random_corners((fields.shape[1], fields.shape[2]), patch_px, 1, generator)
    return fields[field, y : y + patch_px, x : x + patch_px], field


def _signal_scale(settings: Reweight, generator: np.random.Generator) -> float:
    """Draw a signal scale; two numbers always, so that the share of empty fields shifts no other draw."""
    empty, position = generator.random(2)
    lowest, highest = settings.signal_scale
    return 0.0 if empty < settings.empty_fraction else float(lowest * (highest / lowest) ** position)


def weight_row(micrograph: str, index: int, one: DrawnPair) -> dict[str, object]:
    """Describe a re-weighted pair: where it was cut, what was drawn for it, and its coefficients."""
    pair, weights = one.pair, one.pair.weights
    numbers = (
        one.signal_scale, weights.alpha, weights.beta, weights.gamma, pair.noise_gain, pair.noise_sd,
        pair.reference_noise_sd, float(pair.clean.std(dtype=np.float64)),
    )  # fmt: skip
    drawn = (micrograph, index, one.corner[0], one.corner[1], one.draw, one.field)
    return dict(zip(WEIGHT_COLUMNS, (*drawn, *(f"{value:.6g}" for value in numbers)), strict=True))
