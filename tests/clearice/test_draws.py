from __future__ import annotations

import numpy as np
import pytest
import torch

from clearice.simulation.draws import Draws


def devices() -> list[object]:
    gpu = pytest.param(
        "cuda",
        marks=[pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU")],
    )
    return ["cpu", gpu]


@pytest.mark.parametrize("device", devices())
def test_counts_are_poisson(device: str) -> None:
    draws = Draws(np.random.default_rng(0), torch.device(device))
    counts = draws.counts(torch.full((700, 500), 3.5, device=device)).cpu().numpy()
    assert counts.dtype == np.float32 and np.array_equal(counts, np.rint(counts))
    assert counts.mean() == pytest.approx(3.5, rel=0.01) and counts.var() == pytest.approx(3.5, rel=0.02)


@pytest.mark.parametrize("device", devices())
def test_negative_expectations_count_nothing(device: str) -> None:
    draws = Draws(np.random.default_rng(0), torch.device(device))
    assert not draws.counts(torch.full((5, 5), -1.0, device=device)).any()


@pytest.mark.parametrize("device", devices())
def test_fields_are_white_and_a_seed_fixes_them(device: str) -> None:
    first, again, other = (
        Draws(np.random.default_rng(seed), torch.device(device)).normal((400, 300)).cpu().numpy()
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert first.mean() == pytest.approx(0.0, abs=0.01) and first.var() == pytest.approx(1.0, abs=0.01)
    assert abs(np.corrcoef(first[:, 1:].ravel(), first[:, :-1].ravel())[0, 1]) < 0.01
