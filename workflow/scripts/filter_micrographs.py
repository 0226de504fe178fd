"""Denoise the micrographs of a batch with what needs no network: a classical filter, or the mask control."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from clearice.config.picking import Sign
from clearice.config.registry import kind_named
from clearice.denoisers.registry import Evidence, load_denoiser
from clearice.files.mapped import map_images
from clearice.files.mrc import VIEWING_ONLY, Micrograph, read_micrograph, write_micrograph
from clearice.files.regions import read_regions
from clearice.files.scores import read_positions
from clearice.image.boxes import Square, squares_of_patches
from clearice.image.units import length_px
from clearice.run.batches import FAILED, OK, Noted, Skip, files_of, process_manifest, read_manifest
from clearice.run.step import as_settings, run

SIGN = "particles_are_dark"


def filter_micrographs(
    *,
    micrographs: Path,
    regions: Path | None = None,
    patches: Path | None = None,
    positions: Path | None = None,
    statistics: Path | None = None,
    denoised: Path,
    manifest: Path,
    settings: dict[str, Any],
    threads: int = 1,
) -> None:
    """Denoise every micrograph of the manifest `micrographs` into the folder `denoised`.

    `settings` is a method's entry of the config: its kind, the settings of that kind, and, where the kind asks for
    it, whether particles are dark (`particles_are_dark`). A filter that asks
    for the noise measures it in the particle-free boxes of the manifest `regions`, or at the `positions`
    where the noise patches of the manifest `patches` were cut. With `statistics`, a manifest of micrographs
    of the same names, all is measured on the namesakes there: pure noise is filtered as part of the real
    micrograph it stands for.
    """
    kind = str(settings.get("kind"))
    entry = {name: value for name, value in settings.items() if name != SIGN}
    own = as_settings(kind_named(kind).settings, entry, "settings")
    dark = as_settings(Sign, {SIGN: settings.get(SIGN, True)}, "settings").particles_are_dark
    denoise = load_denoiser(kind)
    namesakes = {} if statistics is None else files_of(statistics)
    boxes_of = _boxes_of(regions, patches, positions)

    def process(name: str, file: Path) -> Noted:
        image = read_micrograph(file)
        real = read_micrograph(namesakes[name]) if name in namesakes else image
        evidence = Evidence(real.pixels, boxes_of(name, real), dark, threads)
        target = denoised / f"{name}.mrc"
        filtered = denoise(image.pixels, image.pixel_size_A, own, evidence)
        write_micrograph(target, filtered, image.pixel_size_A, VIEWING_ONLY)
        return Noted(target, "; ".join(evidence.remarks))

    process_manifest(micrographs, manifest, process, verb="filtered")


def _boxes_of(
    regions: Path | None, patches: Path | None, positions: Path | None
) -> Callable[[str, Micrograph], tuple[Square, ...] | None]:
    """Make the function that finds the boxes of a micrograph in which there is nothing but noise."""
    source = regions or patches
    rows = {} if source is None else {row.micrograph: row for row in read_manifest(source)}
    places = {} if positions is None else read_positions(positions)

    def boxes(name: str, image: Micrograph) -> tuple[Square, ...] | None:
        if source is None:
            return None
        row = rows.get(name)
        if row is None or row.status == FAILED:
            raise ValueError(row.reason if row else f"{name} has no row in {source}; make that batch again")
        if row.status != OK:
            raise Skip(f"the noise of {name} cannot be measured: {row.reason}")
        file = source.parent / row.file
        if regions is not None:
            return tuple(read_regions(file).free)
        stack = map_images(file)
        scale = length_px(stack.pixel_size_A, image.pixel_size_A)
        return squares_of_patches(places.get(name, []), stack.images.shape[-1], scale, image.pixels.shape)

    return boxes


run(filter_micrographs, globals())
