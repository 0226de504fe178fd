"""Sum movies into full, even and odd micrographs; take in halves and single micrographs made elsewhere."""

from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clearice.files.compressed import make_writable_folder
from clearice.files.defects import read_defects
from clearice.files.documents import write_json
from clearice.files.movies import open_movie
from clearice.files.mrc import VIEWING_ONLY, write_micrograph
from clearice.files.pictures import read_image
from clearice.movies.gain import check_gain, prepare_gain
from clearice.movies.sums import Sums, check_pixel_size, correct_sums, pair_of_sums, sum_even_and_odd
from clearice.run.batches import OK, SKIPPED, ManifestRow, checksum, process_rows, write_manifest
from clearice.run.step import run

KINDS = (["movie"], ["even", "odd"], ["single"])
WHY_NO_HALVES = {
    "movie": "only one frame was summed, so there are no even and odd sums; give movies of several frames",
    "single": "a single micrograph has no even and odd sums; give its movie, or both sums, in the sheet",
}


def sum_frames(
    *,
    rows: list[dict[str, str]],
    full: Path,
    even: Path,
    odd: Path,
    full_manifest: Path,
    even_manifest: Path,
    odd_manifest: Path,
    settings: Path,
    pixel_size_A: float,
    gain: Path | None,
    gain_operation: str,
    gain_flip: str,
    gain_quarter_turns: int,
    defects: Path | None,
    first_frame: int,
    last_frame: int,
    binning: int,
    threads: int,
) -> None:
    """Write the full, even and odd sums of each row of a batch, and a manifest in each of the three folders.

    Gain, defects and frame range are for movies; binning, the check of the pixel size and the refusal of NaN
    are for sums and micrographs made elsewhere as well. `settings` records what the sums were made with: movies
    may be gone when the settings change.
    """
    row_of = _by_name(rows)
    for folder in (full, even, odd):
        make_writable_folder(folder)
    reference = None
    if gain is not None:
        reference = prepare_gain(read_image(gain).pixels, gain_operation, gain_flip, gain_quarter_turns)
    without_halves: dict[str, str] = {}

    @cache
    def bad_pixels(shape: tuple[int, int]) -> NDArray[np.bool_] | None:
        return None if defects is None else read_defects(defects, shape)

    def sums_of_movie(path: Path) -> Sums:
        with open_movie(path, threads) as movie:
            check_pixel_size(movie.pixel_size_A, pixel_size_A, str(path))
            if reference is not None:
                check_gain(reference, movie.shape)
            bad = bad_pixels(movie.shape)
            raw = sum_even_and_odd(movie.frames(first_frame, last_frame), first_frame)
        return correct_sums(raw, reference, bad, binning)

    def image_made_elsewhere(path: Path) -> NDArray[np.float32]:
        image = read_image(path)
        check_pixel_size(image.pixel_size_A, pixel_size_A, str(path))
        if image.label == VIEWING_ONLY:
            raise ValueError(f"{path} is denoised already; give the raw micrograph")
        return image.pixels

    def sums_of_row(row: dict[str, str], kind: list[str]) -> Sums:
        if kind == ["movie"]:
            return sums_of_movie(Path(row["movie"]))
        images = {name: image_made_elsewhere(Path(row[name])) for name in kind}
        sums = pair_of_sums(images.get("even"), images[kind[-1]])
        return correct_sums(sums, None, None, binning)

    def treat(name: str) -> Path:
        kind = _kind(row_of[name])
        sums = sums_of_row(row_of[name], kind)
        images = {full: sums.full()}
        if sums.even is not None and sums.odd is not None:
            images |= {even: sums.even, odd: sums.odd}
        else:
            without_halves[name] = WHY_NO_HALVES[kind[0]]
        files = [folder / f"{name}.mrc" for folder in images]
        try:
            for file, image in zip(files, images.values(), strict=True):
                write_micrograph(file, image, pixel_size_A * binning)
        except BaseException:  # all three or none
            for file in files:
                file.unlink(missing_ok=True)
            raise
        return files[0]

    done = process_rows(list(row_of), full, treat, "summed")
    for folder, manifest in ((even, even_manifest), (odd, odd_manifest)):
        write_manifest(manifest, [_row_of_half(row, folder, without_halves) for row in done])
    record = {
        "pixel_size_A": pixel_size_A,
        "gain": None if gain is None else str(gain),
        "gain_operation": gain_operation,
        "gain_flip": gain_flip,
        "gain_quarter_turns": gain_quarter_turns,
        "defects": None if defects is None else str(defects),
        "first_frame": first_frame,
        "last_frame": last_frame,
        "sum_binning": binning,
    }
    write_json(settings, record)
    write_manifest(full_manifest, done)


def _by_name(rows: list[dict[str, str]]) -> dict[str, dict[str, str]]:
    """Give the rows by micrograph name, and refuse a name that comes twice."""
    counts = Counter(row["micrograph"] for row in rows)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise ValueError(
            f"the batch has several rows named {', '.join(twice)}; give each micrograph a name of its own"
        )
    return {row["micrograph"]: row for row in rows}


def _kind(row: dict[str, str]) -> list[str]:
    """Tell which of the three kinds of input a row is."""
    given = [name for name in ("movie", "even", "odd", "single") if row.get(name)]
    if given not in KINDS:
        raise ValueError(
            f"the row gives {' and '.join(given) or 'no file'}; "
            "fill the column movie, or even and odd, or single"
        )
    return given


def _row_of_half(row: ManifestRow, folder: Path, without_halves: dict[str, str]) -> ManifestRow:
    """Make the row of an even or odd sum from that of the full sum."""
    if row.status != OK:
        return row
    if row.micrograph in without_halves:
        return ManifestRow(row.micrograph, "", SKIPPED, without_halves[row.micrograph], "")
    return ManifestRow(row.micrograph, row.file, OK, "", checksum(folder / row.file))


run(sum_frames, globals())
