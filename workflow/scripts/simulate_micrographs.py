"""Simulate a batch of micrographs: noisy, clean, and the truth about them."""

import dataclasses
import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch

from clearice.files.counts import MOVIE_SUFFIXES, count_movie
from clearice.files.mrc import write_micrograph
from clearice.files.structures import Structure, read_structure
from clearice.files.truth import read_mtf, write_truth
from clearice.run.batches import OK, ManifestRow, checksum, process_rows, write_manifest
from clearice.run.devices import choose_device
from clearice.run.seeds import numpy_generator
from clearice.run.step import run
from clearice.run.versions import versions
from clearice.simulation.detectors import Detector, measured_detector, named_detector
from clearice.simulation.ice import check_gradient
from clearice.simulation.imaging import check_imaging
from clearice.simulation.micrograph import SimulatedMicrograph, simulate_micrograph
from clearice.simulation.orientations import angles_of_rotations
from clearice.simulation.placement import check_density
from clearice.simulation.projection import Projector, make_projector
from clearice.simulation.ranges import check_defocus, draw_defocus, is_empty, parse_range
from clearice.simulation.scattering import form_factors, highest_frequency_per_A
from clearice.simulation.settings import (
    SimulationSettings,
    effective_b_factors_A2,
    imaging_of,
    simulation_settings,
)
from clearice.simulation.specimen import Particles, draw_particles, shares_of_structures

SIMULATED = "clearice: simulated micrograph"
CLEAN = "clearice: simulated, particles without noise"

log = logging.getLogger(__name__)


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
    weights: list[float],
    batch: str,
    number: int,
    height_px: int,
    width_px: int,
    pixel_size_A: float,
    detector_pixel_size_A: float,
    voltage_kV: float,
    spherical_aberration_mm: float,
    amplitude_contrast: float,
    dose_e_per_A2: float,
    detector: str,
    super_resolution: int,
    particle_diameter_A: float,
    particles_per_um2: str,
    ice_thickness_nm: float,
    defocus_um: str,
    settings: dict[str, Any],
    movie_suffix: str = ".mrcs",
    seed: int,
    device: str,
) -> None:
    """Write `number` pairs of micrographs of the structures, mixed by weight, with the truth about each.

    The file `batch_001.mrc` in `noisy` holds counts, its namesake in `clean` the counts expected of particles
    in even ice, so that their difference is the noise; `truth` holds STAR and JSON. `movies`, where given,
    gets the frames. On a CPU a seed and a name fix every pixel.
    """
    where, chosen = choose_device(device), simulation_settings(settings)
    shape, densities = (height_px, width_px), parse_range(particles_per_um2, "particles_per_um2")
    defoci, distance = parse_range(defocus_um, "defocus_um"), chosen.spacing * particle_diameter_A
    imaging = imaging_of(
        chosen,
        voltage_kV=voltage_kV,
        spherical_aberration_mm=spherical_aberration_mm,
        amplitude_contrast=amplitude_contrast,
        dose_e_per_A2=dose_e_per_A2,
        ice_thickness_nm=ice_thickness_nm,
        detector=_detector(detector, voltage_kV, chosen.detector_dqe0),
        detector_pixel_size_A=detector_pixel_size_A,
        super_resolution=super_resolution,
    )
    check_imaging(imaging, check_defocus(defoci, chosen.astigmatism_um), pixel_size_A)
    check_gradient(shape, pixel_size_A, ice_thickness_nm, chosen.thickness_gradient_nm_per_um)
    check_density(densities.highest, distance)
    shares_of_structures(weights)
    if len(weights) != len(structures):
        raise ValueError(
            f"{len(structures)} structures have {len(weights)} weights; give each structure one weight"
        )
    if movie_suffix not in MOVIE_SUFFIXES:
        raise ValueError(f"movie_suffix is {movie_suffix!r}; use one of {', '.join(MOVIE_SUFFIXES)}")
    models = [
        read_structure(path, chosen.assembly or None, ignore_b_factors=chosen.ignore_b_factors)
        for path in structures
    ]
    projectors = [_projector(model, chosen, pixel_size_A, where) for model in models]
    sources = [{"file": path.name, "sha256": checksum(path)} for path in structures]
    names = [f"{batch}_{index + 1:03d}" for index in range(number)]
    first = float(numpy_generator(seed, batch, "empty").random())
    empty = {name: is_empty(index, chosen.empty_fraction, first) for index, name in enumerate(names)}

    def treat(name: str) -> Path:
        def generator(what: str) -> Any:
            return numpy_generator(seed, "simulate", name, what)

        defocus = draw_defocus(defoci, chosen.astigmatism_um, generator("defocus"))
        density = 0.0 if empty[name] else densities.draw(generator("density"))
        particles = draw_particles(
            shape_px=shape,
            pixel_size_A=pixel_size_A,
            weights=weights,
            particles_per_um2=density,
            minimum_distance_A=distance,
            margin_A=particle_diameter_A / 2,
            generator=generator("particles"),
        )
        common = {
            "particles": particles,
            "projectors": projectors,
            "shape_px": shape,
            "pixel_size_A": pixel_size_A,
            "imaging": imaging,
            "defocus": defocus,
            "generator": generator("image"),
            "device": where,
        }
        if movies is None:
            pair = simulate_micrograph(**common)
        else:
            with count_movie(
                movies / f"{name}{movie_suffix}", imaging.frames, shape, pixel_size_A
            ) as keep_frame:
                pair = simulate_micrograph(**common, keep_frame=keep_frame)
        log.info("%s: %d of %d particles placed", name, len(particles.centres_px), particles.wanted)
        write_micrograph(clean / f"{name}.mrc", pair.clean + pair.mean_counts, pixel_size_A, CLEAN)
        write_truth(
            truth / f"{name}.star",
            micrograph=f"{name}.mrc",
            centres_px=particles.centres_px,
            angles_deg=angles_of_rotations(particles.rotations),
            structures=particles.structures,
            inside=particles.inside(shape),
            defocus=(defocus.u_um, defocus.v_um, defocus.angle_deg),
            voltage_kV=voltage_kV,
            spherical_aberration_mm=spherical_aberration_mm,
            amplitude_contrast=amplitude_contrast,
            pixel_size_A=pixel_size_A,
            parameters=_parameters(pair, particles, models, weights, shape)
            | {"seed": seed, "name": name, "pixel_size_A": pixel_size_A, "particles_per_um2": density}
            | {"particle_diameter_A": particle_diameter_A, "super_resolution": super_resolution}
            | {"defocus": dataclasses.asdict(defocus), "settings": dataclasses.asdict(chosen)}
            | {"imaging": dataclasses.asdict(imaging) | {"detector": _as_lists(imaging.detector)}}
            | {"asked": {"particles_per_um2": particles_per_um2, "defocus_um": defocus_um}}
            | {"files": sources, "device": where.type, "versions": versions()},
        )
        write_micrograph(noisy / f"{name}.mrc", pair.noisy, pixel_size_A, SIMULATED)
        return noisy / f"{name}.mrc"

    rows = process_rows(names, noisy, treat, "simulated")
    for folder, manifest, suffix in ((clean, clean_manifest, ".mrc"), (truth, truth_manifest, ".star")):
        write_manifest(manifest, [_row_of_partner(row, folder, suffix) for row in rows])
    if movies is not None and movies_manifest is not None:
        write_manifest(movies_manifest, [_row_of_partner(row, movies, movie_suffix) for row in rows])
    write_manifest(noisy_manifest, rows)


def _detector(detector: str, voltage_kV: float, dqe0: float | None) -> Detector:
    """Look a detector up by name, or read its MTF file."""
    if not detector.endswith(".star"):
        return named_detector(detector, voltage_kV, dqe0)
    return measured_detector(detector, *read_mtf(Path(detector)), dqe0)


def _as_lists(detector: Detector) -> dict[str, object]:
    """Turn a detector into plain values, as it was used."""
    return {
        key: value.tolist() if isinstance(value, np.ndarray) else value
        for key, value in dataclasses.asdict(detector).items()
    }


def _projector(
    model: Structure, settings: SimulationSettings, pixel_size_A: float, device: torch.device
) -> Projector:
    """Make one structure ready for projection."""
    factors = form_factors(
        model.elements,
        model.hydrogens,
        effective_b_factors_A2(model.b_factors_A2, settings),
        model.occupancies,
        highest_frequency_per_A=highest_frequency_per_A(pixel_size_A),
        solvent=settings.solvent,
    )
    return make_projector(model.positions_A, factors, pixel_size_A, device)


def _parameters(
    pair: SimulatedMicrograph,
    particles: Particles,
    models: list[Structure],
    weights: list[float],
    shape: tuple[int, int],
) -> dict[str, object]:
    """Collect what became of one micrograph, for its JSON file."""
    return {
        "particles_wanted": particles.wanted,
        "particles_placed": len(particles.centres_px),
        "particles_inside": int(particles.inside(shape).sum()),
        "structures": [
            {
                "name": model.name,
                "weight": weight,
                "atoms": len(model.elements),
                "hydrogens": int(model.hydrogens.sum()),
            }
            for model, weight in zip(models, weights, strict=True)
        ],
        "mean_counts_per_px": pair.mean_counts,
        "drift_yx_A": pair.drift_A.tolist(),
        "ice_thicker_towards_deg": pair.thicker_deg,
        "shape_px": list(shape),
    }


def _row_of_partner(row: ManifestRow, folder: Path, suffix: str) -> ManifestRow:
    """Make the row of the clean image or of the truth from that of the noisy micrograph."""
    if row.status != OK:
        return row
    file = folder / f"{row.micrograph}{suffix}"
    return ManifestRow(row.micrograph, file.name, OK, "", checksum(file))


run(simulate_micrographs, globals())
