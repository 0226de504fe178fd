"""What the simulator is told: its physics, which micrographs are made, and what its step takes."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from clearice.config.base import Length, Settings, Share, filled_in
from clearice.config.tables import ExposureColumns, OpticsColumns, ParticleColumns

MovieSuffix = Literal[".mrcs", ".tif"]


class AtomSettings(Settings):
    """How the atoms of a structure are read, and what becomes of them."""

    assembly: str
    """Name of the biological assembly to build, mostly "1"; empty: the atoms of the file."""
    ignore_b_factors: bool
    """Ignore the B factors of the file: predicted structures hold a confidence in their place."""
    b_factor_floor_A2: float = Field(ge=0)
    """Smallest B factor in A^2: many cryo-EM files hold 0."""
    solvent: bool
    """Subtract the ice that atoms displace; without it contrast is 2.4 times too strong."""


class Physics(AtomSettings):
    """What the simulator takes beyond the columns of the datasets table (docs/method.md)."""

    mode: Literal["weak_phase", "phase_object"]
    """Image formation: weak_phase (linear), or phase_object (exp(i phi), one third slower)."""
    clean: Literal["ctf", "noctf", "ctf_mtf"]
    """What the clean image has passed: ctf (the lens, as InSilicoTEM's noiseless series), noctf, ctf_mtf."""
    signal_scale: float = Field(ge=0, le=3)
    """Factor on the particles' phase; real contrast is 0.7-0.9 of independent atoms (0.64 fitted on EMPIAR-10146)."""
    damage: bool
    """Radiation damage fades the particles (Grant & Grigorieff 2015), in noisy and clean."""
    dose_before_e_per_A2: float = Field(ge=0)
    """Dose before the exposure in e/A^2, for a later frame of a movie."""
    frames: int = Field(ge=1, le=1000)
    """Frames of the movie; the noisy micrograph is their sum."""
    drift_A: float = Field(ge=0)
    """Distance between the first and the last frame in A; only with several frames."""
    empty_fraction: Share
    """Share of fields without particles: a denoiser must learn that noise is empty."""
    spacing: float = Field(gt=0, le=10)
    """Smallest distance of two centres in particle diameters; below 1, crowded fields overlap in projection."""
    astigmatism_um: float = Field(ge=0, le=2)
    """Largest difference of the two defoci in um."""
    chromatic_aberration_mm: float = Field(ge=0, le=20)
    """Chromatic aberration in mm."""
    energy_spread_eV: float = Field(ge=0, le=20)
    """Energy spread (rms) in eV."""
    convergence_mrad: float = Field(ge=0, le=5)
    """Half angle of the illumination in mrad."""
    envelope_b_factor_A2: float = Field(ge=0, le=5000)
    """B factor of residual motion and everything else in A^2 (40-100; unaligned movies several hundred)."""
    energy_filter: bool
    """Zero-loss electrons only; without, inelastic electrons stay and dilute the contrast."""
    ice_noise_scale: float = Field(ge=0, le=10)
    """Factor on the amplitude of the ice's noise; 0 for constant ice."""
    thickness_gradient_nm_per_um: float = Field(ge=0)
    """Slope of the ice's thickness in nm per um."""
    background_power_A2: float = Field(ge=0)
    """Structured background: power of contrast at 1/100 A in A^2; 0 for none (EMPIAR-10146: 0.025, exponent 1.16, 5 A)."""
    background_exponent: float = Field(ge=0, le=4)
    """Exponent p of the background's power k^-p, 1-2.5."""
    background_rolloff_A: float = Field(ge=0)
    """Length in A at whose frequency the background's power has fallen to 1/e."""
    detector_dqe0: Annotated[float, Field(gt=0, le=1)] | None
    """DQE at zero frequency; null for the table's; needed with an mtf_*.star as detector."""

    @model_validator(mode="after")
    def _drift_has_frames(self) -> Physics:
        if self.frames == 1 and self.drift_A > 0:
            raise ValueError(
                f"1 frames with a drift of {self.drift_A:g} A make no movie; give at least one frame, and a drift "
                "only with several"
            )
        return self


class Simulation(Settings):
    """Which simulated micrographs are made for each dataset of a method that needs them."""

    micrographs: int = Field(ge=3)
    """Pairs of a noisy and a clean micrograph to learn from (NT2C: 80/10/10 in all)."""
    validation_fraction: float = Field(gt=0, le=0.5)
    """Share of them for validation."""
    test_micrographs: int = Field(ge=0, le=999)
    """Further ones that nothing learns from, for the scores against the truth."""
    batch_size: int = Field(ge=1)
    """Micrographs of one job."""
    height_px: int = Field(ge=64, le=16384)
    """Height of a micrograph in pixels."""
    width_px: int = Field(ge=64, le=16384)
    """Width of a micrograph in pixels."""
    pixel_size_A: Length | None
    """Pixel size in A; null for the dataset's (set it with training.rescale_to_A)."""
    gpus_per_job: int = Field(ge=0, le=1)
    """GPUs that a simulating job asks for; a CPU core takes seconds for 4096 x 4096 px (docs/benchmarks.md)."""
    movies: int = Field(ge=0)
    """Movies for each dataset that the target simulated_movies makes, with their truth."""
    movie_frames: int = Field(ge=2, le=1000)
    """Frames of such a movie, whole counts; they share the dataset's dose."""
    movie_drift_A: float = Field(ge=0)
    """Distance between its first and its last frame in A."""
    movie_suffix: MovieSuffix
    """Format of such a movie: .mrcs (MRC mode 6, uint16) or .tif (uint16, deflate)."""


class SimulateStep(filled_in(ParticleColumns), filled_in(ExposureColumns), filled_in(OpticsColumns)):  # type: ignore[misc]
    """What the step takes: a dataset's columns, the size of the fields, and the physics."""

    detector_pixel_size_A: Length
    """Pixel size of the dataset's files in A, to which the camera's MTF refers."""
    height_px: int = Field(ge=1)
    """Height of a field in pixels."""
    width_px: int = Field(ge=1)
    """Width of a field in pixels."""
    pixel_size_A: Length
    """Pixel size of the simulated micrographs in A."""
    weights: list[float]
    """Relative abundances of the structures, in the structures' order."""
    number: int = Field(ge=1)
    """Micrographs of the batch."""
    movie_suffix: MovieSuffix = ".mrcs"
    """Format of the movies, where they are kept."""
    particles_are_dark: bool = True
    """Whether particles are darker than ice; false inverts both images about the mean counts."""
    seed: int = Field(ge=0)
    """Seed of the run."""
    physics: Physics
    """The section physics."""

    @model_validator(mode="after")
    def _weights_say_something(self) -> SimulateStep:
        usable = all(math.isfinite(weight) and weight >= 0 for weight in self.weights)
        if not usable or not sum(self.weights) > 0:
            raise ValueError(
                f"the weights of the structures are {self.weights}; give positive numbers, one per structure"
            )
        return self
