from __future__ import annotations

import numpy as np
import pytest
import torch

from clearice.denoisers.tiles import TilePlan, join_tiles, plan_tiles
from clearice.networks import unet
from clearice.networks.fast_unet import FastUNet

SHAPES = [(32, 32), (448, 4096), (4096, 4096), (5760, 4096), (1024, 992), (640, 32)]
LIMITS = [10**9, 5_000_000, 1_000_000, 250_000]
REACH_PX = 164


def plans() -> list[tuple[tuple[int, int], int, TilePlan]]:
    return [(shape, limit, plan_tiles(shape, limit, REACH_PX, 32)) for shape in SHAPES for limit in LIMITS]


def test_windows_lie_on_the_grid_inside_the_image_and_within_the_limit() -> None:
    for shape, limit, plan in plans():
        assert plan.rows.length * plan.columns.length <= limit
        for axis, size in ((plan.rows, shape[0]), (plan.columns, shape[1])):
            assert axis.starts[0] == 0
            assert axis.starts[-1] + axis.length == size
            assert all(start % 32 == 0 for start in axis.starts)


def test_what_is_kept_covers_the_image_once_and_lies_a_reach_inside_its_window() -> None:
    for shape, _, plan in plans():
        for axis, size in ((plan.rows, shape[0]), (plan.columns, shape[1])):
            assert (axis.kept[0], axis.kept[-1]) == (0, size)
            for start, first, last in zip(axis.starts, axis.kept[:-1], axis.kept[1:], strict=True):
                assert first < last
                assert first == 0 or first - start >= REACH_PX
                assert last == size or start + axis.length - last >= REACH_PX


def test_an_image_that_fits_is_one_tile_and_a_larger_limit_never_computes_more() -> None:
    for shape in SHAPES:
        computed = [plan_tiles(shape, limit, REACH_PX, 32).computed_px for limit in LIMITS]
        assert computed[0] == shape[0] * shape[1]
        assert computed == sorted(computed)


def test_tiles_without_room_are_refused() -> None:
    with pytest.raises(ValueError, match="raise tile_memory_mb"):
        plan_tiles((4096, 4096), 400 * 400, REACH_PX, 32)


def test_a_shape_off_the_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="pad the image"):
        plan_tiles((100, 128), 10**6, REACH_PX, 32)


def test_tiles_equal_the_whole_image() -> None:
    network = unet.UNet(3, 11, 5)
    generator = torch.Generator().manual_seed(1)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, 0, 0.25, generator)
    assert network.reach_px == REACH_PX
    apply = FastUNet(network, torch.device("cpu"), "float32", 1000)
    image = np.random.default_rng(0).standard_normal((640, 576)).astype(np.float32)

    def process(window: np.ndarray) -> np.ndarray:
        return apply(torch.from_numpy(np.ascontiguousarray(window))[None, None])[0, 0].numpy()

    plan = plan_tiles((640, 576), 480 * 480, REACH_PX, 32)
    assert len(plan.rows.starts) * len(plan.columns.starts) > 2
    whole = process(image)
    assert np.abs(join_tiles(image, plan, process) - whole).max() < 1e-5 * np.abs(whole).max()
    narrow = plan_tiles((640, 576), 480 * 480, 32, 32)
    assert np.abs(join_tiles(image, narrow, process) - whole).max() > 1e-4 * np.abs(whole).max()
