"""A GPU is found by its driver's file and by what the installed torch is built for."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearice.run import gpus


@pytest.mark.parametrize(
    ("kinds", "device", "visible", "found"),
    [
        (["cuda"], "dev/nvidia0", None, True),
        (["cuda"], "dev/nvidia0", "0,1", True),
        (["cuda"], "dev/nvidia0", "", False),
        (["cuda"], "dev/nvidia0", "-1", False),
        (["cuda"], "dev/kfd", None, False),
        (["hip"], "dev/kfd", None, True),
        ([], "dev/nvidia0", None, False),
        (["cuda"], "dev/null", None, False),
    ],
)
def test_a_gpu_counts_if_it_is_there_visible_and_of_torchs_kind(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kinds: list[str],
    device: str,
    visible: str | None,
    found: bool,
) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / device).touch()
    monkeypatch.setattr(gpus, "_kinds_of_torch", lambda: kinds)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpus.has_gpu(tmp_path) is found


def test_what_torch_is_built_for_is_what_torch_says() -> None:
    import torch

    said = {"cuda": torch.version.cuda, "hip": torch.version.hip}
    assert gpus._kinds_of_torch() == [kind for kind, version in said.items() if version]
