"""Write the sums of a dataset as a RELION micrographs table."""

from pathlib import Path

from clearice.config.tables import ExportSettings
from clearice.files.mrc import common_pixel_size
from clearice.files.star import micrographs_table, optics_table, write_star
from clearice.run.batches import files_of
from clearice.run.step import run


def export_star(*, manifests: list[Path], dataset: str, settings: ExportSettings, star: Path) -> None:
    """Write the raw sums that are ok, with one optics group, as a table for RELION 3.1 and later.

    The frames' pixel size is the table's original one; that of the micrographs, which may be binned, is
    read from their headers. Where the dose of a frame is known, the table holds the exposure before the first
    one summed.
    """
    files = [file for manifest in manifests for file in files_of(manifest).values()]
    if not files:
        raise ValueError(
            f"no sum of dataset {dataset} is ok; see the reasons in {', '.join(map(str, manifests))}"
        )
    optics = optics_table(
        name=dataset,
        voltage_kV=settings.voltage_kV,
        spherical_aberration_mm=settings.spherical_aberration_mm,
        amplitude_contrast=settings.amplitude_contrast,
        original_pixel_size_A=settings.pixel_size_A,
        pixel_size_A=common_pixel_size(files),
    )
    table = micrographs_table([file.as_posix() for file in files])
    if settings.dose_per_frame_e_per_A2 is not None:
        table["rlnMicrographPreExposure"] = (settings.first_frame - 1) * settings.dose_per_frame_e_per_A2
    write_star(star, {"optics": optics, "micrographs": table})


run(export_star, globals())
