import logging
from typing import get_args

import numpy as np
import pytest
import torch
from torch import nn

from clearice.config.training import DenoiserTraining
from clearice.networks.unet import UNet
from clearice.run import progress
from clearice.training.initialisation import initialise
from clearice.training.losses import LOSSES
from clearice.training.optimisers import OPTIMISERS
from clearice.training.regression import has_stopped_falling, train, validation_loss
from clearice.training.resume import HistoryRow
from clearice.training.schedule import SCHEDULES
from support.training import small_training

CPU = torch.device("cpu")
SETTINGS = small_training()


def pair(index):
    generator = np.random.default_rng(index)
    signal = np.full((8, 8), generator.standard_normal(), np.float32)
    return signal + generator.standard_normal((8, 8)).astype(np.float32), signal


def other_pair(index):
    return pair(10_000 + index)


def small_network(seed=0) -> nn.Module:
    network = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.LeakyReLU(0.1), nn.Conv2d(4, 1, 3, padding=1))
    initialise(network, torch.Generator().manual_seed(seed))
    return network


def trained(settings, network=None, training=pair, validation=other_pair, workers=0):
    network = small_network() if network is None else network
    return train(
        network,
        training,
        validation,
        settings,
        device=CPU,
        workers=workers,
        resume_from=None,
        save_state=lambda state: None,
    )


@pytest.mark.parametrize("optimiser", ["adagrad", "adam", "adamw", "sgd"])
@pytest.mark.parametrize("loss", ["L2", "L1", "L0"])
def test_every_optimiser_lowers_every_loss(optimiser, loss):
    settings = small_training(
        optimiser=optimiser, loss=loss, steps=150, validate_every=150, schedule="cosine", clip_norm=1.0
    )
    history = trained(settings).history
    assert history[-1].validation_loss < history[0].validation_loss


def test_the_history_has_a_row_before_the_first_step_at_every_validation_and_at_the_last():
    history = trained(small_training(steps=10)).history
    assert [row.step for row in history] == [0, 4, 8, 10]
    assert np.isnan(history[0].train_loss)
    assert all(np.isfinite(row.train_loss) for row in history[1:])
    assert [row.seconds for row in history] == sorted(row.seconds for row in history)


def test_the_best_weights_are_kept_and_not_the_last():
    result = trained(small_training(learning_rate=3.0, optimiser="sgd", clip_norm=1.0))
    best = min(result.history, key=lambda row: row.validation_loss)
    assert result.best_step == best.step < result.history[-1].step
    again = small_network()
    again.load_state_dict(result.weights)
    found = validation_loss(again, other_pair, SETTINGS, device=CPU, workers=0)
    assert found == pytest.approx(best.validation_loss, rel=1e-5)


def test_the_validation_loss_is_the_mean_over_all_crops_and_not_over_batches():
    network = small_network()
    losses = []
    for index in range(5):
        noisy, target = (torch.from_numpy(one)[None, None] for one in other_pair(index))
        losses.append(float(((network(noisy) - target) ** 2).mean().detach()))
    found = validation_loss(network, other_pair, small_training(batch_size=2), device=CPU, workers=0)
    assert found == pytest.approx(np.mean(losses), rel=1e-6)


def test_validation_uses_the_same_crops_every_time():
    asked = []

    def recorded(index):
        asked.append(index)
        return other_pair(index)

    trained(SETTINGS, validation=recorded)
    assert asked == [0, 1, 2, 3, 4] * 4


def test_both_ways_gives_the_loss_of_even_against_odd_and_of_odd_against_even():
    network = small_network()
    forth = validation_loss(network, pair, SETTINGS, device=CPU, workers=0)
    back = validation_loss(network, lambda index: pair(index)[::-1], SETTINGS, device=CPU, workers=0)
    both = validation_loss(network, pair, small_training(pairing="noise2noise"), device=CPU, workers=0)
    assert both == pytest.approx((forth + back) / 2, rel=1e-6)


def test_equal_seeds_give_equal_weights_and_any_number_of_workers_the_same():
    first, second = trained(SETTINGS), trained(SETTINGS, workers=3)
    assert all(torch.equal(value, second.weights[name]) for name, value in first.weights.items())


def test_clipping_bounds_the_step_of_plain_descent():
    settings = small_training(optimiser="sgd", clip_norm=0.1, learning_rate=1.0, steps=1, validate_every=1)
    before = small_network()
    after = small_network()
    trained(settings, network=after)
    moved = sum(
        float(((b - a) ** 2).sum().detach())
        for a, b in zip(before.parameters(), after.parameters(), strict=True)
    )
    assert moved**0.5 == pytest.approx(0.1, rel=1e-3)


def test_a_loss_that_is_not_finite_ends_in_a_sentence_that_says_what_to_lower():
    settings = small_training(optimiser="sgd", learning_rate=1e12, steps=50, validate_every=50)
    with pytest.raises(ValueError, match=r"diverged .* lower learning_rate \(now 1e\+12\) or clip_norm"):
        trained(settings)


def test_bf16_trains_to_nearly_the_loss_of_fp32():
    losses = [
        trained(small_training(precision=precision, steps=40, validate_every=40)).history[-1].validation_loss
        for precision in ("float32", "bfloat16")
    ]
    assert losses[1] == pytest.approx(losses[0], rel=0.05)


def rows(*losses):
    return tuple(HistoryRow(10 * k, 0.0, loss, 0.0, 0.0) for k, loss in enumerate(losses))


def test_training_stops_after_patience_validations_without_a_new_best():
    settings = small_training(patience=2)
    assert not has_stopped_falling(rows(1.0, 0.5, 0.6), settings)
    assert has_stopped_falling(rows(1.0, 0.5, 0.6, 0.5), settings)
    assert not has_stopped_falling(rows(1.0, 0.5, 0.6, 0.4), settings)
    assert not has_stopped_falling(rows(1.0, 0.5, 0.6, 0.5), small_training(patience=0))


def test_patience_is_not_counted_while_the_noise_still_grows():
    settings = small_training(patience=2, steps=40, curriculum_start=0.2, curriculum_fraction=0.5)
    assert not has_stopped_falling(rows(0.1, 0.5, 0.6, 0.5), settings)
    assert has_stopped_falling(rows(0.1, 0.5, 0.6, 0.5, 0.5), settings)


def test_early_stopping_ends_the_training():
    result = trained(
        small_training(learning_rate=1e-12, steps=400, validate_every=1, patience=3, optimiser="sgd")
    )
    assert result.history[-1].step < 400


@pytest.mark.parametrize(
    ("setting", "implemented"), [("loss", LOSSES), ("optimiser", OPTIMISERS), ("schedule", SCHEDULES)]
)
def test_what_the_config_may_name_is_what_the_trainer_has(setting, implemented):
    assert set(get_args(DenoiserTraining.model_fields[setting].annotation)) == set(implemented)


def test_long_trainings_log_step_loss_speed_and_time_left(monkeypatch, caplog):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    with caplog.at_level(logging.INFO):
        trained(SETTINGS)
    lines = [record.getMessage() for record in caplog.records if "crops/s" in record.getMessage()]
    assert len(lines) == 12
    assert lines[2].startswith("step 3 of 12, loss ")
    assert lines[-1].endswith(" 0 s left")


def test_the_initial_weights_come_from_the_generator_alone():
    torch.manual_seed(1)
    first = small_network(7).state_dict()
    torch.manual_seed(2)
    second, other = small_network(7).state_dict(), small_network(8).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["0.weight"], other["0.weight"])


def test_the_initial_weights_are_those_of_torch_for_the_same_seed():
    with torch.random.fork_rng():
        torch.manual_seed(5)
        expected = UNet(12, 5, 3).state_dict()
    network = UNet(12, 5, 3)
    initialise(network, torch.Generator().manual_seed(5))
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, expected[name])


@pytest.mark.gpu
def test_a_gpu_trains_in_bf16_with_pinned_batches_of_several_workers():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA GPU on this machine")
    network = UNet(12, 5, 3)
    initialise(network, torch.Generator().manual_seed(0))
    result = train(
        network,
        pair,
        other_pair,
        small_training(precision="bfloat16", steps=60, validate_every=20, clip_norm=1.0),
        device=torch.device("cuda"),
        workers=2,
        resume_from=None,
        save_state=lambda state: None,
    )
    assert result.history[-1].validation_loss < result.history[0].validation_loss
    assert all(value.device == CPU and value.is_contiguous() for value in result.weights.values())
