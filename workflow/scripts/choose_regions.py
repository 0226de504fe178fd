"""Choose the pairs of signal and background boxes that all methods share."""

from pathlib import Path

from clearice.config.evaluation import RegionSettings
from clearice.evaluation.regions import choose_regions_of
from clearice.files.coordinates import read_coordinates
from clearice.files.mrc import read_micrograph
from clearice.files.regions import write_regions
from clearice.image.units import length_px
from clearice.run.batches import Noted, Skip, files_of, process_manifest
from clearice.run.step import run


def choose_regions(
    *, micrographs: Path, reference_coordinates: Path, regions: Path, manifest: Path, settings: RegionSettings
) -> None:
    """Write <micrograph>.json in `regions`: box pairs and particle-free boxes, from coordinates alone.

    Where there are too few pairs (a crowded field, an empty one) the particle-free boxes are written without
    any, and the micrograph's row in `manifest` says why: its noise is known, its SNRs are not.
    """
    coordinates = files_of(reference_coordinates)

    def process(name: str, file: Path) -> Path | Noted:
        if name not in coordinates:
            raise Skip(f"no coordinates of {name} are known")
        image = read_micrograph(file)
        height, width = image.pixels.shape
        chosen = choose_regions_of(
            read_coordinates(coordinates[name], (height, width)).centres,
            (height, width),
            radius_px=length_px(settings.particle_diameter_A / 2, image.pixel_size_A),
            pairs=settings.region_pairs,
            largest_box_px=round(length_px(settings.largest_box_A, image.pixel_size_A)),
            smallest_box_px=round(length_px(settings.smallest_box_A, image.pixel_size_A)),
        )
        target = regions / f"{name}.json"
        write_regions(target, chosen.pairs, chosen.free)
        return Noted(target, chosen.note) if chosen.note else target

    process_manifest(micrographs, manifest, process, verb="chose regions of")


run(choose_regions, globals())
