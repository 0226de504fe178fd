"""What a movie or an image, and the files that the microscope wrote beside it, say of how it was recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from clearice.files.compressed import is_compressed, plain_suffix
from clearice.files.facts import Fact, read_bounded
from clearice.files.fei_header import facts_of_fei_header
from clearice.files.kinds import MRC_SUFFIXES, PNG_SUFFIXES, SUFFIXES, Kind, unknown_suffix
from clearice.files.mdoc import LARGEST_BYTES, facts_of_mdoc
from clearice.files.microscope_xml import facts_of_xml, xml_beside
from clearice.files.movies import open_movie
from clearice.files.pictures import read_image
from clearice.image.units import UNKNOWN_PIXEL_SIZES_A

MOST_SERIES = 100
"""So many .mdoc files of a folder are looked into for one that names a movie without a .mdoc of its own."""

Reader = Callable[[Path, str, tuple[int, int], int], tuple[list[Fact], list[str]] | None]


@dataclass(frozen=True)
class Recording:
    """What is known of one file.

    Attributes
    ----------
    path
        The file.
    shape
        Shape (h, w) of its frames.
    frames
        Their number.
    facts
        What its header and the files beside it say, the most direct first.
    notes
        Sentences on what was found and not taken.
    """

    path: Path
    shape: tuple[int, int]
    frames: int
    facts: tuple[Fact, ...]
    notes: tuple[str, ...]


def check_suffixes(paths: Sequence[str]) -> None:
    """Refuse files of a kind that is not read, before any is opened.

    Raises
    ------
    ValueError
        Naming the first one.
    """
    for path in map(Path, paths):
        readable: tuple[Kind, ...] = ("MRC",) if is_compressed(path) else tuple(SUFFIXES)
        if not any(plain_suffix(path) in SUFFIXES[kind] for kind in readable):
            raise unknown_suffix(path, tuple(SUFFIXES))


def look_at(path: Path) -> Recording:
    """Read the headers of a movie or an image, and the .mdoc and EPU's XML beside it, but no frame.

    A file beside it that cannot be read is not used, and a note says so.

    Raises
    ------
    ValueError, OSError
        The movie or image itself cannot be read.
    """
    if plain_suffix(path) in PNG_SUFFIXES:
        height, width = read_image(path).pixels.shape
        return Recording(path, (height, width), 1, (), ())
    with open_movie(path) as movie:
        shape, frames = movie.shape, movie.frame_count
        facts = []
        if movie.pixel_size_A not in UNKNOWN_PIXEL_SIZES_A:
            facts.append(Fact("pixel_size_A", movie.pixel_size_A, f"{path.name}: header"))
    if plain_suffix(path) in MRC_SUFFIXES:
        facts += facts_of_fei_header(path, frames)
    notes: list[str] = []
    for beside, reader in _beside(path):
        try:
            said = reader(beside, path.name, shape, frames)
        except (ValueError, OSError) as trouble:
            notes.append(f"{beside.name} is not used: {trouble}")
            continue
        if said is not None:
            facts += said[0]
            notes += said[1]
    return Recording(path, shape, frames, tuple(facts), tuple(notes))


def look_at_some(paths: Sequence[str]) -> list[Recording]:
    """Look at the first, the middle and the last of some files.

    One that cannot be read is left out, and a note of another says so.

    Raises
    ------
    ValueError, OSError
        None of them can be read.
    """
    chosen = list(dict.fromkeys(paths[index] for index in (0, len(paths) // 2, -1)))
    looks: list[Recording] = []
    troubles: list[Exception] = []
    for path in map(Path, chosen):
        try:
            looks.append(look_at(path))
        except (ValueError, OSError) as trouble:
            troubles.append(trouble)
    if not looks:
        raise troubles[0]
    looks[0] = replace(looks[0], notes=(*map(str, troubles), *looks[0].notes))
    return looks


def _beside(path: Path) -> Iterator[tuple[Path, Reader]]:
    """Find the files that may speak of a movie: its own .mdoc or that of its tilt series, and EPU's XML."""
    own = [path.with_name(f"{path.name}.mdoc"), path.with_suffix(".mdoc")]
    mdocs = [one for one in own if one.is_file()][:1] or _series(path)
    yield from ((one, facts_of_mdoc) for one in mdocs)
    xml = xml_beside(path)
    if xml is not None:
        yield xml, facts_of_xml


def _series(path: Path) -> list[Path]:
    """List .mdoc files beside or above a movie that hold its name."""
    name = path.name.encode()
    for folder in (path.parent, path.parent.parent):
        for one in islice(sorted(folder.glob("*.mdoc")), MOST_SERIES):
            try:
                if name in read_bounded(one, ".mdoc file", LARGEST_BYTES):
                    return [one]
            except (ValueError, OSError):  # another movie's, perhaps: who needs it is told
                continue
    return []
