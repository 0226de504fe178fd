"""Choose the values of a dataset's row among what a user gives and what the files say, and tell whose they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from clearice.config.base import part_of
from clearice.config.complaints import complaints
from clearice.config.tables import DatasetRow
from clearice.files.acquisition import Recording
from clearice.files.facts import Fact, same

GIVEN = "given"
FROM_FILES = ("pixel_size_A", "voltage_kV", "dose_e_per_A2", "dose_per_frame_e_per_A2", "detector")
"""Columns of the datasets table that files may say."""

DOSES = ("dose_e_per_A2", "dose_per_frame_e_per_A2")
DOSE_TOLERANCE = 0.1
"""Relative difference of two doses that are taken for one: the beam of an exposure is not that of the next."""

Value = float | int | str

_TRUST = (
    "; where it is the calibrated one, set trust_table to true in the datasets table"
    if "trust_table" in DatasetRow.model_fields
    else "; files whose header says otherwise are refused, so correct one of the two"
)
"""What to do where a header and the table differ by more than 1 %."""


@dataclass
class Acquisition:
    """What is known of a dataset.

    Attributes
    ----------
    values
        By column.
    origins
        Of each value, whose it is: ``given``, or ``from`` a file.
    notes
        Sentences on what was found, and taken neither as it is nor at all.
    """

    values: dict[str, Value] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def settle(
    given: Mapping[str, Value | None], recordings: Sequence[Recording], *, movies: bool
) -> Acquisition:
    """Choose the values of a dataset's row.

    What is given stands, and where a file says otherwise, a note says so. Without it the file's header counts
    first, then what lies beside it.

    Parameters
    ----------
    given
        Values by column; None for those that are not given.
    recordings
        Some files of the dataset, at least one; the first is asked first.
    movies
        Whether the files hold the frames of one exposure each: only then has a frame a dose.

    Raises
    ------
    ValueError
        The files contradict each other, none knows the pixel size, or they are no movies where movies are meant
        (or are some where single images are); the sentence names the flag to give.
    """
    _check_frames(recordings, movies)
    found = Acquisition()
    found.notes += [note for one in recordings for note in one.notes]
    _compare_shapes(recordings, found)
    for column in FROM_FILES:
        facts = [_plausible(one, column, found) for one in recordings]
        if given.get(column) is None:
            _from_files(column, facts, found)
        else:
            _as_given(column, given[column], facts, found)
    for column, value in given.items():
        if value is not None:
            found.values[column], found.origins[column] = value, GIVEN
    frames = recordings[0].frames
    if movies and frames > 1:
        _complete_doses(frames, found)
    else:
        for kind in (found.values, found.origins):
            kind.pop(DOSES[1], None)
    if "pixel_size_A" not in found.values:
        raise ValueError(
            f"the pixel size of {recordings[0].path} is not known: no header, .mdoc or XML that was read says it"
            f"{''.join(f'; {note}' for note in found.notes[:1])}; give --pixel_size_A"
        )
    found.notes = list(dict.fromkeys(found.notes))
    return found


def text_of(value: Value) -> str:
    """Write a value as a cell of a table: numbers with six digits at most."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _plausible(recording: Recording, column: str, found: Acquisition) -> list[Fact]:
    """Choose what a file says of a column and the column can hold; note the rest."""
    facts = []
    for fact in recording.facts:
        if fact.column != column:
            continue
        wrong = complaints(part_of(DatasetRow), {column: fact.value}, fact.origin)
        if wrong:
            found.notes.append(f"{wrong[0]}: not taken")
        else:
            facts.append(fact)
    return facts


def _from_files(column: str, facts: Sequence[Sequence[Fact]], found: Acquisition) -> None:
    """Choose what the first file says that says anything, and compare the others with it."""
    said = [one for one in facts if one]
    if not said:
        return
    first = said[0][0]
    for other in said[0][1:]:
        if not _agree(column, first.value, other.value):
            raise ValueError(
                f"{first.origin} says {column} {text_of(first.value)}, but {other.origin} says {text_of(other.value)}; "
                f"give the one that is right with --{column}"
            )
    found.values[column], found.origins[column] = first.value, f"from {first.origin}"
    found.notes += [
        f"{first.origin} says {column} {text_of(first.value)}, but {other[0].origin} says {text_of(other[0].value)}: "
        "one row cannot hold both; list them as two datasets if this is meant"
        for other in said[1:]
        if not _agree(column, first.value, other[0].value)
    ]


def _as_given(column: str, value: Value | None, facts: Iterable[Sequence[Fact]], found: Acquisition) -> None:
    """Note which file says otherwise than what is given; one file is enough."""
    for fact in (fact for some in facts for fact in some):
        if value is not None and not _agree(column, value, fact.value):
            found.notes.append(
                f"{column} is given as {text_of(value)}, but {fact.origin} says {text_of(fact.value)}: "
                f"the given one is taken{_TRUST if column == 'pixel_size_A' else ''}"
            )
            return


def _agree(column: str, one: Value, other: Value) -> bool:
    """Compare two values of a column."""
    return same(one, other, DOSE_TOLERANCE) if column in DOSES else same(one, other)


def _complete_doses(frames: int, found: Acquisition) -> None:
    """Compute the dose of a frame from that of the exposure, or the other way round; note where they disagree."""
    total, per_frame = (found.values.get(column) for column in DOSES)
    if total is not None and per_frame is None:
        found.values[DOSES[1]] = float(total) / frames
        found.origins[DOSES[1]] = f"{text_of(total)} / {frames} frames"
    elif per_frame is not None and total is None:
        found.values[DOSES[0]] = float(per_frame) * frames
        found.origins[DOSES[0]] = f"{text_of(per_frame)} x {frames} frames"
    elif (
        total is not None
        and per_frame is not None
        and not same(float(per_frame) * frames, float(total), DOSE_TOLERANCE)
    ):
        found.notes.append(
            f"{frames} frames of {text_of(per_frame)} e/A2 make {float(per_frame) * frames:.4g}, but the exposure "
            f"is {text_of(total)} e/A2: correct one of {DOSES[1]} and {DOSES[0]}"
        )


def _compare_shapes(recordings: Sequence[Recording], found: Acquisition) -> None:
    """Note where files differ in the size or the number of their frames."""
    first = recordings[0]
    for other in recordings[1:]:
        if (other.shape, other.frames) != (first.shape, first.frames):
            found.notes.append(f"{_described(other)}, but {_described(first)}")


def _check_frames(recordings: Sequence[Recording], movies: bool) -> None:
    """Refuse images that are given as movies, and movies that are given as images."""
    if movies and all(one.frames == 1 for one in recordings):
        raise ValueError(
            f"{_described(recordings[0])}, not the frames of a movie; give such files with --singles"
        )
    for one in recordings:
        if not movies and one.frames > 1:
            raise ValueError(f"{_described(one)}, where one image is expected; give such files with --movies")


def _described(recording: Recording) -> str:
    """Describe a file's frames."""
    height, width = recording.shape
    many = f"{recording.frames} frames" if recording.frames > 1 else "1 image"
    return f"{recording.path.name} has {many} of {width} x {height} px"
