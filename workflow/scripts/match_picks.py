"""Score the picks of a batch against known particles, and against what the picker finds in pure noise."""

from pathlib import Path

from clearice.files.coordinates import read_coordinates
from clearice.files.scores import read_candidates, write_scores
from clearice.picking.batch import measure_batch
from clearice.run.batches import files_of
from clearice.run.left_out import LeftOut
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
    scores_compare: bool,
    seed: int,
) -> None:
    """Write the table `scores` of precision, recall, F1 and the like for micrographs with known particles.

    Precision, recall and F1 are those of the picks: by the false discovery rate, or by the picker's own
    threshold where there is none. Matches lie within a quarter of the diameter; a border of one radius is
    left out. `best_f1` is the F1 at the one threshold that is best for the batch, empty fields included.
    `null_picks` counts candidates in pure noise, and `empty_field_picks` those in a field of which is known
    that it has no particle, that reach the median threshold of the other micrographs; such a field has no
    precision, recall, F1 or average precision. Both counts are left out for a picker whose scores of two
    images do not compare (`scores_compare`).
    """
    seen = read_candidates(candidates, summary)
    coordinates = files_of(reference_coordinates)
    particles, left_out = {}, LeftOut()
    for name in [name for name in seen if name in coordinates]:
        with left_out.unless_it_works(name):
            particles[name] = read_coordinates(coordinates[name], seen[name].shape).centres
    in_noise = {}
    if null_candidates is not None and null_summary is not None:
        in_noise = read_candidates(null_candidates, null_summary)
    measured = measure_batch(
        seen,
        particles,
        in_noise,
        scores_compare=scores_compare,
        generator_of=lambda name: numpy_generator(seed, "random picks", picker, name),
    )
    named = {
        name: {f"{picker}_{metric}": value for metric, value in row.items()} for name, row in measured.items()
    }
    write_scores(scores, method, part, batch, named)


run(match_picks, globals())
