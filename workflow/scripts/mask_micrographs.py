"""Blur and mask the micrographs of a batch: the mask control that must lose the honest tests."""

from pathlib import Path

from clearice.files.mrc import VIEWING_ONLY, read_micrograph, write_micrograph
from clearice.image.masking import mask_control
from clearice.run.batches import process_manifest
from clearice.run.step import run


def mask_micrographs(*, micrographs: Path, denoised: Path, manifest: Path, sigma_px: float) -> None:
    """Blur and mask every micrograph of the manifest `micrographs` into the folder `denoised`."""

    def treat(name: str, file: Path) -> Path:
        raw = read_micrograph(file)
        target = denoised / f"{name}.mrc"
        write_micrograph(target, mask_control(raw.pixels, sigma_px=sigma_px), raw.pixel_size_A, VIEWING_ONLY)
        return target

    process_manifest(micrographs, manifest, treat, verb="masked")


run(mask_micrographs, globals())
