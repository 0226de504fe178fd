"""Sum movies into full, even and odd micrographs; take in halves and single micrographs made elsewhere."""

from functools import cache
from pathlib import Path

from clearice.config.reading import USUAL, Reading
from clearice.config.tables import SumSettings
from clearice.files.atomic import all_or_none
from clearice.files.compressed import make_writable_folder
from clearice.files.defects import read_defects
from clearice.files.documents import write_json
from clearice.files.movies import open_movie
from clearice.files.mrc import VIEWING_ONLY, write_micrograph
from clearice.files.pictures import read_image
from clearice.movies.gain import prepare_gain
from clearice.movies.rows import Readers, rows_by_name, sums_of_row
from clearice.run.batches import partner_row, process_rows, skipped_row, write_manifest
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
    known = {name: Path(value) for name in ("gain", "defects") if (value := getattr(settings, name))}
    gain = None
    if "gain" in known:
        turned = (settings.gain_operation, settings.gain_flip, settings.gain_quarter_turns)
        gain = prepare_gain(read_image(known["gain"], limits).pixels, *turned)
    bad_pixels = cache(lambda shape: read_defects(known["defects"], shape) if "defects" in known else None)
    readers = Readers(
        lambda path: open_movie(path, threads, limits),
        lambda path: read_image(path, limits),
        bad_pixels,
        VIEWING_ONLY,
    )
    no_halves: dict[str, str] = {}

    def process(name: str) -> Path:
        sums, why = sums_of_row(row_of[name], settings, gain, readers)
        images = {full: sums.full()}
        if sums.even is not None and sums.odd is not None:
            images |= {even: sums.even, odd: sums.odd}
        else:
            no_halves[name] = why
        with all_or_none([folder / f"{name}.mrc" for folder in images]) as files:
            for file, image in zip(files, images.values(), strict=True):
                write_micrograph(file, image, settings.pixel_size_A * settings.sum_binning)
        return full / f"{name}.mrc"

    done = process_rows(list(row_of), full, process, "summed")
    for folder, manifest in ((even, even_manifest), (odd, odd_manifest)):
        partners = [
            skipped_row(row, no_halves[row.micrograph])
            if row.micrograph in no_halves
            else partner_row(row, folder, ".mrc")
            for row in done
        ]
        write_manifest(manifest, partners)
    write_json(record, {**settings.model_dump(), **{name: str(path) for name, path in known.items()}})
    write_manifest(full_manifest, done)


run(sum_frames, globals())
