from __future__ import annotations

import pytest
import torch
from torch import Tensor

from clearice.networks.unet import UNet, pad_to_multiple


def made_up(width: int = 6, first_kernel: int = 5, last_kernel: int = 3) -> UNet:
    """A network whose weights keep the size of what passes, from a fixed seed."""
    network = UNet(width, first_kernel, last_kernel)
    generator = torch.Generator().manual_seed(5)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, 0.0, 0.1, generator)
        if parameter.ndim == 4:
            torch.nn.init.kaiming_normal_(parameter, a=0.1, generator=generator)
    return network


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize(
    ("settings", "parameters"), [((48, 11, 5), 1_105_809), ((48, 11, 3), 973_201), ((48, 7, 3), 969_745)]
)
def test_published_networks_have_their_published_numbers_of_parameters(
    settings: tuple[int, int, int], parameters: int
) -> None:
    assert sum(parameter.numel() for parameter in UNet(*settings).parameters()) == parameters


def test_published_network_has_its_measured_receptive_field() -> None:
    network = UNet(48, 11, 5)
    assert network.receptive_field_px == 326
    assert network.receptive_field_px / 2 <= network.reach_px <= 192


@pytest.mark.parametrize("shape", [(1, 1), (31, 33), (50, 70), (64, 96), (5, 129)])
def test_any_size_keeps_its_size(shape: tuple[int, int]) -> None:
    with torch.inference_mode():
        assert made_up()(noise(2, 1, *shape)).shape == (2, 1, *shape)


def test_padding_mirrors_and_leaves_the_top_left_corner() -> None:
    image = torch.arange(6.0).reshape(1, 1, 2, 3)
    padded = pad_to_multiple(image, 8)
    assert padded.shape == (1, 1, 8, 8)
    assert torch.equal(padded[..., :2, :3], image)
    assert padded[0, 0, 0].tolist() == [0, 1, 2, 2, 1, 0, 0, 1]
    assert padded[0, 0, :, 0].tolist() == [0, 3, 3, 0, 0, 3, 3, 0]
    assert pad_to_multiple(padded, 8) is padded


def test_nothing_beyond_the_reach_changes_an_output_pixel() -> None:
    network = made_up(3, 3, 3)
    reach = network.reach_px
    y = x = 192 + 13
    image = noise(1, 1, 416, 416)
    changed = image.clone()
    changed[..., : y - reach, :] += 10
    changed[..., y + reach + 1 :, :] -= 10
    changed[..., :, : x - reach] += 10
    changed[..., :, x + reach + 1 :] -= 10
    with torch.inference_mode():
        assert network(image)[0, 0, y, x] == pytest.approx(float(network(changed)[0, 0, y, x]), abs=1e-6)
        changed[..., y, x] += 1
        assert float((network(image) - network(changed))[0, 0, y, x].abs()) > 1e-3


def test_an_image_shifted_by_a_pooling_cell_gives_the_shifted_result() -> None:
    network = made_up(3, 3, 3)
    image = noise(1, 1, 448, 448)
    with torch.inference_mode():
        whole, shifted = network(image), network(image[..., 32:, 32:])
    inside = slice(192, 448 - 192)
    assert torch.allclose(whole[..., inside, inside], shifted[..., 160 : 160 + 64, 160 : 160 + 64], atol=1e-5)


def test_settings_make_the_network_again() -> None:
    network = made_up(9, 3, 5)
    again = UNet(**network.settings)
    again.load_state_dict(network.state_dict())
    image = noise(1, 1, 32, 64)
    with torch.inference_mode():
        assert torch.equal(network(image), again(image))


def test_every_weight_learns() -> None:
    network = made_up()
    (network(noise(1, 1, 64, 64)) ** 2).mean().backward()
    assert all(p.grad is not None and float(p.grad.abs().max()) > 0 for p in network.parameters())


@pytest.mark.parametrize(("settings", "word"), [((48, 10, 5), "first_kernel"), ((48, 11, 4), "last_kernel")])
def test_even_kernels_are_refused(settings: tuple[int, int, int], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        UNet(*settings)


def test_a_width_that_is_no_multiple_of_three_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of 3"):
        UNet(16, 11, 5)
