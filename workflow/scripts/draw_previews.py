"""Draw the first micrographs of a denoised batch, in the grey scale of their raw images."""

from pathlib import Path

from clearice.config.reporting import PreviewSettings
from clearice.files.mrc import read_micrograph
from clearice.files.png import write_png
from clearice.reporting.previews import draw_panels
from clearice.run.batches import ManifestRow, files_of, process_rows, read_manifest, write_manifest
from clearice.run.step import run


def draw_previews(
    *, raw: Path, denoised: Path, previews: Path, manifest: Path, settings: PreviewSettings
) -> None:
    """Draw each field and a detail of its centre as PNG, for the first micrographs of a batch."""
    raws, images = files_of(raw), files_of(denoised)
    names = [name for name in images if name in raws][: settings.per_batch]

    def draw(name: str) -> Path:
        reference, image = read_micrograph(raws[name]), read_micrograph(images[name])
        field, detail = draw_panels(
            image.pixels,
            reference.pixels,
            pixel_size_A=image.pixel_size_A,
            raw_pixel_size_A=reference.pixel_size_A,
            settings=settings,
        )
        target = previews / f"{name}.png"
        write_png(previews / f"{name}_detail.png", detail)
        write_png(target, field)
        return target

    previews.mkdir(parents=True, exist_ok=True)
    rows = process_rows(names, previews, draw, verb="drawn")
    others = [
        ManifestRow(row.micrograph, "", row.status, row.reason, "")
        for row in read_manifest(denoised)
        if row.file == ""
    ]
    write_manifest(manifest, [*rows, *others])


run(draw_previews, globals())
