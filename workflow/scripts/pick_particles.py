"""Pick the particles of a batch of micrographs."""

from pathlib import Path

from clearice.files.coordinates import Coordinates, write_box, write_coordinates_star, write_csv
from clearice.files.mrc import read_micrograph
from clearice.files.tables import write_table
from clearice.image.boxes import box_side_px
from clearice.image.units import length_px
from clearice.picking.registry import pick
from clearice.run.batches import process_manifest
from clearice.run.step import run

CANDIDATE_COLUMNS = ("micrograph", "y_px", "x_px", "score", "picked")
SUMMARY_COLUMNS = ("micrograph", "height_px", "width_px", "diameter_px", "threshold", "candidates", "picks")


def pick_particles(
    *,
    micrographs: Path,
    picks: Path,
    manifest: Path,
    candidates: Path,
    summary: Path,
    picker: str,
    particle_diameter_A: float,
    particles_are_dark: bool,
    box_A: float,
    box_files: bool,
    csv_files: bool,
) -> None:
    """Write <micrograph>.star in `picks` for each micrograph; beside it EMAN .box and .csv, where wanted.

    `candidates` lists every place the picker looked at, with its score; `summary` the threshold of each micrograph.
    """
    places: list[dict[str, object]] = []
    counts: list[dict[str, object]] = []

    def treat(name: str, file: Path) -> Path:
        image = read_micrograph(file)
        diameter_px = length_px(particle_diameter_A, image.pixel_size_A)
        found = pick(image.pixels, picker, diameter_px, particles_are_dark=particles_are_dark)
        accepted = found.accepted
        chosen = Coordinates(found.centres[accepted], found.scores[accepted])
        target = picks / f"{name}.star"
        write_coordinates_star(target, chosen, f"{name}.mrc")
        if box_files:
            side_px = box_side_px(length_px(box_A, image.pixel_size_A))
            write_box(target.with_suffix(".box"), chosen, side_px)
        if csv_files:
            write_csv(target.with_suffix(".csv"), chosen)
        for (y, x), score, taken in zip(found.centres, found.scores, accepted, strict=True):
            values = (name, f"{y:.3f}", f"{x:.3f}", repr(float(score)), int(taken))
            places.append(dict(zip(CANDIDATE_COLUMNS, values, strict=True)))
        height, width = image.pixels.shape
        totals = (name, height, width, diameter_px, repr(found.threshold), len(accepted), int(accepted.sum()))
        counts.append(dict(zip(SUMMARY_COLUMNS, totals, strict=True)))
        return target

    process_manifest(micrographs, manifest, treat, verb="picked")
    write_table(candidates, places, CANDIDATE_COLUMNS)
    write_table(summary, counts, SUMMARY_COLUMNS)


run(pick_particles, globals())
