"""Batches drawn ahead of the training by worker threads, in an order that does not depend on their number."""

from __future__ import annotations

from collections.abc import Callable, Generator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clearice.run.read_ahead import results_ahead

DrawPair = Callable[[int], tuple[NDArray[np.float32], NDArray[np.float32]]]

BATCHES_AHEAD_PER_WORKER = 2


def draw_batch(draw: DrawPair, first: int, count: int, *, pin_memory: bool = False) -> tuple[Tensor, Tensor]:
    """Draw the pairs numbered `first` to ``first + count - 1`` as one batch.

    Parameters
    ----------
    draw
        Returns the (noisy, target) arrays (h, w) of a pair's number; a pure function, safe in threads.
    first, count
        Number of the first pair, and how many.
    pin_memory
        Put the batch into page-locked memory, from which a GPU copies while it computes.

    Returns
    -------
    noisy, target : Tensor
        float32 (count, 1, h, w).
    """
    pairs = [draw(index) for index in range(first, first + count)]
    noisy = torch.from_numpy(np.stack([pair[0] for pair in pairs])[:, None])
    target = torch.from_numpy(np.stack([pair[1] for pair in pairs])[:, None])
    return (noisy.pin_memory(), target.pin_memory()) if pin_memory else (noisy, target)


def batches_ahead(
    draw: DrawPair, first: int, last: int, batch_size: int, *, workers: int, pin_memory: bool = False
) -> Generator[tuple[Tensor, Tensor], None, None]:
    """Draw the batches that cover the pairs `first` to ``last - 1``, in order.

    Threads suffice, because copying pixels out of memory-mapped files lets the interpreter go; they need no
    second copy of the data, and no seed of their own, since each pair's number seeds it.

    Parameters
    ----------
    draw
        As in `draw_batch`.
    first, last
        Half-open range of pair numbers; the last batch may be smaller.
    batch_size
        Pairs of a batch.
    workers
        Number of threads that draw ahead; 0 draws each batch when it is asked for.
    pin_memory
        As in `draw_batch`.

    Returns
    -------
    generator of tuples of two Tensors
        As `draw_batch` returns. Closing it ends the threads.
    """
    starts = range(first, last, batch_size)

    def batch(start: int) -> tuple[Tensor, Tensor]:
        return draw_batch(draw, start, min(batch_size, last - start), pin_memory=pin_memory)

    return results_ahead(batch, starts, workers=workers, ahead=BATCHES_AHEAD_PER_WORKER * workers)
