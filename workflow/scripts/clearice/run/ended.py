"""Which jobs of a run failed and why, after the jobs' own log files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

KILLED = "ended without an error of its own: killed, perhaps for its memory or its time"

_ERROR = re.compile(r"^\S+ \S+ (?:ERROR|CRITICAL) (.*)$")


def why_jobs_failed(logs: Iterable[str], since: float) -> dict[str, str]:
    """Find the last error in the logs of jobs that did not finish.

    Parameters
    ----------
    logs
        Log files of jobs that could have run and are not finished.
    since
        Time at which the run began, in seconds; a log that is older is not of this run, so its job was never
        started.

    Returns
    -------
    dict
        One sentence for each job that failed, by its log file.
    """
    found = {}
    for log in logs:
        path = Path(log)
        if path.is_file() and path.stat().st_mtime >= since:
            found[log] = _last_error(path)
    return found


def _last_error(path: Path) -> str:
    """Return the first line of the last error of a log file."""
    errors = [
        match[1]
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
        if (match := _ERROR.match(line))
    ]
    return errors[-1] if errors else f"{path.parent.name} {path.stem} {KILLED}"


def seen_from(started: str, path: str) -> str:
    """Name a file of the run's folder for the shell that snakemake was started in: whole, if that is another folder."""
    return path if Path(started).resolve() == Path.cwd() else str(Path(path).resolve())
