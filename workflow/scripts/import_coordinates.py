"""Read reference coordinates of any format and write them as one STAR file per micrograph."""

from pathlib import Path

from clearice.files.companions import companion_file
from clearice.files.coordinates import SUFFIXES, names_any, read_coordinates, write_coordinates_star
from clearice.files.extent import crowded_note
from clearice.files.mrc import read_micrograph
from clearice.files.names import NoRows
from clearice.run.batches import Noted, Skip, process_manifest, read_manifest
from clearice.run.step import run

JOINT = tuple(suffix for suffix in SUFFIXES if suffix != ".box")  # which names no micrograph


def import_coordinates(
    *,
    micrographs: Path,
    folder: Path,
    alike: list[str] | None = None,
    reference_coordinates: Path,
    manifest: Path,
    flip_y: bool,
) -> None:
    """Write <micrograph>.star in `reference_coordinates` for each micrograph with coordinates in `folder`.

    The file is <micrograph> with one of the known suffixes, or one table of all beside the folder, <folder>.star
    or the like; a micrograph without one is skipped. Rows are taken by the micrograph they name, with or without
    the decorations of other programs. A micrograph's file with rows of others only is an error, one without rows
    an empty field; a table of all that names others of the batch, but not this one, says nothing of it. `alike`
    are micrographs of other batches whose names differ from one of these in nothing but decorations.
    """
    names = [row.micrograph for row in read_manifest(micrographs)]
    known = [*names, *(alike or [])]
    joint = companion_file(folder.parent, folder.name, JOINT, "tables of the whole dataset", None)

    def process(name: str, file: Path) -> Noted:
        found = companion_file(folder, name, SUFFIXES, "coordinate files", known) or joint
        if found is None:
            raise Skip(f"no coordinates of {name} in {folder}")
        height, width = read_micrograph(file).pixels.shape
        shape, target = (height, width), reference_coordinates / f"{name}.star"
        try:
            places = read_coordinates(found, shape, name, flip_y=flip_y, others=known, shared=found == joint)
        except NoRows as none:
            if found == joint and names_any(found, names):
                raise Skip(str(none)) from None
            raise
        write_coordinates_star(target, places, file.as_posix())
        return Noted(target, crowded_note(places.centres, shape))

    process_manifest(micrographs, manifest, process, verb="imported coordinates of")


run(import_coordinates, globals())
