"""Draw training pairs: places in a simulated micrograph, noise for each, and equation 4 for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clearice.image.patches import cut_patches, random_corners
from clearice.noise.reweighting import MODULATIONS, Pair, reweight

Image = NDArray[np.float32]


@dataclass(frozen=True)
class PairRule:
    """How pairs are drawn from one simulated micrograph.

    `patch_px` their side; `places` the number of places in the micrograph; `draws` the number of noise draws
    for each place; `modulation` F; signal scales log-uniform from `lowest_scale` to `highest_scale`, but 0
    (an empty field) with the probability `empty_fraction`.
    """

    patch_px: int
    places: int
    draws: int
    modulation: str
    lowest_scale: float
    highest_scale: float
    empty_fraction: float


@dataclass(frozen=True)
class DrawnPair:
    """A pair and what was drawn for it.

    `corner` (y, x) of the clean patch, number of the place, number of the draw, index of the noise field,
    signal scale.
    """

    pair: Pair
    corner: tuple[int, int]
    place: int
    draw: int
    field: int
    signal_scale: float


def divided_fields(count: int, splits: Mapping[str, str]) -> dict[str, range]:
    """Divide noise fields between training and validation.

    A field that both draw from would show the network, while it learns, the very noise it is judged by.

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
    rule: PairRule,
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
    rule
        What to draw.
    generator
        Draws places, fields, crops and scales, in an order that does not depend on the outcome.

    Yields
    ------
    DrawnPair

    Raises
    ------
    ValueError
        Patches are larger than the micrograph or the fields, shapes differ, or a setting is impossible.
    """
    if clean.shape != reference.shape:
        raise ValueError(
            f"the clean image has {clean.shape} px, the noisy {reference.shape} px; simulate them together"
        )
    check_rule(rule, min(fields.shape[1:]))
    corners = random_corners((clean.shape[0], clean.shape[1]), rule.patch_px, rule.places, generator)
    signals = cut_patches(clean, corners, rule.patch_px)
    references = cut_patches(reference, corners, rule.patch_px)
    for place, (y, x) in enumerate(corners):
        for draw in range(rule.draws):
            noise, field = _crop_of_field(fields, usable, rule.patch_px, generator)
            scale = _signal_scale(rule, generator)
            pair = reweight(
                signals[place], noise, references[place], modulation=rule.modulation, signal_scale=scale
            )
            yield DrawnPair(pair, (int(y), int(x)), place, draw, field, scale)


def check_rule(rule: PairRule, field_px: int) -> None:
    """Refuse a rule that cannot be meant, or that asks for more than noise fields of `field_px` can give.

    Raises
    ------
    ValueError
        Noise fields are smaller than patches, no pair would be drawn, signal scales are not positive and
        ordered, the fraction of empty fields is not in [0, 1), or the modulation is unknown.
    """
    if field_px < rule.patch_px:
        raise ValueError(
            f"noise fields of {field_px} px are smaller than training patches of {rule.patch_px} px; "
            "raise sample_noise.field_px or lower reweight.patch_px"
        )
    if rule.places < 1 or rule.draws < 1:
        raise ValueError(
            f"{rule.places} patches per micrograph with {rule.draws} noise draws give no pair; "
            "both must be at least 1"
        )
    if not 0 < rule.lowest_scale <= rule.highest_scale or not 0 <= rule.empty_fraction < 1:
        raise ValueError(
            f"signal scales from {rule.lowest_scale:g} to {rule.highest_scale:g} with "
            f"{rule.empty_fraction:g} empty fields: scales must be positive and ordered, "
            "the fraction in [0, 1)"
        )
    if rule.modulation not in MODULATIONS:
        raise ValueError(f"modulation {rule.modulation!r} is unknown; use one of {', '.join(MODULATIONS)}")


def _crop_of_field(
    fields: Image, usable: range, patch_px: int, generator: np.random.Generator
) -> tuple[Image, int]:
    """Draw a random crop of a random usable field, and give the field's index."""
    field = usable[int(generator.integers(0, len(usable)))]
    ((y, x),) = random_corners((fields.shape[1], fields.shape[2]), patch_px, 1, generator)
    return fields[field, y : y + patch_px, x : x + patch_px], field


def _signal_scale(rule: PairRule, generator: np.random.Generator) -> float:
    """Draw a signal scale; two numbers always, so that the share of empty fields shifts no other draw."""
    empty, position = generator.random(2)
    ratio = rule.highest_scale / rule.lowest_scale
    return 0.0 if empty < rule.empty_fraction else float(rule.lowest_scale * ratio**position)
