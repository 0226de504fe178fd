"""Train a denoiser on pairs of images: coarse, fine and Noise2Noise alike."""

import logging
import math
import sys
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch

from clearice.files.checkpoints import NetworkFile, load_network, save_network
from clearice.files.mapped import map_images
from clearice.files.stacks import Stack, write_stack
from clearice.files.tables import write_table
from clearice.files.training_state import load_state, remove_state, save_state
from clearice.image.rescale import check_equal_pixel_size, rescale_images, same_pixel_size
from clearice.networks.unet import UNet
from clearice.run.batches import checksum
from clearice.run.devices import choose_device, torch_generator
from clearice.run.fingerprint import fingerprint
from clearice.run.seeds import derived_seed
from clearice.run.step import run
from clearice.run.training_set import LEARN, chosen_files
from clearice.training.initialisation import initialise
from clearice.training.pairing import (
    PairingSettings,
    check_images,
    check_pairing,
    training_pairs,
    validation_pairs,
)
from clearice.training.pairs import BIAS, BOTH_WAYS, WITH_PARTNER, TrainingImage, training_images
from clearice.training.regression import train
from clearice.training.resume import HistoryRow, run_key
from clearice.training.schedule import curriculum_steps
from clearice.training.settings import RegressionSettings, check_settings

log = logging.getLogger("train_denoiser")


def train_denoiser(
    *,
    noisy: list[Path],
    target: list[Path],
    model: Path,
    history: Path,
    splits: dict[str, str],
    pairing: str,
    width: int,
    first_kernel: int,
    last_kernel: int,
    crop_px: int,
    batch_size: int,
    steps: int,
    learning_rate: float,
    optimiser: str,
    schedule: str,
    warmup_steps: int,
    loss: str,
    clip_norm: float,
    validate_every: int,
    validation_crops: int,
    patience: int,
    curriculum_start: float,
    curriculum_fraction: float,
    added_noise_sd: float | None,
    rescale_to_A: float | None,
    precision: str,
    seed: int,
    stage: str,
    variant: str,
    side_folder: Path,
    start: Path | None = None,
    threads: int,
    device: str,
) -> None:
    """Train a U-Net on the micrographs of some manifests and keep the weights of the best validation.

    `noisy` and `target` are manifests of the same batches in the same order; `target` is empty for the pairings
    neighbor2neighbor and added_noise. `splits` says of a micrograph (its name, or folder/name with any folder of its
    manifest's path, such as the dataset's) whether it is for train or validation; all others are left alone.
    Crops and first weights derive from `seed` and `stage` alone, so that variants differ in what they set.
    """
    where = choose_device(device)
    network_settings = {"width": width, "first_kernel": first_kernel, "last_kernel": last_kernel}
    drawing_seed = derived_seed(seed, "training", stage)
    pair_settings = PairingSettings(
        pairing,
        crop_px,
        drawing_seed,
        batch_size,
        steps,
        curriculum_start,
        curriculum_fraction,
        added_noise_sd,
    )
    training_settings = RegressionSettings(
        steps=steps,
        batch_size=batch_size,
        both_ways=pairing in BOTH_WAYS,
        loss=loss,
        optimiser=optimiser,
        learning_rate=learning_rate,
        schedule=schedule,
        warmup_steps=warmup_steps,
        clip_norm=clip_norm,
        validate_every=validate_every,
        validation_crops=validation_crops,
        patience=patience,
        full_noise_step=curriculum_steps(curriculum_fraction, steps),
        precision=precision,
    )
    check_pairing(pair_settings)
    check_settings(training_settings)
    settings = {**asdict(pair_settings), **asdict(training_settings), "rescale_to_A": rescale_to_A}
    parameters = {
        **settings,
        **network_settings,
        "splits": dict(splits),
        "stage": stage,
        "variant": variant,
        "seed": seed,
    }
    inputs = [checksum(path) for path in (*noisy, *target, *([start] if start else []))]
    folder = side_folder / run_key(parameters, inputs, fingerprint(Path(__file__)))

    images, pixel_size_A = _images_of_splits(noisy, target, splits, pairing, rescale_to_A, folder)
    check_images(images["train"], images["validation"], pair_settings)
    network = UNet(**network_settings)
    initialise(network, torch_generator(seed, "initial weights", stage))
    if start is not None:
        network.load_state_dict(_start_weights(start, network_settings, pixel_size_A))
    trained = train(
        network,
        training_pairs(images["train"], pair_settings),
        validation_pairs(images["validation"], pair_settings),
        training_settings,
        device=where,
        workers=threads if where.type == "cuda" else 1,
        resume_from=load_state(folder),
        keep=partial(save_state, folder),
    )
    provenance = {
        **settings,
        "bias": BIAS[pairing],
        "run_seed": seed,
        "best_step": trained.best_step,
        "best_validation_loss": min(row.validation_loss for row in trained.history),
        "training_images": len(images["train"]),
        "validation_images": len(images["validation"]),
        "start": "" if start is None else checksum(start),
        "torch": str(torch.__version__),
    }
    save_network(
        model,
        NetworkFile(
            kind="unet",
            settings=network_settings,
            weights=trained.weights,
            pixel_size_A=pixel_size_A,
            stage=sys.intern(stage),
            variant=sys.intern(variant),
            provenance=_interned(provenance),
        ),
    )
    write_table(history, [_without_nan(row) for row in trained.history], list(HistoryRow.__annotations__))
    remove_state(folder)


def _images_of_splits(
    noisy: list[Path],
    target: list[Path],
    splits: Mapping[str, str],
    pairing: str,
    rescale_to_A: float | None,
    folder: Path,
) -> tuple[dict[str, list[TrainingImage]], float]:
    """Map the images to train on and to validate on, and give the pixel size they have in common."""
    images: dict[str, list[TrainingImage]] = {split: [] for split in LEARN}
    pixel_size_A, first = 0.0, ""
    for number, chosen in enumerate(
        chosen_files(noisy, target, splits, with_partner=pairing in WITH_PARTNER)
    ):
        kept = folder / "rescaled" / f"{number:06d}"
        exposures = _images_of_file(chosen.noisy, rescale_to_A, kept / "noisy.mrcs")
        partners = (
            _images_of_file(chosen.target, rescale_to_A, kept / "target.mrcs") if chosen.target else None
        )
        if partners is not None:
            check_equal_pixel_size(chosen.name, exposures.pixel_size_A, "its partner", partners.pixel_size_A)
        if first:
            check_equal_pixel_size(chosen.name, exposures.pixel_size_A, first, pixel_size_A)
        pixel_size_A, first = exposures.pixel_size_A, chosen.name
        images[chosen.split] += training_images(
            chosen.name, exposures.images, None if partners is None else partners.images, pairing
        )
    log.info("%d images to train on, %d to validate on", *(len(images[split]) for split in LEARN))
    return images, pixel_size_A


def _images_of_file(path: Path, rescale_to_A: float | None, kept: Path) -> Stack:
    """Map the images of a file; if they are to be rescaled, once, into a file beside the training's state."""
    stack = map_images(path)
    if rescale_to_A is None or same_pixel_size(stack.pixel_size_A, rescale_to_A):
        return stack
    if not kept.exists():
        write_stack(
            kept, rescale_images(path.name, stack.images, stack.pixel_size_A, rescale_to_A), rescale_to_A
        )
    return map_images(kept)


def _start_weights(
    start: Path, network_settings: dict[str, int], pixel_size_A: float
) -> dict[str, torch.Tensor]:
    """Read the weights to start from, if they fit the network and the pixel size."""
    given = load_network(start)
    if given.kind != "unet" or given.settings != network_settings:
        raise ValueError(
            f"{start} holds a {given.kind} with {given.settings}, but a unet with {network_settings} is "
            "to be trained; set width, first_kernel and last_kernel to those of the file"
        )
    if given.pixel_size_A is not None:
        check_equal_pixel_size("the training set", pixel_size_A, str(start), given.pixel_size_A)
    return given.weights


def _interned(values: Mapping[str, Any]) -> dict[str, Any]:
    """Let equal texts be one object: pickle writes a repeated object in another way than an equal one."""
    return {key: sys.intern(value) if type(value) is str else value for key, value in values.items()}


def _without_nan(row: HistoryRow) -> dict[str, object]:
    """Make a line of the history, with an empty cell for the training loss before the first step."""
    return {name: "" if math.isnan(value) else value for name, value in asdict(row).items()}


run(train_denoiser, globals())
