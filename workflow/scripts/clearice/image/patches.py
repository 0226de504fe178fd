"""Cut patches out of images: where they lie, their pixels, their quadrants, a picture of where they were."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def grid_corners(
    shape: tuple[int, int], patch_px: int, step_px: int, reach_edge: bool = False
) -> NDArray[np.int64]:
    """List the upper left corners of all square patches on a regular grid that lie wholly inside an image.

    Parameters
    ----------
    shape
        Image shape (h, w) in pixels.
    patch_px
        Side of a patch.
    step_px
        Distance between neighbouring corners; patches overlap where it is smaller than `patch_px`.
    reach_edge
        Add patches flush with the lower and right edge where the grid ends before them.

    Returns
    -------
    int64 array (n, 2)
        Corners (y, x), row by row; empty if the image is smaller than a patch.

    Raises
    ------
    ValueError
        `patch_px` or `step_px` is not positive.
    """
    if patch_px < 1 or step_px < 1:
        raise ValueError(f"patches of {patch_px} px in steps of {step_px} px: both must be at least 1 px")
    rows, columns = (_starts(length, patch_px, step_px, reach_edge) for length in shape)
    grid = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1)
    return grid.reshape(-1, 2)


def random_corners(
    shape: tuple[int, int], patch_px: int, count: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Draw `count` corners (y, x), uniform over all places where a patch lies wholly inside the image.

    Raises
    ------
    ValueError
        The image is smaller than a patch.
    """
    if min(shape) < patch_px:
        raise ValueError(
            f"an image of {shape[0]} x {shape[1]} px holds no patch of {patch_px} px; choose a smaller patch"
        )
    rows = generator.integers(0, shape[0] - patch_px + 1, count)
    columns = generator.integers(0, shape[1] - patch_px + 1, count)
    return np.stack([rows, columns], axis=-1)


def cut_patches(image: NDArray[np.float32], corners: NDArray[np.int64], patch_px: int) -> NDArray[np.float32]:
    """Copy the patches at `corners` (n, 2) out of an image (h, w).

    Returns
    -------
    float32 array (n, patch_px, patch_px)

    Raises
    ------
    ValueError
        A patch would reach over the edge.
    """
    corners = np.asarray(corners, dtype=np.int64).reshape(-1, 2)
    if corners.size and (corners.min() < 0 or (corners.max(axis=0) + patch_px > image.shape).any()):
        raise ValueError(
            f"a patch of {patch_px} px reaches over the edge of an image of {image.shape[0]} x "
            f"{image.shape[1]} px; cut only patches that lie wholly inside"
        )
    patches = np.empty((len(corners), patch_px, patch_px), dtype=np.float32)
    for patch, (y, x) in zip(patches, corners, strict=True):
        patch[:] = image[y : y + patch_px, x : x + patch_px]
    return patches


def local_patches(patches: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Divide every patch into `count` equal squares, side by side (4 gives its quadrants).

    Parameters
    ----------
    patches
        (n, d, d).
    count
        A square number of at least 4. If its root does not divide d, the rest at the lower and right edge is
        left out.

    Returns
    -------
    float32 array (n, count, k, k)
        k = d // sqrt(count), squares row by row.

    Raises
    ------
    ValueError
        `count` is no square number above 1, or the squares would be smaller than 2 px.
    """
    across = math.isqrt(count)
    if across * across != count or across < 2:
        raise ValueError(f"a patch cannot be divided into {count} equal squares; use 4, 9 or 16")
    n, side = patches.shape[0], patches.shape[1] // across
    if side < 2:
        raise ValueError(f"patches of {patches.shape[1]} px are too small to be divided into {count} squares")
    whole = patches[:, : across * side, : across * side]
    return whole.reshape(n, across, side, across, side).transpose(0, 1, 3, 2, 4).reshape(n, count, side, side)


def smaller_patches(patches: NDArray[np.float32], patch_px: int) -> NDArray[np.float32]:
    """Cut all half-overlapping squares of `patch_px` out of larger patches (n, d, d).

    Returns them as (m, patch_px, patch_px).

    Raises
    ------
    ValueError
        The patches are smaller than that.
    """
    side = patches.shape[-1]
    if side < patch_px:
        raise ValueError(
            f"patches of {side} px hold none of {patch_px} px; raise extract_noise.patch_px or lower noise_gan.patch_px"
        )
    if side == patch_px:
        return patches
    corners = grid_corners((side, side), patch_px, max(1, patch_px // 2))
    return np.concatenate([cut_patches(patch, corners, patch_px) for patch in patches])


def touched(mask: NDArray[np.bool_], corners: NDArray[np.int64], patch_px: int) -> NDArray[np.bool_]:
    """Find for every patch whether any of its pixels is set in `mask` (h, w); returns bool (n,)."""
    sums = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1), dtype=np.int64)
    sums[1:, 1:] = mask.cumsum(axis=0, dtype=np.int64).cumsum(axis=1)
    y, x = corners[:, 0], corners[:, 1]
    inside: NDArray[np.int64] = (
        sums[y + patch_px, x + patch_px] - sums[y, x + patch_px] - sums[y + patch_px, x] + sums[y, x]
    )
    return inside > 0


def outlined(
    image: NDArray[np.float32], corners: NDArray[np.int64], patch_px: int, colour: tuple[int, int, int]
) -> NDArray[np.uint8]:
    """Draw an image as an 8-bit picture with the outlines of patches on it.

    Parameters
    ----------
    image
        (h, w); its finite 1st and 99th percentile become black and white.
    corners, patch_px
        The patches (n, 2) and their side.
    colour
        Red, green, blue of the outlines, 0 to 255.

    Returns
    -------
    uint8 array (h, w, 3)
    """
    finite = image[np.isfinite(image)]
    low, high = np.percentile(finite, (1, 99)) if finite.size else (0.0, 1.0)
    grey = np.nan_to_num((image - low) / max(high - low, 1e-12), nan=0.0, posinf=1.0, neginf=0.0)
    picture = np.repeat((np.clip(grey, 0, 1) * 255).astype(np.uint8)[..., None], 3, axis=-1)
    last = patch_px - 1
    for y, x in corners:
        picture[y, x : x + patch_px] = picture[y + last, x : x + patch_px] = colour
        picture[y : y + patch_px, x] = picture[y : y + patch_px, x + last] = colour
    return picture


def _starts(length: int, patch_px: int, step_px: int, reach_edge: bool) -> NDArray[np.int64]:
    """Place patches along one axis."""
    starts = np.arange(0, length - patch_px + 1, step_px, dtype=np.int64)
    if reach_edge and len(starts) and starts[-1] != length - patch_px:
        starts = np.append(starts, length - patch_px)
    return starts
