"""Where a file of a run stands: its dataset, its stage, what it is of, and its batch.

Every path is ``results/{dataset}/{stage}/...``; the table `LAYOUTS` says how each stage goes on. Nothing else
takes a path apart by position, or a batch by its letter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache
from pathlib import Path

RESULTS = "results"
SIMULATED_TEST = "s9999"
"""The simulated batch that nothing learns from."""

LAYOUTS: Mapping[str, tuple[str, ...]] = {
    "sums": ("{part}/{batch}",),
    "null": ("{part}/{batch}",),
    "denoised": ("{method}/{part}/{batch}",),
    "simulated": ("{content}/{batch}",),
    "movies": ("{content}/{batch}",),
    "noise": ("{variant}/{batch}", "{variant}"),
    "reweighted": ("{variant}/{content}/{batch}", "{variant}/weights/{batch}"),
    "models": ("{network}/unfinished", "{network}/{variant}"),
    "reference_coordinates": ("{batch}",),
    "second_exposure": ("{batch}",),
    "regions": ("{batch}",),
    "templates": ("{picker}",),
    "picks": ("{picker}/{method}/{part}/{batch}",),
    "particles": ("{picker}/{method}/{batch}",),
    "scores": ("{method}/{part}/{batch}", "{method}/{part}/{batch}.{picker}", ""),
    "figures": ("previews/{method}/{part}/{batch}",),
    "export": ("",),
}
"""How the path of a stage goes on below its folder; the first layout that fits holds.

A layout names a folder with all that lies in it, or a file without its suffix. No two layouts of a stage have
the same names in braces.
"""

_NAME = "[A-Za-z][A-Za-z0-9_]*"
_DATASET = re.compile("[A-Za-z][A-Za-z0-9_-]*")
_VALUES = {
    "method": _NAME,
    "variant": _NAME,
    "picker": _NAME,
    "network": _NAME,
    "content": "noisy|clean|truth|frames",
    "part": "full|even|odd",
    "batch": "[bnsm][0-9]+",
}
_FIELD = re.compile(r"\{(\w+)\}")


class Kind(StrEnum):
    """What a batch holds; the value is the letter its name begins with."""

    REAL = "b"
    NOISE = "n"
    SIMULATED = "s"
    MOVIES = "m"


@dataclass(frozen=True)
class Place:
    """Where a file stands. What a stage's layout does not name is empty.

    Attributes
    ----------
    dataset
        Dataset, or the group of datasets that a model belongs to.
    stage
        Folder below the dataset: a key of `LAYOUTS`.
    picker
        Picker whose picks these are.
    method
        Method of the config.
    network
        Training that a model comes from.
    variant
        ``main``, or the method that a stage was made anew for.
    content
        What of a simulation: noisy, clean, truth or frames.
    part
        Sums: full, even or odd.
    batch
        Batch, e.g. ``b0001``.
    """

    dataset: str
    stage: str
    picker: str = ""
    method: str = ""
    network: str = ""
    variant: str = ""
    content: str = ""
    part: str = ""
    batch: str = ""

    @property
    def name(self) -> str:
        """Return what it is of: the folders between those of stage and batch."""
        named = [getattr(self, name) for name in _names_in(self._layout()) if name != "batch"]
        return "/".join(named)

    @property
    def kind(self) -> Kind:
        """Return the kind of its batch."""
        return batch_kind(self.batch)

    def under(self, results: Path) -> Path:
        """Return the path of its folder, or of its file without the suffix, in a results folder."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return results / self.dataset / self.stage / self._layout().format(**values)

    def _layout(self) -> str:
        """Find the layout that names just what is not empty."""
        known = {name for name in _VALUES if getattr(self, name)}
        for layout in LAYOUTS.get(self.stage, ()):
            if set(_names_in(layout)) == known:
                return layout
        raise ValueError(
            f"a place in the stage {self.stage!r} has {', '.join(sorted(known)) or 'nothing'}, but {_expected(self.stage)}"
        )


def place_of(path: Path, results: Path | None = None) -> Place:
    """Return the place of a folder or file of a run.

    Parameters
    ----------
    path
        Relative or absolute.
    results
        The results folder; if not given, the folder named ``results`` that the path begins with, or else the
        last one below which it fits a layout.

    Raises
    ------
    ValueError
        The path fits no layout.
    """
    if results is not None:
        parts = path.relative_to(results).parts if path.is_relative_to(results) else ()
        starts = [0]
    else:
        parts = path.parts
        starts = [number + 1 for number, name in enumerate(parts) if name == RESULTS]
        if parts[:1] != (RESULTS,):
            starts.reverse()
    for start in starts:
        place = _parse(parts[start:])
        if place is not None:
            return place
    stage = parts[starts[0] + 1] if starts and len(parts) > starts[0] + 1 else ""
    raise ValueError(
        f"{path} is no path of a run below {results or RESULTS}/<dataset>/, where {_expected(stage)}; "
        "give a path that the workflow made"
    )


def batch_kind(batch: str) -> Kind:
    """Return what a batch holds.

    Raises
    ------
    ValueError
        The name is none of a batch.
    """
    if not re.fullmatch(_VALUES["batch"], batch):
        raise ValueError(
            f"{batch!r} is no batch: expected b (real), n (noise), s (simulated) or m (movies), then digits; "
            "give a name such as b0001"
        )
    return Kind(batch[0])


def noise_of(batch: str) -> str:
    """Return the batch of pure noise that is made after a real batch.

    Raises
    ------
    ValueError
        The batch is not a real one.
    """
    if batch_kind(batch) is not Kind.REAL:
        raise ValueError(
            f"{batch} holds no real micrographs, so no noise is made after it; give one such as b0001"
        )
    return f"{Kind.NOISE}{batch[1:]}"


def real_of(batch: str) -> str:
    """Return the real batch that pure noise was made after; any other batch stands for itself."""
    return f"{Kind.REAL}{batch[1:]}" if batch_kind(batch) is Kind.NOISE else batch


def _parse(parts: tuple[str, ...]) -> Place | None:
    """Return the place of a path below the results folder, None where it fits no layout."""
    if len(parts) < 2 or not _DATASET.fullmatch(parts[0]):
        return None
    for pattern in _patterns(parts[1]):
        found = pattern.fullmatch("/".join(parts[2:]))
        if found:
            return Place(parts[0], parts[1], **found.groupdict())
    return None


@cache
def _patterns(stage: str) -> list[re.Pattern[str]]:
    """Make the pattern of each layout of a stage."""
    patterns = []
    for layout in LAYOUTS.get(stage, ()):
        text = _FIELD.sub(lambda name: f"(?P<{name[1]}>{_VALUES[name[1]]})", layout.replace(".", r"\."))
        patterns.append(re.compile(rf"{text}(\.[a-z]+)?(/.*)?" if layout else ".*"))
    return patterns


@cache
def _names_in(layout: str) -> tuple[str, ...]:
    """Return the names in braces, in their order."""
    return tuple(_FIELD.findall(layout))


def _expected(stage: str) -> str:
    """Write in words what a stage's layouts are, or which stages there are."""
    if stage not in LAYOUTS:
        return f"the stages are {', '.join(LAYOUTS)}"
    return f"{stage} goes on with {' or '.join(layout or 'nothing' for layout in LAYOUTS[stage])}"
