"""Read SerialEM's .mdoc files: ``key = value`` lines, for the whole file and in sections.

The format is IMOD's autodoc, as SerialEM's manual describes it (About File Formats): a section ``[ZValue = 3]``
for an image of a stack, ``[FrameSet = 0]`` for the frames of one exposure; ``[T = ...]`` is a title.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from clearice.files.facts import Fact, number, pixel_size_of_frames, read_bounded

LARGEST_BYTES = 16 << 20
"""SerialEM writes 800 bytes an exposure, of a session of ten thousand into one file if asked to."""

_SECTION = re.compile(r"\[\s*(\w+)\s*=\s*(.*?)\s*\]$")
_PAIR = re.compile(r"([\w().-]+)\s*=\s*(.*)$")


@dataclass(frozen=True)
class Mdoc:
    """A .mdoc file.

    Attributes
    ----------
    header
        Values before any section.
    sections
        Of each section its kind (``ZValue``, ``FrameSet``) and its values.
    """

    header: Mapping[str, str]
    sections: tuple[tuple[str, Mapping[str, str]], ...]

    def values_for(self, name: str) -> Mapping[str, str] | None:
        """Return what holds for the frames in a file of that name: the header's values and its section's.

        A section belongs to the file its ``SubFramePath`` names. Where none has such a path, the first section
        counts, and where all name other files, none: None.
        """
        named = [
            (frames, values) for _, values in self.sections if (frames := values.get("SubFramePath", ""))
        ]
        for frames, values in named:
            if PureWindowsPath(frames).name == name:
                return {**self.header, **values}
        if named and len(self.sections) > 1:
            return None
        return {**self.header, **(self.sections[0][1] if self.sections else {})}


def read_mdoc(path: Path) -> Mdoc:
    """Read a .mdoc file, in UTF-8 (with or without a mark), UTF-16 with a mark, or Latin-1.

    Raises
    ------
    ValueError
        The file is empty, far too large, binary, or has no line ``key = value``.
    OSError
        It is missing or cannot be read.
    """
    header: dict[str, str] = {}
    sections: list[tuple[str, dict[str, str]]] = []
    for line in map(str.strip, _decoded(read_bounded(path, ".mdoc file", LARGEST_BYTES), path).splitlines()):
        section, pair = _SECTION.match(line), _PAIR.match(line)
        if section and section[1] != "T":
            sections.append((section[1], {}))
        elif pair:
            (sections[-1][1] if sections else header)[pair[1]] = pair[2].strip()
    if not header and not any(values for _, values in sections):
        raise ValueError(f"{path} has no line 'key = value', which a .mdoc file of SerialEM is made of")
    return Mdoc(header, tuple(sections))


def facts_of_mdoc(
    path: Path, image: str, shape: tuple[int, int], frames: int
) -> tuple[list[Fact], list[str]] | None:
    """Collect what a .mdoc file says of a movie.

    Parameters
    ----------
    path
        The .mdoc file.
    image
        Name of the movie's file.
    shape, frames
        Shape (h, w) and number of its frames.

    Returns
    -------
    tuple or None
        Facts, and sentences on what was not taken; None where the file speaks of other movies only.

    Raises
    ------
    ValueError, OSError
        As of `read_mdoc`.
    """
    values = read_mdoc(path).values_for(image)
    if values is None:
        return None
    notes = []
    found: list[tuple[str, str, float | None]] = [
        ("voltage_kV", "Voltage", number(values.get("Voltage"))),
        ("dose_e_per_A2", "ExposureDose", number(values.get("ExposureDose")) or None),
        ("dose_per_frame_e_per_A2", "FrameDosesAndNumber", _dose_per_frame(values)),
    ]
    spacing_A = number(values.get("PixelSpacing"))
    if spacing_A is not None:
        size = _size(values)
        pixel_size_A = pixel_size_of_frames(spacing_A, size, shape)
        if pixel_size_A is None and size is not None:
            notes.append(
                f"{path.name}: PixelSpacing is that of an image of {size[0]:g} x {size[1]:g} px, the frames have "
                f"{shape[1]} x {shape[0]}: not taken"
            )
        found.insert(0, ("pixel_size_A", _key_of_pixel_size(spacing_A, pixel_size_A), pixel_size_A))
    listed = number(values.get("NumSubFrames"))
    if listed and frames > 1 and listed != frames:
        notes.append(f"{path.name}: NumSubFrames is {listed:g}, but {image} has {frames} frames")
    for key, flag in (("GainReference", "gain"), ("DefectFile", "defects")):
        if values.get(key):
            notes.append(
                f"{path.name}: {key} is {PureWindowsPath(values[key]).name}; give it with --{flag} if the movies "
                "are not corrected yet"
            )
    facts = [Fact(column, value, f"{path.name}: {key}") for column, key, value in found if value is not None]
    return facts, notes


def _decoded(data: bytes, path: Path) -> str:
    """Decode the text of a .mdoc file."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", "replace")
    if b"\0" in data:
        raise ValueError(f"{path} is no .mdoc file of SerialEM but a binary file; replace it")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _size(values: Mapping[str, str]) -> tuple[float, float] | None:
    """Return the sides of the image that the pixel spacing belongs to; negative ones mean that it was turned."""
    for key in ("UncroppedSize", "ImageSize"):
        sides = [number(word) for word in values.get(key, "").split()]
        if len(sides) == 2 and sides[0] and sides[1]:
            return abs(sides[0]), abs(sides[1])
    return None


def _key_of_pixel_size(spacing_A: float, pixel_size_A: float | None) -> str:
    """Name the key, and what was done to its value."""
    if pixel_size_A is None or pixel_size_A == spacing_A:
        return "PixelSpacing"
    return (
        f"PixelSpacing {spacing_A:g} of an image {spacing_A / pixel_size_A:g} times as coarse as the frames"
    )


def _dose_per_frame(values: Mapping[str, str]) -> float | None:
    """Return the mean dose of a frame from pairs of a dose and a number of frames."""
    words = [number(word) for word in values.get("FrameDosesAndNumber", "").split()]
    pairs = list(zip(words[::2], words[1::2], strict=False))
    if not pairs or len(words) % 2 or any(dose is None or not count for dose, count in pairs):
        return None
    total = sum(dose * count for dose, count in pairs if dose is not None and count is not None)
    return total / sum(count for _, count in pairs if count is not None) or None
