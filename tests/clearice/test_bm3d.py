"""Laws of BM3D: noise of any colour goes, what is no noise stays, and how the work is divided does not show."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import scipy.fft
import scipy.ndimage
from numpy.typing import NDArray

from clearice.config.complaints import checked
from clearice.config.kinds.bm3d import BM3D
from clearice.config.layers import shipped_config
from clearice.denoisers.bm3d import bm3d, denoise
from clearice.denoisers.bm3d_transforms import (
    bior15_matrix,
    coefficient_variances,
    dct_matrix,
    haar_matrix,
    kaiser_window,
    noise_similarity,
    power_on_grid,
)
from clearice.denoisers.registry import Evidence
from clearice.image.filters import lowpass
from clearice.image.spectra import Spectrum

Image = NDArray[np.float32]
SIDE = 128
GRID = 128
SIGNAL_TO_NOISE = [1.0, 0.5, 0.1, 0.05]


def settings(**change: Any) -> BM3D:
    return checked(BM3D, {**shipped_config()["methods"]["bm3d"], **change}, "settings")


def flat(variance: float) -> NDArray[np.float64]:
    return np.full((GRID, GRID), variance)


@cache
def truth(side: int = SIDE) -> Image:
    """Plant dark lobed particles with edges and a ring inside, of variance 1."""
    generator = np.random.default_rng(0)
    rows, columns = np.mgrid[:side, :side]
    image = np.zeros((side, side))
    for y, x, turn in generator.uniform(0, 1, (side**2 // 4400, 3)) * (side, side, 2):
        distance, angle = np.hypot(rows - y, columns - x), np.arctan2(rows - y, columns - x)
        lobes = distance < 20 * (1 + 0.2 * np.cos(3 * (angle - turn)))
        image -= scipy.ndimage.gaussian_filter(lobes * (1 + 0.8 * np.cos(0.7 * distance)), 1.0)
    return ((image - image.mean()) / image.std()).astype(np.float32)


def white(seed: int, shape: tuple[int, int] = (SIDE, SIDE), sd: float = 1.0) -> Image:
    return (sd * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


def hump(side: int) -> NDArray[np.float64]:
    """Make a spectrum of variance 1 with most of its power in slow variation."""
    line = np.fft.fftfreq(side)
    power = 0.3 + 6 * np.exp(-((np.hypot(line[:, None], line[None, :]) / 0.06) ** 2))
    return power / power.mean()


def coloured(seed: int, side: int = SIDE) -> Image:
    transform = scipy.fft.fft2(white(seed, (side, side))) * np.sqrt(hump(side))
    return scipy.fft.ifft2(transform).real.astype(np.float32)


def error(image: Image, expected: Image) -> float:
    return float(((image - expected) ** 2).mean(dtype=np.float64))


def decibel(image: Image, expected: Image) -> float:
    """Return the peak signal-to-noise ratio."""
    return 10 * float(np.log10(np.ptp(expected) ** 2 / error(image, expected)))


@pytest.mark.parametrize("length", [2, 4, 8, 16])
def test_the_transforms_have_rows_of_norm_1_and_an_inverse(length: int) -> None:
    for matrix in (bior15_matrix(length), dct_matrix(length), haar_matrix(length)):
        assert np.linalg.norm(matrix, axis=1) == pytest.approx(np.ones(length))
        assert np.linalg.cond(matrix) < 3
        assert matrix @ np.full(length, 2.0) == pytest.approx(
            [2 * length**0.5, *[0] * (length - 1)], abs=1e-12
        )
    for matrix in (dct_matrix(length), haar_matrix(length)):
        assert matrix @ matrix.T == pytest.approx(np.eye(length), abs=1e-12)


def test_haar_compares_halves_and_then_their_halves() -> None:
    root = 2**-0.5
    expected = [[0.5, 0.5, 0.5, 0.5], [0.5, 0.5, -0.5, -0.5], [root, -root, 0, 0], [0, 0, root, -root]]
    assert haar_matrix(4) == pytest.approx(np.array(expected))


def test_the_window_is_symmetric_highest_within_and_flat_for_beta_0() -> None:
    window = kaiser_window(8, 2.0)
    assert window == pytest.approx(window[::-1, ::-1]) and window.argmax() == 3 * 8 + 3
    assert kaiser_window(8, 0.0) == pytest.approx(np.ones((8, 8)))


@pytest.mark.parametrize("transform", [bior15_matrix(8), dct_matrix(8)])
def test_the_variance_of_every_coefficient_is_that_of_noise_put_through_the_transform(
    transform: NDArray[np.float64],
) -> None:
    assert coefficient_variances(transform, flat(3.0)) == pytest.approx(np.full(64, 3.0))
    patches = np.lib.stride_tricks.sliding_window_view(coloured(1, 512), (8, 8))[::3, ::3]
    found = (transform @ patches @ transform.T).var(axis=(0, 1)).ravel()
    assert coefficient_variances(transform, hump(GRID)) == pytest.approx(found, rel=0.15)


def test_noise_makes_patches_alike_as_computed() -> None:
    """The mean squared distance of patches of noise at some shifts, against 2 A(0) - 2 A(shift)."""
    weights = 1 / coefficient_variances(dct_matrix(8), hump(GRID))
    similar = noise_similarity(dct_matrix(8), hump(GRID), weights, 39)
    patches = np.lib.stride_tricks.sliding_window_view(coloured(2, 512), (8, 8))
    spectra = (dct_matrix(8) @ patches[::2, ::2] @ dct_matrix(8).T).reshape(253, 253, 64)
    assert similar[19, 19] == pytest.approx(128)
    for down, right in ((2, 0), (0, 6), (4, 4), (18, 0), (18, 18)):
        shifted = spectra[down // 2 :, right // 2 :]
        near = spectra[: len(shifted), : shifted.shape[1]]
        distance = ((near - shifted) ** 2 @ weights).mean()
        assert similar[19, 19] - similar[19 + down, 19 + right] == pytest.approx(distance, rel=0.05)


@pytest.mark.parametrize("scale", [1.0, 1.5, 3.0])
def test_the_spectrum_of_a_coarser_image_is_that_of_noise_resampled_to_it(scale: float) -> None:
    """White noise of variance 4 keeps its values per frequency, so its variance falls with the number of pixels."""
    spectrum = Spectrum(np.linspace(0.05, 0.5, 10), np.full(10, 4.0))
    assert power_on_grid(spectrum, scale) == pytest.approx(flat(4 / scale**2))


def test_what_has_almost_no_noise_comes_back() -> None:
    """One thousandth of the signal's sd: BM3D is the identity where there is nothing to take away."""
    assert bm3d(truth(), flat(1e-6), settings()) == pytest.approx(truth(), abs=3e-3)


@pytest.mark.parametrize("variance", [1e-6, 1.0, 100.0])
def test_a_constant_image_stays_constant(variance: float) -> None:
    image = np.full((48, 57), 7, np.float32)
    assert bm3d(image, flat(variance), settings()) == pytest.approx(image, abs=1e-5)


@pytest.mark.parametrize("spectrum", ["white", "coloured"])
def test_pure_noise_loses_nearly_all_of_its_energy(spectrum: str) -> None:
    image, power, most = (
        (white(1), flat(1.0), 0.02) if spectrum == "white" else (coloured(1), hump(GRID), 0.12)
    )
    result = bm3d(image, power, settings())
    assert error(result, np.zeros_like(image)) < most * error(image, np.zeros_like(image))


def test_the_mean_is_kept_and_offset_and_scale_pass_through() -> None:
    image = truth() + white(1)
    result = bm3d(image, flat(1.0), settings())
    assert result.mean() == pytest.approx(image.mean(), abs=1e-5)
    assert bm3d(-4 * image + 512, flat(16.0), settings()) == pytest.approx(-4 * result + 512, abs=0.1)


def test_an_image_moved_by_a_step_of_the_patches_gives_the_same_within() -> None:
    image = truth() + white(1)
    moved = bm3d(image[6:, 9:], flat(1.0), settings())
    whole = bm3d(image, flat(1.0), settings())[6:, 9:]
    margin = 2 * (39 // 2 + 8)
    inner = np.s_[margin:-margin, margin:-margin]
    assert error(moved[inner], whole[inner]) < 1e-4 * whole.var()


@pytest.mark.parametrize("tile_px", [24, 50, 96])
def test_tiles_give_what_the_whole_gives(tile_px: int) -> None:
    """Less what rounding decides: whether a value at the threshold is kept, or which of two like patches is more alike."""
    image = truth()[:100, :115] + white(1)[:100, :115]
    whole = bm3d(image, flat(1.0), settings(), tile_px=1000)
    tiled = bm3d(image, flat(1.0), settings(), tile_px=tile_px)
    assert tiled == pytest.approx(whole, abs=0.02)
    assert error(tiled, whole) < 1e-7 * whole.var()


def test_two_runs_and_any_number_of_threads_give_the_same_bits() -> None:
    image = truth() + white(1)
    first = bm3d(image, flat(1.0), settings(), tile_px=48).tobytes()
    assert all(bm3d(image, flat(1.0), settings(), threads, 48).tobytes() == first for threads in (1, 3))


@pytest.mark.parametrize("snr", SIGNAL_TO_NOISE)
def test_it_beats_the_best_gaussian_and_low_pass(snr: float) -> None:
    """Against the truth, where the others may choose their width by it; by more where noise is weak."""
    raw = truth() + white(3, sd=snr**-0.5)
    found = decibel(bm3d(raw, flat(1 / snr), settings()), truth())
    blurs = [scipy.ndimage.gaussian_filter(raw, sd) for sd in (0.7, 1, 1.5, 2, 3, 4, 6)]
    passed = [
        lowpass(raw, pixel_size_A=1.0, resolution_A=cut, edge_fraction=0.2) for cut in (3, 5, 8, 12, 16, 24)
    ]
    best = max(decibel(image, truth()) for image in (*blurs, *passed))
    assert found > best + {1.0: 3.0, 0.5: 2.0, 0.1: 0.5, 0.05: 0.1}[snr]


def test_a_threshold_that_is_far_lower_or_higher_than_the_papers_loses() -> None:
    raw = truth() + white(3)
    found = decibel(bm3d(raw, flat(1.0), settings()), truth())
    for threshold in (1.0, 8.0):
        assert decibel(bm3d(raw, flat(1.0), settings(threshold=threshold)), truth()) < found - 0.1


def test_coloured_noise_is_removed_2_dB_better_with_its_spectrum_than_with_its_level() -> None:
    raw = (truth(192) + 10**0.5 * coloured(3, 192)).astype(np.float32)
    with_spectrum = decibel(bm3d(raw, 10 * hump(GRID), settings()), truth(192))
    with_level = decibel(bm3d(raw, flat(10.0), settings()), truth(192))
    assert with_spectrum > with_level + 2


def test_near_patches_are_not_preferred_for_the_noise_they_share(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = (truth() + 10**0.5 * coloured(3)).astype(np.float32)
    fair = decibel(bm3d(raw, 10 * hump(GRID), settings()), truth())
    monkeypatch.setattr("clearice.denoisers.bm3d.noise_similarity", lambda *_: np.zeros((39, 39)))
    assert fair > decibel(bm3d(raw, 10 * hump(GRID), settings()), truth()) + 0.1


@pytest.mark.parametrize("snr", SIGNAL_TO_NOISE)
def test_it_is_within_half_a_decibel_of_the_authors_package(snr: float) -> None:
    package = pytest.importorskip("bm3d", reason="the authors' package bm3d is not installed")
    raw = truth(256) + white(3, (256, 256), snr**-0.5)
    theirs = decibel(package.bm3d(raw.astype(np.float64), snr**-0.5), truth(256))
    assert decibel(bm3d(raw, flat(1 / snr), settings()), truth(256)) > theirs - 0.5


BOXES = ((0, 0, 32), (0, 40, 32), (0, 80, 32), (90, 0, 32), (90, 40, 32))


def test_the_noise_is_measured_in_the_boxes_and_the_row_says_its_level() -> None:
    image = white(4, sd=3.0) + 50
    evidence = Evidence(image, BOXES)
    result = denoise(image, 0.0, settings(spectrum="white"), evidence)
    assert result.std() < 0.3 * image.std()
    (remark,) = evidence.remarks
    level = float(remark.split("sd ")[1].split(",")[0])
    assert level == pytest.approx(3.0, rel=0.05) and "white" in remark and "5 boxes of 32 px" in remark


def test_at_a_coarser_pixel_size_the_image_comes_back_at_its_own_with_nothing_fast() -> None:
    image = truth() + white(1)
    evidence = Evidence(image, BOXES)
    result = denoise(image, 1.0, settings(rescale_to_A=2.0), evidence)
    assert result.shape == image.shape and "at 2 A/px" in evidence.remarks[0]
    assert result.mean() == pytest.approx(image.mean(), abs=1e-5)
    fast = np.abs(scipy.fft.fft2(result))[SIDE // 4 + 1 : -SIDE // 4, :]
    assert fast.max() < 1e-2 * SIDE
    assert error(result, truth()) < error(image, truth()) / 5


def test_pure_noise_has_the_level_of_the_real_micrograph_it_stands_for() -> None:
    null, real = white(2), white(1, sd=5.0)
    evidence = Evidence(real, BOXES)
    denoise(null, 0.0, settings(spectrum="white"), evidence)
    assert "noise of sd 5" in evidence.remarks[0] or "noise of sd 4.9" in evidence.remarks[0]


def test_pixels_that_are_not_finite_are_filled_and_the_row_says_so() -> None:
    image = truth() + white(1)
    image[40, 50], image[41, 50] = np.nan, np.inf
    evidence = Evidence(image, BOXES)
    assert np.isfinite(denoise(image, 0.0, settings(), evidence)).all()
    assert evidence.remarks[1] == "2 pixels that were no finite numbers were filled"


@pytest.mark.parametrize(
    ("image", "power", "words"),
    [
        (white(1), flat(0.0), "spectrum goes from 0 to 0, but it must be finite, nowhere negative and not 0"),
        (white(1), flat(-1.0), "nowhere negative"),
        (white(1), flat(np.nan), "must be finite"),
        (white(1)[:7], flat(1.0), "the image has 7 x 128 px, too few for 32 patches of 8 px"),
        (white(1)[:12, :12], flat(1.0), "the image has 12 x 12 px, too few for 32 patches"),
        (np.full((64, 64), np.nan, np.float32), flat(1.0), "pixels that are not finite"),
    ],
)
def test_what_cannot_be_denoised_is_refused_in_one_sentence(image: Image, power, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=words) as caught:
        bm3d(image, power, settings())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("image", "boxes", "pixel_size_A", "change", "words"),
    [
        (white(1), None, 1.0, {}, "no particle-free box and no noise patch is given"),
        (white(1), ((0, 0, 4),), 1.0, {}, "boxes of noise of 4 px are too small"),
        (np.full((64, 64), 7, np.float32), ((0, 0, 32),), 1.0, {}, "spectrum goes from 0 to 0"),
        (np.full((64, 64), np.nan, np.float32), ((0, 0, 32),), 1.0, {}, "no pixel of the image is a finite"),
        (white(1), BOXES, 3.0, {"rescale_to_A": 2.0}, "has 3 A/px, but rescale_to_A is 2"),
        (white(1), BOXES, 0.0, {"rescale_to_A": 2.0}, "has 0 A/px, but rescale_to_A is 2"),
        (white(1), BOXES, 1.0, {"rescale_to_A": 20.0}, "the image has 6 x 6 px, too few"),
    ],
)
def test_a_micrograph_whose_noise_or_size_is_no_use_is_refused(  # type: ignore[no-untyped-def]
    image: Image, boxes, pixel_size_A: float, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        denoise(image, pixel_size_A, settings(**change), Evidence(image, boxes))
    with pytest.raises(ValueError, match="128 x 128 px, the one whose noise was measured 64 x 64"):
        denoise(white(1), 1.0, settings(), Evidence(white(1)[:64, :64], BOXES))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"step_px": 9}, "step_px is 9, more than patch_px"),
        ({"window_px": 38}, "window_px is 38, but must be odd; use 39"),
        ({"window_px": 9}, "holds 25 patches at a corner of the image, less than the 32 of a group"),
        ({"group_hard": 12}, "group_hard"),
        ({"threshold": 0}, "threshold is 0, but must be more than 0"),
        ({"patch_px": 7}, "patch_px"),
        ({"sigma": 3}, "key 'sigma' is unknown"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        settings(**change)


@pytest.mark.parametrize(
    "change", [{"patch_px": 4}, {"patch_px": 16}, {"step_px": 1}, {"window_px": 21}, {"group_hard": 64}]
)
def test_other_sizes_work_too(change: dict[str, Any]) -> None:
    raw = truth()[:72, :64] + white(1)[:72, :64]
    assert error(bm3d(raw, flat(1.0), settings(**change)), truth()[:72, :64]) < 0.4
