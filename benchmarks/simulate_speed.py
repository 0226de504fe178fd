"""Measure what a simulated micrograph costs: CPU seconds and peak memory, each case in a process of its own.

python benchmarks/simulate_speed.py 3j9i.pdb.gz
python benchmarks/simulate_speed.py 3j9i.pdb.gz --device cuda    # the wall time of a second micrograph counts there
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

CASES = {
    "4096 x 4096, 1 A/px, 200 particles, weak phase": {"side": 4096, "pixel": 1.0, "count": 200, "mode": "weak_phase"},
    "the same, phase object": {"side": 4096, "pixel": 1.0, "count": 200, "mode": "phase_object"},
    "the same, weak phase, 3 frames": {
        "side": 4096,
        "pixel": 1.0,
        "count": 200,
        "mode": "weak_phase",
        "frames": 3,
    },
    "2048 x 2048, 1 A/px, 40 particles, weak phase": {"side": 2048, "pixel": 1.0, "count": 40, "mode": "weak_phase"},
    "600 x 600, 3 A/px, 60 particles, weak phase": {"side": 600, "pixel": 3.0, "count": 60, "mode": "weak_phase"},
}  # fmt: skip


def measure(structure: Path, case: dict[str, float | int | str], device: str) -> dict[str, float]:
    """Simulate one micrograph and measure what it cost, without reading the structure."""
    import numpy as np

    from clearice.files.structures import read_structure
    from clearice.run.devices import choose_device
    from clearice.simulation.ctf import Defocus, Optics
    from clearice.simulation.detectors import named_detector
    from clearice.simulation.imaging import Imaging
    from clearice.simulation.micrograph import simulate_micrograph
    from clearice.simulation.orientations import random_rotations
    from clearice.simulation.placement import place_particles
    from clearice.simulation.projection import make_projector
    from clearice.simulation.scattering import form_factors, highest_frequency_per_A
    from clearice.simulation.specimen import Particles

    start, torch_device = time.process_time(), choose_device(device)
    model = read_structure(structure)
    side, pixel, count = int(case["side"]), float(case["pixel"]), int(case["count"])
    factors = form_factors(
        model.elements,
        model.hydrogens,
        np.full(len(model.elements), 20.0),
        model.occupancies,
        highest_frequency_per_A=highest_frequency_per_A(pixel),
        solvent=True,
    )
    projector = make_projector(model.positions_A, factors, pixel, torch_device)
    reading = time.process_time() - start
    generator = np.random.default_rng(0)
    frames = int(case.get("frames", 1))
    imaging = Imaging(
        mode=str(case["mode"]), clean="ctf", optics=Optics(300, 2.7, 0.07, 2.7, 0.7, 0.05, 60.0),
        detector=named_detector("K2", 300, None), detector_pixel_A=pixel, dose_e_per_A2=40.0,
        dose_before_e_per_A2=0.0, damage=True, frames=frames, drift_A=5.0 if frames > 1 else 0.0, signal_scale=1.0,
        ice_thickness_nm=30.0, thickness_gradient_nm_per_um=5.0, ice_noise_scale=1.0, energy_filter=True,
        background_power_A2=0.005, background_exponent=1.5, background_rolloff_A=30.0,
    )  # fmt: skip
    density = 1.3 * count / (side * pixel) ** 2 * 1e8
    placed = place_particles(
        shape_px=(side, side), pixel_size_A=pixel, particles_per_um2=density, minimum_distance_A=170.0,
        margin_A=80.0, generator=generator,
    )  # fmt: skip
    centres = placed.centres_px[:count]
    if len(centres) < count:
        raise SystemExit(f"only {len(centres)} of {count} particles found room")
    particles = Particles(centres, random_rotations(count, generator), np.zeros(count, dtype=np.int64), count)
    for _ in range(
        1 if torch_device.type == "cpu" else 2
    ):  # a GPU's first micrograph pays for loading its libraries
        start, wall = time.process_time(), time.monotonic()
        simulate_micrograph(
            particles=particles, projectors=[projector], shape_px=(side, side), pixel_size_A=pixel, imaging=imaging,
            defocus=Defocus(1.55, 1.45, 30.0), generator=generator, device=torch_device,
        )  # fmt: skip
    return {
        "cpu_s": time.process_time() - start,
        "wall_s": time.monotonic() - wall,
        "reading_s": reading,
        "peak_GB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("structure", type=Path, help="the particle, for instance 3j9i.pdb.gz")
    parser.add_argument("--runs", type=int, default=3, help="runs of each case; the median is printed")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.case:
        print(json.dumps(measure(given.structure, json.loads(given.case), given.device)))
        return
    machine = f"{given.device}, {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, 1 thread"
    print(f"{given.structure.name}, {machine}, {datetime.date.today()}, median of {given.runs} runs\n")
    print(
        "| case | CPU s | wall s | reading the structure, CPU s | peak memory, GB |\n| --- | --- | --- | --- | --- |"
    )
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    cpu = {}
    for name, case in CASES.items():
        command = [sys.executable, __file__, str(given.structure), "--device", given.device]
        command += ["--case", json.dumps(case)]
        runs = [
            json.loads(
                subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
            )
            for _ in range(given.runs)
        ]
        middle = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        cpu[name] = middle["cpu_s"]
        print(
            f"| {name} | {middle['cpu_s']:.1f} | {middle['wall_s']:.1f} | {middle['reading_s']:.2f} "
            f"| {middle['peak_GB']:.2f} |",
            flush=True,
        )
    one, three = (cpu[name] for name in list(CASES)[0:3:2])
    print(f"\nEach further frame: {(three - one) / 2:.1f} CPU s.")


if __name__ == "__main__":
    main()
