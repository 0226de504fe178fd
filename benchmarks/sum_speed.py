"""Measure the speed and memory of summing movies against plain reading and decoding of the same files."""

from __future__ import annotations

import argparse
import datetime
import gzip
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np
import tifffile

SCRIPTS = Path(__file__).resolve().parents[1] / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))

from clearice.files.movies import open_movie  # noqa: E402
from clearice.files.mrc import write_micrograph  # noqa: E402
from clearice.movies.sums import sum_even_and_odd  # noqa: E402

FORMATS = {
    "MRC mode 0 (int8)": ("m0.mrc", "i1", None),
    "MRC mode 1 (int16)": ("m1.mrc", "i2", None),
    "MRC mode 2 (float32)": ("m2.mrc", "f4", None),
    "MRC mode 6 (uint16)": ("m6.mrc", "u2", None),
    "MRC mode 12 (float16)": ("m12.mrc", "f2", None),
    "MRC mode 0, gzip": ("m0.mrc.gz", "i1", None),
    "TIFF LZW, uint8": ("lzw8.tif", "u1", "lzw"),
    "TIFF LZW, uint16": ("lzw16.tif", "u2", "lzw"),
    "TIFF deflate, uint8": ("zip8.tif", "u1", "zlib"),
    "TIFF deflate, float32": ("zip32.tif", "f4", "zlib"),
}
WHOLE_STEP = """
import json, pathlib, sys, time
sys.path.insert(0, sys.argv[1])
import sum_frames
from clearice.config.tables import SumSettings
given = json.loads(sys.argv[2])
paths = {name: pathlib.Path(path) for name, path in given["paths"].items()}
settings = SumSettings.model_validate(given["settings"])
start = time.perf_counter()
sum_frames.sum_frames(rows=given["rows"], **paths, settings=settings, threads=2)
seconds = time.perf_counter() - start
assert "torch" not in sys.modules
# the kernel's high-water mark of this program alone: getrusage would count its parent before exec as well
status = pathlib.Path("/proc/self/status").read_text()
print(seconds, int(status.split("VmHWM:")[1].split()[0]) * 1024)
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=20, help="frames of each movie")
    parser.add_argument("--height", type=int, default=3838, help="rows of a frame (K2: 3838)")
    parser.add_argument("--width", type=int, default=3710, help="columns of a frame (K2: 3710)")
    parser.add_argument("--repeats", type=int, default=7, help="runs of each; the median counts")
    parser.add_argument("--only", default="", help="measure only formats whose name holds this text")
    arguments = parser.parse_args()
    shape = (arguments.height, arguments.width)
    budget_MB = (6 * 4 * shape[0] * shape[1] + 300e6) / 1e6
    print(
        f"{arguments.frames} frames of {shape[0]} x {shape[1]}; "
        f"medians of {arguments.repeats} runs taken in turn, files in the page cache; "
        f"{_processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
        f"{datetime.datetime.now(datetime.UTC).date()}.\n\n"
        "Plain: each frame read and decoded by numpy, gzip or tifffile, and dropped; as float32: the same, then\n"
        "turned into float32. Sums: even, odd and full sum in memory, 2 threads. Step: the whole of sum_frames (gain,\n"
        f"defects, three MRC files written and hashed). Peak memory of that step; budget {budget_MB:.0f} MB.\n"
        "Ratios of wall time, and of CPU time (which other programs on the machine disturb less).\n"
    )
    print(
        "| movie | file MB | plain MB/s | sums MB/s | sums frames/s | sums / plain | / plain as float32 "
        "| CPU: sums / plain | / plain as float32 | step s | peak MB |\n"
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    )
    for name, (file, dtype, compression) in FORMATS.items():
        if arguments.only in name:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / file
                make_movie(path, shape, arguments.frames, np.dtype(dtype), compression)
                print(table_row(name, path, arguments.repeats), flush=True)


def table_row(name: str, path: Path, repeats: int) -> str:
    """Measure one movie."""
    plain, plain_float, sums = in_turn(
        repeats,
        lambda: read_plainly(path),
        lambda: read_plainly(path, np.dtype(np.float32)),
        lambda: sum_up(path, 2),
    )
    step, peak_MB = whole_step(path)
    with open_movie(path) as movie:
        count = movie.frame_count
        decoded_MB = count * movie.shape[0] * movie.shape[1] * movie.dtype.itemsize / 1e6
    return (
        f"| {name} | {path.stat().st_size / 1e6:.0f} | {decoded_MB / plain.seconds:.0f} "
        f"| {decoded_MB / sums.seconds:.0f} | {count / sums.seconds:.0f} "
        f"| {sums.seconds / plain.seconds:.2f} | {sums.seconds / plain_float.seconds:.2f} "
        f"| {sums.cpu_seconds / plain.cpu_seconds:.2f} | {sums.cpu_seconds / plain_float.cpu_seconds:.2f} "
        f"| {step:.1f} | {peak_MB:.0f} |"
    )


def make_movie(
    path: Path, shape: tuple[int, int], count: int, dtype: np.dtype[Any], compression: str | None
) -> None:
    """Write a movie of Poisson counts, one electron per pixel and frame; floats are counts times a gain."""
    generator = np.random.default_rng(0)
    counts = [generator.poisson(1.0, shape).astype(np.float32) for _ in range(min(count, 4))]
    gain = generator.normal(1.0, 0.03, shape).astype(np.float32) if dtype.kind == "f" else np.float32(1)

    def frames() -> Iterator[np.ndarray[Any, Any]]:
        for index in range(count):
            yield (counts[index % len(counts)] * gain).astype(dtype)

    if path.suffix == ".tif":
        with tifffile.TiffWriter(path) as writer:
            for frame in frames():
                writer.write(frame, compression=compression, contiguous=False, photometric="minisblack")
        return
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    mode = mrcfile.utils.mode_from_dtype(dtype)
    with mrcfile.new_mmap(plain, (count, *shape), mode, overwrite=True) as mrc:
        for place, frame in zip(mrc.data, frames(), strict=True):
            place[:] = frame
    if plain != path:
        with plain.open("rb") as source, gzip.open(path, "wb", compresslevel=1) as target:
            shutil.copyfileobj(source, target, 1 << 20)
        plain.unlink()


def read_plainly(path: Path, dtype: np.dtype[Any] | None = None) -> None:
    """Read and decode each frame, turn it into numbers of `dtype` where one is given, and drop it."""
    for frame in plain_frames(path):
        if dtype is not None:
            frame.astype(dtype, copy=False)


def plain_frames(path: Path) -> Iterator[np.ndarray[Any, Any]]:
    """Read and decode frame by frame with nothing but the usual libraries."""
    if path.suffix == ".tif":
        with tifffile.TiffFile(path) as file:
            for page in file.pages:
                yield page.asarray(maxworkers=1)
        return
    with open_movie(path) as movie:
        count, shape, dtype = movie.frame_count, movie.shape, movie.dtype
    size = shape[0] * shape[1]
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        stream.seek(1024)
        for _ in range(count):
            if path.suffix == ".gz":
                yield np.frombuffer(stream.read(size * dtype.itemsize), dtype)
            else:
                yield np.fromfile(stream, dtype, size)


def sum_up(path: Path, threads: int) -> None:
    """Sum even and odd frames and both."""
    with open_movie(path, threads) as movie:
        sum_even_and_odd(movie.frames(), 1).full()


@dataclass(frozen=True)
class Cost:
    """What a function costs.

    Attributes
    ----------
    seconds
        On the clock.
    cpu_seconds
        Of the processor, all threads together.
    """

    seconds: float
    cpu_seconds: float


def in_turn(repeats: int, *functions: Callable[[], None]) -> list[Cost]:
    """Return the median cost of each function; they take turns, so that a loaded machine is fair to all."""
    measured: list[list[Cost]] = [[] for _ in functions]
    for _ in range(repeats):
        for function, costs in zip(functions, measured, strict=True):
            start, cpu_start = time.perf_counter(), time.process_time()
            function()
            costs.append(Cost(time.perf_counter() - start, time.process_time() - cpu_start))
    return [
        Cost(
            statistics.median(cost.seconds for cost in costs),
            statistics.median(cost.cpu_seconds for cost in costs),
        )
        for costs in measured
    ]


def whole_step(path: Path) -> tuple[float, float]:
    """Run sum_frames in a process of its own; return its seconds without start-up, and its peak memory in MB."""
    folder = path.parent
    with open_movie(path) as movie:
        shape = movie.shape
    write_micrograph(folder / "gain.mrc", np.ones(shape, np.float32), 0.0)
    (folder / "defects.txt").write_text("100 100\n200 0 2 300\n")
    given = {
        "rows": [{"micrograph": "m", "movie": str(path)}],
        "paths": {
            **{part: str(folder / part) for part in ("full", "even", "odd")},
            **{f"{part}_manifest": str(folder / part / "manifest.tsv") for part in ("full", "even", "odd")},
            "record": str(folder / "settings.json"),
        },
        "settings": {
            "pixel_size_A": 1.06,
            "gain": str(folder / "gain.mrc"),
            "defects": str(folder / "defects.txt"),
        },
    }
    words = [sys.executable, "-c", WHOLE_STEP, str(SCRIPTS), json.dumps(given)]
    seconds, peak = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
    return float(seconds), int(peak) / 1e6


def _processor() -> str:
    """Name the processor."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


if __name__ == "__main__":
    main()
