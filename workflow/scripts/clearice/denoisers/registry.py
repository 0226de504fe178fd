"""Denoisers without a network, found by the names of their modules, and what they may be told of noise."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clearice.config.registry import all_kinds
from clearice.image.boxes import Square

Image = NDArray[np.float32]

STEP = "filter_micrographs"


@dataclass(frozen=True)
class Evidence:
    """What a denoiser may be told besides the micrograph.

    Attributes
    ----------
    reference
        The real micrograph (h, w) whose statistics hold: the micrograph itself, unless that is pure noise
        made to stand for a real one.
    free_boxes
        Squares of one side of `reference` in which there is nothing but noise, as (top, left, side) in
        pixels; None where nobody looked for them.
    particles_are_dark
        Whether particles are darker than ice in the micrograph.
    threads
        Threads that may be used.
    remarks
        Sentences for the row of the micrograph, such as what level of noise was taken; the denoiser appends.
    """

    reference: Image
    free_boxes: tuple[Square, ...] | None = None
    particles_are_dark: bool = True
    threads: int = 1
    remarks: list[str] = field(default_factory=list)


Denoiser = Callable[[Image, float, Any, Evidence], Image]
"""A function of a micrograph (h, w), its pixel size in A (0 where it is not known), the settings of its kind
(a model of `config.kinds`) and the evidence, which returns float32 (h, w) in the micrograph's units."""


def load_denoiser(kind: str) -> Denoiser:
    """Return the function `denoise` of the module ``denoisers/<kind>.py``.

    Parameters
    ----------
    kind
        Kind of a method that the step filter_micrographs denoises with.

    Raises
    ------
    ValueError
        There is no such kind, or it needs a network.
    """
    known = [name for name, one in sorted(all_kinds().items()) if one.step == STEP]
    if kind not in known:
        raise ValueError(f"filter {kind!r} is unknown; use one of {', '.join(known)}")
    denoiser: Denoiser = importlib.import_module(f"clearice.denoisers.{kind}").denoise
    return denoiser
