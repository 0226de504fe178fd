"""Bring known particle coordinates of any format into one STAR file per micrograph."""

from pathlib import Path

from clearice.batches import Skip, treat_manifest
from clearice.files.coordinates import SUFFIXES, read_coordinates, write_coordinates_star
from clearice.files.given import given_file
from clearice.files.mrc import read_micrograph
from clearice.step import run


def import_coordinates(*, micrographs: Path, folder: Path, known: Path, manifest: Path, flip_y: bool) -> None:
    """Write <micrograph>.star in `known` for each micrograph with a coordinate file in `folder`.

    The file is <micrograph> with one of the known suffixes; a micrograph without one is skipped.
    """

    def treat(name: str, file: Path) -> Path:
        found = given_file(folder, name, SUFFIXES, "coordinate files")
        if found is None:
            raise Skip(f"no coordinates of {name} in {folder}")
        height, width = read_micrograph(file).pixels.shape
        target = known / f"{name}.star"
        write_coordinates_star(
            target, read_coordinates(found, (height, width), name, flip_y=flip_y), file.as_posix()
        )
        return target

    treat_manifest(micrographs, manifest, treat, verb="imported coordinates of")


run(import_coordinates, globals())
