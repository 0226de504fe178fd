"""The first facts of the lens: the wavelength of its electrons, and how coarse pixels may be."""

from __future__ import annotations

import math


def wavelength_A(voltage_kV: float) -> float:
    """Compute the relativistic electron wavelength in A.

    ``lambda = 12.2643 / sqrt(V + 0.978466e-6 V^2)`` with V in volts.

    Raises
    ------
    ValueError
        The voltage is outside 60 to 1000 kV (most likely given in V).
    """
    if not 60 <= voltage_kV <= 1000:
        raise ValueError(
            f"voltage {voltage_kV:g} kV is outside 60 to 1000 kV; give the voltage in kV, such as 300"
        )
    volts = voltage_kV * 1e3
    return 12.2643 / math.sqrt(volts + 0.978466e-6 * volts**2)


def first_zero_A(voltage_kV: float, defocus_um: float) -> float:
    """Compute the length in A at which the CTF first vanishes, ``sqrt(lambda defocus)``: pixels of half of it still show it.

    Parameters
    ----------
    voltage_kV
        60 to 1000.
    defocus_um
        Underfocus in um, positive.
    """
    return math.sqrt(wavelength_A(voltage_kV) * defocus_um * 1e4)
