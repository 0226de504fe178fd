"""Pick the particles of a batch of micrographs."""

from functools import cache, partial
from pathlib import Path

from clearice.config.picking import PickSettings
from clearice.config.registry import picker_named
from clearice.files.coordinates import Coordinates, write_box, write_coordinates_star, write_csv
from clearice.files.mrc import read_micrograph
from clearice.files.picks import chosen
from clearice.files.scores import Candidates, read_candidates
from clearice.files.stacks import read_stack
from clearice.files.tables import write_table
from clearice.image.boxes import box_side_px
from clearice.image.units import length_px
from clearice.picking.acceptance import Looked, accept, check_comparable
from clearice.picking.records import CANDIDATE_COLUMNS, SUMMARY_COLUMNS, candidate_rows, summary_row
from clearice.picking.registry import load_picker
from clearice.run.batches import files_of, process_manifest, try_each
from clearice.run.step import as_settings, run


def pick_particles(
    *,
    micrographs: Path,
    templates: Path | None = None,
    decoy_candidates: list[Path] | None = None,
    decoy_summary: list[Path] | None = None,
    picks: Path,
    manifest: Path,
    candidates: Path,
    summary: Path,
    settings: PickSettings,
) -> None:
    """Write <micrograph>.star in `picks` for each micrograph; beside it EMAN .box and .csv, where wanted.

    With decoys, what the same picker found in pure noise, every candidate has a q-value, and picks are those of at
    most `fdr`; without decoys, or without `fdr`, those that reach the picker's own threshold. `candidates` lists
    every place the picker looked at, with its score and q-value; `summary` the threshold of each micrograph and
    how many of its picks are expected to be false. `templates` are projections of the particle, for a picker
    that compares with them.
    """
    own = as_settings(picker_named(settings.picker).settings, settings.own, f"pickers.{settings.picker}")
    pick, dark = load_picker(settings.picker), settings.particles_are_dark
    projections = None if templates is None else read_stack(templates).images
    with_decoys = bool(decoy_summary)
    decoys = cache(partial(_decoys, decoy_candidates or [], decoy_summary or []))
    sides_px: dict[str, int] = {}

    def look(name: str, file: Path) -> Looked:
        image = read_micrograph(file)
        diameter_px = length_px(settings.particle_diameter_A, image.pixel_size_A)
        found = pick(image.pixels, diameter_px, particles_are_dark=dark, settings=own, templates=projections)
        sides_px[name] = box_side_px(length_px(settings.box_A, image.pixel_size_A))
        looked = Looked(found, image.pixels.shape, diameter_px)
        if with_decoys:
            check_comparable(looked, settings.picker, decoys())
        return looked

    looked, troubles = try_each(files_of(micrographs), look, "picked")
    accepted = accept(looked, decoys() if with_decoys and looked else None, settings.fdr)

    def write(name: str, file: Path) -> Path:
        if name in troubles:
            raise troubles[name]
        one = accepted[name]
        known = None if one.evidence is None else one.q
        places = chosen(Coordinates(one.found.centres, one.found.scores, known), one.found.accepted)
        target = picks / f"{name}.star"
        write_coordinates_star(target, places, f"{name}.mrc")
        if settings.box_files:
            write_box(target.with_suffix(".box"), places, sides_px[name])
        if settings.csv_files:
            write_csv(target.with_suffix(".csv"), places)
        return target

    process_manifest(micrographs, manifest, write, verb="wrote picks of")
    rows = [row for name, one in accepted.items() for row in candidate_rows(name, one)]
    write_table(candidates, rows, CANDIDATE_COLUMNS)
    counts = [summary_row(name, one, looked[name], settings.picker) for name, one in accepted.items()]
    write_table(summary, counts, SUMMARY_COLUMNS)


def _decoys(candidates: list[Path], summaries: list[Path]) -> dict[str, Candidates]:
    """Read what the picker found in pure noise, by batch and micrograph."""
    tables = list(zip(candidates, summaries, strict=True))
    return {
        f"{table.parent.name}/{name}": found
        for table, summary in tables
        for name, found in read_candidates(table, summary).items()
    }


run(pick_particles, globals())
