"""Measure what bfloat16 costs where a processor has it, and where it must be emulated.

    python benchmarks/precision_speed.py

One training step of the demo's network on one thread, in a process for each instruction set that oneDNN is limited to
(less than the processor has is done as on an older one). CPU seconds, medians.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LEVELS = {
    "all that this processor has": {},
    "AVX-512 without BF16": {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"},
    "AVX2": {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"},
}


def main() -> None:
    """Measure every level in a process of its own and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--steps", type=int, default=9, help="steps behind each median (default: %(default)s)"
    )
    parser.add_argument("--measure", action="store_true", help="measure here and print two numbers")
    arguments = parser.parse_args()
    if arguments.measure:
        print(*(seconds_per_step(mixed, arguments.steps) for mixed in (False, True)))
        return
    print(
        f"{datetime.date.today()}, {platform.machine()}, {os.cpu_count()} cores, 1 thread, x86 levels by oneDNN's limit.\n"
    )
    print(
        "| instructions | float32, CPU s a step | bfloat16 | bfloat16 / float32 |\n| --- | --- | --- | --- |"
    )
    for name, limits in LEVELS.items():
        command = [sys.executable, __file__, "--measure", "--steps", str(arguments.steps)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", **limits}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        plain, mixed = map(float, done.stdout.split())
        print(f"| {name} | {plain:.2f} | {mixed:.2f} | {mixed / plain:.1f} |")


def seconds_per_step(mixed: bool, steps: int) -> float:
    """Time training steps of the demo's network: 8 pairs of 128 px, width 24."""
    sys.path.insert(0, str(ROOT / "workflow" / "scripts"))
    import torch

    from clearice.networks.unet import UNet

    torch.set_num_threads(1)
    network = UNet(24, 7, 3).to(memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(network.parameters())
    images = torch.randn(8, 1, 128, 128).contiguous(memory_format=torch.channels_last)
    times = []
    for _ in range(steps + 1):
        start = time.process_time()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=mixed):
            output = network(images)
        loss = (output.float() - images).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        times.append(time.process_time() - start)
    return statistics.median(times[1:])


if __name__ == "__main__":
    main()
