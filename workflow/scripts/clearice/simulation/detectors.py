"""Detectors: modulation transfer, quantum efficiency and the colour of their noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clearice.config.cameras import CAMERAS, PERFECT

Curve = NDArray[np.float64]

_CYCLES_PER_PX = np.linspace(0.0, 0.5, 11)


@dataclass(frozen=True)
class Detector:
    """A camera.

    Attributes
    ----------
    name
        Its name, or the path of its MTF file.
    cycles_per_px
        Spatial frequencies from 0 to Nyquist of its pixels.
    mtf
        Modulation transfer at these frequencies.
    dqe0
        Quantum efficiency at zero frequency.
    noise_exponent
        kappa: the transfer of its noise is ``NTF = MTF^kappa``, 0 for an ideal counter (white noise), above 0
        for a camera that integrates.
    """

    name: str
    cycles_per_px: NDArray[np.float64]
    mtf: NDArray[np.float64]
    dqe0: float
    noise_exponent: float

    @property
    def counts(self) -> bool:
        """Return whether the camera counts electrons one by one."""
        return self.noise_exponent == 0


def find_detector(
    name: str, voltage_kV: float, dqe0: float | None, read_mtf: Callable[[Path], tuple[Curve, Curve]]
) -> Detector:
    """Look a detector up by name, or read its MTF file.

    Parameters
    ----------
    name
        As for `named_detector`, or the path of a file ending in ``.star``.
    voltage_kV, dqe0
        As for `named_detector`.
    read_mtf
        Reads frequencies in cycles per pixel and the MTF from such a file.

    Raises
    ------
    ValueError
        As for `named_detector` and `measured_detector`.
    """
    if name.endswith(".star"):
        return measured_detector(name, *read_mtf(Path(name)), dqe0)
    return named_detector(name, voltage_kV, dqe0)


def named_detector(name: str, voltage_kV: float, dqe0: float | None) -> Detector:
    """Look a detector up; `perfect` has MTF and DQE 1.

    Parameters
    ----------
    name
        K2, K2-Gatan, K3, K3-CDS, Falcon2, Falcon3, Falcon4, DE-20 or perfect.
    voltage_kV
        300, for some also 200: the tables were measured there.
    dqe0
        Quantum efficiency at zero frequency, 0..1, or None for the table's.

    Raises
    ------
    ValueError
        The detector is unknown, or was not measured at this voltage.
    """
    if name == PERFECT:
        return Detector(name, _CYCLES_PER_PX, np.ones(11), _checked_dqe(1.0 if dqe0 is None else dqe0), 0.0)
    if name not in CAMERAS:
        raise ValueError(
            f"detector {name!r} is unknown; use one of {', '.join([*CAMERAS, PERFECT])}, "
            "or the path of a RELION mtf_*.star together with detector_dqe0"
        )
    voltages = CAMERAS[name]
    if round(voltage_kV) not in voltages:
        known = " and ".join(str(one) for one in voltages)
        raise ValueError(
            f"detector {name} is tabulated at {known} kV, not at {voltage_kV:g} kV; "
            "give the path of a RELION mtf_*.star together with detector_dqe0"
        )
    text, table_dqe0, exponent = voltages[round(voltage_kV)]
    mtf = np.array([float(word) for word in text.split()])
    return Detector(name, _CYCLES_PER_PX, mtf, _checked_dqe(table_dqe0 if dqe0 is None else dqe0), exponent)


def measured_detector(
    name: str, cycles_per_px: NDArray[np.float64], mtf: NDArray[np.float64], dqe0: float | None
) -> Detector:
    """Make a counting detector from a measured MTF.

    Raises
    ------
    ValueError
        `dqe0` is missing, or the table does not ascend from 0 to 0.5 with positive values that begin at 1.
    """
    if dqe0 is None:
        raise ValueError(
            f"detector {name} is an MTF file, which says nothing of counts; give detector_dqe0 too"
        )
    usable = (
        len(mtf) >= 2
        and np.isfinite(mtf).all()
        and np.isfinite(cycles_per_px).all()
        and (np.diff(cycles_per_px) > 0).all()
        and (mtf > 0).all()
        and cycles_per_px[0] <= 0.05
        and cycles_per_px[-1] >= 0.45
        and 0.9 <= mtf[0] <= 1.1
    )
    if not usable:
        raise ValueError(
            f"{name} is no usable MTF: it needs positive values, the first of them 1, at ascending frequencies from "
            "0 to 0.5 cycles per pixel"
        )
    return Detector(name, cycles_per_px, mtf, _checked_dqe(dqe0), 0.0)


def signal_transfer(
    detector: Detector, frequencies_per_A: NDArray[np.float64], detector_pixel_A: float
) -> NDArray[np.float64]:
    """Interpolate the MTF at spatial frequencies; beyond the camera's Nyquist its last value holds.

    `detector_pixel_A` is the size, at the specimen, of the pixel the MTF refers to.
    """
    return np.interp(frequencies_per_A * detector_pixel_A, detector.cycles_per_px, detector.mtf)


def transfer_before_counting(
    detector: Detector, frequencies_per_A: NDArray[np.float64], detector_pixel_A: float
) -> NDArray[np.float64]:
    """Compute what the signal loses before it is counted, ``sqrt(DQE / DQE0) = MTF / NTF``."""
    return signal_transfer(detector, frequencies_per_A, detector_pixel_A) ** (1.0 - detector.noise_exponent)


def transfer_after_counting(
    detector: Detector, frequencies_per_A: NDArray[np.float64], detector_pixel_A: float
) -> NDArray[np.float64]:
    """Compute what signal and noise lose after counting, the NTF (1 for a counter)."""
    return signal_transfer(detector, frequencies_per_A, detector_pixel_A) ** detector.noise_exponent


def _checked_dqe(dqe0: float) -> float:
    """Refuse a quantum efficiency outside 0..1."""
    if not 0 < dqe0 <= 1:
        raise ValueError(f"detector_dqe0 is {dqe0:g}, but a quantum efficiency lies above 0 and at most at 1")
    return float(dqe0)
