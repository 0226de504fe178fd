"""Draw the first micrographs of a denoised batch, in the grey scale of their raw images."""

from pathlib import Path

from clearice.files.mrc import read_micrograph
from clearice.files.png import write_png
from clearice.reporting.previews import centre, grey_scale, to_grey, whole_field, with_scale_bar
from clearice.run.batches import ManifestRow, files_of, process_rows, read_manifest, write_manifest
from clearice.run.step import run


def draw_previews(
    *,
    raw: Path,
    denoised: Path,
    previews: Path,
    manifest: Path,
    per_batch: int,
    width_px: int,
    detail_px: int,
    reference_resolution_A: float,
    contrast_sd: float,
) -> None:
    """Draw each field and a detail of its centre as PNG, for `per_batch` micrographs of a batch."""
    raws, images = files_of(raw), files_of(denoised)
    names = [name for name in images if name in raws][:per_batch]

    def treat(name: str) -> Path:
        reference, image = read_micrograph(raws[name]), read_micrograph(images[name])
        scale = grey_scale(
            reference.pixels,
            pixel_size_A=reference.pixel_size_A,
            resolution_A=reference_resolution_A,
            contrast_sd=contrast_sd,
        )
        field, factor = whole_field(image.pixels, width_px)
        detail = centre(image.pixels, round(detail_px * reference.pixel_size_A / (image.pixel_size_A or 1)))
        target = previews / f"{name}.png"
        write_png(
            previews / f"{name}_detail.png", with_scale_bar(to_grey(detail, *scale), image.pixel_size_A)
        )
        write_png(target, with_scale_bar(to_grey(field, *scale), image.pixel_size_A * factor))
        return target

    previews.mkdir(parents=True, exist_ok=True)
    rows = process_rows(names, previews, treat, verb="drawn")
    others = [
        ManifestRow(row.micrograph, "", row.status, row.reason, "")
        for row in read_manifest(denoised)
        if row.file == ""
    ]
    write_manifest(manifest, [*rows, *others])


run(draw_previews, globals())
