"""The noise GAN's networks: sizes as published, no seam, no unreachable value."""

import math
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
import torch

from clearice.config.stages.noise_gan import CriticSettings, GeneratorSettings
from clearice.networks.noise_gan import CRITIC_NORMS, OUTPUTS, Critic, Generator, drawn_fields

SMALL = {"width": 32, "latent_channels": 8, "output": "linear", "output_sigmas": 4.0}


def generator(**changed):
    torch.manual_seed(0)
    return Generator(**{"patch_px": 32, "stationary": True, "pixel_noise": True, **SMALL, **changed})


def random_generator(seed=0):
    return torch.Generator().manual_seed(seed)


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_at_the_papers_settings_the_networks_have_their_published_sizes():
    # Kernels of 16 weights; one gain and one offset per normalised channel, one offset per channel.
    made = Generator(
        patch_px=128, width=1024, latent_channels=100, stationary=False, pixel_noise=False, output="linear",
        output_sigmas=4.0,
    )  # fmt: skip
    steps = [100, 1024, 512, 256, 128, 64, 1]
    kernels = 16 * sum(a * b for a, b in pairwise(steps))
    assert count(made) == kernels + 2 * sum(steps[1:-1]) + sum(steps[1:])
    assert round(count(made) / 1e6, 1) == 12.8
    critic = Critic(patch_px=128, width=1024, norm="instance")
    steps = [1, 64, 128, 256, 512, 1024, 1]
    kernels = 16 * sum(a * b for a, b in pairwise(steps))
    assert count(critic) == kernels + 2 * sum(steps[2:-1]) + sum(steps[1:])
    assert round(count(critic) / 1e6, 1) == 11.2
    convolutions = [m for m in made.modules() if isinstance(m, torch.nn.ConvTranspose2d)]
    assert len(convolutions) == 6
    assert len([m for m in critic.modules() if isinstance(m, torch.nn.Conv2d)]) == 6


@pytest.mark.parametrize("patch_px", [16, 32, 64])
@pytest.mark.parametrize("stationary", [True, False])
def test_drawn_patches_fit_the_critic(patch_px, stationary):
    patches = generator(patch_px=patch_px, stationary=stationary).draw(3, patch_px, random_generator())
    assert patches.shape == (3, 1, patch_px, patch_px)
    assert Critic(patch_px=patch_px, width=32, norm="none")(patches).shape == (3,)


def test_the_papers_generator_maps_one_latent_point_to_one_patch():
    network = generator(stationary=False, pixel_noise=False)
    assert network.latent_shape(32) == (1, 32)
    assert network(torch.randn(2, 8, 1, 1), random_generator()).shape == (2, 1, 32, 32)


@pytest.mark.parametrize("field_px", [16, 32, 33, 100, 256])
def test_a_stationary_generator_makes_fields_of_any_size(field_px):
    network = generator().eval()
    side, made_px = network.latent_shape(field_px)
    assert made_px >= field_px
    assert network(torch.randn(1, 8, side, side), random_generator()).shape == (1, 1, made_px, made_px)
    assert drawn_fields(network, 3, field_px, random_generator(), 2).shape == (3, field_px, field_px)


def test_a_generator_of_patches_refuses_larger_fields():
    with pytest.raises(ValueError, match="patches of 32 px only, not fields of 64 px"):
        generator(stationary=False).latent_shape(64)


def test_a_larger_latent_map_repeats_nothing_and_shifts_with_its_latents():
    # No padding anywhere: a shift of the latent map by one shifts the field by the magnification, all pixels of it.
    network = generator(pixel_noise=False).eval()
    latent = torch.randn(1, 8, 12, 12, generator=random_generator(1))
    with torch.inference_mode():
        field = network(latent, random_generator())[0, 0]
        shifted = network(latent[:, :, 1:, 1:], random_generator())[0, 0]
    torch.testing.assert_close(shifted, field[8:, 8:], rtol=1e-4, atol=1e-6)


def test_statistics_are_the_same_in_the_middle_and_at_the_borders():
    network = generator().train()
    for _ in range(20):
        network.draw(16, 32, random_generator(3))
    fields = drawn_fields(network.eval(), 400, 64, random_generator(1), 50)
    variance = fields.var(axis=0)
    borders = np.concatenate([variance[:8].ravel(), variance[-8:].ravel(), variance[:, :8].ravel()])
    assert borders.mean() == pytest.approx(variance[24:40, 24:40].mean(), rel=0.05)


def test_a_zero_padded_generator_would_not_pass_that_test():
    # The same law on the paper's padding: border pixels lack inputs.
    network = generator(stationary=False, pixel_noise=False).train()
    for _ in range(20):
        network.draw(16, 32, random_generator(3))
    variance = drawn_fields(network.eval(), 400, 32, random_generator(1), 50).var(axis=0)
    borders = np.concatenate([variance[:1].ravel(), variance[-1:].ravel()])
    assert abs(borders.mean() / variance[12:20, 12:20].mean() - 1) > 0.05


def test_pixel_noise_is_fresh_in_every_draw_and_comes_from_the_generator():
    network = generator().eval()
    latent = torch.zeros(1, 8, 7, 7)
    with torch.inference_mode():
        first, again, other = (network(latent, random_generator(seed)) for seed in (1, 1, 2))
    torch.testing.assert_close(first, again, rtol=0, atol=0)
    assert not torch.allclose(first, other)


def test_no_value_of_a_linear_output_is_out_of_reach():
    network = generator(pixel_noise=False).eval()
    with torch.no_grad():
        network.layers[-1].bias.fill_(100.0)
    assert drawn_fields(network, 1, 32, random_generator(), 1).min() > 50


def test_a_tanh_output_reaches_its_sigmas_and_not_more():
    network = generator(output="tanh", output_sigmas=5.0, pixel_noise=False).eval()
    small = network.draw(1, 32, random_generator()).detach()
    with torch.no_grad():
        plain = generator(pixel_noise=False)
        plain.load_state_dict(network.state_dict())
        expected = 5 * torch.tanh(plain.eval().draw(1, 32, random_generator()) / 5)
        network.layers[-1].bias.fill_(1000.0)
    torch.testing.assert_close(small, expected)
    assert drawn_fields(network, 1, 32, random_generator(), 1).max() == pytest.approx(5.0)


def test_an_instance_normalised_critic_hardly_sees_contrast():
    # Why norm: none exists; see docs/method.md.
    patches = torch.randn(8, 1, 32, 32, generator=random_generator(5))
    changes = {}
    for norm in ("instance", "none"):
        torch.manual_seed(1)
        critic = Critic(patch_px=32, width=64, norm=norm)
        with torch.no_grad():
            once, twice = critic(patches), critic(2 * patches)
        changes[norm] = float((twice - once).abs().mean() / once.std())
    assert changes["instance"] < 0.3 * changes["none"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: generator(patch_px=48), "16, 32, 64, 128 or 256 px, not 48"),
        (lambda: generator(patch_px=8), "16, 32, 64, 128 or 256 px, not 8"),
        (lambda: generator(width=33), "cannot be halved"),
        (lambda: generator(output="relu"), "output 'relu' is unknown"),
        (lambda: Critic(patch_px=32, width=32, norm="batch"), "critic norm 'batch' is unknown"),
    ],
)
def test_impossible_networks_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_start_is_almost_white_noise_of_unit_variance():
    fields = drawn_fields(generator(patch_px=64), 20, 64, random_generator(), 20)
    assert fields.std() == pytest.approx(1.0, abs=0.15)
    assert math.isclose(float((fields[:, :, 1:] * fields[:, :, :-1]).mean()), 0.0, abs_tol=0.1)


def test_the_config_may_name_every_output_and_norm_and_no_other():
    assert get_args(GeneratorSettings.model_fields["output"].annotation) == OUTPUTS
    assert get_args(CriticSettings.model_fields["norm"].annotation) == CRITIC_NORMS
