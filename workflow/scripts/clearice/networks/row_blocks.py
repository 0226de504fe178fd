"""Maps (n, h, w, c) processed in blocks of rows, with the rows around each block that a convolution needs."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional


def rows_between(source: Tensor, first: int, last: int) -> Tensor:
    """Return the rows `first` to `last` (excluded) of a map, zeros outside; a view where it can be one."""
    height = source.shape[1]
    above, below = max(0, -first), max(0, last - height)
    inside = source[:, max(first, 0) : min(last, height)]
    return functional.pad(inside, (0, 0, 0, 0, above, below)) if above or below else inside


def no_larger(blocks: Iterator[Tensor], limit: int) -> Iterator[Tensor]:
    """Cut blocks to at most `limit` rows."""
    for block in blocks:
        yield from torch.split(block, limit, dim=1)


def windows(blocks: Iterator[Tensor], height: int, reach: int) -> Iterator[Tensor]:
    """Join to each block the rows kept from before, so that a convolution can go on where it stopped.

    Parameters
    ----------
    blocks
        The rows of a map in order, (n, some rows, w, c) each.
    height
        Rows of the whole map.
    reach
        Rows that the convolution needs on either side; beyond the map's ends they are zeros.

    Yields
    ------
    Tensor
        (n, m + 2 `reach`, w, c) for the next m rows; together all `height` of them. A block's last rows have
        to wait for the next block.
    """
    if reach == 0:
        yield from blocks
        return
    kept: Tensor | None = None
    seen = 0
    for block in blocks:
        seen += block.shape[1]
        zeros = block.new_zeros(block.shape[0], reach, *block.shape[2:])
        above = [zeros if kept is None else kept]
        below = [zeros] if seen == height else []
        window = torch.cat([*above, block, *below], dim=1)
        ready = window.shape[1] > 2 * reach
        # a copy, so that the window itself can be freed
        kept = window[:, -2 * reach :].clone() if ready else window
        if ready:
            yield window
