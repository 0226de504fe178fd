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

from clearice.config.stages.noise_gan import NoiseGan, NoiseGanStep
from clearice.image.symmetries import SYMMETRIES, apply_symmetry
from clearice.run.progress import Progress

SETTLING_BATCHES = 32

log = logging.getLogger(__name__)

Draw = Callable[[torch.Generator], Tensor]
Generate = Callable[[torch.Generator], Tensor]
GeneratorOf = Callable[[int], torch.Generator]


@dataclass(frozen=True)
class AdversarialRow:
    """A row of the history; losses are means since the last row.

    Attributes
    ----------
    step
        Steps of the generator that are done.
    critic_loss
        Loss of the critic: the weighted penalty less the distance.
    generator_loss
        Loss of the generator: -E[D(fake)].
    gradient_penalty
        Penalty before its weight (`gradient_penalty`).
    wasserstein
        Distance E[D(real)] - E[D(fake)].
    seconds
        Wall time of the training so far.
    """

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
    settings: NoiseGan,
    *,
    generator_of: GeneratorOf,
    resume_from: Mapping[str, Any] | None,
    save_state: Callable[[dict[str, Any]], None],
) -> tuple[AdversarialRow, ...]:
    """Train a WGAN-GP in float32.

    Parameters
    ----------
    generator, critic
        The networks, on their device; changed in place. The critic returns one score for each sample.
    draw_real, generate
        Draw a batch of real samples, and a batch of `generator`'s samples, all of it from the torch generator
        they are given; both (n, 1, h, w) on the networks' device.
    settings
        How to train.
    generator_of
        Makes the torch generator of a step: batches are a pure function of the step (and of the seed behind
        it), so a training that was killed goes on to the same weights.
    resume_from
        State of a killed training of the same kind, or None.
    save_state
        Called with the state (tensors and plain values) every `keep_every` steps.

    Returns
    -------
    tuple of AdversarialRow
        The history, one row every `record_every` steps.

    Raises
    ------
    ValueError
        A loss is no longer finite.
    """
    betas = (settings.betas[0], settings.betas[1])
    optimise_generator = torch.optim.Adam(generator.parameters(), settings.learning_rate, betas)
    optimise_critic = torch.optim.Adam(critic.parameters(), settings.learning_rate, betas)
    parts = {
        "generator": generator,
        "critic": critic,
        "optimise_generator": optimise_generator,
        "optimise_critic": optimise_critic,
    }
    done, earlier, history, running = _resumed(resume_from, parts)
    generator.train()
    critic.train()
    start = time.monotonic()
    progress = Progress(settings.steps, done=done, verb="step", unit="steps")

    for step in range(done + 1, settings.steps + 1):
        random_generator = generator_of(step)
        for _ in range(settings.critic_steps):
            real = draw_real(random_generator)
            with torch.no_grad():
                fake = generate(random_generator)
            distance = critic(real).mean() - critic(fake).mean()
            penalty = gradient_penalty(critic, real, fake, random_generator)
            critic_loss = settings.penalty * penalty - distance
            optimise_critic.zero_grad(set_to_none=True)
            critic_loss.backward()
            optimise_critic.step()
            running["critic_loss"] += float(critic_loss.detach()) / settings.critic_steps
            running["gradient_penalty"] += float(penalty.detach()) / settings.critic_steps
            running["wasserstein"] += float(distance.detach()) / settings.critic_steps

        # The critic's weights stand still here; leaving their gradients out saves a third of the step.
        critic.requires_grad_(False)
        generator_loss = -critic(generate(random_generator)).mean()
        optimise_generator.zero_grad(set_to_none=True)
        generator_loss.backward()
        optimise_generator.step()
        critic.requires_grad_(True)
        running["generator_loss"] += float(generator_loss.detach())
        running["steps"] += 1

        seconds = earlier + time.monotonic() - start
        if step % settings.record_every == 0 or step == settings.steps:
            history.append(_row(step, running, seconds))
            running = dict.fromkeys(running, 0.0)
        if progress.is_line_due() or step == settings.steps:
            distance_now, penalty_now = float(distance.detach()), float(penalty.detach())
            progress.write_line(
                step, f"Wasserstein distance {distance_now:.4g}, gradient penalty {penalty_now:.3g}"
            )
        if step % settings.keep_every == 0 and step < settings.steps:
            save_state(_state(step, seconds, history, running, parts))
    settle_batch_norm(generator, generate, generator_of(0))
    return tuple(history)


def adversarial_record(settings: NoiseGanStep, device: str) -> dict[str, Any]:
    """Record how the noise GAN is trained, on a device of that type."""
    return {
        "steps": settings.steps,
        "critic_steps": settings.critic_steps,
        "penalty": settings.penalty,
        "learning_rate": settings.learning_rate,
        "betas": list(settings.betas),
        "record_every": settings.record_every,
        "keep_every": settings.keep_every,
        "generator": settings.generator.model_dump(),
        "critic": settings.critic.model_dump(),
        "batch_size": settings.batch_size,
        "seed": settings.seed,
        "patch_px": settings.patch_px,
        "whitened": settings.whitened,
        "symmetries": settings.symmetries,
        "device": device,
    }


def draw_patches(real: Tensor, number: int, symmetries: bool, generator: torch.Generator) -> Tensor:
    """Draw a batch of real patches for the critic, with replacement.

    Parameters
    ----------
    real
        All patches (n, 1, d, d), on the device of `generator`.
    number
        Size of the batch.
    symmetries
        Turn and flip each at random; leave it out where the noise has a direction.
    generator
        Draws patches and symmetries.

    Returns
    -------
    Tensor (number, 1, d, d)
    """
    chosen = real[torch.randint(len(real), (number,), generator=generator, device=generator.device)]
    if not symmetries:
        return chosen
    drawn = torch.randint(SYMMETRIES, (number,), generator=generator, device=generator.device).tolist()
    return torch.stack([apply_symmetry(patch, one) for patch, one in zip(chosen, drawn, strict=True)])


def gradient_penalty(critic: nn.Module, real: Tensor, fake: Tensor, generator: torch.Generator) -> Tensor:
    """Compute E[(|| grad D(x) ||_2 - 1)^2] at random points x between real and generated samples (eq. 2).

    The norm is taken over all pixels of a sample, so the penalty acts on the critic's slope and not on each
    pixel's.

    Parameters
    ----------
    critic
        Returns one score per sample.
    real, fake
        Batches of one shape (n, 1, h, w).
    generator
        Draws the position between the two, one number for each sample.

    Returns
    -------
    Tensor
        Scalar, differentiable with respect to the critic's weights.
    """
    position = torch.rand(len(real), 1, 1, 1, generator=generator, device=real.device)
    between = (position * real + (1.0 - position) * fake).detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    penalty: Tensor = ((slope.flatten(start_dim=1).norm(2, dim=1) - 1.0) ** 2).mean()
    return penalty


def settle_batch_norm(generator: nn.Module, generate: Generate, random_generator: torch.Generator) -> None:
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
            generate(random_generator)
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
    """Put networks and optimisers back into a state; return its step, seconds, history and running sums."""
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
