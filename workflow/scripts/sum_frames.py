"""Sum movies into full, even and odd micrographs; take in halves and single micrographs made elsewhere."""

from functools import cache
from pathlib import Path

from clearice.config.reading import USUAL, Reading
from clearice.config.tables import SumSettings
from clearice.files.atomic import all_or_none
from clearice.files.compressed import make_writable_folder
from clearice.files.defects import read_defects
from clearice.files.documents import write_json
from clearice.files.limits import Limits
from clearice.files.movies import open_movie
from clearice.files.mrc import VIEWING_ONLY, write_micrograph
from clearice.files.pictures import read_image
from clearice.files.row_order import top_row_first
from clearice.movies.gain import prepare_gain
from clearice.movies.gain_check import UNKNOWN, GainCheck
from clearice.movies.rows import Detector, Readers, rows_by_name, sums_of_row
from clearice.run.batches import (
    ManifestRow,
    Noted,
    partner_row,
    process_rows,
    skipped_row,
    with_frames_compared,
    withdrawn,
    without_note,
    write_manifest,
)
from clearice.run.step import run


def sum_frames(
    *,
    rows: list[dict[str, str]],
    full: Path,
    even: Path,
    odd: Path,
    full_manifest: Path,
    even_manifest: Path,
    odd_manifest: Path,
    record: Path,
    settings: SumSettings,
    threads: int,
    reading: Reading = USUAL,
) -> None:
    """Write the full, even and odd sums of each row of a batch, and a manifest in each of the three folders.

    `record` gets what the sums were made with: movies may be gone when the settings change.
    """
    row_of, limits = rows_by_name(rows), reading.limits
    for folder in (full, even, odd):
        make_writable_folder(folder)
    detector = _detector(settings, limits)
    readers = Readers(
        lambda path: open_movie(path, threads, limits),
        lambda path: read_image(path, limits),
        top_row_first,
        VIEWING_ONLY,
    )
    no_halves: dict[str, str] = {}
    frames_of: dict[str, tuple[int, int]] = {}

    def process(name: str) -> Noted:
        given = sums_of_row(row_of[name], settings, detector, readers)
        sums = given.sums
        images = {full: sums.full()}
        if sums.even is not None and sums.odd is not None:
            images |= {even: sums.even, odd: sums.odd}
            frames_of[name] = sums.even_frames, sums.odd_frames
        else:
            no_halves[name] = given.why_no_halves
        with all_or_none([folder / f"{name}.mrc" for folder in images]) as files:
            for file, image in zip(files, images.values(), strict=True):
                write_micrograph(file, image, settings.pixel_size_A * settings.sum_binning)
        return Noted(full / f"{name}.mrc", given.note, sums.even_frames + sums.odd_frames)

    done = process_rows(list(row_of), full, process, "summed")
    done = with_frames_compared(_settled(done, detector.check, (full, even, odd)))
    for half, (folder, manifest) in enumerate(((even, even_manifest), (odd, odd_manifest))):
        partners = [
            skipped_row(row, no_halves[row.micrograph])
            if row.micrograph in no_halves
            else partner_row(row, folder, ".mrc", frames_of.get(row.micrograph, (0, 0))[half])
            for row in done
        ]
        write_manifest(manifest, partners)
    write_json(record, settings.model_dump())
    write_manifest(full_manifest, done)


def _settled(
    done: list[ManifestRow], check: GainCheck | None, folders: tuple[Path, ...]
) -> list[ManifestRow]:
    """Hold of movies that could not tell whether the gain lies right what those after them have told."""
    if check is None or not (check.refusal or check.decided):
        return done
    return [
        row
        if UNKNOWN not in row.reason
        else withdrawn(row, [folder / f"{row.micrograph}.mrc" for folder in folders], check.refusal)
        if check.refusal
        else without_note(row, UNKNOWN)
        for row in done
    ]


def _detector(settings: SumSettings, limits: Limits) -> Detector:
    """Read gain and defects."""
    gain, check = None, None
    if settings.gain:
        path = Path(settings.gain)
        reference = read_image(path, limits).pixels
        reference = reference[::-1] if top_row_first(path) else reference
        given = (settings.gain_operation, settings.gain_rotation, settings.gain_flip)
        gain = prepare_gain(reference, *given)
        check = GainCheck(reference, *given) if settings.check_gain else None
    defects = cache(lambda shape: read_defects(Path(settings.defects), shape) if settings.defects else None)
    return Detector(gain, check, defects)


run(sum_frames, globals())
