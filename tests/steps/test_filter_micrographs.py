"""Filters on files: the mask control, a plain filter, and Wiener's with the noise of boxes or of patches."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.ndimage

from clearice.config.layers import shipped_config
from clearice.files.mrc import VIEWING_ONLY, read_micrograph, write_micrograph
from clearice.files.regions import write_regions
from clearice.files.stacks import write_stack
from clearice.files.tables import write_table
from clearice.noise.records import POSITION_COLUMNS
from clearice.run.batches import ManifestRow, process_rows, read_manifest, write_manifest
from filter_micrographs import filter_micrographs
from support.shell import contents, run_from_shell

PIXEL_A = 2.0
SHAPE = (160, 176)
WIENER = {"kind": "wiener", "noise": "free_boxes", "ring_px": 4}
CORNERS = [(8, 8), (8, 88), (88, 8)]
SIDE = 64


def field(seed: int, signal: float = 1.0) -> np.ndarray:
    """Dark blobs in the lower right quarter, coloured noise everywhere."""
    generator = np.random.default_rng(seed)
    noise = scipy.ndimage.gaussian_filter(generator.standard_normal(SHAPE), 0.7)
    blobs = np.zeros(SHAPE)
    blobs[tuple(generator.integers([96, 96], SHAPE, (30, 2)).T)] = -1.0
    blobs = scipy.ndimage.gaussian_filter(blobs, 4)
    return (100 + 3 * noise / noise.std() + signal * 6 * blobs / blobs.std()).astype(np.float32)


def write_batch(folder: Path, images: dict[str, np.ndarray]) -> Path:
    def process(name: str) -> Path:
        write_micrograph(folder / f"{name}.mrc", images[name], PIXEL_A)
        return folder / f"{name}.mrc"

    write_manifest(folder / "manifest.tsv", process_rows(list(images), folder, process))
    return folder / "manifest.tsv"


@pytest.fixture
def batch(tmp_path: Path) -> dict[str, Any]:
    """Two micrographs, of which the second has neither boxes nor patches."""
    folder, regions, patches = tmp_path / "sums", tmp_path / "regions", tmp_path / "noise"
    images = {"m1": field(1), "m2": field(2)}
    micrographs = write_batch(folder, images)
    write_regions(regions / "m1.json", [], [(y, x, SIDE) for y, x in CORNERS])
    coarse = np.stack([images["m1"][y : y + SIDE : 2, x : x + SIDE : 2] for y, x in CORNERS])
    write_stack(patches / "m1.mrcs", coarse, 2 * PIXEL_A)
    for side, name in ((regions, "m1.json"), (patches, "m1.mrcs")):
        rows = [ManifestRow("m1", name, "ok", "", ""), ManifestRow("m2", "", "skipped", "it is crowded", "")]
        write_manifest(side / "manifest.tsv", rows)
    places = [dict(zip(POSITION_COLUMNS, ("m1", y // 2, x // 2, "1", "1"), strict=True)) for y, x in CORNERS]
    write_table(patches / "positions.tsv", places, POSITION_COLUMNS)
    return {
        "micrographs": micrographs,
        "denoised": tmp_path / "out",
        "manifest": tmp_path / "out" / "manifest.tsv",
        "boxes": {"regions": regions / "manifest.tsv"},
        "patches": {"patches": patches / "manifest.tsv", "positions": patches / "positions.tsv"},
    }


def arguments(batch: dict[str, Any], settings: dict[str, Any], **inputs: Path) -> dict[str, Any]:
    paths = {name: batch[name] for name in ("micrographs", "denoised", "manifest")}
    return {**paths, "settings": settings, **inputs}


def pixels(path: Path) -> np.ndarray:
    return read_micrograph(path).pixels


def test_a_filtered_micrograph_keeps_its_mean_and_says_that_it_is_no_data(batch: dict[str, Any]) -> None:
    settings = {"kind": "lowpass", "resolution_A": 20.0, "edge_fraction": 0.2}
    filter_micrographs(**arguments(batch, settings))
    for name in ("m1", "m2"):
        found = read_micrograph(batch["denoised"] / f"{name}.mrc")
        assert found.label == VIEWING_ONLY and found.pixel_size_A == pytest.approx(PIXEL_A)
        assert found.pixels.mean() == pytest.approx(
            pixels(batch["micrographs"].parent / f"{name}.mrc").mean(), abs=0.05
        )


def test_the_mask_control_of_white_particles_keeps_what_is_white(
    batch: dict[str, Any], tmp_path: Path
) -> None:
    dark = {"kind": "mask_control", "sigma_px": 3.0, "particles_are_dark": True}
    filter_micrographs(**arguments(batch, dark))
    negative = write_batch(tmp_path / "negative", {"m1": -field(1)})
    given = {
        **batch,
        "micrographs": negative,
        "denoised": tmp_path / "white",
        "manifest": tmp_path / "white/manifest.tsv",
    }
    filter_micrographs(**arguments(given, {**dark, "particles_are_dark": False}))
    np.testing.assert_array_equal(
        pixels(tmp_path / "white" / "m1.mrc"), -pixels(batch["denoised"] / "m1.mrc")
    )


def test_wiener_leaves_the_noise_out_and_the_particles_in(batch: dict[str, Any]) -> None:
    filter_micrographs(**arguments(batch, WIENER, **batch["boxes"]))
    raw, found = field(1), pixels(batch["denoised"] / "m1.mrc")
    empty, full = np.s_[8:72, 8:72], np.s_[96:, 96:]
    assert found[empty].std() < 0.35 * raw[empty].std()
    signal = field(1) - field(1, signal=0.0)
    assert np.corrcoef(found[full].ravel(), signal[full].ravel())[0, 1] > 0.9
    assert found.mean() == pytest.approx(raw.mean(), abs=1e-3)


def test_patches_give_the_noise_of_the_places_they_were_cut_from(batch: dict[str, Any]) -> None:
    """Whatever they went through themselves: the noise is measured on the micrograph's own pixels."""
    filter_micrographs(**arguments(batch, WIENER, **batch["boxes"]))
    by_boxes = pixels(batch["denoised"] / "m1.mrc")
    filter_micrographs(**arguments(batch, WIENER, **batch["patches"]))
    assert np.array_equal(pixels(batch["denoised"] / "m1.mrc"), by_boxes)


@pytest.mark.parametrize("evidence", ["boxes", "patches"])
@pytest.mark.parametrize("status", ["skipped", "failed"])
def test_a_micrograph_without_a_place_for_its_noise_has_the_status_and_the_reason_of_that(
    batch: dict[str, Any], evidence: str, status: str
) -> None:
    source = next(iter(batch[evidence].values()))
    rows = [replace(row, status=status) if row.micrograph == "m2" else row for row in read_manifest(source)]
    write_manifest(source, rows)
    filter_micrographs(**arguments(batch, WIENER, **batch[evidence]))
    found = {row.micrograph: row for row in read_manifest(batch["manifest"])}
    assert (
        found["m1"].status == "ok" and found["m2"].status == status and "it is crowded" in found["m2"].reason
    )


def test_pure_noise_is_filtered_as_part_of_the_real_micrograph(batch: dict[str, Any], tmp_path: Path) -> None:
    noise = write_batch(tmp_path / "null", {"m1": field(9, signal=0.0)})
    inputs = {**batch["boxes"], "statistics": batch["micrographs"]}
    filter_micrographs(**{**arguments(batch, WIENER, **inputs), "micrographs": noise})
    as_part = pixels(batch["denoised"] / "m1.mrc")
    filter_micrographs(**{**arguments(batch, WIENER, **batch["boxes"]), "micrographs": noise})
    alone = pixels(batch["denoised"] / "m1.mrc")
    assert alone.std() < 0.7 * as_part.std(), "by its own spectrum the filter would see that nothing is there"


def test_bm3d_takes_its_noise_from_the_boxes_and_the_row_says_what_level(batch: dict[str, Any]) -> None:
    settings = shipped_config()["methods"]["bm3d"]
    filter_micrographs(**arguments(batch, settings, **batch["boxes"]))
    found = {row.micrograph: row for row in read_manifest(batch["manifest"])}
    raw, result = pixels(batch["micrographs"].parent / "m1.mrc"), pixels(batch["denoised"] / "m1.mrc")
    assert found["m1"].status == "ok" and "coloured, as measured in 3 boxes of 64 px" in found["m1"].reason
    assert found["m2"].status == "skipped" and "it is crowded" in found["m2"].reason
    assert result[8:72, 8:72].std() < 0.35 * raw[8:72, 8:72].std()
    assert result.mean() == pytest.approx(raw.mean(), abs=1e-3)
    one = {**arguments(batch, settings, **batch["boxes"]), "threads": 3}
    filter_micrographs(**one)
    assert np.array_equal(pixels(batch["denoised"] / "m1.mrc"), result), (
        "any number of threads, the same bits"
    )


def test_wiener_without_any_place_fails_the_rows_in_a_sentence(batch: dict[str, Any]) -> None:
    filter_micrographs(**arguments(batch, WIENER))
    assert all("the noise has no spectrum" in row.reason for row in read_manifest(batch["manifest"]))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"kind": "magic"}, "'magic' is unknown"),
        ({}, "'None' is unknown"),
        ({"kind": "wiener", "noise": "free_boxes", "rings": 4}, "settings: key 'rings' is unknown; did you mean 'ring_px'"),
        ({"kind": "nt2c"}, "filter 'nt2c' is unknown"),
        ({"kind": "mask_control", "sigma_px": 3.0, "particles_are_dark": "no"}, "particles_are_dark is 'no'"),
        ({"kind": "mask_control", "sigma_px": 0.0}, "sigma_px is 0.0, but must be more than 0"),
    ],
)  # fmt: skip
def test_impossible_settings_are_refused_at_the_door(
    batch: dict[str, Any], settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        filter_micrographs(**arguments(batch, settings))
    assert not batch["manifest"].exists()


def test_it_runs_from_a_shell_to_the_files_of_a_direct_call(batch: dict[str, Any], tmp_path: Path) -> None:
    filter_micrographs(**arguments(batch, WIENER, **batch["boxes"]))
    there = {
        **arguments(batch, WIENER, **batch["boxes"]),
        "denoised": tmp_path / "there",
        "manifest": tmp_path / "there/manifest.tsv",
    }
    run_from_shell("filter_micrographs", there)
    assert contents(tmp_path / "there") == contents(batch["denoised"])
