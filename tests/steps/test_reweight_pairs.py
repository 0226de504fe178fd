"""Re-weighting on files: stacks of pairs that the one trainer can eat."""

import numpy as np
import pytest
import scipy.ndimage

from clearice.files.mrc import write_micrograph
from clearice.files.stacks import read_stack, write_stack
from clearice.files.tables import read_table
from clearice.run.batches import FAILED, ManifestRow, files_of, process_rows, read_manifest, write_manifest
from clearice.run.left_out import LeftOut
from clearice.run.training_set import chosen_files
from clearice.training.gathering import Micrograph, gather_images
from reweight_pairs import reweight_pairs
from support.settings import call
from support.shell import contents, run_from_shell

SETTINGS = {
    "splits": {"s1": "train", "s2": "validation"},
    "patch_px": 48,
    "patches_per_micrograph": 4,
    "draws": 2,
    "modulation": "match_residual",
    "signal_scale": [1.0, 1.0],
    "empty_fraction": 0.0,
    "highpass_A": 0.0,
    "rescale_to_A": None,
    "seed": 1,
}


def write_batch(folder, images, failed=()):
    def treat(name):
        if name in failed:
            raise ValueError("the simulation failed")
        write_micrograph(folder / f"{name}.mrc", images[name], 3.0)
        return folder / f"{name}.mrc"

    write_manifest(folder / "manifest.tsv", process_rows(list(images), folder, treat))
    return folder / "manifest.tsv"


def simulate(tmp_path, names=("s1", "s2"), failed=()):
    """Clean blobs on 100 electrons, and white noise of standard deviation 10 on them."""
    cleans, noisies = {}, {}
    for seed, name in enumerate(names):
        generator = np.random.default_rng(seed)
        blobs = scipy.ndimage.gaussian_filter(generator.standard_normal((120, 130)), 5)
        cleans[name] = (100 + 5 * blobs / blobs.std()).astype(np.float32)
        noisies[name] = (cleans[name] + 10 * generator.standard_normal((120, 130))).astype(np.float32)
    return write_batch(tmp_path / "clean", cleans), write_batch(tmp_path / "noisy", noisies, failed)


def write_fields(tmp_path, side=64, pixel_size_A=3.0):
    noise = 7 + 0.5 * np.random.default_rng(9).standard_normal((20, side, side))
    write_stack(tmp_path / "synthetic.mrcs", noise.astype(np.float32), pixel_size_A)
    return tmp_path / "synthetic.mrcs"


def arguments(folder, clean, noisy, noise, **changed):
    return {
        "simulated_clean": clean,
        "simulated_noisy": noisy,
        "noise": noise,
        "noisy": folder / "noisy",
        "noisy_manifest": folder / "noisy" / "manifest.tsv",
        "clean": folder / "clean",
        "clean_manifest": folder / "clean" / "manifest.tsv",
        "weights": folder / "weights.tsv",
        **SETTINGS,
        **changed,
    }


def reweight(tmp_path, clean, noisy, noise, out="out", **changed):
    folder = tmp_path / out
    call(reweight_pairs, **arguments(folder, clean, noisy, noise, **changed))
    return folder


def stacks(folder, kind):
    return {name: read_stack(file) for name, file in files_of(folder / kind / "manifest.tsv").items()}


def test_every_simulated_micrograph_gives_a_stack_of_pairs(tmp_path):
    folder = reweight(tmp_path, *simulate(tmp_path), write_fields(tmp_path))
    noisy, clean = stacks(folder, "noisy"), stacks(folder, "clean")
    assert list(noisy) == list(clean) == ["s1", "s2"]
    for name, stack in noisy.items():
        assert stack.images.shape == clean[name].images.shape == (8, 48, 48)
        assert stack.pixel_size_A == pytest.approx(3.0)


def test_pairs_have_the_simulated_signal_and_noise_level(tmp_path):
    folder = reweight(tmp_path, *simulate(tmp_path), write_fields(tmp_path))
    noisy, clean = stacks(folder, "noisy")["s1"].images, stacks(folder, "clean")["s1"].images
    np.testing.assert_allclose((noisy - clean).std(axis=(1, 2)), 10.0, rtol=0.05)
    assert clean.mean() == pytest.approx(100.0, abs=1.5)
    # One place, two draws: one clean patch (up to alpha, which the draw hardly touches), other noise.
    assert np.corrcoef(clean[0].ravel(), clean[1].ravel())[0, 1] > 0.999
    assert abs(np.corrcoef((noisy - clean)[0].ravel(), (noisy - clean)[1].ravel())[0, 1]) < 0.1


def test_the_trainer_takes_them_as_pairs_with_the_splits_of_the_simulation(tmp_path):
    folder = reweight(tmp_path, *simulate(tmp_path), write_fields(tmp_path))
    manifests = [[folder / kind / "manifest.tsv"] for kind in ("noisy", "clean")]
    left_out = LeftOut()
    chosen = chosen_files(*manifests, {"s1": "train", "s2": "validation"}, left_out, with_partner=True)
    assert [(one.name, one.split) for one in chosen] == [("s1", "train"), ("s2", "validation")]
    opened = [
        Micrograph(one.name, one.split, read_stack(one.noisy), read_stack(one.target), one.batch)
        for one in chosen
    ]
    images = gather_images(opened, "supervised", 8, left_out.add)
    assert len(images.training) == len(images.validation) == 8
    assert not left_out.lines


def test_the_table_lists_the_coefficients_of_every_pair(tmp_path):
    folder = reweight(tmp_path, *simulate(tmp_path), write_fields(tmp_path))
    rows = read_table(folder / "weights.tsv")
    assert [(row["micrograph"], int(row["pair"])) for row in rows] == [
        (n, i) for n in ("s1", "s2") for i in range(8)
    ]
    assert np.mean([float(row["alpha"]) for row in rows]) == pytest.approx(1.0, abs=0.1)
    assert np.abs([float(row["beta"]) for row in rows]).mean() < 1.0
    for row in rows:
        assert float(row["noise_sd"]) == pytest.approx(float(row["reference_noise_sd"]), rel=0.05)
        assert 0 <= int(row["y_px"]) <= 120 - 48
        assert 0 <= int(row["x_px"]) <= 130 - 48


def test_empty_fields_are_noise_over_a_constant(tmp_path):
    folder = reweight(
        tmp_path, *simulate(tmp_path), write_fields(tmp_path), empty_fraction=0.5, patches_per_micrograph=20
    )
    clean = stacks(folder, "clean")["s1"].images
    empty = np.ptp(clean, axis=(1, 2)) == 0
    assert 0.25 < empty.mean() < 0.75
    scales = [
        float(row["signal_scale"]) for row in read_table(folder / "weights.tsv") if row["micrograph"] == "s1"
    ]
    np.testing.assert_array_equal(np.array(scales) == 0, empty)
    noise = stacks(folder, "noisy")["s1"].images - clean
    assert noise[empty].std() == pytest.approx(10.0, rel=0.05)


def test_signal_scales_act_on_the_clean_images(tmp_path):
    inputs = (*simulate(tmp_path), write_fields(tmp_path))
    plain, doubled = (
        stacks(reweight(tmp_path, *inputs, out=f"x{scale}", signal_scale=[scale, scale]), "clean")[
            "s1"
        ].images
        for scale in (1.0, 2.0)
    )
    np.testing.assert_allclose(doubled.std(axis=(1, 2)), 2 * plain.std(axis=(1, 2)), rtol=1e-3)


def test_a_highpass_is_applied_to_the_simulation_as_well(tmp_path):
    inputs = (*simulate(tmp_path), write_fields(tmp_path))
    plain, passed = (
        stacks(reweight(tmp_path, *inputs, out=f"h{length}", highpass_A=length), "clean")["s1"].images
        for length in (0.0, 60.0)
    )
    assert passed.mean(axis=(1, 2)).std() < plain.mean(axis=(1, 2)).std()


def test_a_finer_simulation_is_brought_to_the_pixels_of_the_noise(tmp_path):
    inputs = (*simulate(tmp_path), write_fields(tmp_path, pixel_size_A=6.0))
    folder = reweight(tmp_path, *inputs, rescale_to_A=6.0)
    noisy, clean = stacks(folder, "noisy")["s1"], stacks(folder, "clean")["s1"]
    assert noisy.pixel_size_A == pytest.approx(6.0)
    assert (noisy.images - clean.images).std() == pytest.approx(5.0, rel=0.05)


def test_no_noise_field_is_shared_by_training_and_validation(tmp_path):
    names = [f"s{number}" for number in range(1, 9)]
    splits = {name: "validation" if name in ("s2", "s7") else "train" for name in names}
    folder = reweight(
        tmp_path, *simulate(tmp_path, names), write_fields(tmp_path), splits=splits, patches_per_micrograph=12
    )
    drawn = {"train": set(), "validation": set()}
    for row in read_table(folder / "weights.tsv"):
        drawn[splits[row["micrograph"]]].add(int(row["field"]))
    # A quarter of the micrographs, so a quarter of the 20 fields, and all of them are used.
    assert drawn == {"train": set(range(15)), "validation": set(range(15, 20))}


def test_training_and_validation_have_noise_of_equal_statistics(tmp_path):
    names = [f"s{number}" for number in range(1, 9)]
    splits = {name: "validation" if name in ("s2", "s7") else "train" for name in names}
    folder = reweight(
        tmp_path, *simulate(tmp_path, names), write_fields(tmp_path), splits=splits, patches_per_micrograph=12
    )
    noisy, clean = stacks(folder, "noisy"), stacks(folder, "clean")
    noise = {
        split: np.concatenate(
            [noisy[name].images - clean[name].images for name in names if splits[name] == split]
        )
        for split in ("train", "validation")
    }
    for mean, sd in ((images.mean(), images.std()) for images in noise.values()):
        assert mean == pytest.approx(0.0, abs=0.1)
        assert sd == pytest.approx(10.0, rel=0.02)
    power = [(np.abs(np.fft.rfft2(images)) ** 2).mean(0)[1:24, 1:].mean() for images in noise.values()]
    assert power[0] == pytest.approx(power[1], rel=0.05)


def test_a_micrograph_of_no_split_fails_alone(tmp_path):
    clean, noisy = simulate(tmp_path, ("s1", "s2", "s3"))
    splits = {"s1": "train", "s2": "validation"}
    rows = read_manifest(
        reweight(tmp_path, clean, noisy, write_fields(tmp_path), splits=splits) / "noisy" / "manifest.tsv"
    )
    assert [row.status for row in rows] == ["ok", "ok", FAILED]
    assert rows[2].reason.startswith("s3 is marked nothing in splits, but pairs are made for train and")


def test_a_failed_simulation_is_carried_on_and_the_rest_goes_on(tmp_path):
    clean, noisy = simulate(tmp_path, failed=("s1",))
    folder = reweight(tmp_path, clean, noisy, write_fields(tmp_path))
    for kind in ("noisy", "clean"):
        rows = read_manifest(folder / kind / "manifest.tsv")
        assert [row.status for row in rows] == [FAILED, "ok"]
        assert rows[0] == ManifestRow("s1", "", FAILED, "the simulation failed", "")


def test_equal_seeds_give_equal_bytes_and_others_do_not(tmp_path):
    inputs = (*simulate(tmp_path), write_fields(tmp_path))
    first, again, other = (
        reweight(tmp_path, *inputs, out=name, seed=seed) for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    for file in ("noisy/s1.mrcs", "clean/s1.mrcs", "noisy/manifest.tsv", "clean/manifest.tsv", "weights.tsv"):
        assert (first / file).read_bytes() == (again / file).read_bytes()
    assert (first / "noisy/s1.mrcs").read_bytes() != (other / "noisy/s1.mrcs").read_bytes()


def test_it_runs_from_a_shell_to_the_files_of_a_direct_call(tmp_path):
    inputs = (*simulate(tmp_path), write_fields(tmp_path))
    changed = {"signal_scale": [0.5, 2.0], "empty_fraction": 0.3}
    reweight(tmp_path, *inputs, out="call", **changed)
    said = run_from_shell("reweight_pairs", arguments(tmp_path / "shell", *inputs, **changed))
    assert "re-weighted 2 of 2" in said
    assert contents(tmp_path / "shell") == contents(tmp_path / "call")
    assert len(contents(tmp_path / "call")) == 7


def test_add_noise_beside_a_simulation_in_other_units_is_refused(tmp_path):
    # The fields have a standard deviation of 0.5, the simulation's noise one of 10.
    words = r"no training pair could be made: add_noise gives noise.*match_residual"
    with pytest.raises(ValueError, match=words):
        reweight(tmp_path, *simulate(tmp_path), write_fields(tmp_path), modulation="add_noise")


def test_what_does_not_fit_together_is_refused(tmp_path):
    clean, noisy = simulate(tmp_path)
    with pytest.raises(ValueError, match="noise fields of 64 px are smaller than training patches of 100 px"):
        reweight(tmp_path, clean, noisy, write_fields(tmp_path), patch_px=100)
    with pytest.raises(
        ValueError, match=r"no training pair could be made: s1 was simulated at 3 A/px, the noise has 1.5"
    ):
        reweight(tmp_path, clean, noisy, write_fields(tmp_path, pixel_size_A=1.5))
    with pytest.raises(ValueError, match="holds no patch of 125 px"):
        reweight(tmp_path, clean, noisy, write_fields(tmp_path, side=128), patch_px=125)
