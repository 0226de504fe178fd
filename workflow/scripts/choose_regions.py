"""Choose the pairs of signal and background boxes that all methods share."""

from pathlib import Path

from clearice.batches import Skip, files_of, treat_manifest
from clearice.evaluation.regions import choose_pairs, free_boxes
from clearice.files.coordinates import read_coordinates
from clearice.files.mrc import read_micrograph
from clearice.files.regions import write_regions
from clearice.image.units import length_px
from clearice.step import run


def choose_regions(
    *,
    micrographs: Path,
    known: Path,
    regions: Path,
    manifest: Path,
    particle_diameter_A: float,
    pairs: int,
    largest_box_A: float,
    smallest_box_A: float,
) -> None:
    """Write <micrograph>.json in `regions`: box pairs and particle-free boxes, from the known coordinates alone."""
    coordinates = files_of(known)

    def treat(name: str, file: Path) -> Path:
        if name not in coordinates:
            raise Skip(f"no coordinates of {name} are known")
        image = read_micrograph(file)
        height, width = image.pixels.shape
        centres = read_coordinates(coordinates[name], (height, width)).centres
        radius_px = length_px(particle_diameter_A / 2, image.pixel_size_A)
        chosen = choose_pairs(
            centres,
            (height, width),
            radius_px=radius_px,
            pairs=pairs,
            largest_box_px=round(length_px(largest_box_A, image.pixel_size_A)),
            smallest_box_px=round(length_px(smallest_box_A, image.pixel_size_A)),
        )
        side_px = chosen[0].signal.side_px
        free = free_boxes(centres, (height, width), radius_px=radius_px, side_px=side_px)
        target = regions / f"{name}.json"
        write_regions(target, chosen, free)
        return target

    treat_manifest(micrographs, manifest, treat, verb="chose regions of")


run(choose_regions, globals())
