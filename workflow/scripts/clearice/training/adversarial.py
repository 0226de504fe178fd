"""Train a generator against a critic: WGAN-GP (eq. 2 of NT2C; Gulrajani et al. 2017)."""

from __future__ import annotations

import copy
import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

SECONDS_BETWEEN_LOG_LINES = 5.0
SETTLING_BATCHES = 32

log = logging.getLogger(__name__)

Draw = Callable[[torch.Generator], Tensor]
Generate = Callable[[torch.Generator], Tensor]
GeneratorOf = Callable[[int], torch.Generator]


@dataclass(frozen=True)
class AdversarialSettings:
    """How to train.

    `steps` of the generator, `critic_steps` (n_critic) for each of them, the weight `penalty` (lambda) of the
    gradient penalty, Adam's `learning_rate` and `betas`; `record_every` and `keep_every` are the numbers of
    steps between rows of the history and between kept states.
    """

    steps: int
    critic_steps: int
    penalty: float
    learning_rate: float
    betas: tuple[float, float]
    record_every: int
    keep_every: int


@dataclass(frozen=True)
class AdversarialRow:
    """A row of the history: means since the last row, wasserstein = E[D(real)] - E[D(fake)], seconds."""

    step: int
    critic_loss: float
    generator_loss: float
    gradient_penalty: float
    wasserstein: float
    seconds: float


def train_adversarially(
    generator: nn.Module,
    critic: nn.Module,
    draw_real: Draw,
    generate: Generate,
    settings: AdversarialSettings,
    *,
    generator_of: GeneratorOf,
    resume_from: Mapping[str, Any] | None,
    keep: Callable[[dict[str, Any]], None],
) -> tuple[AdversarialRow, ...]:
    """Train a WGAN-GP in float32.

    Parameters
    ----------
    generator, critic
        The networks, on their device; changed in place. The critic gives one score for each sample.
    draw_real, generate
        Draw a batch of real samples, and a batch of `generator`'s samples, with all their chance from the
        torch generator they are given; both (n, 1, h, w) on the networks' device.
    settings
        How to train.
    generator_of
        Makes the torch generator of a step: batches are a pure function of the step (and of the seed behind
        it), so a training that was killed goes on to the same weights.
    resume_from
        State of a killed training of the same kind, or None.
    keep
        Called with the state (tensors and plain values) every `keep_every` steps.

    Returns
    -------
    tuple of AdversarialRow
        The history, one row every `record_every` steps.

    Raises
    ------
    ValueError
        A loss is no longer finite, or a setting is impossible.
    """
    _check(settings)
    optimise_generator = torch.optim.Adam(generator.parameters(), settings.learning_rate, settings.betas)
    optimise_critic = torch.optim.Adam(critic.parameters(), settings.learning_rate, settings.betas)
    parts = {
        "generator": generator,
        "critic": critic,
        "optimise_generator": optimise_generator,
        "optimise_critic": optimise_critic,
    }
    done, earlier, history, running = _resumed(resume_from, parts)
    generator.train()
    critic.train()
    start = logged = time.monotonic()

    for step in range(done + 1, settings.steps + 1):
        chance = generator_of(step)
        for _ in range(settings.critic_steps):
            real = draw_real(chance)
            with torch.no_grad():
                fake = generate(chance)
            distance = critic(real).mean() - critic(fake).mean()
            penalty = gradient_penalty(critic, real, fake, chance)
            critic_loss = settings.penalty * penalty - distance
            optimise_critic.zero_grad(set_to_none=True)
            critic_loss.backward()
            optimise_critic.step()
            running["critic_loss"] += float(critic_loss.detach()) / settings.critic_steps
            running["gradient_penalty"] += float(penalty.detach()) / settings.critic_steps
            running["wasserstein"] += float(distance.detach()) / settings.critic_steps

        # The critic's weights stand still here; leaving their gradients out saves a third of the step.
        critic.requires_grad_(False)
        generator_loss = -critic(generate(chance)).mean()
        optimise_generator.zero_grad(set_to_none=True)
        generator_loss.backward()
        optimise_generator.step()
        critic.requires_grad_(True)
        running["generator_loss"] += float(generator_loss.detach())
        running["steps"] += 1

        now = time.monotonic()
        seconds = earlier + now - start
        if step % settings.record_every == 0 or step == settings.steps:
            history.append(_row(step, running, seconds))
            running = dict.fromkeys(running, 0.0)
        if now - logged > SECONDS_BETWEEN_LOG_LINES or step == settings.steps:
            logged = now
            left = (settings.steps - step) * (now - start) / (step - done)
            log.info(
                "step %d of %d, Wasserstein distance %.4g, gradient penalty %.3g, %.2f steps/s, %.0f s left",
                step,
                settings.steps,
                float(distance.detach()),
                float(penalty.detach()),
                (step - done) / max(now - start, 1e-9),
                left,
            )
        if step % settings.keep_every == 0 and step < settings.steps:
            keep(_state(step, seconds, history, running, parts))
    settle_batch_norm(generator, generate, generator_of(0))
    return tuple(history)


def draw_patches(real: Tensor, number: int, symmetries: bool, chance: torch.Generator) -> Tensor:
    """Draw a batch of real patches for the critic, with replacement.

    Parameters
    ----------
    real
        All patches (n, 1, d, d), on the device of `chance`.
    number
        Size of the batch.
    symmetries
        Turn and flip each at random; leave it out where the noise has a direction.
    chance
        Draws patches and symmetries.

    Returns
    -------
    Tensor (number, 1, d, d)
    """
    chosen = real[torch.randint(len(real), (number,), generator=chance, device=chance.device)]
    if not symmetries:
        return chosen
    kinds = torch.randint(8, (number,), generator=chance, device=chance.device).tolist()
    return torch.stack(
        [
            torch.rot90(patch.flip(-1) if kind >= 4 else patch, kind % 4, (-2, -1))
            for patch, kind in zip(chosen, kinds, strict=True)
        ]
    )


def gradient_penalty(critic: nn.Module, real: Tensor, fake: Tensor, chance: torch.Generator) -> Tensor:
    """Compute E[(|| grad D(x) ||_2 - 1)^2] at random points x between real and generated samples (eq. 2).

    The norm is taken over all pixels of a sample, so the penalty acts on the critic's slope and not on each
    pixel's.

    Parameters
    ----------
    critic
        Gives one score per sample.
    real, fake
        Batches of one shape (n, 1, h, w).
    chance
        Draws the position between the two, one number for each sample.

    Returns
    -------
    Tensor
        Scalar, differentiable with respect to the critic's weights.
    """
    position = torch.rand(len(real), 1, 1, 1, generator=chance, device=real.device)
    between = (position * real + (1.0 - position) * fake).detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    penalty: Tensor = ((slope.flatten(start_dim=1).norm(2, dim=1) - 1.0) ** 2).mean()
    return penalty


def settle_batch_norm(generator: nn.Module, generate: Generate, chance: torch.Generator) -> None:
    """Replace running means of batch normalisation by means over fresh batches, and switch to evaluation.

    The running averages trail behind the weights by some ten steps, which shows in a short training.
    """
    norms = [module for module in generator.modules() if isinstance(module, nn.BatchNorm2d)]
    before = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch: the plain mean of all batches
    generator.train()
    with torch.no_grad():
        for _ in range(SETTLING_BATCHES):
            generate(chance)
    for norm, momentum in zip(norms, before, strict=True):
        norm.momentum = momentum
    generator.eval()


def _row(step: int, running: Mapping[str, float], seconds: float) -> AdversarialRow:
    """Make a row of the history out of running sums."""
    names = ("critic_loss", "generator_loss", "gradient_penalty", "wasserstein")
    means = {name: running[name] / running["steps"] for name in names}
    bad = [name for name, value in means.items() if not math.isfinite(value)]
    if bad:
        raise ValueError(
            f"the GAN training diverged: {', '.join(bad)} not finite at step {step}; "
            "lower noise_gan.learning_rate"
        )
    return AdversarialRow(step=step, seconds=seconds, **means)


def _state(
    step: int,
    seconds: float,
    history: list[AdversarialRow],
    running: Mapping[str, float],
    parts: Mapping[str, Any],
) -> dict[str, Any]:
    """Gather all a training needs to go on, as tensors and plain values."""
    return {
        "step": step,
        "seconds": seconds,
        "history": [asdict(row) for row in history],
        "running": dict(running),
        **{name: copy.deepcopy(part.state_dict()) for name, part in parts.items()},
    }


def _resumed(
    state: Mapping[str, Any] | None, parts: Mapping[str, Any]
) -> tuple[int, float, list[AdversarialRow], dict[str, float]]:
    """Put networks and optimisers back into a state; give its step, seconds, history and running sums."""
    if state is None:
        names = ("critic_loss", "generator_loss", "gradient_penalty", "wasserstein", "steps")
        return 0, 0.0, [], dict.fromkeys(names, 0.0)
    for name, part in parts.items():
        part.load_state_dict(state[name])
    log.info("going on after step %d", state["step"])
    return (
        state["step"],
        state["seconds"],
        [AdversarialRow(**row) for row in state["history"]],
        dict(state["running"]),
    )


def _check(settings: AdversarialSettings) -> None:
    """Refuse settings that cannot be meant."""
    for name in ("steps", "critic_steps", "record_every", "keep_every"):
        if getattr(settings, name) < 1:
            raise ValueError(f"{name} of the noise GAN is {getattr(settings, name)}, but must be at least 1")
