"""Values that differ from micrograph to micrograph: a range or a list in a table, and draws from it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from clearice.simulation.ctf import Defocus

_GOLDEN_RATIO = (math.sqrt(5.0) - 1.0) / 2.0


@dataclass(frozen=True)
class Range:
    """What a value is drawn from.

    Attributes
    ----------
    values
        Two limits, between which it is drawn uniformly, or a list.
    listed
        Whether `values` is a list, of which one is drawn.
    """

    values: tuple[float, ...]
    listed: bool

    @property
    def lowest(self) -> float:
        """Return the smallest value that can be drawn."""
        return min(self.values)

    @property
    def highest(self) -> float:
        """Return the largest value that can be drawn."""
        return max(self.values)

    def draw(self, generator: np.random.Generator) -> float:
        """Draw a value."""
        if self.listed:
            return float(generator.choice(np.array(self.values)))
        return float(generator.uniform(self.lowest, self.highest))


def parse_range(text: str, what: str) -> Range:
    """Read ``0.8-2.0`` (a range), ``1.2`` (one value) or ``1.2,1.5,0.9`` (a list to draw from).

    Raises
    ------
    ValueError
        The text is none of these.
    """
    listed = "," in text
    try:
        if listed:
            values = tuple(float(word) for word in text.split(","))
        else:
            low, separator, high = text.partition("-")
            values = (float(low), float(high if separator else low))
        if not all(math.isfinite(value) for value in values):
            raise ValueError
    except ValueError:
        raise ValueError(
            f"{what} is {text!r}; give a range such as 0.8-2.0, one number, or a list 1.2,1.5,0.9"
        ) from None
    if not listed and values[0] > values[1]:
        raise ValueError(f"{what} {text!r} ends below its start; write the smaller number first")
    return Range(values, listed)


def check_defocus(defocus_um: Range, largest_astigmatism_um: float) -> float:
    """Compute the lowest defocus in um that a micrograph can have along an axis.

    Raises
    ------
    ValueError
        It is not positive.
    """
    lowest = defocus_um.lowest - largest_astigmatism_um / 2
    if lowest <= 0:
        raise ValueError(
            f"defocus_um {defocus_um.lowest:g} less half of astigmatism_um {largest_astigmatism_um:g} is {lowest:g} um, "
            "which is not positive; underfocus is given as a positive number: raise it or lower astigmatism_um"
        )
    return lowest


def draw_defocus(defocus_um: Range, largest_astigmatism_um: float, generator: np.random.Generator) -> Defocus:
    """Draw the mean defocus, the astigmatism from 0 to its largest, and its angle from 0 to 180 degrees."""
    mean = defocus_um.draw(generator)
    half = generator.uniform(0.0, largest_astigmatism_um) / 2
    return Defocus(mean + half, mean - half, float(generator.uniform(0.0, 180.0)))


def empty_fields(count: int, fraction: float, generator: np.random.Generator) -> list[bool]:
    """Return for each field of a batch whether it stays without particles; draws one number for all."""
    first = float(generator.random())
    return [is_empty(index, fraction, first) for index in range(count)]


def is_empty(index: int, fraction: float, first: float) -> bool:
    """Return whether the field of a number stays without particles.

    The numbers ``first + index golden ratio`` (modulo 1) are spread evenly, so any row of fields holds the
    fraction as nearly as it can, and how many fields there are changes none of them.

    Parameters
    ----------
    index
        Number of the field in its batch, from 0.
    fraction
        Share of empty fields, 0..1.
    first
        Drawn once for a batch, uniformly from 0 to 1.
    """
    return (first + index * _GOLDEN_RATIO) % 1.0 < fraction
