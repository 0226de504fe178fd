"""Read the next micrograph and write the last one while this one is computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

from clearice.run.read_ahead import started_ahead

Read = TypeVar("Read")
Computed = TypeVar("Computed")
Written = TypeVar("Written")
Before = TypeVar("Before")
After = TypeVar("After")


class Pipeline(Generic[Read, Computed, Written]):
    """Three workers in a row, one thread each: read, compute, write.

    Results are asked for in order; at most `ahead` items beyond the one asked for are under way, so memory
    stays flat however many there are. An item that fails fails alone: its exception is raised where its
    result is asked for.

    Parameters
    ----------
    items
        What is to be processed, in order, each once.
    read
        Item to input; called in the reader thread.
    compute
        Item and input to result; called in the computing thread.
    write
        Item and result to what is returned; called in the writer thread.
    ahead
        Items under way beyond the one asked for; 2 keeps all three workers busy.
    """

    def __init__(
        self,
        items: Sequence[str],
        read: Callable[[str], Read],
        compute: Callable[[str, Read], Computed],
        write: Callable[[str, Computed], Written],
        ahead: int = 2,
    ) -> None:
        self._read, self._compute, self._write = read, compute, write
        self._under_way = zip(items, started_ahead(self._started, items, ahead), strict=True)
        self._workers = [ThreadPoolExecutor(1, f"clearice-{name}") for name in ("read", "compute", "write")]

    def __enter__(self) -> Pipeline[Read, Computed, Written]:
        """Return the pipeline; it starts when the first result is asked for."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop what has not begun and wait for what has."""
        for worker in self._workers:
            worker.shutdown(wait=True, cancel_futures=True)

    def result(self, item: str) -> Written:
        """Wait for one item and return what `write` returned, or raise what went wrong with it.

        Items that come before it and were not asked for are passed over.
        """
        for name, written in self._under_way:
            if name == item:
                return written.result()
        raise KeyError(item)

    def _started(self, item: str) -> Future[Written]:
        """Hand an item to the three workers; each waits for the one before it."""
        reader, computer, writer = self._workers
        read = reader.submit(self._read, item)
        computed = computer.submit(_after(self._compute, item, read))
        return writer.submit(_after(self._write, item, computed))


def _after(step: Callable[[str, Before], After], item: str, before: Future[Before]) -> Callable[[], After]:
    """Make the call of a step that waits for the step before it and keeps no hold of its result."""
    waiting = [before]

    def call() -> After:
        return step(item, waiting.pop().result())

    return call
