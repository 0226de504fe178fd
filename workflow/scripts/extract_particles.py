"""Cut picked particles out of raw sums: pick on denoised images, extract from what was measured."""

import logging
from pathlib import Path

from clearice.config.picking import ExtractSettings
from clearice.files.mrc import VIEWING_ONLY, read_micrograph
from clearice.files.particles import ParticleTable, write_particles_star
from clearice.files.picks import chosen, read_picks, within_rate
from clearice.files.stacks import write_stack
from clearice.image.boxes import box_side_px, cut_particles, normalise_boxes
from clearice.image.units import length_px
from clearice.run.batches import Skip, files_of, process_manifest
from clearice.run.step import run

EXTRACTED = "clearice: particles of raw sums"

log = logging.getLogger(__name__)


def extract_particles(
    *,
    micrographs: Path,
    picks: Path,
    particles: Path,
    manifest: Path,
    star: Path,
    dataset: str,
    settings: ExtractSettings,
) -> None:
    """Write <micrograph>.mrcs in `particles` for each micrograph with picks, and one table `star` for RELION.

    The background, outside a circle of the particle's diameter, gets mean 0 and sd 1, as in RELION. An image
    labelled for viewing only is refused: a denoiser's priors must not reach a map. Picks with a q-value above
    `fdr` are left out; those without any are all cut out.
    """
    coordinates = files_of(picks)
    tables: list[ParticleTable] = []

    def process(name: str, file: Path) -> Path:
        image = read_micrograph(file)
        if image.label.startswith(VIEWING_ONLY):
            raise ValueError(
                f"{file} is denoised, for viewing and picking only; extract particles from the raw sums"
            )
        if name not in coordinates:
            raise ValueError(f"{name} has no picks; pick it first, or see its row in {picks}")
        height, width = image.pixels.shape
        found = within_rate(read_picks(coordinates[name], (height, width)), settings.fdr)
        if not len(found.centres):
            raise Skip("there is no pick to cut out")
        side_px = box_side_px(length_px(settings.box_A, image.pixel_size_A))
        boxes, fit = cut_particles(image.pixels, found.centres, side_px)
        log.info("%s: %d of %d boxes fit", name, int(fit.sum()), len(fit))
        if not fit.any():
            raise Skip(f"no box of {side_px} px around the {len(fit)} picks fits the micrograph")
        normal = normalise_boxes(boxes, length_px(settings.particle_diameter_A / 2, image.pixel_size_A))
        target = particles / f"{name}.mrcs"
        inverted = settings.invert_contrast and settings.particles_are_dark
        write_stack(target, -normal if inverted else normal, image.pixel_size_A, EXTRACTED)
        kept = chosen(found, fit)
        tables.append(ParticleTable(target.as_posix(), file.as_posix(), kept, image.pixel_size_A, side_px))
        return target

    process_manifest(micrographs, manifest, process, verb="extracted particles of")
    write_particles_star(
        star,
        tables,
        dataset=dataset,
        voltage_kV=settings.voltage_kV,
        spherical_aberration_mm=settings.spherical_aberration_mm,
        amplitude_contrast=settings.amplitude_contrast,
    )


run(extract_particles, globals())
