"""Simulate a batch of micrographs: noisy, clean, and the truth about them."""

from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path

from clearice.config.simulation import SimulateStep
from clearice.files.counts import count_movie
from clearice.files.mrc import write_micrograph
from clearice.files.structures import read_structure
from clearice.files.truth import read_mtf, write_truth
from clearice.run.batches import checksum, partner_row, process_rows, write_manifest
from clearice.run.devices import choose_device
from clearice.run.seeds import numpy_generator
from clearice.run.step import run
from clearice.run.versions import versions
from clearice.simulation.detectors import find_detector
from clearice.simulation.field import plan_fields, simulate_field
from clearice.simulation.micrograph import SaveFrame
from clearice.simulation.ranges import empty_fields
from clearice.simulation.structures import make_projectors

SIMULATED = "clearice: simulated micrograph"
CLEAN = "clearice: simulated, particles without noise"


def simulate_micrographs(
    *,
    structures: list[Path],
    noisy: Path,
    clean: Path,
    truth: Path,
    noisy_manifest: Path,
    clean_manifest: Path,
    truth_manifest: Path,
    movies: Path | None = None,
    movies_manifest: Path | None = None,
    batch: str,
    settings: SimulateStep,
    device: str,
) -> None:
    """Write pairs of micrographs of the structures, mixed by weight, with the truth about each.

    The file `batch_001.mrc` in `noisy` holds counts, its namesake in `clean` the counts expected of particles
    in even ice, so that their difference is the noise; `truth` holds STAR and JSON. `movies`, where given,
    gets the frames. On a CPU a seed and a name fix every pixel.
    """
    torch_device, physics, size_A = choose_device(device), settings.physics, settings.pixel_size_A
    detector = find_detector(settings.detector, settings.voltage_kV, physics.detector_dqe0, read_mtf)
    plan = plan_fields(settings, detector, len(structures))
    models = [
        read_structure(path, physics.assembly or None, ignore_b_factors=physics.ignore_b_factors)
        for path in structures
    ]
    projectors = make_projectors(models, physics, size_A, torch_device)
    files = [{"file": path.name, "sha256": checksum(path)} for path in structures]
    about = {"files": files, "device": torch_device.type, "versions": versions()}
    draw = partial(simulate_field, plan=plan, models=models, projectors=projectors, device=torch_device)
    generator_of = partial(numpy_generator, settings.seed, "simulate")
    names = [f"{batch}_{index + 1:03d}" for index in range(settings.number)]
    drawn = numpy_generator(settings.seed, batch, "empty")
    empty = dict(zip(names, empty_fields(len(names), physics.empty_fraction, drawn), strict=True))

    def process(name: str) -> Path:
        movie: AbstractContextManager[SaveFrame | None] = nullcontext()
        if movies is not None:
            file = movies / f"{name}{settings.movie_suffix}"
            movie = count_movie(file, physics.frames, plan.shape_px, size_A)
        with movie as save_frame:
            field = draw(
                name, empty=empty[name], generator_of=partial(generator_of, name), save_frame=save_frame
            )
        write_micrograph(clean / f"{name}.mrc", field.clean, size_A, CLEAN)
        truth_file = truth / f"{name}.star"
        write_truth(truth_file, micrograph=f"{name}.mrc", **field.table, parameters=field.record | about)
        write_micrograph(noisy / f"{name}.mrc", field.noisy, size_A, SIMULATED)
        return noisy / f"{name}.mrc"

    rows = process_rows(names, noisy, process, "simulated")
    partners = [(clean, clean_manifest, ".mrc"), (truth, truth_manifest, ".star")]
    if movies is not None and movies_manifest is not None:
        partners.append((movies, movies_manifest, settings.movie_suffix))
    for folder, manifest, suffix in partners:
        write_manifest(manifest, [partner_row(row, folder, suffix) for row in rows])
    write_manifest(noisy_manifest, rows)


run(simulate_micrographs, globals())
