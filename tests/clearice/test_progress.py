"""Lines of progress: where a loop is, how fast it goes and how long it will take."""

import logging

import pytest

from clearice.run import progress
from clearice.run.progress import Progress


class Clock:
    """A clock that is set by hand."""

    now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(progress, "time", made)
    return made


def lines_of(caplog):
    return [record.getMessage() for record in caplog.records]


def test_a_line_says_place_details_speed_and_time_left(clock, caplog):
    caplog.set_level(logging.INFO)
    lines = Progress(200, verb="step", unit="crops", units_per_step=4)
    clock.now += 20.0
    lines.write_line(40, "loss 0.123")
    assert lines_of(caplog) == ["step 40 of 200, loss 0.123, 8 crops/s, 80 s left"]


def test_a_loop_without_a_unit_says_how_long_a_step_takes(clock, caplog):
    caplog.set_level(logging.INFO)
    lines = Progress(10, verb="denoised")
    clock.now += 5.0
    lines.write_line(2)
    assert lines_of(caplog) == ["denoised 2 of 10, 2.50 s each, 20 s left"]


def test_steps_done_before_the_start_count_for_the_place_and_not_for_the_speed(clock, caplog):
    caplog.set_level(logging.INFO)
    lines = Progress(100, done=90, unit="steps")
    clock.now += 10.0
    lines.write_line(95)
    assert lines_of(caplog) == ["step 95 of 100, 0.5 steps/s, 10 s left"]


def test_a_line_is_due_some_seconds_after_the_last_and_not_before(clock):
    lines = Progress(10)
    assert not lines.is_line_due()
    clock.now += progress.SECONDS_BETWEEN_LINES
    assert lines.is_line_due()
    lines.write_line(1)
    assert not lines.is_line_due()


def test_a_loop_that_took_no_time_divides_by_nothing(clock, caplog):
    caplog.set_level(logging.INFO)
    Progress(3, unit="steps").write_line(3)
    assert lines_of(caplog)[0].endswith(" 0 s left")
