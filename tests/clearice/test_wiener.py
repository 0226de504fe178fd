"""Laws of the Wiener filter: noise of any colour goes, signal stays, and nothing is decided where nothing is measured."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft
import scipy.ndimage
from numpy.typing import NDArray

from clearice.config.kinds.wiener import Wiener
from clearice.denoisers.registry import Evidence
from clearice.denoisers.wiener import denoise, wiener_transfer
from clearice.image.boxes import squares_of_patches
from clearice.image.filters import lowpass
from clearice.image.grids import apply_transfer, radial_frequencies
from clearice.image.resize import fourier_resample
from clearice.image.spectra import tapered_spectrum

Image = NDArray[np.float32]
SHAPE = (256, 288)
SIDE = 32
SETTINGS = Wiener(kind="wiener", noise="free_boxes", ring_px=2.0)


def particles(seed: int = 0, shape: tuple[int, int] = SHAPE) -> Image:
    """Plant dark, ringed particles of 20 px, none in the lower third."""
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    image = np.zeros(shape)
    for y, x in generator.uniform(0.08, 0.92, (26, 2)) * (0.62 * shape[0], shape[1]):
        distance = np.hypot(rows - y, columns - x)
        image -= scipy.ndimage.gaussian_filter((distance < 10) * (1.2 + np.cos(distance * 1.5)), 0.7)
    return image.astype(np.float32)


def free_boxes(shape: tuple[int, int] = SHAPE, side: int = SIDE) -> tuple[tuple[int, int, int], ...]:
    tops = range(int(0.76 * shape[0]), shape[0] - side + 1, side)
    return tuple((top, left, side) for top in tops for left in range(0, shape[1] - side + 1, side))


def everywhere(shape: tuple[int, int], side: int = SIDE) -> tuple[tuple[int, int, int], ...]:
    """Cover half of the field with boxes."""
    tops, lefts = range(0, shape[0] - side + 1, side), range(0, shape[1] - side + 1, 2 * side)
    return tuple((top, left, side) for top in tops for left in lefts)


def white(seed: int, sd: float = 1.0, shape: tuple[int, int] = SHAPE) -> Image:
    return (sd * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


def coloured(seed: int, sd: float = 1.0, shape: tuple[int, int] = SHAPE) -> Image:
    """Draw noise with a hump at a quarter of the sampling rate and a fall beyond."""
    frequency = radial_frequencies(shape)
    image = apply_transfer(white(seed, 1.0, shape), (0.3 + np.exp(-(((frequency - 0.2) / 0.1) ** 2))))
    return (sd * image / image.std()).astype(np.float32)


def filtered(image: Image, boxes=None, reference: Image | None = None) -> Image:  # type: ignore[no-untyped-def]
    own = image if reference is None else reference
    return denoise(image, 0.0, SETTINGS, Evidence(own, free_boxes(image.shape) if boxes is None else boxes))


def energy(image: Image) -> float:
    return float(((image - image.mean(dtype=np.float64)) ** 2).mean())


@pytest.mark.parametrize("noise", [white, coloured])
@pytest.mark.parametrize("shape", [(256, 256), (255, 301), (300, 192)])
def test_pure_noise_keeps_less_than_a_three_hundredth_of_its_energy(noise, shape: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    """With noise measured on half of the field; what is left is chance in the slowest rings."""
    image = noise(3, 2.0, shape)
    result = filtered(image, everywhere(shape))
    assert result.shape == shape and result.dtype == np.float32
    assert energy(result) < energy(image) / 300


def test_where_there_is_no_noise_the_image_comes_back() -> None:
    clean = particles()
    nearly = clean + white(1, 1e-3)
    assert filtered(nearly) == pytest.approx(nearly, abs=0.02)
    assert energy(filtered(nearly) - clean) < 1e-4 * energy(clean)


@pytest.mark.parametrize("noise", [white, coloured])
def test_the_error_is_below_that_of_the_raw_image_and_of_any_low_pass(noise) -> None:  # type: ignore[no-untyped-def]
    """Both against the truth; cut-offs from 3 to 40 px."""
    truth = particles()
    raw = truth + noise(1, 1.0)
    error = energy(filtered(raw) - truth)
    assert error < 0.1 * energy(raw - truth)
    for cutoff_px in (3.0, 4.0, 5.0, 6.0, 8.0, 12.0, 20.0, 40.0):
        blurred = lowpass(raw, pixel_size_A=1.0, resolution_A=cutoff_px, edge_fraction=0.2)
        assert error < energy(blurred - truth), cutoff_px


def test_offset_and_scale_pass_through_and_the_mean_is_kept() -> None:
    image = particles() + white(1)
    result = filtered(image)
    assert filtered(-3 * image + 500) == pytest.approx(-3 * result + 500, abs=2e-3)
    assert result.mean(dtype=np.float64) == pytest.approx(image.mean(dtype=np.float64), abs=1e-5)


def test_each_ring_is_kept_by_the_share_that_is_not_noise() -> None:
    """White signal of variance 3 in white noise of variance 1 that is seen alone in one third of the field."""
    image = white(1)
    image[: SHAPE[0] * 2 // 3] += white(2, 3**0.5)[: SHAPE[0] * 2 // 3]
    transfer = wiener_transfer(image, free_boxes(), 2.0)
    inner = transfer.frequency > 3 / SIDE
    assert transfer.power[inner] == pytest.approx(np.full(inner.sum(), 2 / 3), abs=0.08)


def test_pure_noise_is_filtered_as_part_of_the_real_micrograph_it_stands_for() -> None:
    real, null = particles() + white(1), white(2)
    transfer = wiener_transfer(real, free_boxes(), SETTINGS.ring_px)
    kept = energy(filtered(null, reference=real)) / energy(null)
    expected = np.interp(radial_frequencies(SHAPE), transfer.frequency, transfer.power) ** 2
    assert kept == pytest.approx(float(expected.mean()), rel=0.15)
    assert kept > 3 * energy(filtered(null)) / energy(null), "its own statistics would remove it all"


def test_what_is_slower_than_a_box_is_kept_where_it_exceeds_the_lowest_noise_and_only_there() -> None:
    """A wave of three periods in the field, far slower than the boxes of 32 px: neither erased nor passed blindly."""
    columns = np.arange(SHAPE[1])
    wave = np.broadcast_to(np.sin(2 * np.pi * 3 * columns / SHAPE[1]), SHAPE).astype(np.float32)
    for noise in (white, coloured):
        kept = filtered(noise(1) + wave, everywhere(SHAPE))
        assert float((kept * wave).mean() / (wave**2).mean()) > 0.9
        slow = scipy.ndimage.gaussian_filter(noise(1), 12.0)
        assert energy(
            scipy.ndimage.gaussian_filter(filtered(noise(1), everywhere(SHAPE)), 12.0)
        ) < 0.03 * energy(slow)


def test_no_ring_passes_more_than_all_or_less_than_nothing() -> None:
    for image in (
        white(1),
        particles(),
        particles() + coloured(1),
        scipy.ndimage.gaussian_filter(white(2), 3),
    ):
        transfer = wiener_transfer(image, free_boxes(), 4.0)
        assert ((transfer.power >= 0) & (transfer.power <= 1)).all()
        assert (np.diff(transfer.frequency) > 0).all()


def test_noise_is_measured_where_patches_of_a_coarser_pixel_size_lie_and_at_all_frequencies() -> None:
    """Patches of 24 px found on the image rescaled by 1.5: white noise goes beyond their Nyquist frequency too."""
    image = white(4, shape=(270, 300))
    coarse = fourier_resample(image, (180, 200))
    corners = [(y, x) for y in range(0, 156, 24) for x in range(0, 176, 12)]
    boxes = squares_of_patches(corners, 24, 1.5, image.shape)
    assert {side for _, _, side in boxes} == {36}
    for (y, x), (top, left, side) in zip(corners, boxes, strict=True):
        assert y * 1.5 <= top and top + side <= (y + 24) * 1.5 + 1 and abs(left - x * 1.5) <= 1
    result = filtered(image, boxes)
    assert energy(result) < energy(image) / 300
    fast = np.abs(scipy.fft.rfft2(result - result.mean()))[radial_frequencies(image.shape) > 1 / 3]
    assert float((fast**2).mean()) / image.size < 0.01
    assert coarse.shape == (180, 200)


def test_pixels_that_are_not_finite_are_filled_as_for_a_network() -> None:
    image = particles() + white(1)
    broken = image.copy()
    broken[40, 50], broken[41, 50] = np.nan, np.inf
    result = filtered(broken)
    assert np.isfinite(result).all()
    assert result[100:] == pytest.approx(filtered(image)[100:], abs=0.05)
    with pytest.raises(ValueError, match="no pixel of the image is a finite number"):
        filtered(np.full(SHAPE, np.nan, np.float32))


def test_a_constant_image_stays_constant() -> None:
    assert filtered(np.full(SHAPE, 7, np.float32)) == pytest.approx(np.full(SHAPE, 7.0), abs=1e-5)


@pytest.mark.parametrize(
    ("boxes", "words"),
    [
        ((), "no particle-free box and no noise patch is given"),
        (((0, 0, 32), (40, 40, 16)), "sides of 16 to 32 px; give boxes of one side"),
        (((0, 0, 4),), "boxes of noise of 4 px are too small"),
        (((0, 0, 257),), "leaves the micrograph of 256 x 288 px"),
        (((-1, 0, 32),), "leaves the micrograph"),
        (((0, 260, 32),), "leaves the micrograph"),
    ],
)
def test_noise_that_cannot_be_measured_is_refused_in_one_sentence(boxes, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=words):
        filtered(white(1), boxes)
    if not boxes:
        with pytest.raises(ValueError, match=words):
            denoise(white(1), 1.0, SETTINGS, Evidence(white(1)))


def test_a_reference_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="256 x 288 px, the one whose noise was measured 255 x 288"):
        filtered(white(1), reference=white(1, shape=(255, 288)))


@pytest.mark.parametrize("shape", [(48, 48), (47, 64)])
def test_the_spectrum_of_white_noise_is_flat_at_its_variance(shape: tuple[int, int]) -> None:
    patches = 2.0 * np.random.default_rng(0).standard_normal((300, *shape)).astype(np.float32) + 30
    spectrum = tapered_spectrum(patches)
    assert spectrum.power[1:] == pytest.approx(np.full(spectrum.power.size - 1, 4.0), rel=0.06)
    assert 0 < spectrum.frequency[0] < 2 / min(shape)
    assert spectrum.frequency[-1] == pytest.approx(0.5, abs=0.02)


def test_no_slope_over_a_patch_leaks_into_its_fast_rings() -> None:
    slope = np.broadcast_to(np.linspace(0, 100, 64), (64, 64)).astype(np.float32)
    spectrum = tapered_spectrum([slope])
    assert (spectrum.power[6:] < 1e-4 * spectrum.power[0]).all()


def test_fields_of_noise_one_below_the_other_are_filtered_as_each_of_them() -> None:
    """Far from the seams, two fields in one image give what each gives alone."""
    image, field = particles() + white(1), white(2)
    alone = filtered(field, reference=image)
    both = filtered(np.concatenate([field, white(3)]), free_boxes(image.shape), reference=image)
    assert both.shape == (2 * field.shape[0], field.shape[1])
    inner = slice(40, field.shape[0] - 40)
    assert np.corrcoef(both[inner].ravel(), alone[inner].ravel())[0, 1] > 0.98
