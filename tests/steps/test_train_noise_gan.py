"""The noise GAN's training on files: a model that can be read safely, and a kill that leaves no trace."""

import signal
import subprocess
import time

import numpy as np
import pytest
import torch

from clearice.files.checkpoints import load_network
from clearice.files.stacks import write_stack
from clearice.files.tables import read_table
from clearice.networks.noise_gan import Generator
from clearice.run.batches import process_rows, write_manifest
from support.settings import call
from support.shell import command_of
from train_noise_gan import train_noise_gan

SETTINGS = {
    "variant": "main",
    "minimum_patches": 20,
    "criterion": "ssim",
    "patch_px": 16,
    "whitened": True,
    "symmetries": True,
    "generator": {
        "width": 16, "latent_channels": 4, "stationary": True, "pixel_noise": True, "output": "linear",
        "output_sigmas": 4.0,
    },
    "critic": {"width": 16, "norm": "none"},
    "batch_size": 4,
    "steps": 6,
    "critic_steps": 2,
    "penalty": 10.0,
    "learning_rate": 1e-3,
    "betas": [0.5, 0.999],
    "record_every": 2,
    "keep_every": 2,
    "seed": 3,
}  # fmt: skip


def write_noise(folder, micrographs=2, patches=15, side=16, pixel_size_A=3.0):
    generator = np.random.default_rng(1)

    def treat(name):
        number = int(name[1:])
        noise = 10 * number + (number + 1) * generator.standard_normal((patches, side, side))
        write_stack(folder / f"{name}.mrcs", noise.astype(np.float32), pixel_size_A)
        return folder / f"{name}.mrcs"

    names = [f"m{number}" for number in range(micrographs)]
    write_manifest(folder / "manifest.tsv", process_rows(names, folder, treat))
    return folder / "manifest.tsv"


def arguments(folder, noise, **changed):
    return {
        "noise": noise,
        "model": folder / "main.pt",
        "history": folder / "main.tsv",
        "side_folder": folder / "unfinished",
        "threads": 1,
        "device": "cpu",
        **SETTINGS,
        **changed,
    }


def train(folder, noise, **changed):
    call(train_noise_gan, **arguments(folder, noise, **changed))
    return folder / "main.pt"


def test_the_model_holds_all_that_is_needed_to_draw_noise(tmp_path):
    file = load_network(train(tmp_path, [write_noise(tmp_path / "n")]))
    assert (file.kind, file.stage, file.variant) == ("noise_gan", "noise_gan", "main")
    assert file.pixel_size_A == pytest.approx(3.0)
    network = Generator(**file.settings)
    weights = {k.removeprefix("generator."): v for k, v in file.weights.items() if k.startswith("generator.")}
    network.load_state_dict(weights)
    assert file.weights["amplitude"].dtype == torch.float64
    # Micrographs of mean 0 and 10, standard deviation 1 and 2, each standardised by itself.
    assert file.provenance["mean"] == pytest.approx(5.0, abs=0.2)
    assert file.provenance["sd"] == pytest.approx(1.5, rel=0.05)
    assert file.provenance["patches"] == 30
    assert file.provenance["seed"] == 3


def test_the_history_has_its_rows(tmp_path):
    train(tmp_path, [write_noise(tmp_path / "n")])
    rows = read_table(tmp_path / "main.tsv")
    columns = ["step", "critic_loss", "generator_loss", "gradient_penalty", "wasserstein", "seconds", "note"]
    assert list(rows[0]) == columns
    assert [row["step"] for row in rows] == ["2", "4", "6"]


def test_equal_seeds_give_equal_bytes_whatever_was_drawn_before(tmp_path):
    noise = [write_noise(tmp_path / "n")]
    first = train(tmp_path / "a", noise).read_bytes()
    torch.rand(5)
    assert train(tmp_path / "b", noise).read_bytes() == first
    assert train(tmp_path / "c", noise, seed=4).read_bytes() != first


def test_two_variants_of_equal_settings_learn_equal_weights(tmp_path):
    noise = [write_noise(tmp_path / "n")]
    first, other = (load_network(train(tmp_path / v, noise, variant=v)) for v in ("main", "ablation"))
    assert (first.variant, other.variant) == ("main", "ablation")
    assert all(torch.equal(first.weights[name], other.weights[name]) for name in first.weights)


def test_several_batches_are_pooled(tmp_path):
    noise = [write_noise(tmp_path / name, micrographs=1) for name in ("n1", "n2")]
    assert load_network(train(tmp_path, noise)).provenance["micrographs"] == 2


def test_nothing_unfinished_stays_behind(tmp_path):
    train(tmp_path, [write_noise(tmp_path / "n")])
    assert not list((tmp_path / "unfinished").glob("*"))


@pytest.mark.slow
def test_a_training_killed_at_any_moment_goes_on_to_equal_bytes(tmp_path):
    noise = write_noise(tmp_path / "n")
    many = {"steps": 60, "keep_every": 1}
    expected = train(tmp_path / "whole", [noise], **many).read_bytes()
    command = command_of("train_noise_gan", arguments(tmp_path / "k", [noise], **many))
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not list((tmp_path / "k").glob("unfinished/*/state.pt")) and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "k" / "main.pt").exists()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    assert (tmp_path / "k" / "main.pt").read_bytes() == expected


def test_another_setting_does_not_go_on_from_a_foreign_state(tmp_path):
    noise = [write_noise(tmp_path / "n")]
    expected = train(tmp_path / "fresh", noise, learning_rate=2e-3).read_bytes()
    folder = tmp_path / "shared"
    with pytest.raises(RuntimeError, match="interrupted"):
        _train_interrupted(folder, noise)
    assert list((folder / "unfinished").glob("*/state.pt"))
    assert train(folder, noise, learning_rate=2e-3).read_bytes() == expected


def _train_interrupted(folder, noise):
    import train_noise_gan as script

    save = script.save_state

    def save_and_stop(unfinished, state):
        save(unfinished, state)
        raise RuntimeError("interrupted")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(script, "save_state", save_and_stop)
        train(folder, noise)


def test_larger_patches_are_cut_to_the_size_of_the_network(tmp_path):
    file = load_network(train(tmp_path, [write_noise(tmp_path / "n", side=40)]))
    assert file.settings["patch_px"] == 16
    assert file.provenance["patches"] == 2 * 15 * 16
    with pytest.raises(ValueError, match="patches of 16 px hold none of 32 px"):
        train(tmp_path, [write_noise(tmp_path / "small")], patch_px=32)


def test_too_few_patches_name_the_knobs(tmp_path):
    words = (
        r"30 noise patches of 16 px.*2 micrographs by extract_noise\.criterion std, 200.*std_threshold_255"
    )
    with pytest.raises(ValueError, match=words):
        train(tmp_path, [write_noise(tmp_path / "n")], minimum_patches=200, criterion="std")


def test_no_patch_at_all_names_the_knobs(tmp_path):
    words = r"no noise patches were found in any.*raise extract_noise\.maximum_patches"
    with pytest.raises(ValueError, match=words):
        train(tmp_path, [write_noise(tmp_path / "n", micrographs=0)], criterion="flattest")


def test_a_batch_of_another_pixel_size_is_refused(tmp_path):
    noise = [write_noise(tmp_path / "n1"), write_noise(tmp_path / "n2", pixel_size_A=1.5)]
    with pytest.raises(ValueError, match=r"m0 has 1\.5 A/px, but m0 3; set rescale_to_A to a common"):
        train(tmp_path, noise)


def test_a_batch_of_another_patch_size_is_refused(tmp_path):
    noise = [write_noise(tmp_path / "n1"), write_noise(tmp_path / "n2", side=32)]
    with pytest.raises(ValueError, match="extract both with the same patch size"):
        train(tmp_path, noise)


def spoiled(path, kind):
    """Make the patches of one micrograph useless."""
    images = np.random.default_rng(5).standard_normal((15, 16, 16)).astype(np.float32)
    if kind == "unreadable":
        path.write_bytes(b"no image")
    elif kind == "blank":
        write_stack(path, np.full_like(images, 4.0), 3.0)
    elif kind == "other units":
        write_stack(path, 1e5 * images, 3.0)
    elif kind == "other scale":
        write_stack(path, images, 1.5)
    elif kind == "other size":
        write_stack(path, images[:, :8, :8], 3.0)
    elif kind == "not finite":
        write_stack(path, images, 3.0)
        content = bytearray(path.read_bytes())
        content[-4:] = np.float32(np.nan).tobytes()
        path.write_bytes(bytes(content))
    else:
        path.unlink()


@pytest.mark.parametrize(
    "kind", ["unreadable", "blank", "other units", "other scale", "other size", "not finite", "missing"]
)
def test_a_bad_micrograph_among_good_ones_is_left_out_and_the_others_train_as_if_it_were_not_there(
    tmp_path, kind
):
    good = load_network(train(tmp_path / "good", [write_noise(tmp_path / "n", micrographs=3)]))
    noise = write_noise(tmp_path / "with", micrographs=4)
    spoiled(tmp_path / "with" / "m3.mrcs", kind)
    found = load_network(train(tmp_path / "spoiled", [noise]))
    assert all(torch.equal(good.weights[name], found.weights[name]) for name in good.weights)
    assert good.provenance["left_out"] == []
    (line,) = found.provenance["left_out"]
    assert line.startswith("m3")
    assert [row["note"] for row in read_table(tmp_path / "spoiled" / "main.tsv")][:2] == [line, ""]


def test_where_too_few_patches_are_left_the_error_says_why(tmp_path):
    noise = write_noise(tmp_path / "n")
    spoiled(tmp_path / "n" / "m1.mrcs", "blank")
    with pytest.raises(ValueError, match=r"15 noise patches .*\(1 left out: m1: its noise patches are not"):
        train(tmp_path, [noise])


def test_a_missing_gpu_is_an_error(tmp_path):
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(ValueError, match="torch sees 0 CUDA GPUs"):
        train(tmp_path, [write_noise(tmp_path / "n")], device="cuda")
