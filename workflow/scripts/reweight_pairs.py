"""Re-weight simulated pairs with synthetic noise: the training pairs of the fine denoiser."""

from pathlib import Path

import numpy as np

from clearice.config.stages.reweight import ReweightStep
from clearice.files.mrc import read_micrograph
from clearice.files.stacks import read_stack, write_stack
from clearice.files.tables import write_table
from clearice.image.units import same_pixel_size
from clearice.noise.preparation import prepared
from clearice.noise.weighted_pairs import (
    WEIGHT_COLUMNS,
    check_field_size,
    divided_fields,
    draw_pairs,
    weight_row,
)
from clearice.run.batches import files_of, partner_row, process_manifest, write_manifest
from clearice.run.seeds import numpy_generator
from clearice.run.step import run
from clearice.run.training_set import split_to_learn

LABEL = "clearice: re-weighted pairs, simulated signal and synthetic noise"


def reweight_pairs(
    *,
    simulated_clean: Path,
    simulated_noisy: Path,
    noise: Path,
    noisy: Path,
    noisy_manifest: Path,
    clean: Path,
    clean_manifest: Path,
    weights: Path,
    splits: dict[str, str],
    settings: ReweightStep,
) -> None:
    """Write training pairs: stacks of Y in `noisy`, of alpha S + gamma in `clean`, one per micrograph.

    The simulated micrographs of two manifests give S and X at random places, the stack `noise` gives V. Image
    i of a micrograph's two stacks is a pair, of one shape and unit; `weights` lists the coefficients of every
    pair. `splits` says of a micrograph whether it is for train or validation: the two share no noise field.
    """
    fields = read_stack(noise)
    check_field_size(settings, fields.images.shape[1])
    fields_of_split = divided_fields(len(fields.images), splits)
    cleans = files_of(simulated_clean)
    table: list[dict[str, object]] = []

    def process(name: str, file: Path) -> Path:
        if name not in cleans:
            raise ValueError(f"{name} has a noisy but no clean image; simulate its batch again")
        usable = fields_of_split[split_to_learn(name, simulated_noisy, splits)]
        images = []
        for image in (read_micrograph(cleans[name]), read_micrograph(file)):
            pixels, pixel_size_A = prepared(
                image.pixels,
                pixel_size_A=image.pixel_size_A,
                rescale_to_A=settings.rescale_to_A,
                highpass_A=settings.highpass_A,
            )
            if not same_pixel_size(pixel_size_A, fields.pixel_size_A):
                raise ValueError(
                    f"{name} was simulated at {pixel_size_A:.4g} A/px, the noise has "
                    f"{fields.pixel_size_A:.4g} A/px; simulate at the pixel size of the micrographs"
                )
            images.append(pixels)
        generator = numpy_generator(settings.seed, "reweight_pairs", name)
        signal, reference = images
        drawn = list(draw_pairs(signal, reference, fields.images, usable, settings, generator))
        target = noisy / f"{name}.mrcs"
        for folder, what in ((clean, "clean"), (noisy, "noisy")):
            stack = np.stack([getattr(one.pair, what) for one in drawn])
            write_stack(folder / target.name, stack, fields.pixel_size_A, LABEL)
        table.extend(weight_row(name, index, one) for index, one in enumerate(drawn))
        return target

    rows = process_manifest(simulated_noisy, noisy_manifest, process, verb="re-weighted")
    if not table:
        reasons = [row.reason for row in rows if row.reason] or ["no simulated micrograph is ok"]
        raise ValueError(f"no training pair could be made: {reasons[0]}")
    write_manifest(clean_manifest, [partner_row(row, clean, ".mrcs") for row in rows])
    write_table(weights, table, WEIGHT_COLUMNS)


run(reweight_pairs, globals())
