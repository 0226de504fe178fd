"""The settings of a simulation that do not change from micrograph to micrograph."""

from __future__ import annotations

from dataclasses import dataclass

from clearice.config.simulation import SimulateStep
from clearice.simulation.ctf import Optics, check_optics
from clearice.simulation.detectors import Detector
from clearice.simulation.image_formation import MODES

CLEAN_KINDS = ("ctf", "noctf", "ctf_mtf")
_OF_BACKGROUND = ("background_power_A2", "background_exponent", "background_rolloff_A")


@dataclass(frozen=True)
class Imaging:
    """All that does not change from micrograph to micrograph.

    Sources and bounds of the physics stand at the fields of `clearice.config.simulation.Physics`.

    Attributes
    ----------
    mode
        Image formation: ``weak_phase`` or ``phase_object``.
    clean
        What the clean image has passed: ``ctf``, ``noctf`` or ``ctf_mtf``.
    optics
        The microscope.
    detector
        The camera.
    detector_pixel_A
        Size at the specimen of the pixel that the camera's MTF refers to.
    dose_e_per_A2
        Dose of the micrograph, after `dose_before_e_per_A2`.
    dose_before_e_per_A2
        Dose before the exposure.
    damage
        Whether radiation damage fades the particles.
    frames
        Number of frames of the movie.
    drift_A
        Distance between the first and the last frame.
    signal_scale
        Factor on the particles' phase.
    ice_thickness_nm
        Thickness of the ice at the field's centre.
    thickness_gradient_nm_per_um
        Slope of the ice's thickness.
    ice_noise_scale
        Factor on the amplitude of the ice's noise; 0 for constant ice.
    energy_filter
        Whether only electrons of zero loss reach the camera.
    background_power_A2
        Power of contrast of the structured background at 1/100 A; 0 for none.
    background_exponent
        Exponent p of the background's power k^-p.
    background_rolloff_A
        Length at whose frequency the background's power has fallen to 1/e.
    """

    mode: str
    clean: str
    optics: Optics
    detector: Detector
    detector_pixel_A: float
    dose_e_per_A2: float
    dose_before_e_per_A2: float
    damage: bool
    frames: int
    drift_A: float
    signal_scale: float
    ice_thickness_nm: float
    thickness_gradient_nm_per_um: float
    ice_noise_scale: float
    energy_filter: bool
    background_power_A2: float
    background_exponent: float
    background_rolloff_A: float


def imaging_of(settings: SimulateStep, detector: Detector) -> Imaging:
    """Join the physics of the config with a dataset's columns and its camera.

    The MTF refers to the camera's pixel: for data Fourier-binned from super-resolution, frequencies count in
    super-resolution pixels, half as large.
    """
    physics = settings.physics
    return Imaging(
        mode=physics.mode,
        clean=physics.clean,
        optics=Optics(
            voltage_kV=settings.voltage_kV,
            spherical_aberration_mm=settings.spherical_aberration_mm,
            amplitude_contrast=settings.amplitude_contrast,
            chromatic_aberration_mm=physics.chromatic_aberration_mm,
            energy_spread_eV=physics.energy_spread_eV,
            convergence_mrad=physics.convergence_mrad,
            envelope_b_factor_A2=physics.envelope_b_factor_A2,
        ),
        detector=detector,
        detector_pixel_A=settings.detector_pixel_size_A / settings.super_resolution,
        dose_e_per_A2=settings.dose_e_per_A2,
        dose_before_e_per_A2=physics.dose_before_e_per_A2,
        damage=physics.damage,
        frames=physics.frames,
        drift_A=physics.drift_A,
        signal_scale=physics.signal_scale,
        ice_thickness_nm=settings.ice_thickness_nm,
        thickness_gradient_nm_per_um=physics.thickness_gradient_nm_per_um,
        ice_noise_scale=physics.ice_noise_scale,
        energy_filter=physics.energy_filter,
        background_power_A2=physics.background_power_A2,
        background_exponent=physics.background_exponent,
        background_rolloff_A=physics.background_rolloff_A,
    )


def check_imaging(imaging: Imaging, lowest_defocus_um: float, pixel_size_A: float) -> None:
    """Refuse settings that are out of range.

    Raises
    ------
    ValueError
        One sentence: what was found, what to change.
    """
    if imaging.mode not in MODES:
        raise ValueError(f"mode {imaging.mode!r} is unknown; use one of {', '.join(MODES)}")
    if imaging.clean not in CLEAN_KINDS:
        raise ValueError(f"clean is {imaging.clean!r}; use one of {', '.join(CLEAN_KINDS)}")
    if imaging.dose_e_per_A2 <= 0 or imaging.dose_before_e_per_A2 < 0:
        raise ValueError(
            f"the dose is {imaging.dose_e_per_A2:g} e/A2 after {imaging.dose_before_e_per_A2:g} e/A2; "
            "give a positive dose and a non-negative dose before it"
        )
    if imaging.frames < 1 or imaging.drift_A < 0 or (imaging.frames == 1 and imaging.drift_A > 0):
        raise ValueError(
            f"{imaging.frames} frames with a drift of {imaging.drift_A:g} A make no movie; "
            "give at least one frame, and a drift only with several"
        )
    if imaging.ice_thickness_nm < 0:
        raise ValueError(f"ice thickness {imaging.ice_thickness_nm:g} nm is negative; give 0 for no ice")
    for name in ("signal_scale", "ice_noise_scale", "thickness_gradient_nm_per_um", *_OF_BACKGROUND):
        if getattr(imaging, name) < 0:
            raise ValueError(f"{name} is {getattr(imaging, name):g}, but it must not be negative")
    check_optics(imaging.optics, lowest_defocus_um, pixel_size_A)
