from __future__ import annotations

import threading

import pytest

from clearice.denoisers.pipeline import Pipeline

NAMES = [f"m{index}" for index in range(12)]
PATIENCE_S = 30  # only a broken pipeline waits that long


def test_results_are_those_of_the_three_steps_in_a_row() -> None:
    with Pipeline(
        NAMES, str.upper, lambda name, read: (name, read), lambda name, done: (name, *done)
    ) as pipeline:
        assert [pipeline.result(name) for name in NAMES] == [(name, name, name.upper()) for name in NAMES]


def test_the_next_is_read_and_computed_while_the_last_is_written() -> None:
    second_computed = threading.Event()

    def compute(name: str, read: str) -> str:
        if name == "m1":
            second_computed.set()
        return read

    def write(name: str, done: str) -> bool:
        return name != "m0" or second_computed.wait(PATIENCE_S)

    with Pipeline(NAMES, str, compute, write) as pipeline:
        assert pipeline.result("m0")


@pytest.mark.parametrize("worker", ["read", "compute", "write"])
def test_what_fails_fails_alone(worker: str) -> None:
    def step(stage: str, name: str) -> str:
        if stage == worker and name == "m3":
            raise ValueError(f"{stage} {name}")
        return name

    steps = [lambda name, *_, stage=stage: step(stage, name) for stage in ("read", "compute", "write")]
    with Pipeline(NAMES, *steps) as pipeline:
        for name in NAMES:
            if name == "m3":
                with pytest.raises(ValueError, match=f"{worker} m3"):
                    pipeline.result(name)
            else:
                assert pipeline.result(name) == name


def test_only_a_few_are_under_way_at_a_time() -> None:
    lock, under_way, most = threading.Lock(), 0, 0

    def read(name: str) -> str:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        return name

    with Pipeline(NAMES, read, lambda name, done: done, lambda name, done: done, ahead=2) as pipeline:
        for name in NAMES:
            pipeline.result(name)
            with lock:
                under_way -= 1
    assert most <= 4


def test_leaving_early_drops_what_has_not_begun() -> None:
    read: list[str] = []
    with (
        pytest.raises(KeyboardInterrupt),
        Pipeline(NAMES, read.append, lambda *_: None, lambda *_: None) as pipeline,
    ):
        pipeline.result("m0")
        raise KeyboardInterrupt
    assert len(read) <= 4


def test_an_item_that_was_never_announced_is_a_key_error() -> None:
    with (
        Pipeline(["a"], str, lambda name, done: done, lambda name, done: done) as pipeline,
        pytest.raises(KeyError),
    ):
        pipeline.result("b")
