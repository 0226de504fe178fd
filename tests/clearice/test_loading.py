import threading

import numpy as np
import pytest
import torch

from clearice.training.loading import batches_ahead, draw_batch
from clearice.training.pairs import draw_pair, training_image


def crops_of(workers: int):
    micrographs = [np.random.default_rng(k).standard_normal((64, 80)).astype(np.float32) for k in range(3)]
    images = [training_image(str(k), m, m[::-1], "noise2noise") for k, m in enumerate(micrographs)]

    def draw(index):
        return draw_pair(
            images, index, pairing="noise2noise", seed=5, crop_px=16, noise_level=1.0, added_noise_sd=0.0
        )

    return list(batches_ahead(draw, 3, 40, 4, workers=workers))


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_any_number_of_workers_gives_the_crops_of_one_process(workers):
    alone, together = crops_of(0), crops_of(workers)
    assert len(alone) == len(together) == 10
    for first, second in zip(alone, together, strict=True):
        assert torch.equal(first[0], second[0])
        assert torch.equal(first[1], second[1])


def number(index):
    return np.full((2, 2), index, np.float32), np.full((2, 2), -index, np.float32)


def test_a_batch_holds_its_pairs_in_order_and_the_last_may_be_smaller():
    batches = list(batches_ahead(number, 0, 10, 4, workers=2))
    assert [tuple(noisy.shape) for noisy, _ in batches] == [(4, 1, 2, 2), (4, 1, 2, 2), (2, 1, 2, 2)]
    assert [float(value) for noisy, _ in batches for value in noisy[:, 0, 0, 0]] == list(range(10))
    assert torch.equal(draw_batch(number, 4, 4)[1], batches[1][1])


def test_an_error_in_a_worker_reaches_the_training():
    def broken(index):
        if index == 5:
            raise ValueError("crop 5 is bad")
        return number(index)

    with pytest.raises(ValueError, match="crop 5 is bad"):
        list(batches_ahead(broken, 0, 100, 2, workers=3))


def test_workers_draw_only_a_few_batches_ahead_and_end_with_the_training():
    drawn = []

    def counted(index):
        drawn.append(index)
        return number(index)

    before = threading.active_count()
    batches = batches_ahead(counted, 0, 100_000, 1, workers=2)
    next(batches)
    batches.close()
    assert max(drawn) < 20
    assert threading.active_count() == before
