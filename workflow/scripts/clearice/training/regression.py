"""The one training of every denoiser: coarse, fine and Noise2Noise differ in their pairs, not here."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from clearice.config.training import DenoiserTraining
from clearice.run.progress import Progress
from clearice.training.loading import DrawPair, batches_ahead
from clearice.training.losses import LOSSES, VALIDATION_PROGRESS, both_ways
from clearice.training.optimisers import OPTIMISERS
from clearice.training.pairs import BOTH_WAYS
from clearice.training.resume import (
    HistoryRow,
    TrainingProgress,
    Weights,
    copied_weights,
    pack_state,
    unpack_state,
)
from clearice.training.schedule import curriculum_steps, learning_rate_at

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trained:
    """What a training leaves.

    Attributes
    ----------
    weights
        Weights of the best validation.
    best_step
        Step they are of.
    history
        All validations.
    """

    weights: Weights
    best_step: int
    history: tuple[HistoryRow, ...]


def train(
    network: nn.Module,
    draw_training: DrawPair,
    draw_validation: DrawPair,
    settings: DenoiserTraining,
    *,
    device: torch.device,
    workers: int,
    resume_from: Mapping[str, Any] | None,
    save_state: Callable[[dict[str, Any]], None],
) -> Trained:
    """Train a network on pairs until the steps are done or the validation loss has stopped falling.

    Parameters
    ----------
    network
        Maps (n, 1, h, w) to (n, 1, h, w); changed in place.
    draw_training, draw_validation
        Return the (noisy, target) arrays of a pair's number. Step s uses the pairs ``(s - 1) batch_size`` to
        ``s batch_size - 1``; every validation uses the pairs 0 to ``validation_crops - 1``.
    settings
        How to train.
    device
        Device that the network computes on.
    workers
        Threads that draw crops ahead; their number has no influence on the result.
    resume_from
        State of a killed training with the same network, pairs and settings, or None.
    save_state
        Called with the state after every validation.

    Returns
    -------
    Trained
        Weights of the step with the least validation loss.

    Raises
    ------
    ValueError
        The loss is no longer finite.
    """
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = OPTIMISERS[settings.optimiser](network.parameters(), lr=settings.learning_rate)
    started = time.monotonic()

    def validate(before: TrainingProgress, step: int, train_loss: float, rate: float) -> TrainingProgress:
        loss = validation_loss(network, draw_validation, settings, device=device, workers=workers)
        _check_finite(loss, step, settings)
        improved = all(loss < row.validation_loss for row in before.history)
        row = HistoryRow(step, train_loss, loss, rate, time.monotonic() - started)
        best = copied_weights(network) if improved else before.best
        after = TrainingProgress(step, row.seconds, best, (*before.history, row))
        save_state(pack_state(after, network, optimiser))
        log.info("validation at step %d: loss %.5g%s", step, loss, ", the best so far" if improved else "")
        return after

    with _fast_convolutions(device):
        if resume_from is None:
            progress = validate(TrainingProgress(0, 0.0, {}, ()), 0, math.nan, 0.0)
        else:
            progress = unpack_state(resume_from, network, optimiser)
            started -= progress.seconds
            log.info("going on after step %d of %d", progress.step, settings.steps)

        loss_sum, summed = torch.zeros((), device=device), 0
        lines = Progress(settings.steps, done=progress.step, unit="crops", units_per_step=settings.batch_size)
        first, last = progress.step * settings.batch_size, settings.steps * settings.batch_size
        with closing(
            batches_ahead(
                draw_training,
                first,
                last,
                settings.batch_size,
                workers=workers,
                pin_memory=device.type == "cuda",
            )
        ) as batches:
            for step in range(progress.step + 1, settings.steps + 1):
                if summed == 0 and has_stopped_falling(progress.history, settings):
                    log.info(
                        "stopped after step %d: %d validations without a new best",
                        step - 1,
                        settings.patience,
                    )
                    break
                noisy, target = next(batches)
                rate = _rate(step, settings)
                for group in optimiser.param_groups:
                    group["lr"] = rate

                loss = _loss(network, noisy, target, step / settings.steps, settings, device)
                optimiser.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                if settings.clip_norm > 0.0:
                    nn.utils.clip_grad_norm_(network.parameters(), settings.clip_norm)
                optimiser.step()

                loss_sum += loss.detach()  # read only now and then: reading makes a GPU wait
                summed += 1
                if lines.is_line_due():
                    _check_finite(float(loss_sum), step, settings)
                    lines.write_line(step, f"loss {float(loss_sum) / summed:.5g}")
                if step % settings.validate_every == 0 or step == settings.steps:
                    _check_finite(float(loss_sum), step, settings)
                    progress = validate(progress, step, float(loss_sum) / summed, rate)
                    loss_sum.zero_()
                    summed = 0
    best_row = min(progress.history, key=lambda row: row.validation_loss)
    return Trained(progress.best, best_row.step, progress.history)


def validation_loss(
    network: nn.Module,
    draw: DrawPair,
    settings: DenoiserTraining,
    *,
    device: torch.device,
    workers: int,
) -> float:
    """Compute the mean loss over all validation pairs, in both directions where the training has both.

    Parameters as for `train`. The annealed loss is taken at one fixed exponent, so that values compare.
    """
    total = 0.0
    network.eval()
    with torch.inference_mode():
        for noisy, target in batches_ahead(
            draw,
            0,
            settings.validation_crops,
            settings.batch_size,
            workers=workers,
            pin_memory=device.type == "cuda",
        ):
            loss = _loss(network, noisy, target, VALIDATION_PROGRESS, settings, device)
            total += float(loss) * len(noisy)
    network.train()
    return total / settings.validation_crops


def has_stopped_falling(history: tuple[HistoryRow, ...], settings: DenoiserTraining) -> bool:
    """Return whether `patience` validations at the full noise have followed the best without a better one."""
    best = min(range(len(history)), key=lambda index: history[index].validation_loss)
    full_noise_step = curriculum_steps(settings.curriculum_fraction, settings.steps)
    barren = [row for row in history[best + 1 :] if row.step > full_noise_step]
    return 0 < settings.patience <= len(barren)


def _loss(
    network: nn.Module,
    noisy: Tensor,
    target: Tensor,
    progress: float,
    settings: DenoiserTraining,
    device: torch.device,
) -> Tensor:
    """Compute the loss of a batch, in both directions if so set; the loss itself always in float32."""
    noisy = noisy.to(device, non_blocking=True)
    target = target.to(device, non_blocking=True)
    if settings.pairing in BOTH_WAYS:
        noisy, target = both_ways(noisy, target)
    noisy = noisy.contiguous(memory_format=torch.channels_last)
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=settings.precision == "bfloat16"):
        output = network(noisy)
    return LOSSES[settings.loss](output.float(), target, progress)


def _rate(step: int, settings: DenoiserTraining) -> float:
    """Compute the learning rate of a step."""
    return learning_rate_at(
        step,
        learning_rate=settings.learning_rate,
        schedule=settings.schedule,
        warmup_steps=settings.warmup_steps,
        steps=settings.steps,
    )


def _fast_convolutions(device: torch.device) -> AbstractContextManager[None]:
    """Make cuDNN measure its algorithms once: all batches have one shape."""
    if device.type != "cuda":
        return nullcontext()
    return torch.backends.cudnn.flags(enabled=True, benchmark=True, deterministic=False, allow_tf32=True)


def _check_finite(loss: float, step: int, settings: DenoiserTraining) -> None:
    """Refuse to go on with a loss that is not finite."""
    if not math.isfinite(loss):
        clipping = f"now {settings.clip_norm:g}" if settings.clip_norm else "now off, 1 is a good start"
        raise ValueError(
            f"the training diverged before step {step} (loss {loss}); lower learning_rate (now "
            f"{settings.learning_rate:g}) or clip_norm ({clipping}), or lengthen warmup_steps "
            f"(now {settings.warmup_steps})"
        )
