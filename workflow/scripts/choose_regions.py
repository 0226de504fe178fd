"""Choose the pairs of signal and background boxes that all methods share."""

from dataclasses import replace
from pathlib import Path

from clearice.evaluation.regions import choose_pairs, free_boxes, largest_free_boxes
from clearice.files.coordinates import read_coordinates
from clearice.files.mrc import read_micrograph
from clearice.files.regions import write_regions
from clearice.image.units import length_px
from clearice.run.batches import Skip, files_of, process_manifest, write_manifest
from clearice.run.step import run


def choose_regions(
    *,
    micrographs: Path,
    reference_coordinates: Path,
    regions: Path,
    manifest: Path,
    particle_diameter_A: float,
    pairs: int,
    largest_box_A: float,
    smallest_box_A: float,
) -> None:
    """Write <micrograph>.json in `regions`: box pairs and particle-free boxes, from the known coordinates alone.

    Where there are too few pairs (a crowded field, an empty one) the particle-free boxes are written without any, and
    the micrograph's row in `manifest` says why: its noise is known, its SNRs are not.
    """
    coordinates = files_of(reference_coordinates)
    notes: dict[str, str] = {}

    def treat(name: str, file: Path) -> Path:
        if name not in coordinates:
            raise Skip(f"no coordinates of {name} are known")
        image = read_micrograph(file)
        height, width = image.pixels.shape
        centres = read_coordinates(coordinates[name], (height, width)).centres
        radius_px = length_px(particle_diameter_A / 2, image.pixel_size_A)
        largest_px = round(length_px(largest_box_A, image.pixel_size_A))
        smallest_px = round(length_px(smallest_box_A, image.pixel_size_A))
        try:
            chosen = choose_pairs(
                centres,
                (height, width),
                radius_px=radius_px,
                pairs=pairs,
                largest_box_px=largest_px,
                smallest_box_px=smallest_px,
            )
            side_px = chosen[0].signal.side_px
            free = free_boxes(centres, (height, width), radius_px=radius_px, side_px=side_px)
        except ValueError as too_few:
            chosen = []
            free = largest_free_boxes(
                centres,
                (height, width),
                radius_px=radius_px,
                boxes=pairs,
                largest_box_px=largest_px,
                smallest_box_px=smallest_px,
            )
            if not free:
                raise
            why = str(too_few) if len(centres) else "it is an empty field"
            notes[name] = f"no SNR, but the noise of {len(free)} particle-free boxes: {why}"
        target = regions / f"{name}.json"
        write_regions(target, chosen, free)
        return target

    rows = process_manifest(micrographs, manifest, treat, verb="chose regions of")
    if notes:
        write_manifest(manifest, [replace(row, reason=notes.get(row.micrograph, row.reason)) for row in rows])


run(choose_regions, globals())
