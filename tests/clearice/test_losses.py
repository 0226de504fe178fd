import numpy as np
import pytest
import torch
from torch import nn

from clearice.training.losses import LOSSES, both_ways, mean_seeking, median_seeking, mode_seeking
from clearice.training.regression import train
from support.training import small_training

OBSERVATIONS = (65.0, 52.0, 76.0, 69.0, 85.0)  # a thermometer, read five times


class Guess(nn.Module):
    """Answers with one learned number whatever it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.tensor([50.0]))

    def forward(self, images):
        return self.value.expand_as(images)


def value_found_by(loss: str) -> float:
    def observation(index):
        return np.zeros((1, 1), np.float32), np.full((1, 1), OBSERVATIONS[index % 5], np.float32)

    settings = small_training(
        steps=400, batch_size=5, loss=loss, learning_rate=1.0, schedule="cosine", validate_every=100
    )
    network = Guess()
    train(
        network,
        observation,
        observation,
        settings,
        device=torch.device("cpu"),
        workers=0,
        resume_from=None,
        save_state=lambda state: None,
    )
    return float(network.value.detach())


def test_l2_finds_the_mean_of_constant_noisy_observations():
    assert value_found_by("L2") == pytest.approx(69.4, abs=0.05)


def test_l1_finds_their_median():
    assert value_found_by("L1") == pytest.approx(69.0, abs=0.05)


@pytest.mark.parametrize(("progress", "same_as"), [(0.0, mean_seeking), (0.5, median_seeking)])
def test_annealed_l0_passes_through_l2_and_l1(progress, same_as):
    generator = torch.Generator().manual_seed(1)
    output, target = (
        torch.randn(2, 1, 8, 8, generator=generator),
        torch.randn(2, 1, 8, 8, generator=generator),
    )
    torch.testing.assert_close(mode_seeking(output, target, progress), same_as(output, target, progress))


def test_annealed_l0_ends_at_counting_pixels_whatever_their_error():
    output = torch.tensor([[[[0.5, 30.0]]]])
    assert mode_seeking(output, torch.zeros_like(output), 1.0) == pytest.approx(1.0)


@pytest.mark.parametrize("name", LOSSES)
def test_no_loss_changes_when_output_and_target_swap(name):
    output, target = torch.tensor([[[[1.0, -2.0]]]]), torch.tensor([[[[0.0, 5.0]]]])
    assert LOSSES[name](output, target, 0.3) == LOSSES[name](target, output, 0.3)


def test_both_ways_shows_each_exposure_once_as_input_and_once_as_target():
    even, odd = torch.zeros(2, 1, 4, 4), torch.ones(2, 1, 4, 4)
    inputs, targets = both_ways(even, odd)
    assert torch.equal(inputs, torch.cat([even, odd]))
    assert torch.equal(inputs + targets, torch.ones(4, 1, 4, 4))
