"""What the workflow must know of a kind of method or a picker to run it without asking for it by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from clearice.config.base import DistinctNames, Settings


class MethodSettings(Settings):
    """A method's entry in the config: its kind, and the settings of that kind."""

    kind: str
    """Kind of the method."""
    datasets: Annotated[DistinctNames, Field(min_length=1)] | None = None
    """Datasets it is run on; null for all."""


class HighPassed(MethodSettings):
    """A method whose micrographs go through a high-pass before its network."""

    highpass_A: float = Field(default=0.0, ge=0)
    """High-pass of micrographs before the network, half amplitude at this length in A; 0 for none."""


class PickerSettings(Settings):
    """A picker's entry in the config; pickers without settings have none."""


@dataclass(frozen=True)
class Kind:
    """A kind of method. The module ``config/kinds/<kind>.py`` holds one as ``KIND``.

    Attributes
    ----------
    settings
        Model of a method's entry in the config.
    step
        Script that denoises with it: link_micrographs, filter_micrographs or denoise_micrographs.
    stages
        Stages whose files it rests on, each after those it needs itself.
    stages_of
        Which of them a method's entry asks for, where that depends on its settings.
    network
        The stage that trains its network; empty where it trains none.
    needs
        What it needs besides a micrograph: ``network`` (a file), ``simulation`` (the columns of the datasets
        table that a simulation takes), ``halves`` (even and odd sums, unless its pairing is for single
        exposures), ``noise`` (the spectrum of the noise, from what the method's setting `noise` names),
        ``sign`` (whether particles are dark).
    control
        Whether it is a control that every table of scores must show.
    threads
        Threads it makes use of, where the step filter_micrographs denoises with it.
    """

    settings: type[MethodSettings]
    step: str
    stages: tuple[str, ...] = ()
    stages_of: Callable[[Mapping[str, Any]], tuple[str, ...]] | None = None
    network: str = ""
    needs: frozenset[str] = frozenset()
    control: bool = False
    threads: int = 1


@dataclass(frozen=True)
class Picker:
    """A picker. The module ``config/pickers/<name>.py`` holds one as ``PICKER``.

    Attributes
    ----------
    settings
        Model of its section in ``pickers`` of the config.
    templates
        Model of what the step project_templates takes, for a picker that compares a micrograph with
        projections of the dataset's structures; None for all others.
    scores_compare
        Whether scores of two images compare, so that a threshold found on one counts on the other.
    """

    settings: type[PickerSettings] = PickerSettings
    templates: type[Settings] | None = None
    scores_compare: bool = True
