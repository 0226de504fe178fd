"""One pass of BM3D: like patches are found, filtered as a stack, and put back with weights; tile by tile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from clearice.denoisers.bm3d_transforms import Matrix, haar_matrix, kaiser_window

Image = NDArray[np.float32]
Shrink = Callable[[Sequence[Tensor]], tuple[Tensor, Tensor]]
"""Function of the spectra of groups (group, references, coefficients), one of each image, which returns what is
kept of the last, and the weight of each group (references,)."""

BLOCK = (
    8  # reference patches along a side of a block, whose candidates are compared at once: fits a core's cache
)
TILE_PX = 192  # side of a tile: memory is bounded, and threads have work


@dataclass(frozen=True)
class Geometry:
    """Where patches lie.

    Attributes
    ----------
    patch_px
        Side of a patch.
    step_px
        Distance of reference patches.
    window_px
        Odd side of the square in which like patches are looked for.
    kaiser_beta
        Shape of the window that patches are put back with.
    """

    patch_px: int
    step_px: int
    window_px: int
    kaiser_beta: float

    @property
    def half_px(self) -> int:
        """How far a candidate may lie from its reference."""
        return self.window_px // 2


@dataclass(frozen=True)
class Pass:
    """What differs between the two passes.

    Attributes
    ----------
    transform
        Of a side of a patch (p, p).
    group
        Patches of a group.
    features
        Function of coefficients (positions, p * p) to what patches are compared by.
    shrink
        What is done to the spectra of groups.
    shared
        What is added to the squared distance at every shift (window, window): `noise_similarity`.
    """

    transform: Matrix
    group: int
    features: Callable[[Tensor], Tensor]
    shrink: Shrink
    shared: Tensor


@dataclass(frozen=True)
class _Tile:
    """Reference patches of a tile.

    Attributes
    ----------
    row
        Row of the first, counted in reference patches.
    column
        Its column.
    rows
        How many rows there are.
    columns
        How many columns.
    """

    row: int
    column: int
    rows: int
    columns: int


def filter_groups(
    images: Sequence[Image], one: Pass, geometry: Geometry, threads: int = 1, tile_px: int = TILE_PX
) -> Image:
    """Filter an image by groups of like patches.

    Parameters
    ----------
    images
        Images (h, w) of one shape, which the reference patches cover: h - patch_px and w - patch_px are multiples
        of step_px. Patches are compared on the first, the last is filtered.
    one
        The pass.
    geometry
        Where patches lie.
    threads
        Tiles done at once; the result does not depend on it.
    tile_px
        Side of a tile; the result depends on it where rounding decides alone.

    Returns
    -------
    float32 array (h, w)
        The weighted mean of all estimates of a pixel.
    """
    height, width = images[0].shape
    half = geometry.half_px
    padded = [torch.from_numpy(np.pad(image, half)) for image in images]
    above, below = (np.zeros(padded[0].shape, np.float32) for _ in range(2))
    tiles = list(_tiles(height, width, geometry, tile_px))
    before = torch.get_num_threads()
    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as workers:
        done = workers.map(lambda tile: _filter_tile(padded, tile, one, geometry), tiles)
        for tile, (numerator, denominator) in zip(tiles, done, strict=True):
            top, left = tile.row * geometry.step_px, tile.column * geometry.step_px
            place = np.s_[top : top + numerator.shape[0], left : left + numerator.shape[1]]
            above[place] += numerator
            below[place] += denominator
    torch.set_num_threads(before)
    inner = np.s_[half : half + height, half : half + width]
    result: Image = above[inner] / below[inner]
    return result


def _tiles(height: int, width: int, geometry: Geometry, tile_px: int) -> Iterator[_Tile]:
    """Divide the reference patches into tiles."""
    rows, columns = ((side - geometry.patch_px) // geometry.step_px + 1 for side in (height, width))
    most = BLOCK * max(
        1, tile_px // (BLOCK * geometry.step_px)
    )  # whole blocks: each compares what it always compares
    for row in range(0, rows, most):
        for column in range(0, columns, most):
            yield _Tile(row, column, min(most, rows - row), min(most, columns - column))


def _filter_tile(
    padded: Sequence[Tensor], tile: _Tile, one: Pass, geometry: Geometry
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the weighted estimates and the weights of a tile and what its groups reach."""
    patch, step, half = geometry.patch_px, geometry.step_px, geometry.half_px
    top, left = tile.row * step, tile.column * step
    rows, columns = ((count - 1) * step + 2 * half + 1 for count in (tile.rows, tile.columns))
    place = np.s_[top : top + rows + patch - 1, left : left + columns + patch - 1]
    forward = torch.from_numpy(np.kron(one.transform, one.transform)).float()
    backward = torch.from_numpy(np.kron(*[np.linalg.inv(one.transform)] * 2)).float()
    coefficients = [_patches(image[place], patch) @ forward.T for image in padded]
    features = one.features(coefficients[0])
    norms = features.square().sum(1).view(rows, columns)
    norms[_outside(padded[0].shape, top, left, rows, columns, geometry)] = torch.inf
    haar = torch.from_numpy(haar_matrix(one.group)).float()
    kept, weights = torch.zeros_like(coefficients[-1]), torch.zeros(rows * columns)
    for row in range(0, tile.rows, BLOCK):
        for column in range(0, tile.columns, BLOCK):
            block = _Tile(row, column, min(BLOCK, tile.rows - row), min(BLOCK, tile.columns - column))
            index = _matches(features.view(rows, columns, -1), norms, block, one, geometry)
            stacks = [
                (haar @ part.index_select(0, index.view(-1)).view(one.group, -1)).view(*index.shape, -1)
                for part in coefficients
            ]
            shrunk, weight = one.shrink(stacks)
            back = haar.T @ (shrunk * weight[:, None]).reshape(one.group, -1)
            kept.index_add_(0, index.view(-1), back.view(-1, patch * patch))
            weights.index_add_(0, index.view(-1), weight.repeat(one.group))
    window = torch.from_numpy(kaiser_window(patch, geometry.kaiser_beta)).float()
    estimates = (backward @ kept.T) * window.view(-1, 1)
    shape = (rows + patch - 1, columns + patch - 1)
    numerator = functional.fold(estimates[None], shape, patch)[0, 0]
    denominator = functional.fold((window.view(-1, 1) * weights)[None], shape, patch)[0, 0]
    return numerator.numpy(), denominator.numpy()


def _patches(image: Tensor, patch_px: int) -> Tensor:
    """List all patches of an image, (positions, patch_px * patch_px)."""
    return image.unfold(0, patch_px, 1).unfold(1, patch_px, 1).reshape(-1, patch_px * patch_px)


def _outside(
    shape: Sequence[int], top: int, left: int, rows: int, columns: int, geometry: Geometry
) -> Tensor:
    """Mark positions of a tile at which a patch would reach over the image's edge."""
    half, patch = geometry.half_px, geometry.patch_px
    inside = []
    for side, first, count in zip(shape, (top, left), (rows, columns), strict=True):
        position = torch.arange(first, first + count)
        inside.append((position >= half) & (position <= side - half - patch))
    return ~(inside[0][:, None] & inside[1][None, :])


def _matches(features: Tensor, norms: Tensor, block: _Tile, one: Pass, geometry: Geometry) -> Tensor:
    """Find the patches most like each reference of a block, itself first: positions (group, references)."""
    step, window, half = geometry.step_px, geometry.window_px, geometry.half_px
    top, left = block.row * step, block.column * step
    rows, columns = ((count - 1) * step + window for count in (block.rows, block.columns))
    near = features[top : top + rows, left : left + columns]
    own = near[
        half : half + (block.rows - 1) * step + 1 : step, half : half + (block.columns - 1) * step + 1 : step
    ]
    products = own.reshape(-1, own.shape[-1]) @ near.reshape(-1, near.shape[-1]).T
    distances = torch.add(norms[top : top + rows, left : left + columns].reshape(1, -1), products, alpha=-2)
    # of each reference only its own window: a view whose window moves with the reference
    strides = (block.columns * rows * columns + step * columns, rows * columns + step, columns, 1)
    windows = distances.as_strided((block.rows, block.columns, window, window), strides)
    flat = windows.reshape(-1, window * window)
    flat += one.shared.view(-1)
    flat[:, half * window + half] = -torch.inf
    found = flat.topk(one.group, largest=False, sorted=True).indices.T.contiguous()
    references = torch.arange(block.rows * block.columns)
    row = top + references // block.columns * step + found // window
    column = left + references % block.columns * step + found % window
    return row * features.shape[1] + column
