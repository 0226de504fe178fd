"""The settings of a simulation that do not change from micrograph to micrograph."""

from __future__ import annotations

from dataclasses import dataclass

from clearice.simulation.ctf import Optics, check_optics
from clearice.simulation.detectors import Detector
from clearice.simulation.image_formation import MODES

CLEAN_KINDS = ("ctf", "noctf", "ctf_mtf")
_OF_BACKGROUND = ("background_power_A2", "background_exponent", "background_rolloff_A")


@dataclass(frozen=True)
class Imaging:
    """All that does not change from micrograph to micrograph.

    `mode` weak_phase or phase_object; `clean` ctf, noctf or ctf_mtf; `optics`; `detector`;
    `detector_pixel_A` the size at the specimen of the pixel its MTF refers to; `dose_e_per_A2` of the
    micrograph, after `dose_before_e_per_A2`; `damage` whether radiation damage fades the particles;
    `frames` and `drift_A` of the movie; `signal_scale` multiplies the particles' phase (real contrast is
    0.7-0.9 of independent atoms); `ice_thickness_nm`, `thickness_gradient_nm_per_um`, `ice_noise_scale` (1:
    physics, on the amplitude), `energy_filter`; `background_power_A2`, `background_exponent`,
    `background_rolloff_A`.
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
