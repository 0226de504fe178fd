"""Re-weight simulated pairs with synthetic noise: the training pairs of the fine denoiser."""

from pathlib import Path

import numpy as np

from clearice.files.mrc import read_micrograph
from clearice.files.stacks import read_stack, write_stack
from clearice.files.tables import write_table
from clearice.noise.preparation import prepared
from clearice.noise.weighted_pairs import DrawnPair, PairRule, check_rule, divided_fields, draw_pairs
from clearice.run.batches import OK, ManifestRow, checksum, files_of, process_manifest, write_manifest
from clearice.run.seeds import numpy_generator
from clearice.run.step import run
from clearice.run.training_set import LEARN, split_of

WEIGHT_COLUMNS = (
    "micrograph", "pair", "y_px", "x_px", "draw", "field", "signal_scale",
    "alpha", "beta", "gamma", "noise_gain", "noise_sd", "reference_noise_sd", "signal_sd",
)  # fmt: skip
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
    patch_px: int,
    patches_per_micrograph: int,
    draws: int,
    modulation: str,
    signal_scale: list[float],
    empty_fraction: float,
    highpass_A: float,
    rescale_to_A: float | None,
    seed: int,
) -> None:
    """Write training pairs: stacks of Y in `noisy`, of alpha S + gamma in `clean`, one per micrograph.

    The simulated micrographs of two manifests give S and X at random places, the stack `noise` gives V. Image
    i of a micrograph's two stacks is a pair, of one shape and unit; `weights` lists the coefficients of every
    pair. `splits` says of a micrograph whether it is for train or validation: the two share no noise field.
    """
    rule = PairRule(
        patch_px=patch_px,
        places=patches_per_micrograph,
        draws=draws,
        modulation=modulation,
        lowest_scale=signal_scale[0],
        highest_scale=signal_scale[-1],
        empty_fraction=empty_fraction,
    )
    fields = read_stack(noise)
    check_rule(rule, fields.images.shape[1])
    fields_of_split = divided_fields(len(fields.images), splits)
    cleans = files_of(simulated_clean)
    table: list[dict[str, object]] = []

    def treat(name: str, file: Path) -> Path:
        if name not in cleans:
            raise ValueError(f"{name} has a noisy but no clean image; simulate its batch again")
        split = split_of(name, simulated_noisy, splits)
        if split not in LEARN:
            raise ValueError(
                f"{name} is marked {split or 'nothing'} in splits, but pairs are made for train and "
                "validation alone; mark it as one of them"
            )
        images = []
        for image in (read_micrograph(cleans[name]), read_micrograph(file)):
            pixels, pixel_size_A = prepared(
                image.pixels,
                pixel_size_A=image.pixel_size_A,
                rescale_to_A=rescale_to_A,
                highpass_A=highpass_A,
            )
            if abs(pixel_size_A - fields.pixel_size_A) > 1e-3 * fields.pixel_size_A:
                raise ValueError(
                    f"{name} was simulated at {pixel_size_A:.4g} A/px, the noise has "
                    f"{fields.pixel_size_A:.4g} A/px; simulate at the pixel size of the micrographs"
                )
            images.append(pixels)
        signal, reference = images
        chance = numpy_generator(seed, "reweight_pairs", name)
        usable = fields_of_split[split]
        drawn = list(draw_pairs(signal, reference, fields.images, usable, rule, chance))
        target = noisy / f"{name}.mrcs"
        write_stack(
            clean / target.name, np.stack([one.pair.clean for one in drawn]), fields.pixel_size_A, LABEL
        )
        write_stack(target, np.stack([one.pair.noisy for one in drawn]), fields.pixel_size_A, LABEL)
        table.extend(_row(name, index, one) for index, one in enumerate(drawn))
        return target

    rows = process_manifest(simulated_noisy, noisy_manifest, treat, verb="re-weighted")
    if not table:
        reasons = [row.reason for row in rows if row.reason] or ["no simulated micrograph is ok"]
        raise ValueError(f"no training pair could be made: {reasons[0]}")
    write_manifest(clean_manifest, [_partner(row, clean) for row in rows])
    write_table(weights, table, WEIGHT_COLUMNS)


def _partner(row: ManifestRow, clean: Path) -> ManifestRow:
    """Make the row of the clean stack beside a noisy one."""
    hashed = checksum(clean / row.file) if row.status == OK else ""
    return ManifestRow(row.micrograph, row.file, row.status, row.reason, hashed)


def _row(micrograph: str, index: int, one: DrawnPair) -> dict[str, object]:
    """Describe a pair in the table of weights."""
    numbers = {
        "signal_scale": one.signal_scale,
        "alpha": one.pair.weights.alpha,
        "beta": one.pair.weights.beta,
        "gamma": one.pair.weights.gamma,
        "noise_gain": one.pair.noise_gain,
        "noise_sd": one.pair.noise_sd,
        "reference_noise_sd": one.pair.reference_noise_sd,
        "signal_sd": float(one.pair.clean.std(dtype=np.float64)),
    }
    where = {"micrograph": micrograph, "pair": index, "y_px": one.corner[0], "x_px": one.corner[1]}
    drawn = {"draw": one.draw, "field": one.field}
    return {**where, **drawn, **{name: f"{value:.6g}" for name, value in numbers.items()}}


run(reweight_pairs, globals())
