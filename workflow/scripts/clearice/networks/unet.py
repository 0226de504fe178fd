"""The denoising U-Net: five levels down, five up, at every size of image."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

LEVELS = 5
MULTIPLE_PX = 2**LEVELS
SLOPE = 0.1  # of the leaky rectifier, below zero


def pad_to_multiple(images: Tensor, multiple_px: int = MULTIPLE_PX) -> Tensor:
    """Extend images at the bottom and the right, by mirroring, to sides that are multiples of `multiple_px`.

    Mirrored pixels carry the noise and the grey level that the network was trained on; a strip of zeros would
    be a noise-free band and a step at the border. The top left corner stays where it is, so that tiles whose
    origins are multiples of 32 are pooled on the grid of the whole image.

    Parameters
    ----------
    images
        Batch (n, c, h, w) of any size; images smaller than the added border are mirrored repeatedly.

    Returns
    -------
    Tensor
        Batch (n, c, H, W), the same object where nothing is to be added.
    """
    for axis in (-2, -1):
        size = images.shape[axis]
        missing = -size % multiple_px
        if missing:
            there_and_back = torch.arange(size + missing, device=images.device) % (2 * size)
            mirrored = torch.minimum(there_and_back, 2 * size - 1 - there_and_back)
            images = images.index_select(axis, mirrored)
    return images


class UNet(nn.Module):
    """U-Net of Topaz-Denoise and NT2C: max-pooling down, nearest neighbour up, skips, no normalisation.

    The layout of Bepler et al. 2020, Nat. Commun. 11:5208. Six encoding convolutions of `width` channels, the
    first with `first_kernel`, the others 3 x 3; each but the last is followed by max-pooling. Every decoding
    stage doubles the size, joins the encoder's map of that size and convolves: twice 3 x 3 with 2 `width`
    channels, and on top, with the raw image joined, three times `last_kernel` (64, 32 and 1 channels at width
    48). All convolutions pad with zeros, which is the mean of a standardised image.

    Parameters
    ----------
    width
        Channels of the encoder, a multiple of 3 (48 is the published network).
    first_kernel, last_kernel
        Sides of the first and of the last three kernels in pixels, odd. (48, 11, 5) has 1,105,809 parameters
        (Topaz's general network), (48, 11, 3) has 973,201 (NT2C).

    Raises
    ------
    ValueError
        A kernel is even or the width no positive multiple of 3.
    """

    def __init__(self, width: int, first_kernel: int, last_kernel: int) -> None:
        super().__init__()
        for name, kernel in (("first_kernel", first_kernel), ("last_kernel", last_kernel)):
            if kernel < 1 or kernel % 2 == 0:
                raise ValueError(
                    f"{name} is {kernel}, but a kernel has an odd number of pixels; use e.g. 11 or 5"
                )
        if width < 3 or width % 3:
            raise ValueError(f"the U-Net's width is {width}, but must be a multiple of 3; use e.g. 48")
        self.width, self.first_kernel, self.last_kernel = width, first_kernel, last_kernel
        self.encode = nn.ModuleList([_convolution(1, width, first_kernel)])
        self.encode.extend(_convolution(width, width, 3) for _ in range(LEVELS))
        self.decode = nn.ModuleList()
        for level in range(LEVELS - 1):
            incoming = (1 if level == 0 else 2) * width + width
            self.decode.append(
                nn.ModuleList([_convolution(incoming, 2 * width, 3), _convolution(2 * width, 2 * width, 3)])
            )
        upper, lower = 4 * width // 3, 2 * width // 3
        self.decode.append(
            nn.ModuleList(
                [
                    _convolution(2 * width + 1, upper, last_kernel),
                    _convolution(upper, lower, last_kernel),
                    _convolution(lower, 1, last_kernel),
                ]
            )
        )

    @property
    def settings(self) -> dict[str, int]:
        """The arguments that make this network again."""
        return {"width": self.width, "first_kernel": self.first_kernel, "last_kernel": self.last_kernel}

    @property
    def reach_px(self) -> int:
        """Pixels from an output pixel to the farthest input pixel it depends on, in one direction.

        A tile's halo must be at least this wide.
        """
        return max(max(y - low, high - y) for y, (low, high) in self._fields())

    @property
    def receptive_field_px(self) -> int:
        """Side in pixels of the widest field of input pixels that one output pixel depends on."""
        return max(high - low + 1 for _, (low, high) in self._fields())

    def _fields(self) -> list[tuple[int, tuple[int, int]]]:
        """Follow, for each of the 32 positions in a pooling cell, the rows one output row depends on."""
        fields = []
        for row in range(MULTIPLE_PX):
            low = high = row
            for level, stage in enumerate(reversed(self.decode)):
                radius = (self.last_kernel // 2 if level == 0 else 1) * len(stage)  # type: ignore[arg-type]
                low, high = (low - radius) // 2, (high + radius) // 2
            for _ in range(LEVELS):
                low, high = 2 * (low - 1), 2 * (high + 1) + 1
            radius = self.first_kernel // 2
            fields.append((row, (low - radius, high + radius)))
        return fields

    def forward(self, images: Tensor) -> Tensor:
        """Denoise standardised images.

        Parameters
        ----------
        images
            Batch (n, 1, h, w) of any size, mean 0 and standard deviation 1.

        Returns
        -------
        Tensor
            Batch (n, 1, h, w) in the same units.
        """
        height, width = images.shape[-2:]
        features = pad_to_multiple(images)
        skips = []
        for convolve in self.encode[:-1]:
            skips.append(features)
            # the rectifier is monotone, so it may follow the pooling, where it costs a quarter
            features = _rectify(functional.max_pool2d(convolve(features), 2))
        features = _rectify(self.encode[-1](features))
        for stage in self.decode:
            features = _rectify(self.joined(features, skips.pop(), stage[0]))  # type: ignore[index]
            for convolve in stage[1:]:  # type: ignore[index]
                features = convolve(features)
                if convolve.out_channels > 1:
                    features = _rectify(features)
        return features[..., :height, :width]

    def joined(self, features: Tensor, skip: Tensor, convolve: nn.Conv2d) -> Tensor:
        """Double the size of a map, join the encoder's map of that size, and convolve both.

        Parameters
        ----------
        features
            (n, c, h, w).
        skip
            (n, c', 2h, 2w).
        convolve
            Convolution of c + c' channels.
        """
        doubled = functional.interpolate(features, scale_factor=2, mode="nearest")
        result: Tensor = convolve(torch.cat([doubled, skip], dim=1))
        return result


def _convolution(incoming: int, outgoing: int, kernel: int) -> nn.Conv2d:
    """Make a convolution that keeps the size."""
    return nn.Conv2d(incoming, outgoing, kernel, padding=kernel // 2)


def _rectify(features: Tensor) -> Tensor:
    """Apply the leaky rectifier in place (nothing before it is needed for its gradient)."""
    return functional.leaky_relu(features, SLOPE, inplace=True)
