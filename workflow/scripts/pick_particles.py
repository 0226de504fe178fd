"""Pick the particles of a batch of micrographs."""

from pathlib import Path

from clearice.config.picking import PickSettings
from clearice.config.registry import picker_named
from clearice.files.coordinates import Coordinates, write_box, write_coordinates_star, write_csv
from clearice.files.mrc import read_micrograph
from clearice.files.stacks import read_stack
from clearice.files.tables import write_table
from clearice.image.boxes import box_side_px
from clearice.image.units import length_px
from clearice.picking.records import CANDIDATE_COLUMNS, SUMMARY_COLUMNS, candidate_rows, summary_row
from clearice.picking.registry import load_picker
from clearice.run.batches import process_manifest
from clearice.run.step import as_settings, run


def pick_particles(
    *,
    micrographs: Path,
    templates: Path | None = None,
    picks: Path,
    manifest: Path,
    candidates: Path,
    summary: Path,
    settings: PickSettings,
) -> None:
    """Write <micrograph>.star in `picks` for each micrograph; beside it EMAN .box and .csv, where wanted.

    `candidates` lists every place the picker looked at, with its score; `summary` the threshold of each
    micrograph. `templates` are projections of the particle, for a picker that compares with them.
    """
    own = as_settings(picker_named(settings.picker).settings, settings.own, f"pickers.{settings.picker}")
    pick = load_picker(settings.picker)
    projections = None if templates is None else read_stack(templates).images
    places: list[dict[str, object]] = []
    counts: list[dict[str, object]] = []

    def process(name: str, file: Path) -> Path:
        image = read_micrograph(file)
        diameter_px = length_px(settings.particle_diameter_A, image.pixel_size_A)
        dark = settings.particles_are_dark
        found = pick(image.pixels, diameter_px, particles_are_dark=dark, settings=own, templates=projections)
        chosen = Coordinates(found.centres[found.accepted], found.scores[found.accepted])
        target = picks / f"{name}.star"
        write_coordinates_star(target, chosen, f"{name}.mrc")
        if settings.box_files:
            side_px = box_side_px(length_px(settings.box_A, image.pixel_size_A))
            write_box(target.with_suffix(".box"), chosen, side_px)
        if settings.csv_files:
            write_csv(target.with_suffix(".csv"), chosen)
        places.extend(candidate_rows(name, found))
        counts.append(summary_row(name, found, image.pixels.shape, diameter_px))
        return target

    process_manifest(micrographs, manifest, process, verb="picked")
    write_table(candidates, places, CANDIDATE_COLUMNS)
    write_table(summary, counts, SUMMARY_COLUMNS)


run(pick_particles, globals())
