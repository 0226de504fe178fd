"""Denoise whole micrographs with a trained network, in the units they come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clearice.denoisers.tiles import join_tiles, plan_tiles
from clearice.image.padding import pad_to_multiple
from clearice.image.resize import fourier_resample
from clearice.image.scaling import fill_not_finite, restore, standardise
from clearice.image.units import HEADER, same_pixel_size

MODEL, ORIGINAL = "model", "original"
MULTIPLE_PX = 32  # of the pooling grid: five levels

Image = NDArray[np.float32]


class Network(Protocol):
    """What applies a trained network to standardised images (n, 1, h, w): `networks.fast_unet.FastUNet`.

    It sees `reach_px` pixels far in each direction and takes images of at most `most_pixels` on its `device`.
    """

    device: torch.device
    reach_px: int
    most_pixels: int

    def __call__(self, images: Tensor, /) -> Tensor:
        """Denoise."""


@dataclass(frozen=True)
class Denoised:
    """A denoised micrograph.

    Attributes
    ----------
    pixels
        Image (h, w) in the input's units.
    pixel_size_A
        Pixel size of `pixels` in A.
    filled_px
        Number of pixels that were not finite and were filled.
    """

    pixels: Image
    pixel_size_A: float
    filled_px: int


def denoise_micrograph(
    pixels: Image,
    *,
    pixel_size_A: float,
    network: Network,
    rescale_to_A: float | None,
    return_at: str,
    reference: Image | None = None,
) -> Denoised:
    """Denoise one micrograph, at its own pixel size or at a coarser one.

    Parameters
    ----------
    pixels
        Micrograph (h, w), any units; pixels that are not finite are filled (`fill_not_finite`).
    pixel_size_A
        Its pixel size in A; 0 where it is not known.
    network
        The trained network; what it cannot take at once is done in tiles, which give the same result.
    rescale_to_A
        Pixel size in A to denoise at (cropped in Fourier space); None denoises at the micrograph's own.
    return_at
        ``model`` returns at that size, ``original`` goes back to the input's (padded in Fourier space:
        nothing beyond the coarser image's Nyquist frequency comes back).
    reference
        Another image of this pixel size, whose mean and standard deviation are used instead of the micrograph's
        own: pure noise is to be processed as if it were part of the real micrograph.

    Returns
    -------
    Denoised
        The network's output times the input's standard deviation plus its mean, never normalised again.

    Raises
    ------
    ValueError
        The micrograph is constant or has no finite pixel; `rescale_to_A` is finer than its pixels or its
        pixel size is not known; `return_at` is neither word; the memory holds no tile.
    """
    check_return_at(return_at)
    filled, filled_px = fill_not_finite(pixels)
    model_image = None if reference is None else fill_not_finite(reference)[0]
    if rescale_to_A is None:
        return Denoised(denoise_image(filled, network, model_image), pixel_size_A, filled_px)
    coarser = _coarser_shape(filled.shape, pixel_size_A, rescale_to_A)
    if model_image is not None:
        model_image = fourier_resample(
            model_image, _coarser_shape(model_image.shape, pixel_size_A, rescale_to_A)
        )
    denoised = denoise_image(fourier_resample(filled, coarser), network, model_image)
    if return_at == ORIGINAL:
        return Denoised(fourier_resample(denoised, pixels.shape), pixel_size_A, filled_px)
    return Denoised(denoised, pixel_size_A * pixels.shape[0] / coarser[0], filled_px)


def denoise_image(image: Image, network: Network, reference: Image | None = None) -> Image:
    """Denoise a finite image (h, w) in its own units: network(standardised) x sd + mean.

    The whole image is standardised once, so that tiles do not differ in grey level; by the mean and sd of
    `reference`, where one is given.
    """
    scaled, mean, sd = standardise(image)
    if reference is not None:
        _, mean, sd = standardise(reference)
        scaled = ((image - np.float32(mean)) / np.float32(sd)).astype(np.float32)
    padded = pad_to_multiple(scaled, MULTIPLE_PX)
    plan = plan_tiles(padded.shape, network.most_pixels, network.reach_px, MULTIPLE_PX)
    denoised = join_tiles(padded, plan, lambda window: _apply(network, window))
    return restore(denoised[: image.shape[0], : image.shape[1]], mean, sd)


def check_pixel_size(
    name: str, pixel_size_A: float, model: str, model_pixel_size_A: float | None, rescale_to_A: float | None
) -> None:
    """Refuse a micrograph whose pixel size is not the one the network was trained at.

    Parameters
    ----------
    name, model
        Names of the micrograph and of the model, for the message.
    pixel_size_A
        Pixel size of the micrograph in A, 0 where it is not known.
    model_pixel_size_A
        That of the training micrographs; None where it is not known (Topaz's weights): nothing is checked.
    rescale_to_A
        The pixel size that the micrograph will be brought to, None for none.

    Raises
    ------
    ValueError
        The two differ by more than 1 %.
    """
    if model_pixel_size_A is None:
        return
    used_A = pixel_size_A if rescale_to_A is None else rescale_to_A
    if same_pixel_size(used_A, model_pixel_size_A, HEADER):
        return
    trained = f"but {model} was trained at {model_pixel_size_A:g}"
    if rescale_to_A is not None:
        raise ValueError(f"rescale_to_A is {rescale_to_A:g} A/px, {trained}; set rescale_to_A to that")
    if not pixel_size_A > 0:
        raise ValueError(
            f"{name} has no pixel size in its header, {trained} A/px; write the pixel size into it"
        )
    raise ValueError(
        f"{name} has {pixel_size_A:.4g} A/px, {trained}; set rescale_to_A or train at {pixel_size_A:.4g}"
    )


def check_return_at(return_at: str) -> None:
    """Refuse any other word than ``model`` and ``original``."""
    if return_at not in (MODEL, ORIGINAL):
        raise ValueError(f"return_at is {return_at!r}, but must be {MODEL} or {ORIGINAL}")


def _apply(network: Network, window: Image) -> Image:
    """Copy one window to the network's device, denoise it, and copy it back."""
    batch = torch.from_numpy(np.ascontiguousarray(window))[None, None]
    if network.device.type == "cuda":
        # page-locked memory is copied without a stop
        batch = batch.pin_memory().to(network.device, non_blocking=True)
    denoised: Image = network(batch)[0, 0].cpu().numpy()
    return denoised


def _coarser_shape(shape: tuple[int, ...], pixel_size_A: float, rescale_to_A: float) -> tuple[int, int]:
    """Find the shape that brings an image to a coarser pixel size."""
    if not pixel_size_A > 0:
        raise ValueError(
            f"the micrograph's pixel size is not known, so it cannot be rescaled to {rescale_to_A:g} A/px; "
            "write the pixel size into its header"
        )
    if rescale_to_A < pixel_size_A and not same_pixel_size(rescale_to_A, pixel_size_A, HEADER):
        raise ValueError(
            f"rescale_to_A is {rescale_to_A:g}, but the micrograph has {pixel_size_A:.4g} A/px, which is coarser; "
            "use a model trained at that pixel size or coarser"
        )
    height, width = (max(1, round(side * min(1.0, pixel_size_A / rescale_to_A))) for side in shape)
    return height, width
