"""Where and in what arithmetic a network computes is decided by the job, on the machine that runs it."""

from __future__ import annotations

import logging

import pytest
import torch

from clearice.run.devices import choose_device, choose_precision, has_bfloat16

CPU = torch.device("cpu")


def pretend(monkeypatch: pytest.MonkeyPatch, **capabilities: object) -> None:
    monkeypatch.setattr(
        "torch.cpu.get_capabilities", lambda: {"avx2": True, "cpu_name": "made up", **capabilities}
    )


@pytest.mark.parametrize(
    ("capabilities", "native"),
    [
        ({}, False),
        ({"avx512_f": True, "avx512_bf16": False, "amx_bf16": False}, False),
        ({"avx512_bf16": True}, True),
        ({"avx512_bf16": False, "amx_bf16": True}, True),
        ({"architecture": "aarch64", "bf16": True}, True),
        ({"architecture": "arm64"}, False),
    ],
)
def test_auto_is_bfloat16_where_the_processor_has_it_and_float32_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, object], native: bool
) -> None:
    pretend(monkeypatch, **capabilities)
    assert has_bfloat16(CPU) is native
    assert choose_precision("auto", CPU) == ("bfloat16" if native else "float32")
    assert choose_precision("float32", CPU) == "float32"


def test_bfloat16_without_the_library_that_uses_it_is_not_native(monkeypatch: pytest.MonkeyPatch) -> None:
    """As torch is built for Apple's processors: they have the instructions, and convolve without them."""
    pretend(monkeypatch, architecture="arm64", bf16=True)
    monkeypatch.setattr("torch.backends.mkldnn.is_available", lambda: False)
    assert has_bfloat16(CPU) is False


def test_what_auto_chose_is_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pretend(monkeypatch)
    with caplog.at_level(logging.INFO):
        choose_precision("auto", CPU)
    assert "precision auto: float32, as this cpu has no bfloat16" in caplog.text


def test_bfloat16_that_is_emulated_is_done_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pretend(monkeypatch)
    assert choose_precision("bfloat16", CPU) == "bfloat16"
    assert "emulated on this cpu" in caplog.text and "set precision: auto" in caplog.text
    caplog.clear()
    pretend(monkeypatch, avx512_bf16=True)
    choose_precision("bfloat16", CPU)
    assert not caplog.text


def test_the_capabilities_of_this_machine_can_be_read() -> None:
    assert has_bfloat16(CPU) in {True, False}
    assert choose_device("cpu") == CPU


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU")
def test_a_gpu_says_whether_it_has_bfloat16() -> None:
    expected = torch.cuda.get_device_capability() >= (8, 0)
    assert has_bfloat16(torch.device("cuda")) is expected
