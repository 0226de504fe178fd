"""Score what one method made of one batch, micrograph by micrograph."""

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clearice.config.evaluation import ScoreSettings
from clearice.evaluation.measures import measure_agreement, measure_fidelity, measure_null, measure_snr
from clearice.evaluation.regions import Box, BoxPair
from clearice.files.mrc import read_micrograph
from clearice.files.regions import read_regions
from clearice.files.scores import write_scores
from clearice.run.batches import files_of
from clearice.run.left_out import LeftOut
from clearice.run.step import run

log = logging.getLogger(__name__)


def score_method(
    *,
    denoised: Path,
    raw: Path,
    scores: Path,
    regions: Path | None = None,
    clean: Path | None = None,
    second_exposure: Path | None = None,
    null: Path | None = None,
    method: str,
    part: str,
    batch: str,
    settings: ScoreSettings,
) -> None:
    """Write the table `scores`: one line for each micrograph and metric that the given inputs allow.

    `regions` allows both SNRs, `clean` (simulated truth) fidelity, `second_exposure` (other exposures of the
    same fields, such as the other half of the dose, raw) correlation and explained variance beside those with
    the next micrograph of the same shape, `null` (denoised noise) its sd. A micrograph that cannot be scored has
    no line, and the log says why.
    """
    raws, outputs = files_of(raw), files_of(denoised)
    boxes, truths, others, nulls = (
        files_of(manifest) if manifest is not None else {}
        for manifest in (regions, clean, second_exposure, null)
    )
    table: dict[str, dict[str, float]] = {}
    left_out = LeftOut()
    for name, file in outputs.items():
        with left_out.unless_it_works(name):
            output, before = read_micrograph(file), _pixels(raws, name)
            image, pixel_size_A = output.pixels, output.pixel_size_A
            row: dict[str, float] = {}
            if name in boxes:
                pairs = [BoxPair(Box(*one), Box(*two)) for one, two in read_regions(boxes[name]).pairs]
                row |= measure_snr(image, pairs) if pairs else {}
            if name in truths:
                truth = _pixels(truths, name)
                if np.ptp(truth) > 0:
                    row |= measure_fidelity(image, before, truth, pixel_size_A, settings)
                else:
                    log.info("%s is an empty field, so its fidelity is left out", name)
            if name in others:
                other = _another_field(others, name, image.shape)
                if other is None:
                    log.warning(
                        "%s: the batch has no other independent exposure of its size as a control", name
                    )
                row |= measure_agreement(image, before, _pixels(others, name), other, pixel_size_A, settings)
            if name in nulls:
                row |= measure_null(_pixels(nulls, name), image)
            table[name] = row
            log.info("%s: %s", name, ", ".join(f"{metric} {value:.4g}" for metric, value in row.items()))
    if outputs and not table:
        raise ValueError(f"no micrograph of {denoised} could be scored{left_out.words()}")
    write_scores(scores, method, part, batch, table)


def _another_field(others: dict[str, Path], name: str, shape: tuple[int, ...]) -> NDArray[np.float32] | None:
    """Read the next independent exposure of a shape and of another field than `name`, or None."""
    names = list(others)
    start = names.index(name) + 1
    for following in [*names[start:], *names[: start - 1]]:
        pixels = _pixels(others, following)
        if pixels.shape == shape:
            return pixels
    return None


def _pixels(files: dict[str, Path], name: str) -> NDArray[np.float32]:
    """Read the image of a micrograph, which must be there.

    Raises
    ------
    ValueError
        The manifest has no such micrograph.
    """
    if name not in files:
        raise ValueError(
            f"{name} was denoised, but the batch it is compared with has it not; remake that batch"
        )
    return read_micrograph(files[name]).pixels


run(score_method, globals())
