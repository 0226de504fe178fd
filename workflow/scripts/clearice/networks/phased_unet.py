"""The U-Net for training on a processor: the same function and gradients as `unet.UNet`, in fewer operations.

A convolution after a nearest-neighbour doubling sees every value four times. The taps that meet the same value
are summed beforehand (`phase_kernels`), so that it is done at the lower resolution: 3 x 3 becomes four 2 x 2. The
encoder's map is convolved apart and added. Results differ by rounding only (benchmarks/training_speed.py).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from clearice.networks.phase_kernels import phase_kernel
from clearice.networks.unet import UNet


class PhasedUNet(UNet):
    """A U-Net whose weights are those of `UNet`, name by name."""

    def joined(self, features: Tensor, skip: Tensor, convolve: nn.Conv2d) -> Tensor:
        """Do what `UNet.joined` does, the doubled map in four phases."""
        weight, below = convolve.weight, features.shape[1]
        radius = weight.shape[-1] // 2
        phases = functional.conv2d(features, phase_kernel(weight[:, :below]), padding=(radius + 1) // 2)
        skipped = functional.conv2d(skip, weight[:, below:], convolve.bias, padding=radius)
        return skipped + _interleaved(phases, (features.shape[2], features.shape[3]), radius)


def _interleaved(phases: Tensor, shape: tuple[int, int], radius: int) -> Tensor:
    """Put the phases (n, 4 c, ...) of a convolution into one map (n, c, 2h, 2w) of twice the shape (h, w)."""
    height, width = shape
    parts = []
    for index, phase in enumerate(phases.chunk(4, dim=1)):
        # for odd radii the windows of the second phase begin one value later
        top, left = divmod(index, 2) if radius % 2 else (0, 0)
        parts.append(phase[..., top : top + height, left : left + width].permute(0, 2, 3, 1))
    rows = [torch.stack(parts[first : first + 2], dim=3) for first in (0, 2)]
    images, channels = phases.shape[0], phases.shape[1] // 4
    full = torch.stack(rows, dim=2).reshape(images, 2 * height, 2 * width, channels)
    return full.permute(0, 3, 1, 2)
