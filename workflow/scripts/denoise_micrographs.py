"""Denoise micrographs with a trained network: one model, one batch."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clearice.denoisers.inference import Denoised, check_pixel_size, check_return_at, denoise_micrograph
from clearice.denoisers.pipeline import Pipeline
from clearice.files.checkpoints import NetworkFile, load_network
from clearice.files.mrc import VIEWING_ONLY, Micrograph, read_micrograph, write_micrograph
from clearice.image.highpass import highpass
from clearice.networks.fast_unet import FastUNet
from clearice.networks.unet import UNet
from clearice.run.batches import files_of, process_manifest, write_manifest
from clearice.run.devices import choose_device
from clearice.run.step import run

log = logging.getLogger("denoise_micrographs")


def denoise_micrographs(
    *,
    micrographs: Path,
    model: Path,
    statistics: Path | None = None,
    denoised: Path,
    manifest: Path,
    tile_memory_mb: int,
    precision: str,
    rescale_to_A: float | None,
    highpass_A: float = 0.0,
    return_at: str,
    threads: int,
    device: str,
) -> None:
    """Denoise the micrographs of the manifest `micrographs` with the network `model` into the folder `denoised`.

    With `statistics`, a manifest of micrographs of the same names, each image is normalised by the mean and sd of
    its namesake there: pure noise is treated as part of the real micrograph it stands for.
    """
    check_return_at(return_at)
    trained = load_network(model)
    network = _fast(trained, model, device, precision, tile_memory_mb)
    inputs = files_of(micrographs)
    notes: dict[str, str] = {}
    log.info("%d micrographs, network %s, %d threads on %s", len(inputs), model, threads, network.device)

    namesakes = {} if statistics is None else files_of(statistics)

    def read(name: str) -> tuple[Micrograph, Micrograph | None]:
        micrograph = read_micrograph(inputs[name])
        check_pixel_size(
            inputs[name].name, micrograph.pixel_size_A, str(model), trained.pixel_size_A, rescale_to_A
        )
        return micrograph, read_micrograph(namesakes[name]) if name in namesakes else None

    def prepared(micrograph: Micrograph) -> NDArray[np.float32]:
        return highpass(micrograph.pixels, pixel_size_A=micrograph.pixel_size_A, length_A=highpass_A)

    def compute(name: str, images: tuple[Micrograph, Micrograph | None]) -> Denoised:
        micrograph, namesake = images
        return denoise_micrograph(
            prepared(micrograph),
            reference=None if namesake is None else prepared(namesake),
            pixel_size_A=micrograph.pixel_size_A,
            network=network,
            rescale_to_A=rescale_to_A,
            return_at=return_at,
        )

    def write(name: str, result: Denoised) -> Path:
        path = denoised / f"{name}.mrc"
        write_micrograph(path, result.pixels, result.pixel_size_A, VIEWING_ONLY)
        if result.filled_px:
            notes[name] = f"{result.filled_px} pixels that were no finite numbers were filled"
            log.warning("%s: %s", name, notes[name])
        return path

    with Pipeline(list(inputs), read, compute, write) as pipeline:
        rows = process_manifest(micrographs, manifest, lambda name, _: pipeline.result(name), "denoised")
    if notes:
        write_manifest(manifest, [replace(row, reason=notes.get(row.micrograph, row.reason)) for row in rows])


def _fast(trained: NetworkFile, model: Path, device: str, precision: str, memory_mb: float) -> FastUNet:
    """Make the network of a file ready to be applied."""
    where = choose_device(device)
    if trained.kind != "unet":
        raise ValueError(
            f"{model} holds a {trained.kind}, but a unet is applied here; give a trained denoiser"
        )
    network = UNet(**trained.settings)
    network.load_state_dict(trained.weights)
    return FastUNet(network, where, precision, memory_mb)


run(denoise_micrographs, globals())
