"""Cut pure-noise patches out of the micrographs of a batch, where their denoised guides are flat."""

from functools import partial
from pathlib import Path

from clearice.config.stages.extract_noise import ExtractNoiseStep
from clearice.files.mrc import read_micrograph
from clearice.files.png import write_png
from clearice.files.stacks import write_stack
from clearice.files.tables import write_table
from clearice.image.patches import cut_patches, outlined
from clearice.image.units import same_pixel_size
from clearice.noise.background import find_background
from clearice.noise.dead_areas import without_dead_areas
from clearice.noise.preparation import prepared
from clearice.noise.records import POSITION_COLUMNS, SEARCH_COLUMNS, position_rows, search_row
from clearice.run.batches import Skip, files_of, process_manifest
from clearice.run.step import run

OUTLINE = (255, 160, 0)


def extract_noise(
    *,
    micrographs: Path,
    guide: Path,
    noise: Path,
    manifest: Path,
    positions: Path,
    search: Path,
    settings: ExtractNoiseStep,
) -> None:
    """Write one stack of noise patches per micrograph, cut from the raw pixels of the manifest `micrographs`.

    Where to cut is decided on the micrograph of the same name in the manifest `guide`. `positions` lists
    every patch, `search` how each micrograph was searched, both in pixels of the stacks; the first
    `settings.pictures` micrographs get a picture with the patches drawn.
    """
    guides, side_px = files_of(guide), settings.patch_px
    places: list[dict[str, object]] = []
    searches: list[dict[str, object]] = []

    def process(name: str, file: Path) -> Path:
        if name not in guides:
            raise ValueError(f"{name} has no coarsely denoised guide; see its row in {guide}")
        raw, denoised = read_micrograph(file), read_micrograph(guides[name])
        if not same_pixel_size(raw.pixel_size_A, denoised.pixel_size_A):
            raise ValueError(
                f"{name} has {raw.pixel_size_A:.4g} A/px, its guide {denoised.pixel_size_A:.4g} A/px; "
                "denoise it again"
            )
        as_in_training = partial(prepared, pixel_size_A=raw.pixel_size_A, rescale_to_A=settings.rescale_to_A)
        flat, _ = as_in_training(denoised.pixels, highpass_A=0.0)
        pixels, pixel_size_A = as_in_training(without_dead_areas(raw.pixels), highpass_A=settings.highpass_A)
        found = find_background(flat, pixels, settings, particles_are_dark=settings.particles_are_dark)
        patches = cut_patches(pixels, found.corners, side_px)
        searches.append(search_row(name, found, patches))
        if len(searches) <= settings.pictures:
            write_png(noise / f"{name}.png", outlined(flat, found.corners, side_px, OUTLINE))
        if not len(patches):
            raise Skip(
                f"no patch of {side_px} px is background: {found.searched} were searched, "
                f"{found.excluded} of them touched bad regions"
            )
        places.extend(position_rows(name, found))
        target = noise / f"{name}.mrcs"
        write_stack(target, patches, pixel_size_A)
        return target

    process_manifest(micrographs, manifest, process, verb="searched for noise")
    write_table(positions, places, POSITION_COLUMNS)
    write_table(search, searches, SEARCH_COLUMNS)


run(extract_noise, globals())
