"""Score denoised frames and averages of EMPIAR-10146 as design paper "methods", section 7, does.

    python benchmarks/real_scores.py --all_six
    python benchmarks/real_scores.py --write_inputs inputs        # what is to be denoised
    python benchmarks/real_scores.py --method nt2c=results/x --method unet=results/y

A method's folder holds, as far as it has them, frames/, null/ (denoised null frames), averages/, null_averages/ and
rests/ (denoised rests, compared with the frames), each with one <micrograph>.mrc or .npy. From Python: `load_fields`,
`make_null`, `score_frames`, `score_averages`.
"""

from __future__ import annotations

import argparse
import datetime
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from real_controls import control_methods
from real_data import (
    BAND_A,
    DIAMETER_PX,
    FRC_RING_PX,
    MATCH_PX,
    PIXEL_SIZE_A,
    RADIUS_PX,
    RING_PX,
    SETTINGS,
    Field,
    Image,
    default_folder,
    load_fields,
    make_null,
    read_method,
    shape_of,
    write_inputs,
)  # fmt: skip

from clearice.evaluation.agreement import agreement, agreement_sums
from clearice.evaluation.null_test import null_sd
from clearice.evaluation.snr import micrograph_snr
from clearice.image.thresholds import otsu
from clearice.picking.blob import pick_blobs
from clearice.picking.matching import (
    Matched,
    average_precision,
    best_f1,
    inside,
    match_micrograph,
    random_picks,
    score_picks,
)
from clearice.picking.mean_shift import pick_mean_shift

__all__ = ["SETTINGS", "load_fields", "make_null", "score_averages", "score_frames"]

FOLDERS = {"frame": ("frames", "null"), "average": ("averages", "null_averages", "rests")}
"""Folders of a method's images: of the real ones, of pure noise and, for averages, of rests."""
COLUMNS = {
    "r": "r", "r_other": "r other", "EV_filt": "EV filt", "EV_other": "EV other", "FRC_A": "FRC 0.143, A",
    "F1_blob": "best F1 blob",
    "F1_blob_fixed": "F1 blob, Otsu", "F1_shift": "F1 shift", "F1_shift_flat": "F1 shift, flattened", "null_picks": "null picks",
    "sd_null": "sd null/real", "eq5_dB": "eq. 5, dB", "topaz_dB": "Topaz SNR, dB",
}  # fmt: skip


def score_frames(
    denoised: Mapping[str, Image], null: Mapping[str, Image] | None = None, folder: Path | None = None
) -> dict[str, float]:
    """Score denoised single frames, as many of the six as are given.

    Parameters
    ----------
    denoised
        Denoised frames (1200, 1240) by micrograph name, particles dark, any scale and offset.
    null
        The same method's output for the images of `make_null("frame")`, in the scale of the denoised frames.

    Returns
    -------
    dict
        In %, except where the name has a unit: r, EV_filt, r_other and EV_other (with another micrograph's
        rest: the control), FRC_A, F1_blob (best), F1_blob_fixed (Otsu), precision_fixed, recall_fixed, AP, F1_shift,
        F1_shift_flat (local mean taken away before Otsu), F1_random, eq5_dB, topaz_dB, and, with `null`,
        null_picks (picks per image at the method's own median Otsu threshold on the real images) and sd_null
        (ratio to the denoised real images).
    """
    fields = load_fields(folder)
    result = score_agreement(denoised, {name: field.rest for name, field in fields.items()})
    return result | score_picture(denoised, null, folder)


def score_averages(
    denoised: Mapping[str, Image],
    null: Mapping[str, Image] | None = None,
    rests: Mapping[str, Image] | None = None,
    folder: Path | None = None,
) -> dict[str, float]:
    """Score denoised averages; as `score_frames`, but r and EV_filt need `rests`.

    Parameters
    ----------
    rests
        The method's output for `load_fields()[name].rest`, compared with the frame, whose noise it does not hold.
    """
    result: dict[str, float] = {}
    if rests is not None:
        frames = {name: field.frame for name, field in load_fields(folder).items()}
        result = score_agreement(rests, frames)
    return result | score_picture(denoised, null, folder)


def score_agreement(denoised: Mapping[str, Image], second_exposure: Mapping[str, Image]) -> dict[str, float]:
    """Compare denoised exposures with independent ones of the same fields, and of other fields as the control."""
    everyone = sorted(second_exposure)
    settings = {"pixel_size_A": PIXEL_SIZE_A, "coarsest_A": BAND_A[0], "finest_A": BAND_A[1]}
    rows, pooled = [], []
    for name in sorted(denoised):
        other = everyone[(everyone.index(name) + 1) % len(everyone)]
        wide = agreement_sums(denoised[name], second_exposure[name], FRC_RING_PX)
        here = agreement(agreement_sums(denoised[name], second_exposure[name], RING_PX), wide, **settings)
        there = agreement(agreement_sums(denoised[name], second_exposure[other], RING_PX), wide, **settings)
        rows.append((here.correlation, here.explained, there.correlation, there.explained))
        pooled.append(wide)
    means = 100 * np.mean(rows, axis=0)
    total = pooled[0]
    for sums in pooled[1:]:
        total = total + sums
    result = {
        key: float(mean) for key, mean in zip(("r", "EV_filt", "r_other", "EV_other"), means, strict=True)
    }
    return result | {"FRC_A": agreement(total, total, **settings).frc_A}


def score_picture(
    denoised: Mapping[str, Image], null: Mapping[str, Image] | None = None, folder: Path | None = None
) -> dict[str, float]:
    """Score SNRs and picks of denoised images, and what the method makes of pure noise."""
    fields = load_fields(folder)
    for name, image in denoised.items():
        if name not in fields or image.shape != fields[name].frame.shape:
            raise ValueError(f"{name} with shape {image.shape} is none of {sorted(fields)}, (1200, 1240)")
    snrs, thresholds = [], []
    blobs: list[Matched] = []
    fixed: list[Matched] = []
    shifts: list[Matched] = []
    flats: list[Matched] = []
    guessed: list[Matched] = []
    for index, name in enumerate(sorted(denoised)):
        image, field = denoised[name].astype(np.float32), fields[name]
        snr = micrograph_snr(image, field.pairs)
        snrs.append((snr.variance_dB, snr.mean_dB))
        centres, scores = pick_blobs(image, DIAMETER_PX)
        thresholds.append(otsu(scores))
        keep = scores >= thresholds[-1]
        blobs.append(_matched(centres, scores, field))
        fixed.append(_matched(centres[keep], scores[keep], field))
        shifts.append(_matched(*pick_mean_shift(image, DIAMETER_PX), field))
        flats.append(_matched(*pick_mean_shift(image, DIAMETER_PX, flatten=True), field))
        guesses = random_picks(len(field.marks), shape_of(image), np.random.default_rng(index))
        guessed.append(_matched(guesses, np.ones(len(guesses)), field))
    at_otsu = score_picks(fixed)
    result = {
        "F1_blob": 100 * best_f1(blobs)[0],
        "F1_blob_fixed": 100 * at_otsu.f1,
        "precision_fixed": 100 * at_otsu.precision,
        "recall_fixed": 100 * at_otsu.recall,
        "AP": 100 * average_precision(blobs),
        "F1_shift": 100 * score_picks(shifts).f1,
        "F1_shift_flat": 100 * score_picks(flats).f1,
        "F1_random": 100 * score_picks(guessed).f1,
        "eq5_dB": float(np.mean([one[0] for one in snrs])),
        "topaz_dB": float(np.mean([one[1] for one in snrs])),
    }
    if null is None:
        return result
    threshold = float(np.median(thresholds))
    picks = []
    for name in sorted(denoised):
        centres, scores = pick_blobs(null[name].astype(np.float32), DIAMETER_PX)
        picks.append(int((inside(centres, shape_of(null[name]), RADIUS_PX) & (scores >= threshold)).sum()))
    ratio = float(np.mean([null_sd(null[name], denoised[name]) for name in denoised]))
    return result | {"null_picks": float(np.mean(picks)), "sd_null": ratio}


def score_everything(
    kind: str, methods: Mapping[str, Path], names: Sequence[str], folder: Path | None = None
) -> dict[str, dict[str, float]]:
    """Score controls and given methods on the named micrographs.

    Parameters
    ----------
    kind
        ``frame`` or ``average``.
    methods
        Folders of further methods by name.
    names
        Micrographs of the table.
    """
    fields, nulls = load_fields(folder), make_null(kind, folder)
    rows: dict[str, dict[str, float]] = {}
    for method, transform in control_methods(kind, folder).items():
        null = {name: transform(nulls[name]) for name in names}
        if kind == "frame":
            rows[method] = score_frames({name: transform(fields[name].frame) for name in names}, null, folder)
        else:
            rests = {name: transform(fields[name].rest) for name in names}
            rows[method] = score_averages(
                {name: transform(fields[name].average) for name in names}, null, rests, folder
            )
    for method, place in methods.items():
        given = [read_method(place, what) for what in FOLDERS[kind]]
        kept = [None if images is None else {name: images[name] for name in names} for images in given]
        if kept[0] is not None:
            rows[method] = (
                score_frames(kept[0], kept[1], folder)
                if kind == "frame"
                else score_averages(kept[0], kept[1], kept[2], folder)
            )
    return rows


def spread_of_runs(runs: Sequence[Mapping[str, float]]) -> tuple[dict[str, float], dict[str, float]]:
    """Return mean and standard deviation (0 for one run) of every score over runs that differ in their seed."""
    values = {key: np.array([run[key] for run in runs]) for key in runs[0]}
    return (
        {key: float(one.mean()) for key, one in values.items()},
        {key: float(one.std(ddof=1)) if len(one) > 1 else 0.0 for key, one in values.items()},
    )


def markdown(
    rows: Mapping[str, Mapping[str, float]], spreads: Mapping[str, Mapping[str, float]] | None = None
) -> str:
    """Make a table of methods and scores, with their spread where there is one; an empty cell was not measured."""
    columns = {key: title for key, title in COLUMNS.items() if any(key in row for row in rows.values())}
    lines = ["| method | " + " | ".join(columns.values()) + " |", "| --- " * (len(columns) + 1) + "|"]
    for method, row in rows.items():
        spread = {} if spreads is None else spreads[method]
        cells = [_cell(key, row, spread) for key in columns]
        lines.append(f"| {method} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(key: str, row: Mapping[str, float], spread: Mapping[str, float]) -> str:
    if key not in row:
        return ""
    digits = 2 if key.startswith(("EV", "sd")) else 1
    deviation = f" ± {spread[key]:.{digits}f}" if spread.get(key) else ""
    return f"{row[key]:.{digits}f}{deviation}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=default_folder())
    parser.add_argument("--method", action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--kind", choices=["frame", "average", "both"], default="both")
    parser.add_argument(
        "--all_six", action="store_true", help="also a table over all six, settings micrographs included"
    )
    parser.add_argument(
        "--write_inputs",
        type=Path,
        metavar="FOLDER",
        help="write frames/, null/, averages/, null_averages/, rests/ as MRC and stop",
    )
    arguments = parser.parse_args()
    fields = load_fields(arguments.data)
    if arguments.write_inputs:
        write_inputs(arguments.write_inputs, arguments.data)
        return
    methods = dict(one.split("=", 1) for one in arguments.method)
    table = [name for name in fields if name not in SETTINGS]
    print(f"{platform.machine()}, {datetime.date.today()}; EMPIAR-10146; in % unless a unit is given")
    for kind in ("frame", "average") if arguments.kind == "both" else (arguments.kind,):
        for names in [table, sorted(fields)] if arguments.all_six else [table]:
            rows = score_everything(
                kind, {name: Path(place) for name, place in methods.items()}, names, arguments.data
            )
            at_random = rows["raw"]["F1_random"]
            print(
                f"\n{kind}s, {len(names)} micrographs ({', '.join(names)}); F1 of random picks {at_random:.0f}\n"
            )
            print(markdown(rows), flush=True)


def _matched(centres: NDArray[np.float64], scores: NDArray[np.float64], field: Field) -> Matched:
    return match_micrograph(
        centres, scores, field.marks, shape=shape_of(field.frame), radius_px=MATCH_PX, border_px=RADIUS_PX
    )


if __name__ == "__main__":
    main()
