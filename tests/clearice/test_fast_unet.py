from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from clearice.networks.fast_unet import FastUNet
from clearice.networks.phase_kernels import phase_kernel, unshuffled_kernel
from clearice.networks.row_blocks import no_larger, rows_between, windows
from clearice.networks.unet import UNet

CPU = torch.device("cpu")
SCRIPTS = Path(__file__).resolve().parents[2] / "workflow" / "scripts"


def made_up(width: int, first_kernel: int, last_kernel: int) -> UNet:
    network = UNet(width, first_kernel, last_kernel)
    generator = torch.Generator().manual_seed(5)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, 0.0, 0.1, generator)
        if parameter.ndim == 4:
            torch.nn.init.kaiming_normal_(parameter, a=0.1, generator=generator)
    return network


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(2))


def plain_result(network: UNet, images: Tensor) -> Tensor:
    with torch.inference_mode():
        return network(images)


@pytest.mark.parametrize("settings", [(6, 5, 3), (6, 3, 5), (3, 3, 1), (3, 7, 7), (3, 1, 9)])
@pytest.mark.parametrize("shape", [(1, 1, 64, 96), (2, 1, 33, 50), (1, 1, 224, 32)])
@pytest.mark.parametrize("memory_mb", [1000.0, 0.2])  # one block, and blocks of a few rows
def test_fast_equals_plain(
    settings: tuple[int, int, int], shape: tuple[int, int, int, int], memory_mb: float
) -> None:
    network, images = made_up(*settings), noise(*shape)
    expected = plain_result(network, images)
    result = FastUNet(network, CPU, "float32", memory_mb)(images)
    assert result.shape == expected.shape
    assert float((result - expected).abs().max()) < 1e-5 * float(expected.abs().max())


def test_fast_equals_plain_at_the_published_size() -> None:
    network, images = made_up(48, 11, 5), noise(1, 1, 96, 128)
    expected = plain_result(network, images)
    result = FastUNet(network, CPU, "float32", 100)(images)
    assert float((result - expected).std()) < 1e-5 * float(expected.std())


def test_bfloat16_differs_by_a_few_per_cent_at_most() -> None:
    network, images = made_up(48, 11, 5), noise(1, 1, 96, 96)
    expected = plain_result(network, images)
    result = FastUNet(network, CPU, "bfloat16", 100)(images)
    assert result.dtype == torch.float32
    error = float((result - expected).std() / expected.std())
    assert 1e-5 < error < 0.05  # 0.4 % with Topaz's weights, more with a made-up network's


def test_the_rewrite_saves_two_fifths_of_the_operations() -> None:
    network, images = made_up(48, 11, 5), torch.zeros(1, 1, 32, 32)
    with FlopCounterMode(display=False) as plain, torch.inference_mode():
        network(images)
    with FlopCounterMode(display=False) as fast:
        FastUNet(network, CPU, "float32", 100)(images)
    assert fast.get_total_flops() < 0.63 * plain.get_total_flops()


def test_the_trained_network_is_not_changed() -> None:
    network = made_up(6, 5, 3)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    FastUNet(network, CPU, "bfloat16", 10)(noise(1, 1, 32, 32))
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_more_memory_allows_larger_images_and_bfloat16_twice_the_maps() -> None:
    network = made_up(48, 11, 5)
    small, large = (FastUNet(network, CPU, "float32", memory) for memory in (500, 2000))
    assert large.most_pixels > 4 * small.most_pixels > 0
    half = FastUNet(network, CPU, "bfloat16", 2000)
    assert half.bytes_per_pixel - 8 == pytest.approx((large.bytes_per_pixel - 8) / 2)


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(ValueError, match="precision is 'float16'"):
        FastUNet(made_up(3, 3, 3), CPU, "float16", 100)


@pytest.mark.parametrize("size", [1, 3, 5, 7])
def test_phase_kernels_convolve_the_doubled_map(size: int) -> None:
    weight, values = noise(3, 2, size, size), noise(1, 2, 9, 11)
    doubled = functional.interpolate(values, scale_factor=2, mode="nearest")
    expected = functional.conv2d(doubled, weight, padding=size // 2)
    assert torch.allclose(joined(phase_kernel(weight), values, size // 2), expected, atol=1e-5)


@pytest.mark.parametrize("size", [1, 3, 5, 7])
def test_unshuffled_kernels_convolve_the_full_map(size: int) -> None:
    weight, image = noise(3, 1, size, size), noise(1, 1, 18, 22)
    expected = functional.conv2d(image, weight, padding=size // 2)
    result = joined(unshuffled_kernel(weight), functional.pixel_unshuffle(image, 2), size // 2)
    assert torch.allclose(result, expected, atol=1e-5)


def joined(kernel: Tensor, values: Tensor, radius: int) -> Tensor:
    """Put the four phases that a rewritten kernel gives where they belong."""
    height, width = values.shape[-2:]
    reach = (radius + 1) // 2
    phases = functional.conv2d(values, kernel, padding=reach)
    result = values.new_empty(1, kernel.shape[0] // 4, 2 * height, 2 * width)
    for index, part in enumerate(phases.chunk(4, dim=1)):
        a, b = divmod(index, 2)
        top, left = (a, b) if radius % 2 else (0, 0)
        result[..., a::2, b::2] = part[..., top : top + height, left : left + width]
    return result


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 20])
@pytest.mark.parametrize("reach", [0, 1, 3])
def test_windows_of_blocks_are_the_rows_of_the_padded_map(limit: int, reach: int) -> None:
    values = noise(2, 13, 3, 4)
    padded = rows_between(values, -reach, 13 + reach)
    row = 0
    for window in windows(no_larger(iter((values,)), limit), 13, reach):
        assert torch.equal(window, padded[:, row : row + window.shape[1]])
        row += window.shape[1] - 2 * reach
    assert row == 13


@pytest.mark.slow
def test_memory_grows_with_the_image_as_foretold() -> None:
    code = """
import resource, sys, torch
sys.path.insert(0, sys.argv[1])
torch.set_num_threads(1)
from clearice.networks.fast_unet import FastUNet
from clearice.networks.unet import UNet
fast = FastUNet(UNet(48, 11, 5), torch.device("cpu"), "float32", 50)
peaks = []
for side in (384, 384, 896):
    fast(torch.zeros(1, 1, side, side))
    peaks.append(1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print((peaks[2] - peaks[1]) / (896**2 - 384**2) / fast.bytes_per_pixel)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(SCRIPTS)], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 1.6
