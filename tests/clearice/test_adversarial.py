"""Adversarial training: the penalty is eq. 2, draws are a function of the step, and a killed training goes on."""

import copy
import io
import logging

import pytest
import torch
from torch import nn

from clearice.config.stages.noise_gan import NoiseGanStep
from clearice.training.adversarial import (
    adversarial_record,
    draw_patches,
    gradient_penalty,
    settle_batch_norm,
    train_adversarially,
)


def gan_settings(**changes):
    values = {
        "minimum_patches": 2,
        "patch_px": 16,
        "whitened": False,
        "symmetries": False,
        "generator": {
            "width": 8,
            "latent_channels": 2,
            "stationary": True,
            "pixel_noise": True,
            "output": "linear",
            "output_sigmas": 4.0,
        },
        "critic": {"width": 8, "norm": "none"},
        "batch_size": 8,
        "steps": 12,
        "critic_steps": 2,
        "penalty": 10.0,
        "learning_rate": 1e-3,
        "betas": [0.5, 0.999],
        "record_every": 5,
        "keep_every": 5,
        "criterion": "ssim",
        "seed": 7,
    }
    return NoiseGanStep(**{**values, **changes})


SETTINGS = gan_settings()


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


class Linear(nn.Module):
    """A critic with the same slope everywhere."""

    def __init__(self, slope):
        super().__init__()
        self.slope = nn.Parameter(slope)

    def forward(self, patches):
        return (patches * self.slope).flatten(1).sum(1)


@pytest.mark.parametrize("norm", [0.0, 0.5, 1.0, 3.0])
def test_the_penalty_of_a_linear_critic_is_exact(norm):
    slope = torch.randn(1, 1, 8, 8, generator=generator(1))
    slope = norm * slope / slope.norm()
    real, fake = (torch.randn(5, 1, 8, 8, generator=generator(seed)) for seed in (2, 3))
    penalty = gradient_penalty(Linear(slope), real, fake, generator(4))
    assert float(penalty.detach()) == pytest.approx((norm - 1) ** 2, abs=1e-5)


def test_the_norm_is_taken_over_all_pixels_of_a_sample():
    # The released code takes it over the single channel: each pixel's slope, 1 here, would cost nothing.
    ones = Linear(torch.ones(1, 1, 8, 8))
    real, fake = torch.zeros(4, 1, 8, 8), torch.ones(4, 1, 8, 8)
    assert float(gradient_penalty(ones, real, fake, generator()).detach()) == pytest.approx((8 - 1) ** 2)


def test_every_sample_is_penalised_by_itself():
    class Square(nn.Module):
        def forward(self, patches):
            return 0.5 * (patches**2).flatten(1).sum(1)

    real = torch.stack([torch.full((1, 2, 2), 1.0), torch.full((1, 2, 2), 2.0)])
    # Real and fake are equal, so that every point between them is the sample itself; its slope is the sample.
    penalty = gradient_penalty(Square(), real, real.clone(), generator())
    assert float(penalty.detach()) == pytest.approx(((2 - 1) ** 2 + (4 - 1) ** 2) / 2)


def test_the_penalty_reaches_the_critics_weights():
    critic = Linear(torch.full((1, 1, 4, 4), 1.0))
    gradient_penalty(critic, torch.zeros(2, 1, 4, 4), torch.ones(2, 1, 4, 4), generator()).backward()
    # d/dw (|w| - 1)^2 = 2 (|w| - 1) w / |w| with |w| = 4.
    torch.testing.assert_close(critic.slope.grad, torch.full((1, 1, 4, 4), 2 * 3 / 4.0))


class Maker(nn.Module):
    def __init__(self):
        super().__init__()
        self.before = nn.Conv2d(2, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.after = nn.Conv2d(4, 1, 1)

    def forward(self, latent):
        return self.after(torch.relu(self.norm(self.before(latent))))


def networks():
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Conv2d(1, 8, 3, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(8, 1, 4), nn.Flatten(0))
    return Maker(), critic


def run(settings=SETTINGS, resume_from=None, save_state=lambda state: None, seed=7):
    maker, critic = networks()
    history = train_adversarially(
        maker,
        critic,
        lambda c: 2.0 + 0.5 * torch.randn(8, 1, 8, 8, generator=c),
        lambda c: maker(torch.randn(8, 2, 8, 8, generator=c)),
        settings,
        generator_of=lambda step: generator(1000 * seed + step),
        resume_from=resume_from,
        save_state=save_state,
    )
    return maker, critic, history


def as_bytes(network):
    stream = io.BytesIO()
    torch.save(network.state_dict(), stream)
    return stream.getvalue()


def losses(history):
    return [(r.step, r.critic_loss, r.generator_loss, r.gradient_penalty, r.wasserstein) for r in history]


def test_equal_seeds_give_equal_weights_and_others_do_not():
    first, again, other = run(), run(), run(seed=8)
    assert as_bytes(first[0]) == as_bytes(again[0])
    assert losses(first[2]) == losses(again[2])
    assert as_bytes(first[0]) != as_bytes(other[0])


@pytest.mark.parametrize("killed_at", [1, 2])
def test_a_killed_training_goes_on_to_equal_bytes(killed_at):
    class Killed(Exception):
        pass

    kept = []

    def save_state(state):
        kept.append(copy.deepcopy(state))
        if len(kept) == killed_at:
            raise Killed

    with pytest.raises(Killed):
        run(save_state=save_state)
    whole, resumed = run(), run(resume_from=kept[-1])
    assert as_bytes(resumed[0]) == as_bytes(whole[0])
    assert as_bytes(resumed[1]) == as_bytes(whole[1])
    assert losses(resumed[2]) == losses(whole[2])


def test_a_state_holds_only_what_a_safe_reader_reads():
    kept = []
    run(save_state=kept.append)
    assert [state["step"] for state in kept] == [5, 10]
    stream = io.BytesIO()
    torch.save(kept[0], stream)
    stream.seek(0)
    assert torch.load(stream, weights_only=True)["step"] == 5


def test_history_has_a_row_for_every_record_and_the_last_step():
    *_, history = run()
    assert [row.step for row in history] == [5, 10, 12]
    seconds = [row.seconds for row in history]
    assert seconds == sorted(seconds)
    for row in history:
        assert row.critic_loss == pytest.approx(10 * row.gradient_penalty - row.wasserstein, rel=1e-4)


def test_the_generator_learns_the_mean_and_spread_of_the_data():

    maker, *_ = run(gan_settings(steps=300, learning_rate=3e-3))
    made = maker(torch.randn(200, 2, 8, 8, generator=generator(1))).detach()
    assert float(made.mean()) == pytest.approx(2.0, abs=0.25)
    assert float(made.std()) == pytest.approx(0.5, abs=0.2)


def test_settled_normalisation_gives_the_same_scale_in_evaluation():
    maker, _ = networks()
    maker.norm.running_var.fill_(100.0)
    settle_batch_norm(maker, lambda c: maker(torch.randn(32, 2, 8, 8, generator=c)), generator())
    latent = torch.randn(64, 2, 8, 8, generator=generator(9))
    assert not maker.training
    with torch.no_grad():
        evaluated = maker(latent)
        trained = maker.train()(latent)
    torch.testing.assert_close(evaluated, trained, rtol=0.1, atol=0.05)


def test_real_batches_are_turned_and_flipped_patches():
    real = torch.arange(2 * 9, dtype=torch.float32).reshape(2, 1, 3, 3)
    seen = {tuple(p.flatten().tolist()) for p in draw_patches(real, 400, True, generator())}
    assert len(seen) == 16
    plain = {tuple(p.flatten().tolist()) for p in draw_patches(real, 50, False, generator())}
    assert plain == {tuple(p.flatten().tolist()) for p in real}


def test_a_training_that_diverges_says_what_to_do():
    maker, critic = networks()
    with pytest.raises(ValueError, match=r"diverged.*lower noise_gan\.learning_rate"):
        train_adversarially(
            maker,
            critic,
            lambda c: torch.full((2, 1, 8, 8), float("nan")),
            lambda c: maker(torch.randn(2, 2, 8, 8, generator=c)),
            SETTINGS,
            generator_of=generator,
            resume_from=None,
            save_state=lambda state: None,
        )


def test_the_record_of_a_training_holds_all_that_decides_its_weights():
    record = adversarial_record(SETTINGS, "cpu")
    not_of_the_training = {"minimum_patches", "criterion"}
    assert set(record) == (set(NoiseGanStep.model_fields) - not_of_the_training) | {"device"}
    assert record["generator"]["output_sigmas"] == 4.0
    assert record != adversarial_record(gan_settings(batch_size=9), "cpu")


def test_the_last_step_is_always_logged_with_its_losses(caplog):
    caplog.set_level(logging.INFO)
    run()
    lines = [record.getMessage() for record in caplog.records if "Wasserstein" in record.getMessage()]
    assert lines[-1].startswith("step 12 of 12, Wasserstein distance ")
    assert ", gradient penalty " in lines[-1]
    assert lines[-1].endswith(" 0 s left")
