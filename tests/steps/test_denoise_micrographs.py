from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from clearice.denoisers.inference import denoise_image
from clearice.files.checkpoints import NetworkFile, save_network
from clearice.files.mrc import VIEWING_ONLY, read_micrograph, write_micrograph
from clearice.image.highpass import highpass
from clearice.image.resize import fourier_resample
from clearice.networks.fast_unet import FastUNet
from clearice.networks.unet import UNet
from clearice.run.batches import ManifestRow, checksum, read_manifest, write_manifest
from denoise_micrographs import denoise_micrographs
from support.settings import call
from support.shell import contents, run_from_shell


def made_up() -> UNet:
    network = UNet(3, 5, 3)
    generator = torch.Generator().manual_seed(1)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, 0, 0.25, generator)
    return network


def image(number: int) -> np.ndarray:
    return (number + 2 * np.random.default_rng(number).standard_normal((90, 70))).astype(np.float32)


@pytest.fixture
def batch(tmp_path: Path) -> dict[str, Any]:
    """Two good micrographs, one with NaN, one unreadable, one that failed before, and a model."""
    folder = tmp_path / "sums"
    for number, name in enumerate(("good", "other")):
        write_micrograph(folder / f"{name}.mrc", image(number), 1.5)
    holes = image(2)
    holes[4:7, 5] = np.nan
    write_micrograph(folder / "holes.mrc", image(2), 1.5)
    with (folder / "holes.mrc").open("r+b") as stream:  # a writer of ours would refuse NaN
        stream.seek(1024)
        stream.write(holes.astype("<f4").tobytes())
    (folder / "broken.mrc").write_bytes((folder / "good.mrc").read_bytes()[:3000])
    rows = [ManifestRow(name, f"{name}.mrc", "ok", "", "") for name in ("good", "broken", "holes", "other")]
    rows.append(ManifestRow("gone", "", "failed", "no such movie", ""))
    write_manifest(folder / "manifest.tsv", rows)
    network = made_up()
    save_network(
        tmp_path / "fine.pt",
        NetworkFile("unet", network.settings, network.state_dict(), 1.5, "fine", "main", {}),
    )
    return {
        "micrographs": folder / "manifest.tsv",
        "model": tmp_path / "fine.pt",
        "denoised": tmp_path / "denoised",
        "manifest": tmp_path / "denoised" / "manifest.tsv",
        "tile_memory_mb": 500,
        "precision": "float32",
        "rescale_to_A": None,
        "return_at": "original",
        "threads": 1,
        "device": "cpu",
    }


def test_a_batch_is_denoised_and_what_is_bad_fails_alone(batch: dict[str, Any]) -> None:
    call(denoise_micrographs, **batch)
    rows = {row.micrograph: row for row in read_manifest(batch["manifest"])}
    assert {name: row.status for name, row in rows.items()} == {
        "good": "ok", "broken": "failed", "holes": "ok", "other": "ok", "gone": "failed",
    }  # fmt: skip
    assert rows["gone"].reason == "no such movie"
    assert "broken.mrc" in rows["broken"].reason
    assert rows["holes"].reason.startswith("3 pixels")
    assert rows["good"].checksum == checksum(batch["denoised"] / "good.mrc")


def test_a_result_is_the_networks_in_the_units_of_the_input_and_says_what_it_is_for(
    batch: dict[str, Any],
) -> None:
    call(denoise_micrographs, **batch)
    result = read_micrograph(batch["denoised"] / "other.mrc")
    expected = denoise_image(image(1), FastUNet(made_up(), torch.device("cpu"), "float32", 500))
    assert np.array_equal(result.pixels, expected)
    assert result.pixel_size_A == pytest.approx(1.5)
    assert result.label == VIEWING_ONLY


def test_a_second_run_gives_equal_bytes(batch: dict[str, Any], tmp_path: Path) -> None:
    call(denoise_micrographs, **batch)
    again = {**batch, "denoised": tmp_path / "again", "manifest": tmp_path / "again" / "manifest.tsv"}
    call(denoise_micrographs, **again)
    for name in ("good.mrc", "other.mrc", "holes.mrc", "manifest.tsv"):
        assert (batch["denoised"] / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_a_model_of_another_pixel_size_fails_the_rows_unless_they_are_rescaled(batch: dict[str, Any]) -> None:
    network = made_up()
    file = NetworkFile("unet", network.settings, network.state_dict(), 3.0, "fine", "main", {})
    save_network(batch["model"], file)
    call(denoise_micrographs, **batch)
    rows = {row.micrograph: row for row in read_manifest(batch["manifest"])}
    assert rows["good"].reason.startswith("good.mrc has 1.5 A/px, but")
    call(denoise_micrographs, **{**batch, "rescale_to_A": 3.0, "return_at": "model"})
    result = read_micrograph(batch["denoised"] / "good.mrc")
    assert result.pixels.shape == (45, 35)
    assert result.pixel_size_A == pytest.approx(3.0)


def test_bfloat16_gives_nearly_the_same(batch: dict[str, Any], tmp_path: Path) -> None:
    call(denoise_micrographs, **batch)
    there = {"denoised": tmp_path / "half", "manifest": tmp_path / "half" / "manifest.tsv"}
    call(denoise_micrographs, **{**batch, **there, "precision": "bfloat16"})
    exact = read_micrograph(batch["denoised"] / "good.mrc").pixels
    rounded = read_micrograph(tmp_path / "half" / "good.mrc").pixels
    assert 0 < (rounded - exact).std() < 0.05 * exact.std()


def write_batch(folder: Path, images: dict[str, np.ndarray]) -> Path:
    """Write micrographs of 1.5 A/px with their manifest."""
    for name, pixels in images.items():
        write_micrograph(folder / f"{name}.mrc", pixels, 1.5)
    rows = [ManifestRow(name, f"{name}.mrc", "ok", "", "") for name in images]
    write_manifest(folder / "manifest.tsv", rows)
    return folder / "manifest.tsv"


def sloping(number: int, shape: tuple[int, int]) -> np.ndarray:
    """Draw noise on a slope that is larger than the noise."""
    noise = np.random.default_rng(number).standard_normal(shape)
    return (20 + (1 + number) * noise + np.linspace(-15, 15, shape[0])[:, None]).astype(np.float32)


def test_a_highpass_in_the_step_equals_a_highpass_before_it(batch: dict[str, Any], tmp_path: Path) -> None:
    raw = {f"m{number}": sloping(number, (90, 70)) for number in range(2)}
    passed = {name: highpass(pixels, pixel_size_A=1.5, length_A=40.0) for name, pixels in raw.items()}
    made = {}
    for case, images, length_A in (("step", raw, 40.0), ("before", passed, 0.0), ("none", raw, 0.0)):
        folder = tmp_path / case
        there = {"denoised": folder / "out", "manifest": folder / "out" / "manifest.tsv"}
        call(
            denoise_micrographs,
            **{**batch, **there, "micrographs": write_batch(folder, images), "highpass_A": length_A},
        )
        made[case] = [(folder / "out" / f"{name}.mrc").read_bytes() for name in raw]
    assert made["step"] == made["before"]
    assert made["step"] != made["none"]


@pytest.mark.parametrize("highpass_A", [0.0, 80.0])
def test_noise_is_normalised_by_its_namesake_at_the_pixels_and_the_highpass_of_the_network(
    batch: dict[str, Any], tmp_path: Path, highpass_A: float
) -> None:
    shape, coarse = (128, 192), (64, 96)  # multiples of 32 px, so that the network can be called as it is
    real = {f"m{number}": sloping(number + 1, shape) for number in range(2)}
    noise = {
        name: 10 + 3 * np.random.default_rng(9).standard_normal(shape).astype(np.float32) for name in real
    }
    network = made_up()
    save_network(
        batch["model"], NetworkFile("unet", network.settings, network.state_dict(), 3.0, "fine", "main", {})
    )
    there = {
        "micrographs": write_batch(tmp_path / "noise", noise),
        "statistics": write_batch(tmp_path / "real", real),
        "rescale_to_A": 3.0,
        "return_at": "model",
        "highpass_A": highpass_A,
    }
    call(denoise_micrographs, **{**batch, **there})
    applied = FastUNet(network, torch.device("cpu"), "float32", 500)
    for name in real:
        seen, model = (
            fourier_resample(highpass(pixels, pixel_size_A=1.5, length_A=highpass_A), coarse).astype(
                np.float64
            )
            for pixels in (noise[name], real[name])
        )
        scaled = ((seen - model.mean()) / model.std()).astype(np.float32)
        output = applied(torch.from_numpy(scaled)[None, None])[0, 0].numpy()
        result = read_micrograph(batch["denoised"] / f"{name}.mrc")
        assert result.pixel_size_A == pytest.approx(3.0)
        np.testing.assert_allclose(
            result.pixels, output * model.std() + model.mean(), atol=2e-4 * model.std(), rtol=0
        )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"precision": "float16"}, "precision is 'float16'"),
        ({"return_at": "both"}, "return_at is 'both'"),
        ({"device": "tpu"}, "tpu"),
    ],
)
def test_settings_are_refused_at_the_door(batch: dict[str, Any], change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call(denoise_micrographs, **{**batch, **change})
    assert not batch["manifest"].exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_an_error(batch: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="cuda was asked for"):
        call(denoise_micrographs, **{**batch, "device": "cuda"})


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU: torch sees none")
def test_a_gpu_gives_the_result_of_the_cpu(batch: dict[str, Any], tmp_path: Path) -> None:
    call(denoise_micrographs, **batch)
    there = {**batch, "denoised": tmp_path / "gpu", "manifest": tmp_path / "gpu" / "manifest.tsv"}
    call(denoise_micrographs, **{**there, "device": "cuda"})
    cpu, gpu = (
        read_micrograph(folder / "good.mrc").pixels for folder in (batch["denoised"], tmp_path / "gpu")
    )
    assert np.abs(cpu - gpu).max() < 1e-4 * cpu.std()


def test_a_network_of_another_kind_is_refused(batch: dict[str, Any]) -> None:
    save_network(batch["model"], NetworkFile("noise_gan", {}, {}, 1.5, "noise_gan", "main", {}))
    with pytest.raises(ValueError, match="holds a noise_gan"):
        call(denoise_micrographs, **batch)


def test_it_runs_from_a_shell_to_the_files_of_a_direct_call(batch: dict[str, Any], tmp_path: Path) -> None:
    call(denoise_micrographs, **batch)
    there = {"denoised": tmp_path / "shell", "manifest": tmp_path / "shell" / "manifest.tsv"}
    assert "denoised 4 of 4" in run_from_shell("denoise_micrographs", {**batch, **there})
    # The manifest's reason names the file that could not be read, which is the same.
    assert contents(tmp_path / "shell") == contents(batch["denoised"])
    assert [row.status for row in read_manifest(batch["manifest"])].count("ok") == 3
