"""Read independent exposures of the micrographs' fields and write one MRC file per micrograph."""

from pathlib import Path

from clearice.config.reading import USUAL, Reading
from clearice.config.tables import ExposureSettings
from clearice.files.companions import companion_file
from clearice.files.mrc import VIEWING_ONLY, read_micrograph, write_micrograph
from clearice.files.pictures import read_image
from clearice.movies.bad_pixels import find_bad_pixels
from clearice.movies.copies import check_not_blank, check_own_noise
from clearice.movies.defects import replace_defects
from clearice.movies.pixel_sizes import pixel_size_note
from clearice.run.batches import Noted, Skip, process_manifest
from clearice.run.step import run

SUFFIXES = (".mrc", ".tif", ".tiff", ".png")
EXPOSURE = "clearice: independent exposure"


def import_exposures(
    *,
    micrographs: Path,
    folder: Path,
    second_exposure: Path,
    manifest: Path,
    settings: ExposureSettings,
    reading: Reading = USUAL,
) -> None:
    """Write <micrograph>.mrc in `second_exposure` for each micrograph with an exposure in `folder`.

    The file is <micrograph> with one of the known suffixes, of the micrograph's shape, neither blank nor with the
    micrograph's noise in it; its bad pixels are filled. A micrograph without one is skipped.
    """

    def process(name: str, file: Path) -> Noted:
        found = companion_file(folder, name, SUFFIXES, "exposures")
        if found is None:
            raise Skip(f"no independent exposure of {name} in {folder}")
        exposure, micrograph = read_image(found, reading.limits), read_micrograph(file)
        if exposure.label == VIEWING_ONLY:
            raise ValueError(f"{found} is denoised; give the raw exposure")
        if exposure.pixels.shape != micrograph.pixels.shape:
            raise ValueError(
                f"{found} is of {exposure.pixels.shape} pixels, the micrograph {name} of {micrograph.pixels.shape}; "
                "give an exposure of the same field in the same pixels, in register with it"
            )
        sizes = (exposure.pixel_size_A, micrograph.pixel_size_A, str(found))
        notes = [pixel_size_note(*sizes, trust=settings.trust_table)]
        check_not_blank(exposure.pixels, str(found))
        if settings.find_bad_pixels:
            bad = find_bad_pixels(exposure.pixels, None)
            replace_defects(exposure.pixels, bad.mask)
            notes.append(bad.note())
        check_own_noise(micrograph.pixels, exposure.pixels, (f"the micrograph {name}", str(found)))
        target = second_exposure / f"{name}.mrc"
        write_micrograph(target, exposure.pixels, micrograph.pixel_size_A, EXPOSURE)
        return Noted(target, "; ".join(filter(None, notes)))

    process_manifest(micrographs, manifest, process, verb="imported exposures of")


run(import_exposures, globals())
