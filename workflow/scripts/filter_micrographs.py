"""Filter the micrographs of a batch with a classical denoiser."""

from pathlib import Path
from typing import Any

from clearice.denoisers.linear import make_filter
from clearice.files.mrc import VIEWING_ONLY, read_micrograph, write_micrograph
from clearice.run.batches import process_manifest
from clearice.run.step import run


def filter_micrographs(
    *, micrographs: Path, denoised: Path, manifest: Path, kind: str, settings: dict[str, Any]
) -> None:
    """Filter every micrograph of the manifest `micrographs` into the folder `denoised`."""
    denoise = make_filter(kind, settings)

    def treat(name: str, file: Path) -> Path:
        raw = read_micrograph(file)
        target = denoised / f"{name}.mrc"
        write_micrograph(target, denoise(raw.pixels, raw.pixel_size_A), raw.pixel_size_A, VIEWING_ONLY)
        return target

    process_manifest(micrographs, manifest, treat, verb="filtered")


run(filter_micrographs, globals())
