"""What is read ahead comes in order, a bounded number at a time, and ends with its reader."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from clearice.run.read_ahead import results_ahead, started_ahead


@pytest.mark.parametrize(("workers", "ahead"), [(0, 0), (1, 1), (3, 3), (2, 5), (4, 0)])
def test_results_come_in_the_order_of_the_items_for_any_number_of_workers(workers: int, ahead: int) -> None:
    def slow_at_first(item: int) -> int:
        time.sleep(0.02 if item < 2 else 0.0)
        return item * item

    results = results_ahead(slow_at_first, iter(range(12)), workers=workers, ahead=ahead)
    assert list(results) == [item * item for item in range(12)]


def test_nothing_to_do_is_no_result() -> None:
    assert list(results_ahead(str, [], workers=2, ahead=2)) == []


@pytest.mark.parametrize("workers", [0, 2])
def test_an_exception_takes_the_place_of_its_result(workers: int) -> None:
    def inverse(item: int) -> float:
        return 1.0 / item

    results = results_ahead(inverse, [1, 2, 0, 4], workers=workers, ahead=3)
    assert [next(results), next(results)] == [1.0, 0.5]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert list(results) == []


@pytest.mark.parametrize("ahead", [0, 1, 4])
def test_no_more_than_ahead_items_are_taken_beyond_the_one_asked_for(ahead: int) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(20):
            taken.append(item)
            yield item

    for count, _ in enumerate(results_ahead(str, items(), workers=3, ahead=ahead), start=1):
        assert len(taken) <= count + ahead


def test_closing_ends_the_threads_and_starts_nothing_more() -> None:
    begun: list[int] = []
    before = threading.active_count()
    results = results_ahead(begun.append, range(1000), workers=2, ahead=4)
    next(results)
    results.close()
    assert threading.active_count() == before
    assert len(begun) <= 5


def test_a_future_that_fails_leaves_those_behind_it_alone() -> None:
    def odd_only(item: int) -> int:
        if item % 2 == 0:
            raise ValueError(f"{item} is even")
        return item

    with ThreadPoolExecutor(1) as pool:

        def start(item: int) -> Future[int]:
            return pool.submit(odd_only, item)

        futures = list(started_ahead(start, range(4), 2))
    assert [future.exception() is None for future in futures] == [False, True, False, True]
