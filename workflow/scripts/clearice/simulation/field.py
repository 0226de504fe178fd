"""One simulated field of a batch: what is drawn for it, its images, and the record of its truth."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from clearice.config.simulation import SimulateStep
from clearice.simulation.ctf import Defocus
from clearice.simulation.detectors import Detector
from clearice.simulation.ice import check_gradient
from clearice.simulation.imaging import Imaging, check_imaging, imaging_of
from clearice.simulation.micrograph import SaveFrame, SimulatedMicrograph, simulate_micrograph
from clearice.simulation.orientations import angles_of_rotations
from clearice.simulation.placement import check_density
from clearice.simulation.projection import Projector
from clearice.simulation.ranges import Range, check_defocus, draw_defocus, parse_range
from clearice.simulation.specimen import Particles, draw_particles
from clearice.simulation.structures import AtomicModel

GeneratorOf = Callable[[str], np.random.Generator]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FieldPlan:
    """What all fields of a batch share.

    Attributes
    ----------
    settings
        What the step was told.
    imaging
        How fields are imaged.
    densities
        Range of the particles per square micrometre.
    defoci
        Range of the underfocus in um.
    minimum_distance_A
        Smallest distance of two particles' centres in A.
    """

    settings: SimulateStep
    imaging: Imaging
    densities: Range
    defoci: Range
    minimum_distance_A: float

    @property
    def shape_px(self) -> tuple[int, int]:
        """Shape (h, w) of a field."""
        return self.settings.height_px, self.settings.width_px


@dataclass(frozen=True)
class SimulatedField:
    """A simulated micrograph and the truth about it.

    Attributes
    ----------
    noisy
        Counts (h, w).
    clean
        Counts (h, w) expected of the particles in even ice, so that ``noisy - clean`` is noise.
    table
        Arguments of `files.truth.write_truth` for its STAR file, by name.
    record
        All that the image was made of, for its JSON file.
    """

    noisy: NDArray[np.float32]
    clean: NDArray[np.float32]
    table: dict[str, Any]
    record: dict[str, Any]


def plan_fields(settings: SimulateStep, detector: Detector, structures: int) -> FieldPlan:
    """Check what can be checked before any structure is read, and join settings and detector.

    Parameters
    ----------
    settings
        What the step was told.
    detector
        The camera.
    structures
        Number of the structures.

    Raises
    ------
    ValueError
        Settings do not go together, or no field could be drawn from them.
    """
    physics, pixel_size_A = settings.physics, settings.pixel_size_A
    densities = parse_range(settings.particles_per_um2, "particles_per_um2")
    plan = FieldPlan(
        settings=settings,
        imaging=imaging_of(settings, detector),
        densities=densities,
        defoci=parse_range(settings.defocus_um, "defocus_um"),
        minimum_distance_A=physics.spacing * settings.particle_diameter_A,
    )
    check_imaging(plan.imaging, check_defocus(plan.defoci, physics.astigmatism_um), pixel_size_A)
    check_gradient(
        plan.shape_px, pixel_size_A, settings.ice_thickness_nm, physics.thickness_gradient_nm_per_um
    )
    check_density(densities.highest, plan.minimum_distance_A)
    if len(settings.weights) != structures:
        raise ValueError(
            f"{structures} structures have {len(settings.weights)} weights; give each structure one weight"
        )
    return plan


def simulate_field(
    name: str,
    plan: FieldPlan,
    models: Sequence[AtomicModel],
    projectors: Sequence[Projector],
    *,
    empty: bool,
    generator_of: GeneratorOf,
    device: torch.device,
    save_frame: SaveFrame | None = None,
) -> SimulatedField:
    """Draw and simulate one field.

    Where particles are to be white, both images are mirrored at the mean counts, so that they still differ by
    noise alone.

    Parameters
    ----------
    name
        Name of the micrograph.
    plan
        What it shares with the others (`plan_fields`).
    models, projectors
        The structures, and what makes their projections on `device` (`structures.make_projectors`).
    empty
        Whether it stays without particles.
    generator_of
        Makes the generator of what is drawn: ``defocus``, ``density``, ``particles`` or ``image``.
    device
        Device to compute on. On a GPU the same seed gives another image of the same statistics.
    save_frame
        As for `micrograph.simulate_micrograph`.

    Raises
    ------
    ValueError
        A setting is out of range, the density cannot be placed, or frames are asked for with white particles:
        counts cannot be inverted.
    """
    settings, shape_px = plan.settings, plan.shape_px
    if save_frame is not None and not settings.particles_are_dark:
        raise ValueError(
            "frames hold counts, in which particles are dark; set particles_are_dark to true where movies are made"
        )
    defocus = draw_defocus(plan.defoci, settings.physics.astigmatism_um, generator_of("defocus"))
    density = 0.0 if empty else plan.densities.draw(generator_of("density"))
    particles = draw_particles(
        shape_px=shape_px,
        pixel_size_A=settings.pixel_size_A,
        weights=settings.weights,
        particles_per_um2=density,
        minimum_distance_A=plan.minimum_distance_A,
        margin_A=settings.particle_diameter_A / 2,
        generator=generator_of("particles"),
    )
    pair = simulate_micrograph(
        particles=particles,
        projectors=projectors,
        shape_px=shape_px,
        pixel_size_A=settings.pixel_size_A,
        imaging=plan.imaging,
        defocus=defocus,
        generator=generator_of("image"),
        device=device,
        save_frame=save_frame,
    )
    log.info("%s: %d of %d particles placed", name, len(particles.centres_px), particles.wanted)
    record = _parameters(pair, particles, models, settings.weights, shape_px)
    record |= {"name": name, "particles_per_um2": density, "defocus": dataclasses.asdict(defocus)}
    images = pair.noisy, pair.clean + pair.mean_counts
    if not settings.particles_are_dark:
        images = 2 * pair.mean_counts - images[0], 2 * pair.mean_counts - images[1]
    return SimulatedField(
        noisy=images[0],
        clean=images[1],
        table=_table(particles, defocus, plan),
        record=record | _shared_record(plan),
    )


def _table(particles: Particles, defocus: Defocus, plan: FieldPlan) -> dict[str, Any]:
    """Collect what a STAR file of the particles says."""
    settings = plan.settings
    return {
        "centres_px": particles.centres_px,
        "angles_deg": angles_of_rotations(particles.rotations),
        "structures": particles.structures,
        "inside": particles.inside(plan.shape_px),
        "defocus": (defocus.u_um, defocus.v_um, defocus.angle_deg),
        "voltage_kV": settings.voltage_kV,
        "spherical_aberration_mm": settings.spherical_aberration_mm,
        "amplitude_contrast": settings.amplitude_contrast,
        "pixel_size_A": settings.pixel_size_A,
    }


def _parameters(
    pair: SimulatedMicrograph,
    particles: Particles,
    models: Sequence[AtomicModel],
    weights: Sequence[float],
    shape_px: tuple[int, int],
) -> dict[str, Any]:
    """Collect what became of one field."""
    return {
        "particles_wanted": particles.wanted,
        "particles_placed": len(particles.centres_px),
        "particles_inside": int(particles.inside(shape_px).sum()),
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
        "shape_px": list(shape_px),
    }


def _shared_record(plan: FieldPlan) -> dict[str, Any]:
    """Collect what all fields of a batch were made with."""
    settings, detector = plan.settings, dataclasses.asdict(plan.imaging.detector)
    as_lists = {
        key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in detector.items()
    }
    return {
        "seed": settings.seed,
        "pixel_size_A": settings.pixel_size_A,
        "particle_diameter_A": settings.particle_diameter_A,
        "super_resolution": settings.super_resolution,
        "particles_are_dark": settings.particles_are_dark,
        "settings": settings.physics.model_dump(),
        "imaging": dataclasses.asdict(plan.imaging) | {"detector": as_lists},
        "asked": {"particles_per_um2": settings.particles_per_um2, "defocus_um": settings.defocus_um},
    }
