"""Topaz-Denoise's training: even against odd sums, and odd against even."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from clearice.config.base import part_of
from clearice.config.stage import Stage
from clearice.config.training import DenoiserTraining, Training


class Noise2Noise(part_of(Training)):  # type: ignore[misc]
    """Training on even and odd sums; any key of training may be given here too."""

    pairing: Literal["noise2noise", "neighbor2neighbor", "added_noise"]
    """Which pairs: even and odd, or for single exposures and biased: neighbor2neighbor, added_noise."""
    added_noise_sd: Annotated[float, Field(gt=0)] | None
    """added_noise: its standard deviation in units of the image's own."""


STAGE = Stage(section=Noise2Noise, settings=DenoiserTraining, general="training")
