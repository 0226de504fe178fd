"""The scores of all picks of a batch: micrograph by micrograph, and at thresholds that they share."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from clearice.picking.matching import average_precision, best_f1, score_picks
from clearice.picking.measures import measure_picks, picks_in_noise

Centres = NDArray[np.float64]


class Candidates(Protocol):
    """All places a picker looked at in one micrograph: `files.scores.Candidates`."""

    @property
    def centres(self) -> Centres:
        """Return their places (n, 2) as (y, x) in pixels."""

    @property
    def scores(self) -> NDArray[np.float64]:
        """Return their scores (n,)."""

    @property
    def shape(self) -> tuple[int, int]:
        """Return the micrograph's shape (h, w)."""

    @property
    def diameter_px(self) -> float:
        """Return the particle's diameter in pixels."""

    @property
    def threshold(self) -> float:
        """Return what a candidate must reach to be a pick."""


def measure_batch(
    seen: Mapping[str, Candidates],
    particles: Mapping[str, Centres],
    in_noise: Mapping[str, Candidates],
    *,
    scores_compare: bool,
    generator_of: Callable[[str], np.random.Generator],
) -> dict[str, dict[str, float]]:
    """Measure the picks of a batch against known particles, and against what the picker finds where none is.

    Parameters
    ----------
    seen
        Candidates by micrograph.
    particles
        Known centres (m, 2) as (y, x) in pixels, of the micrographs of which they are known; none in an empty
        field.
    in_noise
        Candidates in the pure noise that stands for each micrograph; may be empty.
    scores_compare
        Whether a threshold found on one image counts on another; without it nothing is said of noise.
    generator_of
        Makes the generator of a micrograph's random picks.

    Returns
    -------
    dict
        Numbers by micrograph and name; ``best_f1`` is at the one threshold that is best for the batch.
    """
    measured: dict[str, dict[str, float]] = {}
    matched = {}
    for name, found in seen.items():
        if name in particles:
            measured[name], matched[name] = measure_picks(
                found.centres,
                found.scores,
                particles[name],
                shape=found.shape,
                diameter_px=found.diameter_px,
                threshold=found.threshold,
                generator=generator_of(name),
            )
    _, threshold = best_f1(list(matched.values()))
    for name, pairs in matched.items():
        measured[name]["best_f1"] = score_picks([pairs], threshold).f1
        measured[name]["average_precision"] = average_precision([pairs])
    empty = [name for name in matched if not len(particles[name])]
    thresholds = [found.threshold for name, found in seen.items() if name not in empty]
    if scores_compare and thresholds:
        for name in empty:
            measured[name]["empty_field_picks"] = _invented(seen[name], thresholds)
        for name, found in in_noise.items():
            if name in seen:
                share = math.prod(seen[name].shape) / math.prod(found.shape)
                measured.setdefault(name, {})["null_picks"] = _invented(found, thresholds) * share
    return measured


def _invented(found: Candidates, thresholds: list[float]) -> float:
    """Count the candidates of an image without particles that reach the thresholds of the others."""
    return picks_in_noise(found.centres, found.scores, found.shape, found.diameter_px / 2, thresholds)
