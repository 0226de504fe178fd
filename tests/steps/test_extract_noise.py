"""Noise extraction on files: raw pixels at places where the guide is flat."""

import os
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import scipy.ndimage

from clearice.files.mrc import write_micrograph
from clearice.files.stacks import read_stack
from clearice.files.tables import read_table
from clearice.run.batches import files_of, process_rows, read_manifest, write_manifest
from extract_noise import OUTLINE, extract_noise
from support.settings import call
from support.shell import contents, run_from_shell

SETTINGS = {
    "patch_px": 32,
    "step_px": 16,
    "local_patches": 4,
    "criterion": "ssim",
    "ssim_threshold": 0.7,
    "std_threshold_255": 1.0,
    "mean_difference": 0.1,
    "clip_percent": 0.1,
    "contamination_sd": 0.0,
    "maximum_patches": 0,
    "highpass_A": 0.0,
    "rescale_to_A": None,
    "pictures": 1,
}


def write_batch(folder, images, pixel_size_A=3.0):
    def treat(name):
        write_micrograph(folder / f"{name}.mrc", images[name], pixel_size_A)
        return folder / f"{name}.mrc"

    write_manifest(folder / "manifest.tsv", process_rows(list(images), folder, treat))
    return folder / "manifest.tsv"


def scenes(names):
    """Micrographs with particles in the left half only, and guides in which they stand out."""
    raws, guides = {}, {}
    for seed, name in enumerate(names):
        generator = np.random.default_rng(seed)
        signal = np.zeros((192, 256))
        signal[tuple(generator.integers(8, [184, 100], (40, 2)).T)] = -300.0
        signal = scipy.ndimage.gaussian_filter(signal, 5)
        guides[name] = (signal + 0.01 * generator.standard_normal(signal.shape)).astype(np.float32)
        raws[name] = (10 + signal + 3.0 * generator.standard_normal(signal.shape)).astype(np.float32)
    return raws, guides


def arguments(micrographs, guide, noise, **changed):
    return {
        "micrographs": micrographs,
        "guide": guide,
        "noise": noise,
        "manifest": noise / "manifest.tsv",
        "positions": noise / "positions.tsv",
        "search": noise / "search.tsv",
        **SETTINGS,
        **changed,
    }


def extract(tmp_path, raws, guides, guide_A=3.0, **changed):
    noise = tmp_path / "noise"
    inputs = write_batch(tmp_path / "raw", raws), write_batch(tmp_path / "guide", guides, guide_A)
    call(extract_noise, **arguments(*inputs, noise, **changed))
    return noise


def test_patches_are_raw_pixels_at_the_listed_places(tmp_path):
    raws, guides = scenes(["m1", "m2"])
    noise = extract(tmp_path, raws, guides)
    places = read_table(noise / "positions.tsv")
    for name, file in files_of(noise / "manifest.tsv").items():
        stack = read_stack(file)
        rows = [row for row in places if row["micrograph"] == name]
        assert len(stack.images) == len(rows) > 20
        assert stack.pixel_size_A == pytest.approx(3.0)
        for patch, row in zip(stack.images, rows, strict=True):
            y, x = int(row["y_px"]), int(row["x_px"])
            np.testing.assert_array_equal(patch, raws[name][y : y + 32, x : x + 32])
            assert float(row["lowest_ssim"]) > 0.7


def test_pure_noise_is_found_and_particles_are_not(tmp_path):
    raws, guides = scenes(["m1"])
    noise = extract(tmp_path, raws, guides)
    patches = read_stack(noise / "m1.mrcs").images
    assert patches.std() == pytest.approx(3.0, rel=0.02)
    assert patches.mean() == pytest.approx(10.0, abs=0.1)


def test_the_search_and_its_scaling_are_recorded(tmp_path):
    raws, guides = scenes(["m1", "m2"])
    noise = extract(tmp_path, raws, guides)
    rows = read_table(noise / "search.tsv")
    assert [row["micrograph"] for row in rows] == ["m1", "m2"]
    assert [int(row["patches"]) for row in rows] == [
        len(read_stack(noise / f"{name}.mrcs").images) for name in ("m1", "m2")
    ]
    low, high = np.percentile(guides["m1"], (0.1, 99.9))
    assert float(rows[0]["guide_at_0"]) == pytest.approx(low, rel=1e-4)
    assert float(rows[0]["guide_at_1"]) == pytest.approx(high, rel=1e-4)


def test_pictures_are_drawn_for_the_first_micrographs_with_a_box_at_every_listed_position(tmp_path):
    raws, guides = scenes(["m1", "m2"])
    noise = extract(tmp_path, raws, guides)
    assert [path.name for path in noise.glob("*.png")] == ["m1.png"]
    picture = imagecodecs.png_decode((noise / "m1.png").read_bytes())
    boxes = np.zeros((192, 256), dtype=bool)
    for row in read_table(noise / "positions.tsv"):
        if row["micrograph"] == "m1":
            y, x = int(row["y_px"]), int(row["x_px"])
            boxes[y : y + 32, [x, x + 31]] = boxes[[y, y + 31], x : x + 32] = True
    assert picture.shape == (192, 256, 3)
    assert boxes.any()
    assert (picture[boxes] == OUTLINE).all()
    # Everything else is the guide in grey, and no box.
    assert (np.ptp(picture[~boxes], axis=1) == 0).all()
    assert np.corrcoef(picture[~boxes][:, 0], guides["m1"][~boxes])[0, 1] > 0.9


def test_a_micrograph_without_background_is_skipped_with_its_reason(tmp_path):
    raws, guides = scenes(["m1", "m2"])
    guides["m2"] = np.random.default_rng(0).standard_normal((192, 256)).astype(np.float32)
    rows = read_manifest(extract(tmp_path, raws, guides) / "manifest.tsv")
    assert [row.status for row in rows] == ["ok", "skipped"]
    assert "no patch of 32 px is background" in rows[1].reason


def test_a_micrograph_without_a_guide_fails_alone(tmp_path):
    raws, guides = scenes(["m1", "m2"])
    del guides["m1"]
    rows = read_manifest(extract(tmp_path, raws, guides) / "manifest.tsv")
    assert [row.status for row in rows] == ["failed", "ok"]
    assert "m1 has no coarsely denoised guide" in rows[0].reason


def test_a_guide_of_another_pixel_size_is_a_failure(tmp_path):
    raws, guides = scenes(["m1"])
    (row,) = read_manifest(extract(tmp_path, raws, guides, guide_A=1.5) / "manifest.tsv")
    assert "m1 has 3 A/px, its guide 1.5 A/px" in row.reason


def test_patches_can_be_cut_at_a_coarser_pixel_size(tmp_path):
    raws, guides = scenes(["m1"])
    noise = extract(tmp_path, raws, guides, rescale_to_A=6.0, patch_px=16, step_px=8)
    stack = read_stack(noise / "m1.mrcs")
    assert stack.pixel_size_A == pytest.approx(6.0)
    # White noise keeps its density: half the sides, half the standard deviation.
    assert stack.images.std() == pytest.approx(1.5, rel=0.05)
    assert np.isfinite(stack.images).all()
    (row,) = read_manifest(extract(tmp_path / "finer", raws, guides, rescale_to_A=1.0) / "manifest.tsv")
    assert "cannot be rescaled to 1 A/px" in row.reason


def test_a_highpass_takes_slow_variation_out_of_the_patches(tmp_path):
    raws, guides = scenes(["m1"])
    raws["m1"] = raws["m1"] + np.linspace(0, 60, 256, dtype=np.float32)
    plain = read_stack(extract(tmp_path / "a", raws, guides) / "m1.mrcs").images
    passed = read_stack(extract(tmp_path / "b", raws, guides, highpass_A=150.0) / "m1.mrcs").images
    assert plain.mean(axis=(1, 2)).std() > 5
    assert passed.mean(axis=(1, 2)).std() < 0.5
    assert passed.std() == pytest.approx(3.0, rel=0.05)


def test_equal_input_gives_equal_bytes(tmp_path):
    raws, guides = scenes(["m1"])
    first, again = (extract(tmp_path / name, raws, guides) for name in "ab")
    names = sorted(path.name for path in first.iterdir())
    assert names == ["m1.mrcs", "m1.png", "manifest.tsv", "positions.tsv", "search.tsv"]
    for name in names:
        assert (first / name).read_bytes() == (again / name).read_bytes()


def test_it_runs_from_a_shell_to_the_files_of_a_direct_call(tmp_path):
    raws, guides = scenes(["m1", "m2"])
    inputs = write_batch(tmp_path / "raw", raws), write_batch(tmp_path / "guide", guides)
    changed = {"maximum_patches": 12, "contamination_sd": 6.0, "highpass_A": 150.0}
    call(extract_noise, **arguments(*inputs, tmp_path / "call", **changed))
    said = run_from_shell("extract_noise", arguments(*inputs, tmp_path / "shell", **changed))
    assert "searched for noise 2 of 2" in said
    assert contents(tmp_path / "shell") == contents(tmp_path / "call")
    assert len(contents(tmp_path / "call")) == 6


def test_the_real_crowded_micrograph_gives_background_in_which_nobody_marked_a_particle(tmp_path):
    beside = Path(__file__).resolve().parents[2].parent / "shared"
    shared = Path(os.environ.get("CLEARICE_SHARED", beside)) / "data" / "empiar10146"
    if not shared.exists():
        pytest.skip("real data: no shared folder beside the repository")
    name = "May08_04.32.27"
    average = imagecodecs.png_decode((shared / "averages" / f"{name}.png").read_bytes()).astype(np.float32)
    average = average.reshape(600, 2, 620, 2).mean(axis=(1, 3))
    average = (average - average.mean()) / average.std()
    # The guide here is a mere blur: the step's own choice of places is what is tested.
    guide = scipy.ndimage.gaussian_filter(average, 3) - scipy.ndimage.gaussian_filter(average, 60)
    noise = extract(
        tmp_path, {name: average}, {name: guide}, step_px=8, criterion="flattest", maximum_patches=30,
        mean_difference=0.2, clip_percent=0.5, contamination_sd=6.0,
    )  # fmt: skip
    marks = np.loadtxt(shared / "marks" / f"{name}.csv", delimiter=",", skiprows=1)[:, 1::-1] / 2
    corners = np.array([[int(row["y_px"]), int(row["x_px"])] for row in read_table(noise / "positions.tsv")])
    everywhere = np.stack(np.meshgrid(np.arange(0, 568, 8), np.arange(0, 588, 8)), -1).reshape(-1, 2)

    def share_with_centre(places):
        inside = (marks >= places[:, None]) & (marks < places[:, None] + 32)
        return inside.all(-1).any(1).mean()

    assert len(corners) == 30
    assert share_with_centre(corners) < 0.1 < 0.3 < share_with_centre(everywhere)


@pytest.mark.parametrize("changed", [{"highpass_A": 120.0}, {"rescale_to_A": 4.5, "patch_px": 16}])
def test_a_dead_border_stays_one_behind_a_filter(tmp_path, changed):
    raws, guides = scenes(["m1"])
    whole = read_table(extract(tmp_path / "whole", raws, guides, **changed) / "positions.tsv")
    raws["m1"][:, 200:] = 0.0
    cut = read_table(extract(tmp_path / "cut", raws, guides, **changed) / "positions.tsv")
    factor = 3.0 / (changed.get("rescale_to_A") or 3.0)
    side = changed.get("patch_px", 32)
    reach = [(int(row["x_px"]) + side) / factor for row in whole]
    assert cut
    assert max(reach) > 200 >= max((int(row["x_px"]) + side) / factor for row in cut)
