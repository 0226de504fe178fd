"""Losses between an output and a noisy observation or a clean target.

Which value a loss seeks decides what Noise2Noise learns: with many noisy observations of one pixel, L2 is
least at their mean, L1 at their median, L0 at their mode (Lehtinen et al. 2018, section 2).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Loss = Callable[[Tensor, Tensor, float], Tensor]

L0_EPSILON = 1e-8  # Lehtinen et al. 2018, section 3.2
VALIDATION_PROGRESS = (
    0.75  # L0 is validated at the fixed exponent 0.5: values at different exponents do not compare
)


def mean_seeking(output: Tensor, target: Tensor, progress: float) -> Tensor:
    """Compute L2, the mean of ``(output - target)**2``; `progress` has no influence.

    Parameters
    ----------
    output, target
        Tensors of one shape, in units of the noisy image's standard deviation.
    progress
        Share of the training that is done, 0 to 1.

    Returns
    -------
    Tensor
        A scalar.
    """
    return torch.mean((output - target) ** 2)


def median_seeking(output: Tensor, target: Tensor, progress: float) -> Tensor:
    """Compute L1, the mean of ``|output - target|``; parameters as for `mean_seeking`."""
    return torch.mean(torch.abs(output - target))


def mode_seeking(output: Tensor, target: Tensor, progress: float) -> Tensor:
    """Compute the annealed L0, the mean of ``(|output - target| + 1e-8)**g`` with g falling from 2 to 0.

    The exponent g is ``2 (1 - progress)`` (Lehtinen et al. 2018, section 3.2). Parameters as for
    `mean_seeking`.
    """
    exponent = 2.0 * (1.0 - progress)
    return torch.mean((torch.abs(output - target) + L0_EPSILON) ** exponent)


LOSSES: dict[str, Loss] = {"L2": mean_seeking, "L1": median_seeking, "L0": mode_seeking}


def both_ways(noisy: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Make every pair of a batch serve twice: f(even) against odd and f(odd) against even.

    Parameters
    ----------
    noisy, target
        Batches (n, 1, h, w) of two noisy exposures of the same fields.

    Returns
    -------
    inputs, targets : Tensor
        Batches (2 n, 1, h, w).
    """
    return torch.cat([noisy, target]), torch.cat([target, noisy])
