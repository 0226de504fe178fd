"""The specimen: particles of one or several structures in a field, and the potential they project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from clearice.simulation.orientations import random_rotations
from clearice.simulation.placement import place_particles
from clearice.simulation.projection import Projector, project


@dataclass(frozen=True)
class Particles:
    """Particles of one field.

    Attributes
    ----------
    centres_px
        float64 (n, 2), (y, x), 0 at the centre of the first pixel.
    rotations
        float64 (n, 3, 3), from the structure's frame into the image's.
    structures
        int64 (n,), index of each particle's structure.
    wanted
        How many were to be placed.
    """

    centres_px: NDArray[np.float64]
    rotations: NDArray[np.float64]
    structures: NDArray[np.int64]
    wanted: int

    def inside(self, shape_px: tuple[int, int]) -> NDArray[np.bool_]:
        """Return which centres lie within the field (h, w)."""
        within = (self.centres_px >= -0.5) & (self.centres_px < np.array(shape_px) - 0.5)
        return np.logical_and(within[:, 0], within[:, 1])


def draw_particles(
    *,
    shape_px: tuple[int, int],
    pixel_size_A: float,
    weights: Sequence[float],
    particles_per_um2: float,
    minimum_distance_A: float,
    margin_A: float,
    generator: np.random.Generator,
) -> Particles:
    """Draw positions, orientations (uniform on SO(3)) and structures (by weight) of the particles of a field.

    Parameters are those of `placement.place_particles`; `weights` are the relative abundances of the
    structures.

    Raises
    ------
    ValueError
        A weight is negative or all are zero; the density cannot be placed.
    """
    shares = shares_of_structures(weights)
    placed = place_particles(
        shape_px=shape_px,
        pixel_size_A=pixel_size_A,
        particles_per_um2=particles_per_um2,
        minimum_distance_A=minimum_distance_A,
        margin_A=margin_A,
        generator=generator,
    )
    count = len(placed.centres_px)
    return Particles(
        centres_px=placed.centres_px,
        rotations=random_rotations(count, generator),
        structures=generator.choice(len(shares), size=count, p=shares),
        wanted=placed.wanted,
    )


def shares_of_structures(weights: Sequence[float]) -> NDArray[np.float64]:
    """Turn the weights of the structures into shares that add up to 1.

    Raises
    ------
    ValueError
        A weight is negative or no number, or all are zero.
    """
    shares = np.asarray(weights, dtype=np.float64)
    if not len(shares) or not np.isfinite(shares).all() or (shares < 0).any() or shares.sum() == 0:
        raise ValueError(
            f"the weights of the structures are {list(weights)}; give positive numbers, one per structure"
        )
    return np.asarray(shares / shares.sum())


def projected_potential(
    particles: Particles,
    projectors: Sequence[Projector],
    shape_px: tuple[int, int],
    pad_px: tuple[int, int],
    device: torch.device,
) -> torch.Tensor:
    """Add the projections of all particles up.

    Parameters
    ----------
    particles
        The field.
    projectors
        One per structure, at the field's pixel size, on `device`.
    shape_px
        Shape (h, w) of the padded canvas.
    pad_px
        (rows, columns) of padding before the field's first pixel.
    device
        Device to compute on.

    Returns
    -------
    float32 tensor (h, w)
        Projected potential in V A.
    """
    canvas = torch.zeros(shape_px, device=device)
    for centre, rotation, structure in zip(
        particles.centres_px, particles.rotations, particles.structures, strict=True
    ):
        projector = projectors[int(structure)]
        whole = np.rint(centre).astype(np.int64)
        shift = centre - whole
        image = project(projector, rotation, (float(shift[0]), float(shift[1])))
        add_image(canvas, image, whole + np.array(pad_px) - projector.size_px // 2)
    return canvas


def add_image(canvas: torch.Tensor, image: torch.Tensor, corner_px: NDArray[np.int64]) -> None:
    """Add an image to a canvas in place, its first pixel at `corner_px` (y, x), less what sticks out."""
    (y, x), (height, width) = corner_px.tolist(), canvas.shape
    top, left = max(0, -y), max(0, -x)
    bottom, right = min(image.shape[0], height - y), min(image.shape[1], width - x)
    if top < bottom and left < right:
        canvas[y + top : y + bottom, x + left : x + right] += image[top:bottom, left:right]
