"""Link the raw micrographs of a batch as the method they are compared as, without a second copy."""

from pathlib import Path

from clearice.files.atomic import linked
from clearice.run.batches import process_manifest
from clearice.run.step import run


def link_micrographs(*, micrographs: Path, denoised: Path, manifest: Path) -> None:
    """Link every micrograph of a manifest into the folder `denoised`; bytes and label stay."""

    def process(name: str, file: Path) -> Path:
        return linked(file, denoised / f"{name}.mrc")

    process_manifest(micrographs, manifest, process, verb="linked")


run(link_micrographs, globals())
