"""The noise GAN of NT2C (Fig. 3): a generator of transposed convolutions and a critic that mirrors it.

Layer table at 128 px and width 1024 (the released code; six layers each): latent 100 -> 1024 x 4^2 -> 512 x
8^2 -> 256 x 16^2 -> 128 x 32^2 -> 64 x 64^2 -> 1 x 128^2 and back, kernels 4, stride 2 but for the first
(last). 12.8 and 11.2 million parameters.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

FIRST_MAP_PX = 4
OUTPUTS = ("linear", "tanh")
CRITIC_NORMS = ("instance", "none")


class Generator(nn.Module):
    """Turn latent numbers into noise of unit standard deviation.

    Parameters
    ----------
    patch_px
        Side of the patches it is trained on: 4 times a power of 2, at least 16.
    width
        Channels of the widest, first layer (1024 in the paper); they halve with each layer.
    latent_channels
        Length of the latent vector z (100).
    stationary
        False: the paper's network, one z of 1 x 1 for one patch. True: the same layers without zero padding
        on a map of z, of which only outputs with all their inputs are kept. Every output then has the same
        statistics up to the phase on the grid of the first layer, and a larger map of z gives a larger
        seamless field.
    pixel_noise
        Add fresh Gaussian noise with a learned strength per channel after each layer (Karras et al. 2019).
        100 latent numbers cannot carry the 4,096 independent pixels of a 64-px patch of noise.
    output
        ``linear``, or ``tanh``: k tanh(x / k) with k = `output_sigmas`, so that the range that can be reached
        is known.
    output_sigmas
        k of the tanh, in standard deviations of the data; not used by ``linear``.
    """

    def __init__(
        self,
        *,
        patch_px: int,
        width: int,
        latent_channels: int,
        stationary: bool,
        pixel_noise: bool,
        output: str,
        output_sigmas: float,
    ) -> None:
        super().__init__()
        doublings = _doublings(patch_px, width)
        if output not in OUTPUTS:
            raise ValueError(f"output {output!r} is unknown; use one of {', '.join(OUTPUTS)}")
        self.patch_px, self.latent_channels = patch_px, latent_channels
        self.stationary, self.output, self.output_sigmas = stationary, output, output_sigmas
        widths = [width >> stage for stage in range(doublings)]
        first, later = (3, 2) if stationary else (0, 1)
        layers = [nn.ConvTranspose2d(latent_channels, width, 4, stride=1, padding=first)]
        layers += [
            nn.ConvTranspose2d(before, after, 4, stride=2, padding=later)
            for before, after in zip(widths, [*widths[1:], 1], strict=True)
        ]
        self.layers = nn.ModuleList(layers)
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels) for channels in widths)
        # An almost white start: the last strength gives most of the unit variance, the convolutions the rest.
        strengths = [*(0.1 * torch.ones(channels) for channels in widths), 0.9 * torch.ones(1)]
        self.strengths = nn.ParameterList(nn.Parameter(value) for value in strengths) if pixel_noise else None
        self.apply(_start_small)

    def latent_shape(self, field_px: int) -> tuple[int, int]:
        """Compute the side of the map of z for a field of at least `field_px`, and that of the field made.

        Raises
        ------
        ValueError
            The generator is not stationary and the field is larger than its patches.
        """
        if not self.stationary:
            if field_px > self.patch_px:
                raise ValueError(
                    f"this generator makes patches of {self.patch_px} px only, not fields of {field_px} px; "
                    "train it with stationary: true, or sample with quilting"
                )
            return 1, self.patch_px
        # A map of m becomes 2 m - 2 in every doubling, so 2^k (m - 2) + 2 after k of them.
        magnification = 2 ** (len(self.layers) - 1)
        side = math.ceil((field_px - 2) / magnification) + 2
        return side + 3, magnification * (side - 2) + 2

    def forward(self, latent: Tensor, generator: torch.Generator) -> Tensor:
        """Make fields (n, 1, h, w) from latent maps (n, c, k, k); `generator` draws the pixel noise."""
        features = latent
        for index, layer in enumerate(self.layers):
            features = layer(features)
            if index < len(self.norms):
                features = self.norms[index](features)
            if self.strengths is not None:
                fresh = torch.randn(
                    features.shape, generator=generator, device=features.device, dtype=features.dtype
                )
                features = features + self.strengths[index].view(1, -1, 1, 1) * fresh
            if index < len(self.norms):
                features = torch.relu(features)
        if self.output == "tanh":
            features = self.output_sigmas * torch.tanh(features / self.output_sigmas)
        return features

    def draw(self, number: int, field_px: int, random_generator: torch.Generator) -> Tensor:
        """Draw fields (number, 1, field_px, field_px), differentiable; what is beyond them is cut off.

        `random_generator` lies on the network's device; it draws the latent numbers and the pixel noise.
        """
        side, made_px = self.latent_shape(field_px)
        shape = (number, self.latent_channels, side, side)
        latent = torch.randn(shape, generator=random_generator, device=random_generator.device)
        start = (made_px - field_px) // 2
        made: Tensor = self(latent, random_generator)
        return made[:, :, start : start + field_px, start : start + field_px]


def drawn_fields(
    network: Generator, number: int, field_px: int, random_generator: torch.Generator, batch_size: int
) -> NDArray[np.float32]:
    """Draw fields (number, field_px, field_px) for use outside of training, `batch_size` at a time."""
    fields = np.empty((number, field_px, field_px), dtype=np.float32)
    with torch.inference_mode():
        for first in range(0, number, batch_size):
            here = fields[first : first + batch_size]
            here[:] = network.draw(len(here), field_px, random_generator)[:, 0].float().cpu().numpy()
    return fields


class Critic(nn.Module):
    """Score patches: high for real noise, low for generated noise (WGAN: no sigmoid).

    Parameters
    ----------
    patch_px, width
        As for `Generator`.
    norm
        ``instance`` (released code; affine) after all strided layers but the first, or ``none``. Instance
        normalisation divides each patch's features by their own spread, so such a critic hardly sees the
        patch's contrast.
    """

    def __init__(self, *, patch_px: int, width: int, norm: str) -> None:
        super().__init__()
        doublings = _doublings(patch_px, width)
        if norm not in CRITIC_NORMS:
            raise ValueError(f"critic norm {norm!r} is unknown; use one of {', '.join(CRITIC_NORMS)}")
        widths = [width >> stage for stage in reversed(range(doublings))]
        layers: list[nn.Module] = []
        for index, (before, after) in enumerate(zip([1, *widths[:-1]], widths, strict=True)):
            layers.append(nn.Conv2d(before, after, 4, stride=2, padding=1))
            if norm == "instance" and index > 0:
                layers.append(nn.InstanceNorm2d(after, affine=True))
            layers.append(nn.LeakyReLU(0.2))
        layers.append(nn.Conv2d(widths[-1], 1, FIRST_MAP_PX))
        self.layers = nn.Sequential(*layers)

    def forward(self, patches: Tensor) -> Tensor:
        """Score patches (n, 1, patch_px, patch_px); returns (n,)."""
        scores: Tensor = self.layers(patches)
        return scores.flatten()


def _doublings(patch_px: int, width: int) -> int:
    """Count the doublings from the first map to the patch."""
    doublings = (max(patch_px, 1) // FIRST_MAP_PX).bit_length() - 1
    if doublings < 2 or FIRST_MAP_PX << doublings != patch_px:
        raise ValueError(
            f"the noise GAN works on patches of 16, 32, 64, 128 or 256 px, not {patch_px}; set noise_gan.patch_px"
        )
    if width < 1 << (doublings - 1) or width % (1 << (doublings - 1)):
        raise ValueError(
            f"a width of {width} channels cannot be halved {doublings - 1} times; "
            f"use a multiple of {1 << (doublings - 1)}"
        )
    return doublings


def _start_small(module: nn.Module) -> None:
    """Start as DCGAN does: normal weights of 0.02, normalisation gains around 1, no offsets."""
    if isinstance(module, nn.ConvTranspose2d | nn.BatchNorm2d):
        centre = 1.0 if isinstance(module, nn.BatchNorm2d) else 0.0
        nn.init.normal_(module.weight, centre, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
