"""Read reference coordinates of any format and write them as one STAR file per micrograph."""

from pathlib import Path

from clearice.files.companions import companion_file
from clearice.files.coordinates import SUFFIXES, read_coordinates, write_coordinates_star
from clearice.files.mrc import read_micrograph
from clearice.run.batches import Skip, process_manifest
from clearice.run.step import run


def import_coordinates(
    *, micrographs: Path, folder: Path, reference_coordinates: Path, manifest: Path, flip_y: bool
) -> None:
    """Write <micrograph>.star in `reference_coordinates` for each micrograph with coordinates in `folder`.

    The file is <micrograph> with one of the known suffixes; a micrograph without one is skipped.
    """

    def process(name: str, file: Path) -> Path:
        found = companion_file(folder, name, SUFFIXES, "coordinate files")
        if found is None:
            raise Skip(f"no coordinates of {name} in {folder}")
        height, width = read_micrograph(file).pixels.shape
        target = reference_coordinates / f"{name}.star"
        write_coordinates_star(
            target, read_coordinates(found, (height, width), name, flip_y=flip_y), file.as_posix()
        )
        return target

    process_manifest(micrographs, manifest, process, verb="imported coordinates of")


run(import_coordinates, globals())
