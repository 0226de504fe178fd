"""The network that trains on a processor: the plain one's function, gradients and weights, by another sum."""

import pytest
import torch

from clearice.networks.phased_unet import PhasedUNet
from clearice.networks.unet import UNet


def pair(*settings):
    """Make both networks with the same weights, in double precision."""
    torch.manual_seed(0)
    plain, phased = UNet(*settings).double(), PhasedUNet(*settings).double()
    phased.load_state_dict(plain.state_dict())
    return plain, phased


@pytest.mark.parametrize("last_kernel", [1, 3, 5, 7, 11])
@pytest.mark.parametrize("shape", [(2, 1, 64, 96), (1, 1, 45, 50)])
def test_output_and_all_gradients_are_those_of_the_plain_network(last_kernel, shape):
    networks = pair(6, 5, last_kernel)
    generator = torch.Generator().manual_seed(1)
    images, targets = (torch.randn(shape, generator=generator, dtype=torch.float64) for _ in range(2))
    outputs = []
    for network in networks:
        output = network(images)
        (output - targets).square().mean().backward()
        outputs.append(output.detach())
    torch.testing.assert_close(outputs[1], outputs[0], rtol=1e-10, atol=1e-12)
    for (name, one), (same, other) in zip(*(network.named_parameters() for network in networks), strict=True):
        assert name == same
        assert one.grad.abs().max() > 0, name
        torch.testing.assert_close(other.grad, one.grad, rtol=1e-9, atol=1e-13)


def test_a_training_step_in_single_precision_differs_by_rounding_only():
    networks = [network.float().to(memory_format=torch.channels_last) for network in pair(12, 7, 3)]
    images = torch.randn(2, 1, 64, 64, generator=torch.Generator().manual_seed(2))
    for network in networks:
        network(images).square().mean().backward()
    plain, phased = (
        torch.cat([parameter.grad.flatten() for parameter in network.parameters()]) for network in networks
    )
    assert (phased - plain).norm() < 1e-4 * plain.norm()


def test_the_names_and_shapes_of_the_weights_are_those_of_the_plain_network():
    plain, phased = pair(9, 3, 5)
    assert {name: value.shape for name, value in plain.state_dict().items()} == {
        name: value.shape for name, value in phased.state_dict().items()
    }
    assert phased.settings == plain.settings
