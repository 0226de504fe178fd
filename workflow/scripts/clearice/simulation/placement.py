"""Place particles at random with a minimum distance, some of them partly over the edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.spatial
from numpy.typing import NDArray

JAMMING_COVERAGE = 0.547
"""Share of an area that discs of one size cover when random sequential placing jams."""


@dataclass(frozen=True)
class Placement:
    """Where particles lie.

    Attributes
    ----------
    centres_px
        float64 (n, 2), (y, x), 0 at the centre of the first pixel.
    wanted
        How many were to be placed.
    """

    centres_px: NDArray[np.float64]
    wanted: int


def place_particles(
    *,
    shape_px: tuple[int, int],
    pixel_size_A: float,
    particles_per_um2: float,
    minimum_distance_A: float,
    margin_A: float,
    generator: np.random.Generator,
) -> Placement:
    """Throw particles on a field until the wanted number lies there or no room is found (dart throwing).

    Parameters
    ----------
    shape_px
        Field (h, w) in pixels.
    pixel_size_A
        Pixel size in A.
    particles_per_um2
        Number per square micrometre, of the field with its margin; 0 gives an empty field.
    minimum_distance_A
        Between any two centres, in A.
    margin_A
        How far outside the field a centre may lie, in A, so that particles are cut by the edges too.
    generator
        Draws the positions.

    Returns
    -------
    Placement
        Fewer centres than wanted where the field jammed: the caller reports both numbers.

    Raises
    ------
    ValueError
        The density is negative, or above what random placing can reach at this distance.
    """
    check_density(particles_per_um2, minimum_distance_A)
    extent = np.array(shape_px) * pixel_size_A + 2 * margin_A
    wanted = int(generator.poisson(particles_per_um2 * 1e-8 * float(extent.prod())))
    centres = np.empty((0, 2))
    darts_left = 400 * wanted  # close to jamming most darts hit a neighbour
    while len(centres) < wanted and darts_left > 0:
        count = min(darts_left, max(256, 4 * (wanted - len(centres))))
        darts_left -= count
        darts = generator.random((count, 2)) * extent
        centres = np.concatenate([centres, _accepted(centres, darts, minimum_distance_A)])[:wanted]
    return Placement((centres - margin_A) / pixel_size_A - 0.5, wanted)


def check_density(particles_per_um2: float, minimum_distance_A: float) -> None:
    """Refuse a density that random placing cannot reach.

    Raises
    ------
    ValueError
        The density is negative, the distance not positive, or the field would jam before.
    """
    if particles_per_um2 < 0 or minimum_distance_A <= 0:
        raise ValueError(
            f"{particles_per_um2:g} particles per um2 at a distance of {minimum_distance_A:g} A were "
            "asked for; "
            "the density must not be negative and the distance must be positive"
        )
    coverage = particles_per_um2 * 1e-8 * np.pi / 4 * minimum_distance_A**2
    if coverage > JAMMING_COVERAGE:
        highest = JAMMING_COVERAGE / (1e-8 * np.pi / 4 * minimum_distance_A**2)
        raise ValueError(
            f"{particles_per_um2:g} particles per um2 cannot be placed {minimum_distance_A:g} A apart: "
            "random placing "
            f"jams at {highest:.1f} per um2; lower particles_per_um2 or the minimum distance"
        )


def _accepted(
    centres: NDArray[np.float64], darts: NDArray[np.float64], distance: float
) -> NDArray[np.float64]:
    """Keep the darts that keep their distance from the centres and from the darts kept before them."""
    if len(centres):
        nearest, _ = scipy.spatial.cKDTree(centres).query(darts)
        darts = darts[nearest >= distance]
    if not len(darts):
        return darts
    kept = np.ones(len(darts), dtype=bool)
    for first, second in sorted(map(sorted, scipy.spatial.cKDTree(darts).query_pairs(distance))):
        if kept[first]:
            kept[second] = False
    return darts[kept]
