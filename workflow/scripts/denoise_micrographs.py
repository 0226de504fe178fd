"""Denoise micrographs with a trained network: one model, one batch."""

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clearice.config.inference import InferenceStep
from clearice.denoisers.inference import Denoised, check_pixel_size, denoise_micrograph
from clearice.denoisers.pipeline import Pipeline
from clearice.files.checkpoints import NetworkFile, load_network, network_of
from clearice.files.mrc import VIEWING_ONLY, Micrograph, read_micrograph, write_micrograph
from clearice.image.highpass import highpass
from clearice.networks.fast_unet import FastUNet
from clearice.networks.unet import UNet
from clearice.run.batches import Noted, files_of, process_manifest
from clearice.run.devices import choose_device, choose_precision
from clearice.run.step import run

log = logging.getLogger("denoise_micrographs")


def denoise_micrographs(
    *,
    micrographs: Path,
    model: Path,
    statistics: Path | None = None,
    denoised: Path,
    manifest: Path,
    settings: InferenceStep,
    threads: int,
    device: str,
) -> None:
    """Denoise the micrographs of a manifest with the network `model` into the folder `denoised`.

    With `statistics`, a manifest of micrographs of the same names, each image is normalised by the mean and
    sd of its namesake there: pure noise is processed as part of the real micrograph it stands for.
    """
    trained = load_network(model)
    network = _fast(trained, model, device, settings)
    inputs = files_of(micrographs)
    log.info("%d micrographs, network %s, %d threads on %s", len(inputs), model, threads, network.device)
    namesakes = {} if statistics is None else files_of(statistics)

    def read(name: str) -> tuple[Micrograph, Micrograph | None]:
        micrograph, scale_A = read_micrograph(inputs[name]), settings.rescale_to_A
        sizes = (str(model), trained.pixel_size_A, scale_A)
        check_pixel_size(inputs[name].name, micrograph.pixel_size_A, *sizes)
        return micrograph, read_micrograph(namesakes[name]) if name in namesakes else None

    def prepared(image: Micrograph) -> NDArray[np.float32]:
        return highpass(image.pixels, pixel_size_A=image.pixel_size_A, length_A=settings.highpass_A)

    def compute(name: str, images: tuple[Micrograph, Micrograph | None]) -> Denoised:
        micrograph, namesake = images
        return denoise_micrograph(
            prepared(micrograph),
            reference=None if namesake is None else prepared(namesake),
            pixel_size_A=micrograph.pixel_size_A,
            network=network,
            rescale_to_A=settings.rescale_to_A,
            return_at=settings.return_at,
        )

    def write(name: str, result: Denoised) -> Path | Noted:
        path = denoised / f"{name}.mrc"
        write_micrograph(path, result.pixels, result.pixel_size_A, VIEWING_ONLY)
        if not result.filled_px:
            return path
        note = f"{result.filled_px} pixels that were no finite numbers were filled"
        log.warning("%s: %s", name, note)
        return Noted(path, note)

    with Pipeline(list(inputs), read, compute, write) as pipeline:
        process_manifest(micrographs, manifest, lambda name, _: pipeline.result(name), "denoised")


def _fast(trained: NetworkFile, model: Path, device: str, settings: InferenceStep) -> FastUNet:
    """Make the network of a file ready to be applied."""
    torch_device = choose_device(device)
    if trained.kind != "unet":
        raise ValueError(
            f"{model} holds a {trained.kind}, but a unet is applied here; give a trained denoiser"
        )
    network = network_of(UNet, trained, model)
    precision = choose_precision(settings.precision, torch_device)
    return FastUNet(network, torch_device, precision, settings.tile_memory_mb)


run(denoise_micrographs, globals())
