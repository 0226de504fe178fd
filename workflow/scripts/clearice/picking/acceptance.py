"""Which candidates of a batch are picks: by a false discovery rate, or by the picker's own threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from clearice.picking.false_discovery import (
    Evidence,
    Scores,
    Search,
    area_in_discs,
    evidence_at,
    pooled,
    q_values,
    q_values_high,
    threshold_of,
)
from clearice.picking.registry import Picks

SAME_SCALE = 0.01
"""Largest relative difference of particle diameters, in pixels, of images whose scores compare."""


class Decoy(Protocol):
    """What a picker found in one image of pure noise: `files.scores.Candidates`."""

    @property
    def scores(self) -> NDArray[np.float64]:
        """Return the scores (n,) of all candidates."""

    @property
    def shape(self) -> tuple[int, int]:
        """Return the image's shape (h, w)."""

    @property
    def diameter_px(self) -> float:
        """Return the particle's diameter in pixels."""

    @property
    def picker(self) -> str:
        """Return the picker's name."""


@dataclass(frozen=True)
class Looked:
    """What a picker found in one micrograph.

    Attributes
    ----------
    found
        Its candidates; which of them are picks is up to the rule.
    shape
        The micrograph's shape (h, w).
    diameter_px
        The particle's diameter in pixels.
    """

    found: Picks
    shape: tuple[int, ...]
    diameter_px: float

    @property
    def search(self) -> Search:
        """Return the scores and the area they were sought in."""
        return _search(self.found.scores, self.shape, self.diameter_px)


@dataclass(frozen=True)
class Accepted:
    """The picks of one micrograph, and what is known of them.

    Attributes
    ----------
    found
        Candidates, with the threshold of the rule.
    q
        (n,) q-value of each candidate; nan where there are no decoys.
    q_high
        (n,) upper limit of each.
    evidence
        What is expected of this micrograph's picks; None where there are no decoys.
    decoy_fields
        Number of images of pure noise behind it.
    by_rate
        Whether picks are those within a rate, and not those of the picker's own threshold.
    """

    found: Picks
    q: Scores
    q_high: Scores
    evidence: Evidence | None
    decoy_fields: int
    by_rate: bool


def check_comparable(looked: Looked, picker: str, decoys: Mapping[str, Decoy]) -> None:
    """Check that the scores of a micrograph compare with those of the pure noise.

    Raises
    ------
    ValueError
        There is no pure noise, it is another picker's or of another pixel size, or a score is no finite number.
    """
    bad = int((~np.isfinite(looked.found.scores)).sum())
    if bad:
        raise ValueError(
            f"{bad} of {looked.found.scores.size} scores of picker {picker} are no finite numbers; look at the denoised image"
        )
    if not decoys:
        raise ValueError(
            "no pure noise was picked, so there is no false discovery rate; see why in the manifests of the "
            "batches n0001, or set picking.fdr to null for the picker's own threshold"
        )
    for name, decoy in decoys.items():
        if decoy.picker != picker:
            raise ValueError(
                f"the pure noise {name} was picked by {decoy.picker or 'an unknown picker'}, the micrograph by {picker}; "
                "give the candidates of one picker"
            )
        if not np.isfinite(decoy.scores).all():
            raise ValueError(
                f"the pure noise {name} has candidates whose score is no finite number; pick it again"
            )
        if abs(decoy.diameter_px / looked.diameter_px - 1) > SAME_SCALE:
            raise ValueError(
                f"a particle has {looked.diameter_px:.1f} px here but {decoy.diameter_px:.1f} px in the pure noise {name}, "
                "so scores do not compare; give micrographs of another pixel size a dataset of their own"
            )


def accept(
    looked: Mapping[str, Looked], decoys: Mapping[str, Decoy] | None, rate: float | None
) -> dict[str, Accepted]:
    """Accept candidates with what decoys tell of them where there are some, and what the picker itself accepts elsewhere."""
    return accept_by_picker(looked) if decoys is None else accept_by_rate(looked, decoys, rate)


def accept_by_rate(
    looked: Mapping[str, Looked], decoys: Mapping[str, Decoy], rate: float | None
) -> dict[str, Accepted]:
    """Accept the candidates of a batch whose q-value is at most a rate, or those of the picker's own thresholds.

    Candidates of all micrographs are pooled, and so are the decoys: a rate has one threshold for the batch.

    Parameters
    ----------
    looked
        Candidates by micrograph, all of which passed `check_comparable`.
    decoys
        Candidates in pure noise, by any name.
    rate
        Share of false ones among the picks that is allowed; None leaves each micrograph the picker's own threshold,
        of whose picks the decoys still tell how many are false.
    """
    if not looked:
        return {}
    targets = pooled(one.search for one in looked.values())
    noise = pooled(_search(one.scores, one.shape, one.diameter_px) for one in decoys.values())
    q, high = q_values(targets, noise), q_values_high(targets, noise)
    common = None if rate is None else threshold_of(targets.scores, q, rate)
    ends = np.cumsum([one.found.scores.size for one in looked.values()])[:-1]
    accepted = {}
    for (name, one), own, own_high in zip(
        looked.items(), np.split(q, ends), np.split(high, ends), strict=True
    ):
        share = one.search.area / targets.area
        threshold = one.found.threshold if common is None else common
        of_batch = evidence_at(threshold, targets, noise)
        evidence = Evidence(
            int((one.found.scores >= threshold).sum()),
            of_batch.decoys,
            of_batch.expected_false * share,
            of_batch.expected_false_high * share,
        )
        found = replace(one.found, threshold=threshold)
        accepted[name] = Accepted(found, own, own_high, evidence, len(decoys), common is not None)
    return accepted


def accept_by_picker(looked: Mapping[str, Looked]) -> dict[str, Accepted]:
    """Accept what the picker itself accepts, of which no rate is known."""
    unknown = {name: np.full(one.found.scores.size, np.nan) for name, one in looked.items()}
    return {
        name: Accepted(one.found, unknown[name], unknown[name], None, 0, False)
        for name, one in looked.items()
    }


def _search(scores: Scores, shape: tuple[int, ...], diameter_px: float) -> Search:
    """Return scores and the area they were sought in."""
    return Search(scores, area_in_discs(shape, diameter_px))
