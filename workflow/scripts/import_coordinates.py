"""Read reference coordinates of any format and write them as one STAR file per micrograph."""

from pathlib import Path

from clearice.files.companions import companion_file
from clearice.files.coordinates import SUFFIXES, read_coordinates, write_coordinates_star
from clearice.files.extent import crowded_note
from clearice.files.mrc import read_micrograph
from clearice.run.batches import Noted, Skip, process_manifest, read_manifest
from clearice.run.step import run


def import_coordinates(
    *, micrographs: Path, folder: Path, reference_coordinates: Path, manifest: Path, flip_y: bool
) -> None:
    """Write <micrograph>.star in `reference_coordinates` for each micrograph with coordinates in `folder`.

    The file is <micrograph> with one of the known suffixes; a micrograph without one is skipped. Rows of a file
    are taken by the micrograph they name, with or without the decorations of other programs; a file with rows of
    other micrographs only is an error, one without rows an empty field.
    """
    names = [row.micrograph for row in read_manifest(micrographs)]

    def process(name: str, file: Path) -> Noted:
        found = companion_file(folder, name, SUFFIXES, "coordinate files")
        if found is None:
            raise Skip(f"no coordinates of {name} in {folder}")
        height, width = read_micrograph(file).pixels.shape
        target = reference_coordinates / f"{name}.star"
        known = read_coordinates(found, (height, width), name, flip_y=flip_y, others=names)
        write_coordinates_star(target, known, file.as_posix())
        return Noted(target, crowded_note(known.centres, (height, width)))

    process_manifest(micrographs, manifest, process, verb="imported coordinates of")


run(import_coordinates, globals())
