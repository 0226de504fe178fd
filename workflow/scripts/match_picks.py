"""Score the picks of a batch against known particles, and against what the picker finds in pure noise."""

from pathlib import Path

from clearice.files.coordinates import read_coordinates
from clearice.files.scores import Candidates, read_candidates, write_scores
from clearice.picking.matching import average_precision, best_f1, score_picks
from clearice.picking.measures import measure_picks, picks_in_noise
from clearice.run.batches import files_of
from clearice.run.seeds import numpy_generator
from clearice.run.step import run


def match_picks(
    *,
    candidates: Path,
    summary: Path,
    reference_coordinates: Path,
    scores: Path,
    null_candidates: Path | None = None,
    null_summary: Path | None = None,
    method: str,
    part: str,
    batch: str,
    picker: str,
    seed: int,
) -> None:
    """Write the table `scores` of precision, recall, F1 and the like for each micrograph with known particles.

    Matches lie within a quarter of the diameter; a border of one radius is left out. `best_f1` is the F1 at the one
    threshold that is best for the batch, empty fields included. `null_picks` counts candidates in pure noise, and
    `empty_field_picks` those in a field of which is known that it has no particle, that reach the median threshold of
    the other micrographs; such a field has no precision, recall, F1 or average precision.
    """
    seen = read_candidates(candidates, summary)
    coordinates = files_of(reference_coordinates)
    measured: dict[str, dict[str, float]] = {}
    matched = {}
    empty = []
    for name, found in seen.items():
        if name in coordinates:
            particles = read_coordinates(coordinates[name], found.shape).centres
            empty += [] if len(particles) else [name]
            generator = numpy_generator(seed, "random picks", picker, name)
            measured[name], matched[name] = measure_picks(
                found.centres,
                found.scores,
                particles,
                shape=found.shape,
                diameter_px=found.diameter_px,
                threshold=found.threshold,
                generator=generator,
            )
    _, threshold = best_f1(list(matched.values()))
    for name, pairs in matched.items():
        measured[name]["best_f1"] = score_picks([pairs], threshold).f1
        measured[name]["average_precision"] = average_precision([pairs])
    thresholds = [found.threshold for name, found in seen.items() if name not in empty]

    def invented(found: Candidates) -> float:
        return picks_in_noise(found.centres, found.scores, found.shape, found.diameter_px / 2, thresholds)

    # The mean shift draws its foreground on each image anew, so in pure noise it finds as much at any amplitude.
    if picker != "mean_shift" and thresholds:
        for name in empty:
            measured[name]["empty_field_picks"] = invented(seen[name])
        if null_candidates is not None and null_summary is not None:
            for name, found in read_candidates(null_candidates, null_summary).items():
                if name in seen:
                    measured.setdefault(name, {})["null_picks"] = invented(found)
    named = {
        name: {f"{picker}_{metric}": value for metric, value in row.items()} for name, row in measured.items()
    }
    write_scores(scores, method, part, batch, named)


run(match_picks, globals())
