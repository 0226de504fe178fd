"""Project the atoms of one particle: exact orientation and sub-pixel position, band-limited at Nyquist.

The transform of the projected potential is ``C sum_k b_k(g) sum_j s_jk exp(-2 pi i g r_j)``: for every
basis curve b_k (a handful, see `scattering`), one type-1 non-uniform transform of the atoms. On a CPU it is
done by spreading the strengths on a twofold oversampled grid with the kernel of finufft (Barnett, Magland &
af Klinteberg 2019, four points wide), a fast transform, and division by the transform of the kernel. On a GPU
the sum is done as it stands, as a product of matrices, since the exponential falls into a factor of y and one
of x.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft
import scipy.sparse
import torch
from numpy.typing import NDArray

from clearice.simulation.electrons import PLANCK_TERM_V_A2
from clearice.simulation.scattering import FormFactors, highest_frequency_per_A

OVERSAMPLING = 2
KERNEL_WIDTH = 4
_KERNEL_SHAPE = 2.30 * KERNEL_WIDTH
_ATOMS_AT_ONCE = 65_536


@dataclass(frozen=True)
class Projector:
    """A structure made ready for projection.

    Attributes
    ----------
    positions_A
        float64 (n, 3), centroid at the origin.
    strengths
        float32 (n, k), of every atom in every basis curve.
    transfer
        float32 (k, size_px, size_px // 2 + 1): basis curves in V A per strength, on a CPU over the kernel's
        transform.
    size_px
        Side of a projection, even.
    pixel_size_A
        Pixel size of the projections in A.
    radius_A
        Distance of the outermost atom from the centroid in A.
    """

    positions_A: torch.Tensor
    strengths: torch.Tensor
    transfer: torch.Tensor
    size_px: int
    pixel_size_A: float
    radius_A: float


def make_projector(
    positions_A: NDArray[np.float64], factors: FormFactors, pixel_size_A: float, device: torch.device
) -> Projector:
    """Prepare a structure for projections at one pixel size.

    Parameters
    ----------
    positions_A
        (n, 3) x, y, z relative to the particle's centre.
    factors
        Their form factors; the grid must reach the corner frequency ``sqrt(2) / (2 pixel_size_A)``.
    pixel_size_A
        Pixel size of the projections in A.
    device
        Device that projections are made on.

    Raises
    ------
    ValueError
        The form factors end before the corner frequency, or the pixel size is not positive.
    """
    corner = highest_frequency_per_A(pixel_size_A)
    if factors.frequencies_per_A[-1] < corner * (1 - 1e-9):
        raise ValueError(
            f"form factors reach {factors.frequencies_per_A[-1]:.3f} 1/A, less than the corner frequency of "
            f"{pixel_size_A:g} A pixels; compute them up to {corner:.3f} 1/A"
        )
    radius = float(np.linalg.norm(positions_A, axis=1).max())
    # room for the tails of the atoms (4 A) and for the ripple of the sharp band limit (8 px)
    size = 2 * scipy.fft.next_fast_len(
        int(np.ceil(radius / pixel_size_A + 4.0 / pixel_size_A + 8)), real=True
    )
    rows, columns = np.fft.fftfreq(size), np.fft.rfftfreq(size)
    frequencies = np.hypot(rows[:, None], columns[None, :]) / pixel_size_A
    curves = np.stack([np.interp(frequencies, factors.frequencies_per_A, curve) for curve in factors.basis_A])
    curves *= PLANCK_TERM_V_A2 / pixel_size_A**2
    if device.type == "cpu":
        curves /= _kernel_transform(rows / OVERSAMPLING)[:, None]
        curves /= _kernel_transform(columns / OVERSAMPLING)[None, :]
    # the Nyquist lines have no partner of opposite sign: without them a shifted image stays real and exact
    curves[:, size // 2, :] = 0.0
    curves[:, :, size // 2] = 0.0
    return Projector(
        torch.from_numpy(np.ascontiguousarray(positions_A, dtype=np.float64)).to(device),
        torch.from_numpy(np.ascontiguousarray(factors.strengths)).to(device),
        torch.from_numpy(curves.astype(np.float32)).to(device),
        size,
        pixel_size_A,
        radius,
    )


def project(
    projector: Projector, rotation: NDArray[np.float64], shift_px: tuple[float, float] = (0.0, 0.0)
) -> torch.Tensor:
    """Project the rotated structure along z.

    Parameters
    ----------
    projector
        The structure.
    rotation
        (3, 3), takes the atoms into the frame of the image (`orientations.rotations_of_angles`).
    shift_px
        (y, x) offset of the particle's centre from the pixel (size // 2, size // 2), within one pixel.

    Returns
    -------
    float32 tensor (size_px, size_px)
        Projected potential in V A; its sum times the pixel's area is ``C sum_j f_j(0)`` in V A^3.
    """
    transform = fast_transform if projector.positions_A.device.type == "cpu" else direct_transform
    total = (transform(projector, rotation, shift_px) * projector.transfer).sum(dim=0)
    image: torch.Tensor = torch.fft.irfft2(total, s=(projector.size_px, projector.size_px))
    return image


def fast_transform(
    projector: Projector, rotation: NDArray[np.float64], shift_px: tuple[float, float]
) -> torch.Tensor:
    """Transform the rotated strengths, times the kernel's transform: complex64 (k, size, size // 2 + 1)."""
    size, grid = projector.size_px, OVERSAMPLING * projector.size_px
    scale = OVERSAMPLING / projector.pixel_size_A
    centre, positions = grid // 2, projector.positions_A.numpy()
    x = (positions @ rotation[0]) * scale + (centre + OVERSAMPLING * shift_px[1])
    y = (positions @ rotation[1]) * scale + (centre + OVERSAMPLING * shift_px[0])
    first_x, weights_x = _kernel_weights(x)
    first_y, weights_y = _kernel_weights(y)
    weights = (weights_y[:, :, None] * weights_x[:, None, :]).reshape(-1)
    taps = np.arange(KERNEL_WIDTH, dtype=np.int32)
    offsets = (taps[:, None] * grid + taps).reshape(-1)
    indices = ((first_y * grid + first_x)[:, None] + offsets).reshape(-1)
    pointers = np.arange(0, len(indices) + 1, KERNEL_WIDTH**2, dtype=np.int32)
    spread = (
        scipy.sparse.csc_array((weights, indices, pointers), shape=(grid * grid, len(x)))
        @ projector.strengths.numpy()
    )
    planes = torch.from_numpy(np.ascontiguousarray(spread.T).reshape(-1, grid, grid))
    half = size // 2
    # the spread grid is centred on grid // 2 = 2 (size // 2): the same place after cropping in Fourier space
    spectrum = torch.fft.fft(torch.fft.rfft(planes, dim=2)[:, :, : half + 1], dim=1)
    return torch.cat([spectrum[:, :half], spectrum[:, -half:]], dim=1)


def direct_transform(
    projector: Projector, rotation: NDArray[np.float64], shift_px: tuple[float, float]
) -> torch.Tensor:
    """Transform the rotated strengths exactly: complex64 (k, size, size // 2 + 1)."""
    size, device = projector.size_px, projector.positions_A.device
    turned = (
        projector.positions_A @ torch.from_numpy(rotation[:2].T.copy()).to(device) / projector.pixel_size_A
    )
    rows = torch.fft.fftfreq(size, dtype=torch.float64, device=device)
    columns = torch.fft.rfftfreq(size, dtype=torch.float64, device=device)
    total = torch.zeros(
        (projector.strengths.shape[1], size, size // 2 + 1), dtype=torch.complex64, device=device
    )
    for start in range(0, len(turned), _ATOMS_AT_ONCE):
        some = slice(start, start + _ATOMS_AT_ONCE)
        along_x = _waves(turned[some, 0] + (size // 2 + shift_px[1]), columns)
        along_y = _waves(turned[some, 1] + (size // 2 + shift_px[0]), rows)
        for plane, strength in zip(total, projector.strengths[some].T, strict=True):
            plane += along_y.T @ (strength[:, None] * along_x)
    return total


def _waves(places_px: torch.Tensor, frequencies: torch.Tensor) -> torch.Tensor:
    """Compute ``exp(-2 pi i f x)`` for n places and m frequencies in cycles per pixel: complex64 (n, m)."""
    turns = places_px[:, None] * frequencies[None, :]
    turns -= turns.round()  # whole turns are taken off in double precision
    angle = (turns * (-2 * torch.pi)).float()
    return torch.complex(torch.cos(angle), torch.sin(angle))


def _kernel_weights(places: NDArray[np.float64]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Find the first grid point under the kernel and its weights (n, KERNEL_WIDTH) there."""
    first = np.ceil(places - KERNEL_WIDTH / 2)
    away = (first - places).astype(np.float32)[:, None] + np.arange(KERNEL_WIDTH, dtype=np.float32)
    return first.astype(np.int32), _kernel(away)


def _kernel(away: NDArray[Any]) -> NDArray[Any]:
    """Evaluate ``exp(beta (sqrt(1 - (2 x / w)^2) - 1))`` at a distance x in grid points, |x| <= w / 2."""
    inside = np.maximum(1.0 - (away * (2.0 / KERNEL_WIDTH)) ** 2, 0.0)
    result: NDArray[Any] = np.exp(_KERNEL_SHAPE * (np.sqrt(inside) - 1.0))
    return result


def _kernel_transform(frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Transform the kernel, at frequencies in cycles per grid point (Gauss-Legendre quadrature)."""
    nodes, weights = np.polynomial.legendre.leggauss(64)
    away = nodes * KERNEL_WIDTH / 2
    waves = np.cos(2 * np.pi * frequencies[:, None] * away[None, :])
    result: NDArray[np.float64] = waves @ (_kernel(away) * weights * KERNEL_WIDTH / 2)
    return result
