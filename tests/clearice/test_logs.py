"""A job's log file has every line; the terminal has errors, and now and then how far a long job is."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from clearice.run.logs import PROGRESS, start_log


@pytest.fixture(autouse=True)
def root_logger() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers, root.level = handlers, level
    logging.captureWarnings(False)


def test_the_log_file_has_every_line_and_the_terminal_errors_with_the_name_of_the_job(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start_log(str(tmp_path / "logs" / "job.log"), "train_denoiser films coarse main")
    logging.getLogger("other").info("a detail")
    logging.getLogger(PROGRESS).info("step 1 of 9")
    logging.getLogger("other").warning("a doubt")
    logging.getLogger("other").error("it broke")
    whole = (tmp_path / "logs" / "job.log").read_text()
    assert all(words in whole for words in ("a detail", "step 1 of 9", "a doubt", "it broke"))
    shown = capsys.readouterr().err
    assert "train_denoiser films coarse main: it broke" in shown
    assert not [words for words in ("a detail", "step 1", "a doubt") if words in shown], (
        "a short job is quiet"
    )


def test_a_long_job_shows_its_progress_now_and_then(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("clearice.run.logs.time.monotonic", lambda: now[0])
    start_log(str(tmp_path / "job.log"), "train_denoiser films")
    for second in range(0, 65, 5):
        now[0] = float(second)
        logging.getLogger(PROGRESS).info("step %d of 60, 3 s left", second)
        logging.getLogger("other").info("a detail at %d", second)
    shown = capsys.readouterr().err.splitlines()
    assert [line.split(": ", 1)[1] for line in shown] == [
        f"step {second} of 60, 3 s left (log: {tmp_path / 'job.log'})" for second in (20, 40, 60)
    ]


def test_without_a_log_file_all_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    start_log(None, "sum_frames")
    logging.getLogger("other").info("a detail")
    assert "INFO a detail" in capsys.readouterr().err
