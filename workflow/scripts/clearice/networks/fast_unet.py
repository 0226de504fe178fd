"""The U-Net for inference: the same function as `unet.UNet`, in fewer operations and little memory.

Three exact changes; the result differs by rounding only.

1. *Phases.* A convolution after a nearest-neighbour doubling sees every value four times. The taps that
   meet the same value are summed beforehand (`phase_kernels`): 5 x 5 becomes four 3 x 3 at the lower
   resolution, 3 x 3 becomes four 2 x 2. Skips are convolved separately and added, so neither doubled maps nor
   concatenations exist. At the top the raw image joins as its own four phases.
2. *Row blocks.* The decoder runs over blocks of rows; each layer keeps just the rows that its next block
   needs (`row_blocks`). Nothing is computed twice, and only the encoder's pooled maps are held for the whole
   image: 64 bytes a pixel in float32 at width 48, instead of about 1100.
3. *Last layer.* It has one output channel: one matrix product gives all taps of all pixels, which are added
   where they belong.

At width 48, kernels 11 and 5, this takes 351 instead of 577 GFLOP per megapixel.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from clearice.networks.phase_kernels import phase_kernel, unshuffled_kernel
from clearice.networks.row_blocks import no_larger, rows_between, windows
from clearice.networks.unet import LEVELS, MULTIPLE_PX, SLOPE, UNet, pad_to_multiple

# Blocks of the largest map: within the processor's cache, and below the 32 MiB above which malloc asks the
# system for fresh pages each time; on a GPU large enough to keep it busy.
LARGEST_BLOCK_BYTES = {"cpu": 8 * 2**20, "cuda": 512 * 2**20}
# Memory that does not grow with the image, in blocks: measured as the growth of the process with the block
# size.
WORKING_BLOCKS = 16
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


class FastUNet:
    """Apply a trained U-Net fast; the same function as the network it is made from.

    Parameters
    ----------
    network
        The trained network; it is not changed.
    device
        Device to compute on; images must be there.
    precision
        ``float32``, or ``bfloat16``, which halves time and memory for an error of about 0.4 % of the output's
        standard deviation (rms, Topaz's general network on noise). The last layer is float32 in both.
    memory_mb
        Memory for the maps in MB (10^6 bytes); it sets `most_pixels`, the size of an image or tile that fits.

    Raises
    ------
    ValueError
        The precision is none of the two.
    """

    def __init__(self, network: UNet, device: torch.device, precision: str, memory_mb: float) -> None:
        if precision not in PRECISIONS:
            raise ValueError(f"precision is {precision!r}, but must be {' or '.join(PRECISIONS)}")
        self.device, self.precision = device, PRECISIONS[precision]
        self.width, self.last_kernel, self.reach_px = network.width, network.last_kernel, network.reach_px
        largest = LARGEST_BLOCK_BYTES[device.type]
        self.block_bytes = int(min(largest, memory_mb * 1e6 / (3 * WORKING_BLOCKS)))
        free_bytes = memory_mb * 1e6 - WORKING_BLOCKS * self.block_bytes
        self.most_pixels = int(free_bytes / self.bytes_per_pixel)
        named = {name: tensor.detach().float() for name, tensor in network.state_dict().items()}
        self._encode = [
            (self._put(named[f"encode.{i}.weight"]), self._put(named[f"encode.{i}.bias"]))
            for i in range(LEVELS + 1)
        ]
        self._double: list[tuple[Tensor, Tensor | None]] = []
        self._skip, self._then = [], []
        for stage in range(LEVELS - 1):
            weight, bias = named[f"decode.{stage}.0.weight"], named[f"decode.{stage}.0.bias"]
            below = weight.shape[1] - network.width
            self._double.append((self._put(phase_kernel(weight[:, :below])), None))
            self._skip.append((self._put(weight[:, below:]), self._put(bias)))
            self._then.append(
                (self._put(named[f"decode.{stage}.1.weight"]), self._put(named[f"decode.{stage}.1.bias"]))
            )
        top = LEVELS - 1
        weight, bias = named[f"decode.{top}.0.weight"], named[f"decode.{top}.0.bias"]
        joined = torch.cat([phase_kernel(weight[:, :-1]), unshuffled_kernel(weight[:, -1:])], dim=1)
        self._double.append((self._put(joined), self._put(bias.repeat(4))))
        self._then.append(
            (self._put(named[f"decode.{top}.1.weight"]), self._put(named[f"decode.{top}.1.bias"]))
        )
        last = named[f"decode.{top}.2.weight"].to(device)
        self._last = (last[0].permute(1, 2, 0).reshape(-1, last.shape[1]).contiguous(), last.shape[-1])
        self._last_bias = float(named[f"decode.{top}.2.bias"])

    @property
    def bytes_per_pixel(self) -> float:
        """Memory that grows with the image: input, output and the encoder's pooled maps."""
        pooled = sum(4.0**-level for level in range(1, LEVELS + 1)) * self.width
        return 2 * 4 + pooled * self.precision.itemsize

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        """Denoise standardised images (n, 1, h, w), float32, of any size; the result has their shape."""
        height, width = images.shape[-2:]
        padded = pad_to_multiple(images)
        # full float32 on GPUs too: TF32 would round to 10 bits unasked
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=False, allow_tf32=False):
            rows = padded.permute(0, 2, 3, 1).to(self.precision)
            maps = [rows]
            for kernel in self._encode[:-1]:
                maps.append(self._pooled(maps[-1], kernel))
            bottom = maps.pop()
            deepest = _rectified(_convolved(rows_between(bottom, -1, bottom.shape[1] + 1), self._encode[-1]))
            result = torch.empty_like(padded)
            first = 0
            for block in self._decoded(deepest, maps):
                result[:, 0, first : first + block.shape[1]] = block
                first += block.shape[1]
        return result[..., :height, :width]

    def _put(self, tensor: Tensor) -> Tensor:
        """Convert a weight to the device, the precision and the layout of the computation."""
        moved = tensor.to(self.device, self.precision)
        return moved.to(memory_format=torch.channels_last) if moved.ndim == 4 else moved

    def _pooled(self, source: Tensor, kernel: tuple[Tensor, Tensor]) -> Tensor:
        """Convolve, halve by max-pooling and rectify a whole map, block by block."""
        images, height, width, _ = source.shape
        outgoing, radius = kernel[0].shape[0], kernel[0].shape[-1] // 2
        halved = source.new_empty(images, height // 2, width // 2, outgoing)
        step = 2 * max(1, self.block_bytes // (2 * images * width * outgoing * source.element_size()))
        for first in range(0, height, step):
            last = min(first + step, height)
            full = _convolved(rows_between(source, first - radius, last + radius), kernel)
            pooled = functional.max_pool2d(full.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)
            halved[:, first // 2 : last // 2] = _rectified(pooled)
        return halved

    def _decoded(self, deepest: Tensor, maps: list[Tensor]) -> Iterator[Tensor]:
        """Yield the output in blocks of rows (n, rows, w), float32, from the top."""
        blocks: Iterator[Tensor] = iter((deepest,))
        for stage, skip in enumerate(reversed(maps)):
            height = deepest.shape[1] << stage
            blocks = self._doubled(blocks, height, stage, skip)
            blocks = _convolved_blocks(blocks, 2 * height, self._then[stage])
        return self._last_layer(blocks, MULTIPLE_PX * deepest.shape[1])

    def _doubled(self, blocks: Iterator[Tensor], height: int, stage: int, skip: Tensor) -> Iterator[Tensor]:
        """Double the size, join the skip, convolve and rectify: the first layer of a decoding stage."""
        kernel = self._double[stage]
        outgoing = kernel[0].shape[0] // 4
        at_top = stage == LEVELS - 1
        radius = (self.last_kernel if at_top else 3) // 2
        reach = (radius + 1) // 2
        images, _, width, _ = skip.shape
        # half the memory for each level down: about equally many rows of the image wait in every stage
        block_bytes = self.block_bytes >> (LEVELS - 1 - stage)
        limit = max(1, block_bytes // (2 * images * width * outgoing * skip.element_size()))
        blocks = no_larger(blocks, limit)
        if at_top:
            blocks = _joined_phases(blocks, skip)
        row = 0
        for window in windows(blocks, height, reach):
            count = window.shape[1] - 2 * reach
            phases = _convolved(window, kernel, reach)
            if at_top:
                doubled = phases.new_empty(images, 2 * count, width, outgoing)
            else:
                doubled = _convolved(
                    rows_between(skip, 2 * row - 1, 2 * (row + count) + 1), self._skip[stage]
                )
            target = doubled.view(images, count, 2, width // 2, 2, outgoing)
            for index in range(4):
                a, b = divmod(index, 2)
                # for odd radii the windows of the second phase begin one value later
                shift = (a, b) if radius % 2 else (0, 0)
                part = phases[
                    :,
                    shift[0] : shift[0] + count,
                    shift[1] : shift[1] + width // 2,
                    index * outgoing : (index + 1) * outgoing,
                ]
                if at_top:
                    target[:, :, a, :, b].copy_(part)
                else:
                    target[:, :, a, :, b].add_(part)
            row += count
            yield _rectified(doubled)

    def _last_layer(self, blocks: Iterator[Tensor], height: int) -> Iterator[Tensor]:
        """Convolve to one channel: all taps of all pixels by a matrix product, then add shifted planes."""
        taps, size = self._last
        radius = size // 2
        for window in windows(blocks, height, radius):
            images, rows, width, channels = window.shape
            values = window.reshape(images, rows * width, channels).float()
            planes = torch.matmul(taps, values.transpose(1, 2)).view(images, size, size, rows, width)
            count = rows - 2 * radius
            result = planes.new_full((images, count, width), self._last_bias)
            for row in range(size):
                for column in range(size):
                    shift = column - radius
                    to = slice(max(0, -shift), width - max(0, shift))
                    source = slice(max(0, shift), width - max(0, -shift))
                    result[..., to] += planes[:, row, column, row : row + count, source]
            yield result


def _rectified(features: Tensor) -> Tensor:
    """Apply the leaky rectifier in place."""
    return functional.leaky_relu_(features, SLOPE)


def _convolved(
    rows: Tensor, kernel: tuple[Tensor, Tensor | None], column_padding: int | None = None
) -> Tensor:
    """Convolve (n, h, w, c): zeros beside the columns, none above and below."""
    weight, bias = kernel
    padding = weight.shape[-1] // 2 if column_padding is None else column_padding
    result = functional.conv2d(rows.permute(0, 3, 1, 2), weight, bias, padding=(0, padding))
    return result.permute(0, 2, 3, 1).contiguous()


def _joined_phases(blocks: Iterator[Tensor], image: Tensor) -> Iterator[Tensor]:
    """Join the four phases of the raw image (n, 2h, 2w, 1) to blocks of a map (n, h, w, c)."""
    first = 0
    for block in blocks:
        last = first + block.shape[1]
        part = functional.pixel_unshuffle(image[:, 2 * first : 2 * last].permute(0, 3, 1, 2), 2)
        yield torch.cat([block, part.permute(0, 2, 3, 1)], dim=3)
        first = last


def _convolved_blocks(
    blocks: Iterator[Tensor], height: int, kernel: tuple[Tensor, Tensor]
) -> Iterator[Tensor]:
    """Convolve and rectify a map that comes in blocks of rows."""
    for window in windows(blocks, height, kernel[0].shape[-1] // 2):
        yield _rectified(_convolved(window, kernel))
