"""Make pure noise with the spectra of real micrographs, for every denoiser to show what it invents."""

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clearice.config.evaluation import NullSettings
from clearice.evaluation.null_test import (
    OF_FREE_BOXES,
    OF_PATCHES,
    OF_PHASES,
    OF_WHOLE_FIELD,
    background_spectrum,
    noise_image,
    phase_randomised,
    stacked,
    whole_spectrum,
)
from clearice.evaluation.regions import Box, cut_box
from clearice.files.mrc import read_micrograph, write_micrograph
from clearice.files.regions import read_regions
from clearice.noise.sampling import extracted_fields
from clearice.run.batches import Noted, files_of, process_manifest, read_manifest
from clearice.run.seeds import numpy_generator
from clearice.run.step import run

NULL = "clearice: synthetic noise, no measurement"

log = logging.getLogger(__name__)


def make_null_micrographs(
    *,
    micrographs: Path,
    null: Path,
    manifest: Path,
    regions: Path | None = None,
    part: str,
    settings: NullSettings,
    seed: int,
) -> None:
    """Write, for each micrograph, noise of its width, mean and spectrum into `null`, `null_fields` times as high.

    With `regions` the noise is that of the particle-free boxes: a Gaussian field of their radial spectrum, or the
    boxes themselves. A micrograph without them gives its whole spectrum, signal included, which makes the test
    stricter; so do random phases. The reason of each row of `manifest` says which it was.
    """
    boxes_of = files_of(regions) if regions is not None else {}
    why = {row.micrograph: row.reason for row in read_manifest(regions)} if regions is not None else {}

    def process(name: str, file: Path) -> Noted:
        image = read_micrograph(file)
        boxes = [Box(*box) for box in read_regions(boxes_of[name]).free] if name in boxes_of else []
        generator = numpy_generator(seed, "null", part, name)
        because = why.get(name) or "no particle-free boxes were given"
        note = f"{OF_WHOLE_FIELD}: {because}"
        if settings.null_kind == "phases":
            note = OF_PHASES
        elif boxes:
            note = f"{OF_PATCHES if settings.null_kind == 'patches' else OF_FREE_BOXES} ({len(boxes)})"
        log.info("%s: %s", name, note)
        target = null / f"{name}.mrc"
        noise = _drawn(image.pixels, boxes, settings, generator)
        write_micrograph(target, noise, image.pixel_size_A, NULL)
        return Noted(target, note)

    process_manifest(micrographs, manifest, process, verb="made noise for")


def _drawn(
    image: NDArray[np.float32], boxes: list[Box], settings: NullSettings, generator: np.random.Generator
) -> NDArray[np.float32]:
    """Draw the noise that stands for a micrograph (h, w), fields one below the other."""
    height, width = image.shape
    mean = float(image.mean(dtype="float64"))
    if settings.null_kind == "phases":
        return stacked(
            [phase_randomised(image, generator) for _ in range(settings.null_fields)], (height, width)
        )
    if settings.null_kind == "patches" and boxes:
        patches = np.stack([cut_box(image, box) for box in boxes])
        level = patches.mean(dtype=np.float64)
        fields = extracted_fields(
            (patches - level).astype(np.float32), settings.null_fields, max(height, width), generator
        )
        return stacked(list(fields), (height, width)) + np.float32(mean)
    spectrum = background_spectrum(image, boxes) if boxes else whole_spectrum(image)
    return noise_image(spectrum, (height * settings.null_fields, width), mean, generator)


run(make_null_micrographs, globals())
