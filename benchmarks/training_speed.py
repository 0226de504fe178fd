"""Measure what phase kernels save in a training step on a processor.

    python benchmarks/training_speed.py

One step (forward, backward, Adam) of the plain and of the phased network, in turn, on one thread. CPU seconds,
medians of one run: only their ratio says something on a machine that others use too.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SIZES = {  # width, first and last kernel, side of a crop in px, pairs of a step
    "small crops": (24, 7, 3, 96, 8),
    "standard": (24, 7, 3, 128, 8),
    "published network": (48, 11, 5, 128, 2),
}


def main() -> None:
    """Measure every size in both precisions and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--steps", type=int, default=9, help="steps behind each median (default: %(default)s)"
    )
    arguments = parser.parse_args()
    print(f"{datetime.date.today()}, {platform.machine()}, {os.cpu_count()} cores, 1 thread.\n")
    print("| network | precision | plain, CPU s a step | phased | phased / plain |")
    print("| --- | --- | --- | --- | --- |")
    for name, size in SIZES.items():
        for mixed in (False, True):
            plain, phased = seconds_per_step(*size, mixed, arguments.steps)
            precision = "bfloat16" if mixed else "float32"
            print(f"| {name} | {precision} | {plain:.3f} | {phased:.3f} | {phased / plain:.2f} |", flush=True)


def seconds_per_step(
    width: int, first_kernel: int, last_kernel: int, crop_px: int, pairs: int, mixed: bool, steps: int
) -> tuple[float, float]:
    """Time steps of the plain and of the phased network, one after the other in turn."""
    sys.path.insert(0, str(ROOT / "workflow" / "scripts"))
    import torch

    from clearice.networks.phased_unet import PhasedUNet
    from clearice.networks.unet import UNet

    torch.set_num_threads(1)
    networks = [kind(width, first_kernel, last_kernel) for kind in (UNet, PhasedUNet)]
    networks = [network.to(memory_format=torch.channels_last) for network in networks]
    optimisers = [torch.optim.Adam(network.parameters()) for network in networks]
    images = torch.randn(pairs, 1, crop_px, crop_px).contiguous(memory_format=torch.channels_last)
    times: list[list[float]] = [[], []]
    for _ in range(steps + 1):
        for index, (network, optimiser) in enumerate(zip(networks, optimisers, strict=True)):
            start = time.process_time()
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=mixed):
                output = network(images)
            loss = (output.float() - images).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            times[index].append(time.process_time() - start)
    plain, phased = (statistics.median(each[1:]) for each in times)
    return plain, phased


if __name__ == "__main__":
    main()
