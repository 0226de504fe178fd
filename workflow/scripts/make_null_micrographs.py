"""Make pure noise with the spectra of real micrographs, for every denoiser to show what it invents."""

import logging
from pathlib import Path

from clearice.evaluation.null_test import (
    OF_FREE_BOXES,
    OF_WHOLE_FIELD,
    background_spectrum,
    noise_image,
    whole_spectrum,
)
from clearice.evaluation.regions import Box
from clearice.files.mrc import read_micrograph, write_micrograph
from clearice.files.regions import read_regions
from clearice.run.batches import Noted, files_of, process_manifest, read_manifest
from clearice.run.seeds import numpy_generator
from clearice.run.step import run

NULL = "clearice: synthetic noise, no measurement"

log = logging.getLogger(__name__)


def make_null_micrographs(
    *, micrographs: Path, null: Path, manifest: Path, regions: Path | None = None, part: str, seed: int
) -> None:
    """Write, for each micrograph, a Gaussian field of its size, mean and radial spectrum into `null`.

    With `regions` the spectrum is that of the particle-free boxes; a micrograph without them gives its whole
    spectrum, signal included, which makes the test stricter. The reason of each row of `manifest` says which
    it was.
    """
    boxes_of = files_of(regions) if regions is not None else {}
    why = {row.micrograph: row.reason for row in read_manifest(regions)} if regions is not None else {}

    def process(name: str, file: Path) -> Noted:
        image = read_micrograph(file)
        boxes = [Box(*box) for box in read_regions(boxes_of[name]).free] if name in boxes_of else []
        spectrum = background_spectrum(image.pixels, boxes) if boxes else whole_spectrum(image.pixels)
        because = why.get(name) or "no particle-free boxes were given"
        note = f"{OF_FREE_BOXES} ({len(boxes)})" if boxes else f"{OF_WHOLE_FIELD}: {because}"
        log.info("%s: %s", name, note)
        height, width = image.pixels.shape
        generator = numpy_generator(seed, "null", part, name)
        target = null / f"{name}.mrc"
        noise = noise_image(spectrum, (height, width), float(image.pixels.mean(dtype="float64")), generator)
        write_micrograph(target, noise, image.pixel_size_A, NULL)
        return Noted(target, note)

    process_manifest(micrographs, manifest, process, verb="made noise for")


run(make_null_micrographs, globals())
