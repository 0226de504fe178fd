from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from clearice.denoisers.inference import check_pixel_size, denoise_image, denoise_micrograph
from clearice.image.resize import fourier_resample
from clearice.networks.fast_unet import FastUNet
from clearice.networks.unet import UNet


class Same:
    """A network that changes nothing."""

    device = torch.device("cpu")
    reach_px = 164
    most_pixels = 10**9

    def __call__(self, images: Tensor, /) -> Tensor:
        return images.clone()


def micrograph(height: int = 70, width: int = 50) -> np.ndarray:
    return (5 + 2 * np.random.default_rng(3).standard_normal((height, width))).astype(np.float32)


def made_up(memory_mb: float) -> FastUNet:
    network = UNet(3, 11, 5)
    generator = torch.Generator().manual_seed(1)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, 0, 0.25, generator)
    return FastUNet(network, torch.device("cpu"), "float32", memory_mb)


def test_pure_noise_can_be_normalised_as_part_of_a_real_micrograph() -> None:
    generator = np.random.default_rng(3)
    noise = generator.normal(5, 2, (64, 64)).astype(np.float32)
    real = generator.normal(7, 4, (64, 64)).astype(np.float32)

    class Square(Same):
        def __call__(self, images: Tensor, /) -> Tensor:
            return images**2

    settings = {"pixel_size_A": 1.0, "network": Square(), "rescale_to_A": None, "return_at": "original"}
    result = denoise_micrograph(noise, **settings, reference=real)
    mean, sd = real.mean(dtype=np.float64), real.std(dtype=np.float64)
    assert np.allclose(result.pixels, ((noise - mean) / sd) ** 2 * sd + mean, atol=1e-3)


def test_noise_of_several_fields_is_normalised_as_each_of_them_is() -> None:
    """At a coarser pixel size too: the real micrograph is resampled to its own size, not to that of all fields."""
    generator = np.random.default_rng(4)
    field, real = (generator.normal(5, 2, (64, 96)).astype(np.float32) for _ in range(2))
    seen: list[float] = []

    class Watched(Same):
        def __call__(self, images: Tensor, /) -> Tensor:
            seen.append(float((images**2).mean()))
            return images

    settings = {"pixel_size_A": 1.0, "network": Watched(), "rescale_to_A": 2.0, "return_at": "original"}
    for image in (field, np.concatenate([field] * 3)):
        denoise_micrograph(image, **settings, reference=real)
    assert seen[1] == pytest.approx(seen[0], rel=0.02)


def denoised(pixels: np.ndarray, *, rescale_to_A: float | None = None, return_at: str = "original"):
    return denoise_micrograph(
        pixels, pixel_size_A=1.0, network=Same(), rescale_to_A=rescale_to_A, return_at=return_at
    )


def test_a_network_that_changes_nothing_gives_the_micrograph_back_in_its_units() -> None:
    result = denoised(micrograph())
    assert np.allclose(result.pixels, micrograph(), atol=1e-5)
    assert (result.pixel_size_A, result.filled_px) == (1.0, 0)


def test_the_result_has_the_units_of_the_input() -> None:
    network = made_up(100)
    result = denoise_image(micrograph(), network)
    assert np.allclose(
        denoise_image(-3 + 20 * micrograph(), network), -3 + 20 * result, atol=1e-3 * 20 * result.std()
    )
    assert not np.allclose(result, micrograph(), atol=0.1)


def test_little_memory_gives_the_same_result_in_tiles() -> None:
    image = micrograph(700, 610)
    large, small = made_up(100), made_up(6)
    assert small.most_pixels < image.size < large.most_pixels
    whole, tiled = denoise_image(image, large), denoise_image(image, small)
    assert np.abs(whole - tiled).max() < 1e-5 * np.abs(whole).max()


def test_too_little_memory_for_any_tile_is_refused() -> None:
    with pytest.raises(ValueError, match="raise tile_memory_mb"):
        denoise_image(micrograph(700, 610), made_up(2))


def test_pixels_without_a_number_are_filled_and_counted() -> None:
    holes = micrograph()
    holes[:2, 3] = np.nan
    result = denoised(holes)
    assert result.filled_px == 2
    assert np.isfinite(result.pixels).all()


@pytest.mark.parametrize("factor", [2, 1.37])
def test_rescaling_there_and_back_keeps_what_the_coarser_size_can_hold(factor: float) -> None:
    pixels = micrograph()
    coarser = (round(70 / factor), round(50 / factor))
    expected = fourier_resample(fourier_resample(pixels, coarser), pixels.shape)
    result = denoised(pixels, rescale_to_A=factor)
    assert np.allclose(result.pixels, expected, atol=1e-4)
    assert result.pixel_size_A == 1.0


def test_a_result_at_the_models_size_carries_its_pixel_size() -> None:
    result = denoised(micrograph(), rescale_to_A=2.0, return_at="model")
    assert result.pixels.shape == (35, 25)
    assert result.pixel_size_A == pytest.approx(2.0)
    assert float(result.pixels.mean()) == pytest.approx(float(micrograph().mean()), abs=1e-4)


def test_rescaling_to_the_same_size_changes_nothing() -> None:
    result = denoised(micrograph(), rescale_to_A=1.0, return_at="model")
    assert np.allclose(result.pixels, micrograph(), atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"rescale_to_A": 0.5}, "which is coarser"),
        ({"return_at": "both"}, "return_at is 'both'"),
    ],
)
def test_settings_that_do_not_fit_are_refused(arguments: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        denoised(micrograph(), **arguments)


def test_rescaling_needs_a_pixel_size() -> None:
    with pytest.raises(ValueError, match="not known"):
        denoise_micrograph(
            micrograph(), pixel_size_A=0.0, network=Same(), rescale_to_A=2.0, return_at="model"
        )


def test_a_constant_micrograph_is_refused() -> None:
    with pytest.raises(ValueError, match="constant"):
        denoised(np.ones((40, 40), np.float32))


@pytest.mark.parametrize(
    ("micrograph_A", "model_A", "rescale_to_A", "words"),
    [
        (
            1.22,
            0.66,
            None,
            r"m012.mrc has 1.22 A/px, but models/fine.pt was trained at 0.66; set rescale_to_A",
        ),
        (1.22, 3.0, 2.0, "rescale_to_A is 2 A/px, but models/fine.pt was trained at 3"),
        (0.0, 3.0, None, "m012.mrc has no pixel size"),
    ],
)
def test_a_pixel_size_the_model_was_not_trained_at_is_refused(
    micrograph_A: float, model_A: float, rescale_to_A: float | None, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        check_pixel_size("m012.mrc", micrograph_A, "models/fine.pt", model_A, rescale_to_A)


@pytest.mark.parametrize(
    ("micrograph_A", "model_A", "rescale_to_A"),
    [(1.0, 1.0, None), (1.009, 1.0, None), (1.0, 3.0, 3.0), (0.0, None, None), (7.0, None, None)],
)
def test_a_pixel_size_within_one_per_cent_or_unknown_to_the_model_passes(
    micrograph_A: float, model_A: float | None, rescale_to_A: float | None
) -> None:
    check_pixel_size("m.mrc", micrograph_A, "fine.pt", model_A, rescale_to_A)
