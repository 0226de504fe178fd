"""The exposure: radiation damage and drift."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def critical_dose_e_per_A2(frequencies_per_A: NDArray[np.float64], voltage_kV: float) -> NDArray[np.float64]:
    """Compute the dose after which a Fourier amplitude has fallen to ``exp(-1/2)``.

    ``Ne = 0.245 g^-1.665 + 2.81`` at 300 kV (Grant & Grigorieff 2015), times 0.8 at 200 kV and 0.64 at 100
    kV, in between linearly in the voltage.
    """
    scale = float(np.interp(voltage_kV, [100.0, 200.0, 300.0], [0.64, 0.8, 1.0]))
    result: NDArray[np.float64] = (0.245 * np.maximum(frequencies_per_A, 1e-6) ** -1.665 + 2.81) * scale
    return result


def damage_average(
    frequencies_per_A: NDArray[np.float64], voltage_kV: float, first_e_per_A2: float, last_e_per_A2: float
) -> NDArray[np.float64]:
    """Compute the mean amplitude left between two doses, as a share of the undamaged one.

    ``2 Ne / (N1 - N0) (exp(-N0 / 2 Ne) - exp(-N1 / 2 Ne))``.
    """
    twice = 2.0 * critical_dose_e_per_A2(frequencies_per_A, voltage_kV)
    span = last_e_per_A2 - first_e_per_A2
    return np.exp(-first_e_per_A2 / twice) * -np.expm1(-span / twice) * twice / span


def drift_path_A(frames: int, total_drift_A: float, generator: np.random.Generator) -> NDArray[np.float64]:
    """Draw where the specimen is in each frame, fast at first and then slower, as beam-induced motion is.

    Parameters
    ----------
    frames
        Number of frames.
    total_drift_A
        Distance in A between the first and the last frame's place.
    generator
        Draws the direction and a small random walk of the frames (a tenth of the drift).

    Returns
    -------
    float64 array (frames, 2)
        (y, x) in A; the mean is 0.
    """
    direction = generator.uniform(0.0, 2 * np.pi)
    wander = generator.standard_normal((frames, 2)).cumsum(axis=0)
    if frames == 1 or total_drift_A == 0:
        return np.zeros((frames, 2))
    time = np.arange(frames) / (frames - 1)
    along = -np.expm1(-3.0 * time) / -np.expm1(-3.0)
    path = total_drift_A * along[:, None] * np.array([np.sin(direction), np.cos(direction)])
    bridge = wander - wander[:1] - time[:, None] * (wander[-1:] - wander[:1])
    path += 0.1 * total_drift_A * bridge / np.sqrt(frames)
    result: NDArray[np.float64] = path - path.mean(axis=0)
    return result
