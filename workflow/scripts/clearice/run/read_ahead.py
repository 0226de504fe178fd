"""Start what will be needed soon, in order and a bounded number at a time.

Imports nothing of ours, nor torch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def results_ahead(
    task: Callable[[Item], Result], items: Iterable[Item], *, workers: int, ahead: int
) -> Generator[Result, None, None]:
    """Yield the result of a task for each item, in their order, while threads work on the next ones.

    Parameters
    ----------
    task
        Takes one item; safe in threads if there are several workers.
    items
        Taken one at a time, as there is room.
    workers
        Number of threads; 0 calls the task when its result is asked for.
    ahead
        Results beyond the one asked for that are under way or wait for the caller: what bounds the memory.

    Yields
    ------
    Result
        Whatever `task` returned. Its exception is raised in its place, and ends the whole.
    """
    if workers == 0:
        yield from map(task, items)
        return
    with (
        ThreadPoolExecutor(workers) as pool,
        closing(started_ahead(lambda item: pool.submit(task, item), items, ahead)) as futures,
    ):
        yield from map(Future.result, futures)


def started_ahead(
    start: Callable[[Item], Future[Result]], items: Iterable[Item], ahead: int
) -> Generator[Future[Result], None, None]:
    """Yield the future of each item, in their order, with up to `ahead` more started behind it.

    An item that fails fails alone: its future holds the exception. Closing the generator cancels what has not
    begun.

    Parameters
    ----------
    start
        Hands one item to some worker and returns at once.
    items
        Taken one at a time, as there is room.
    ahead
        How many items beyond the one yielded are started.
    """
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(start(item))
            if len(waiting) > ahead:
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()
    finally:
        for future in waiting:
            future.cancel()
