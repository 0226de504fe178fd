"""The denoisers that need no network: found by name, equal to the filters they stand for, and the mask control's laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.ndimage
from numpy.typing import NDArray

from clearice.config.layers import shipped_config
from clearice.config.registry import all_kinds
from clearice.denoisers.registry import Evidence, load_denoiser
from clearice.image import filters

PIXEL_A = 2.0
SETTINGS: dict[str, dict[str, Any]] = {
    "lowpass": {"resolution_A": 20.0, "edge_fraction": 0.2},
    "bandpass": {"coarsest_A": 200.0, "finest_A": 20.0, "edge_fraction": 0.2},
    "binning": {"factor": 2},
    "gaussian": {"sigma_px": 9.0, "window_px": 5},
    "mask_control": {"sigma_px": 3.0},
    "wiener": {"noise": "free_boxes", "ring_px": 2.0},
    "bm3d": {name: value for name, value in shipped_config()["methods"]["bm3d"].items() if name != "kind"},
}
SAME_AS = {
    "lowpass": lambda image, **own: filters.lowpass(image, pixel_size_A=PIXEL_A, **own),
    "bandpass": lambda image, **own: filters.bandpass(image, pixel_size_A=PIXEL_A, **own),
    "binning": filters.binned,
    "gaussian": filters.gaussian,
}
BOXES = ((0, 0, 24), (30, 5, 24), (60, 60, 24))


def denoised(kind: str, image: NDArray[np.float32], pixel_size_A: float = PIXEL_A, **change: Any):  # type: ignore[no-untyped-def]
    settings = all_kinds()[kind].settings(kind=kind, **{**SETTINGS[kind], **change})
    return load_denoiser(kind)(image, pixel_size_A, settings, Evidence(image, BOXES))


def field(shape: tuple[int, int] = (96, 110)) -> NDArray[np.float32]:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    disc = (rows - 48) ** 2 + (columns - 55) ** 2 < 16**2
    return (np.random.default_rng(1).normal(7, 1, shape) - 4 * disc).astype(np.float32)


def test_every_kind_that_needs_no_network_has_a_denoiser_and_is_tested_here() -> None:
    kinds = {name for name, kind in all_kinds().items() if kind.step == "filter_micrographs"}
    assert kinds == set(SETTINGS)
    assert all(callable(load_denoiser(kind)) for kind in kinds)


@pytest.mark.parametrize("kind", ["sharpen", "nt2c", "inference", "registry"])
def test_what_is_no_such_kind_is_refused_with_the_known_ones(kind: str) -> None:
    with pytest.raises(
        ValueError, match=f"filter '{kind}' is unknown; use one of bandpass, binning, bm3d, gaussian"
    ):
        load_denoiser(kind)


@pytest.mark.parametrize("kind", sorted(SETTINGS))
def test_shape_and_type_stay_and_the_input_is_left_alone(kind: str) -> None:
    for shape in ((96, 96), (97, 131)):
        image = field(shape)
        before = image.copy()
        result = denoised(kind, image)
        assert result.shape == shape and result.dtype == np.float32
        assert np.array_equal(image, before)
        assert result.std() < image.std()


@pytest.mark.parametrize("kind", sorted(SETTINGS))
def test_offset_and_scale_of_the_image_pass_through(kind: str) -> None:
    """To rounding; where a threshold decides on rounding (bm3d), a few pixels differ by more."""
    image = field()
    difference = np.abs(denoised(kind, 5 * image + 300) - 5 * denoised(kind, image) - 300)
    assert np.sort(difference.ravel())[-400] < 2e-3 and difference.max() < (0.1 if kind == "bm3d" else 2e-3)


@pytest.mark.parametrize("kind", sorted(SAME_AS))
def test_a_linear_denoiser_is_the_filter_of_its_settings_to_the_last_bit(kind: str) -> None:
    expected = SAME_AS[kind](field(), **SETTINGS[kind])
    assert denoised(kind, field()).tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("kind", "change", "words"),
    [
        ("lowpass", {"resolution_A": 3.0}, "finer than Nyquist"),
        ("binning", {"factor": 16}, "binning by 16 does not fit"),
        ("gaussian", {"window_px": 4}, "must be odd"),
    ],
)
def test_settings_that_do_not_fit_the_image_are_refused(
    kind: str, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        denoised(kind, field()[:30, :28].copy(), **change)


def test_only_filters_in_angstrom_need_a_pixel_size() -> None:
    for kind in SETTINGS:
        if kind in {"lowpass", "bandpass"}:
            with pytest.raises(ValueError, match="no pixel size"):
                denoised(kind, field(), 0.0)
        else:
            assert np.array_equal(denoised(kind, field(), 0.0), denoised(kind, field()))


def test_the_mask_control_blurs_particles_and_levels_the_rest() -> None:
    image = field()
    result = denoised("mask_control", image)
    blurred = scipy.ndimage.gaussian_filter(image, 3.0, mode="reflect")
    outside = result == result.max()
    assert 0.5 < outside.mean() < 0.95
    assert np.array_equal(result[~outside], blurred[~outside])
    assert result.max() == pytest.approx(blurred[outside].mean(), abs=1e-5)
    assert not outside[48, 55] and outside[5, 5]


def test_the_mask_control_leaves_a_flat_image_as_it_is() -> None:
    flat = np.full((40, 40), 3, np.float32)
    assert np.array_equal(denoised("mask_control", flat), flat)
