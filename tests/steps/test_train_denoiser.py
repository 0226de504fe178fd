import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from clearice.files.checkpoints import load_network
from clearice.files.mrc import read_micrograph, write_micrograph
from clearice.files.tables import read_table
from clearice.networks.unet import UNet
from clearice.run.batches import FAILED, OK, ManifestRow, checksum, write_manifest
from support.settings import call
from support.shell import command_of
from train_denoiser import train_denoiser

SPLITS = {"m1": "train", "m2": "train", "m3": "validation", "m4": "apply"}


def batch(
    folder: Path, seed: int, names=tuple(SPLITS), side=64, pixel_size_A=1.0, failed=(), scale=1.0
) -> Path:
    """Write a batch of micrographs: one signal of each name, noise of the seed."""
    rows = []
    for number, name in enumerate(names):
        signal_there = (
            np.random.default_rng(number).standard_normal((side // 8, side // 8)).repeat(8, 0).repeat(8, 1)
        )
        noise = np.random.default_rng([seed, number]).standard_normal(signal_there.shape)
        path = folder / f"{name}.mrc"
        write_micrograph(path, (signal_there + scale * noise).astype(np.float32), pixel_size_A)
        rows.append(
            ManifestRow(name, "", FAILED, "broken", "")
            if name in failed
            else ManifestRow(name, path.name, OK, "", checksum(path))
        )
    write_manifest(folder / "manifest.tsv", rows)
    return folder / "manifest.tsv"


def arguments(folder: Path, **changes) -> dict:
    given = {
        "noisy": [],
        "target": [],
        "model": folder / "models" / "main.pt",
        "history": folder / "models" / "main.tsv",
        "splits": SPLITS,
        "pairing": "noise2noise",
        "width": 3,
        "first_kernel": 3,
        "last_kernel": 3,
        "crop_px": 32,
        "batch_size": 2,
        "steps": 6,
        "learning_rate": 1e-3,
        "optimiser": "adam",
        "schedule": "cosine",
        "warmup_steps": 2,
        "loss": "L2",
        "clip_norm": 1.0,
        "validate_every": 2,
        "validation_crops": 3,
        "patience": 0,
        "curriculum_start": 1.0,
        "curriculum_fraction": 0.0,
        "added_noise_sd": None,
        "rescale_to_A": None,
        "precision": "float32",
        "seed": 1,
        "stage": "noise2noise",
        "variant": "main",
        "side_folder": folder / "unfinished",
        "threads": 1,
        "device": "cpu",
    }
    return {**given, **changes}


@pytest.fixture
def pairs(tmp_path):
    return {"noisy": [batch(tmp_path / "even", 1)], "target": [batch(tmp_path / "odd", 2)]}


def test_noise2noise_writes_a_model_that_loads_and_a_history(tmp_path, pairs):
    call(train_denoiser, **arguments(tmp_path, **pairs))
    model = load_network(tmp_path / "models" / "main.pt")
    network = UNet(**model.settings)
    network.load_state_dict(model.weights)
    assert (model.kind, model.stage, model.variant, model.pixel_size_A) == (
        "unet",
        "noise2noise",
        "main",
        1.0,
    )
    assert model.provenance["training_images"] == 2
    assert model.provenance["validation_images"] == 1
    rows = read_table(tmp_path / "models" / "main.tsv")
    assert [row["step"] for row in rows] == ["0", "2", "4", "6"]
    assert list(rows[0]) == ["step", "train_loss", "validation_loss", "rate", "seconds", "note"]
    assert rows[0]["train_loss"] == ""
    best = min(rows, key=lambda row: float(row["validation_loss"]))
    assert model.provenance["best_step"] == int(best["step"])


def test_a_finished_training_leaves_nothing_in_its_side_folder(tmp_path, pairs):
    call(train_denoiser, **arguments(tmp_path, **pairs))
    assert list((tmp_path / "unfinished").iterdir()) == []


def test_equal_seed_equal_bytes_under_any_name_and_another_seed_another_model(tmp_path, pairs):
    written = []
    for name, seed in (("one", 1), ("two", 1), ("other", 2)):
        call(train_denoiser, **arguments(tmp_path, **pairs, model=tmp_path / f"{name}.pt", seed=seed))
        written.append((tmp_path / f"{name}.pt").read_bytes())
    assert written[0] == written[1] != written[2]


def test_two_variants_of_equal_settings_learn_equal_weights_and_two_stages_do_not(tmp_path, pairs):
    learned, losses = [], []
    for variant, stage in (("main", "fine"), ("ablation", "fine"), ("main", "coarse")):
        path = tmp_path / f"{variant}_{stage}.pt"
        history = path.with_suffix(".tsv")
        call(
            train_denoiser,
            **arguments(tmp_path, **pairs, model=path, history=history, variant=variant, stage=stage),
        )
        learned.append(load_network(path))
        losses.append([(row["train_loss"], row["validation_loss"]) for row in read_table(history)])
    first, variant, other = (file.weights for file in learned)
    assert learned[1].variant == "ablation"
    assert losses[0] == losses[1] != losses[2], "the crops are the same ones"
    assert all(torch.equal(first[name], variant[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first if name.endswith("weight"))


@pytest.mark.parametrize(
    ("pairing", "changes"),
    [
        ("neighbor2neighbor", {}),
        ("added_noise", {"added_noise_sd": 1.0}),
    ],
)
def test_single_exposures_are_learned_from_and_the_bias_is_on_the_label(tmp_path, pairs, pairing, changes):
    call(train_denoiser, **arguments(tmp_path, noisy=pairs["noisy"], pairing=pairing, **changes))
    provenance = load_network(tmp_path / "models" / "main.pt").provenance
    assert provenance["pairing"] == pairing
    assert provenance["bias"].startswith("made from single exposures:")


def test_supervised_pairs_with_a_curriculum_and_empty_targets(tmp_path):
    noisy = batch(tmp_path / "noisy", 1)
    clean = batch(tmp_path / "clean", 2, scale=0.0)
    empty_file = tmp_path / "clean" / "m2.mrc"
    write_micrograph(empty_file, np.zeros((64, 64), np.float32), 1.0)
    changes = {
        "curriculum_start": 0.2,
        "curriculum_fraction": 0.5,
        "stage": "coarse",
        "precision": "bfloat16",
    }
    call(
        train_denoiser, **arguments(tmp_path, noisy=[noisy], target=[clean], pairing="supervised", **changes)
    )
    assert load_network(tmp_path / "models" / "main.pt").provenance["curriculum_start"] == 0.2


def test_training_at_a_coarser_pixel_size_is_recorded_in_the_model(tmp_path, pairs):
    call(train_denoiser, **arguments(tmp_path, **pairs, rescale_to_A=2.0, crop_px=32))
    assert load_network(tmp_path / "models" / "main.pt").pixel_size_A == pytest.approx(2.0)


def test_a_warm_start_begins_with_the_given_weights(tmp_path, pairs):
    call(train_denoiser, **arguments(tmp_path, **pairs))
    begun = arguments(
        tmp_path,
        **pairs,
        start=tmp_path / "models" / "main.pt",
        model=tmp_path / "warm.pt",
        learning_rate=1e-30,
    )
    call(train_denoiser, **begun)
    first, second = (load_network(tmp_path / name).weights for name in ("models/main.pt", "warm.pt"))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_warm_start_from_another_architecture_is_refused(tmp_path, pairs):
    call(train_denoiser, **arguments(tmp_path, **pairs))
    with pytest.raises(ValueError, match="set width, first_kernel and last_kernel to those of the file"):
        call(train_denoiser, **arguments(tmp_path, **pairs, start=tmp_path / "models" / "main.pt", width=6))


def test_a_failed_micrograph_is_left_out(tmp_path):
    names = ("m1", "m2", "m3", "m5")
    splits = {**SPLITS, "m5": "train"}
    even, odd = batch(tmp_path / "even", 1, names, failed=("m5",)), batch(tmp_path / "odd", 2, names)
    call(train_denoiser, **arguments(tmp_path, noisy=[even], target=[odd], splits=splits))
    assert load_network(tmp_path / "models" / "main.pt").provenance["training_images"] == 2


NAMES = ("m1", "m2", "m3", "m5")
SPLITS_OF_NAMES = {**SPLITS, "m5": "train"}


def spoil(folder: Path, change) -> None:
    """Write another image, or other bytes, in place of m5."""
    path = folder / "m5.mrc"
    changed = change(read_micrograph(path).pixels)
    if isinstance(changed, bytes):
        path.write_bytes(changed)
    else:
        write_micrograph(path, changed.astype(np.float32), 1.0)


BAD = {
    "blank": (lambda pixels: np.full_like(pixels, 3.0), "the noisy image is constant"),
    "tiny": (lambda pixels: pixels[:20, :20], "m5 with 20 x 20 px is smaller than a crop of 32 px"),
    "unreadable": (lambda pixels: b"no image", "m5.mrc"),
    "cut short": (lambda pixels: b"\0" * 4000, "m5.mrc"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_pair_among_good_ones_is_left_out_and_the_others_train_as_if_it_were_not_there(tmp_path, kind):
    change, words = BAD[kind]
    good, written = {}, []
    for name, names in (("without", NAMES[:3]), ("with", NAMES)):
        folders = tmp_path / name / "even", tmp_path / name / "odd"
        even, odd = batch(folders[0], 1, names), batch(folders[1], 2, names)
        if name == "with":
            spoil(folders[0], change)
        model = tmp_path / f"{name}.pt"
        good = {"noisy": [even], "target": [odd], "splits": SPLITS_OF_NAMES, "model": model}
        call(train_denoiser, **arguments(tmp_path, **good))
        written.append(load_network(model))
    first, second = written
    assert all(torch.equal(first.weights[name], second.weights[name]) for name in first.weights)
    assert first.provenance["left_out"] == []
    (line,) = second.provenance["left_out"]
    assert line.count("m5") >= 1
    assert words in line
    notes = [row["note"] for row in read_table(tmp_path / "models" / "main.tsv")]
    assert notes[0] == line
    assert not any(notes[1:])


def test_where_too_few_are_left_the_error_counts_them_and_says_why(tmp_path):
    even, odd = batch(tmp_path / "even", 1), batch(tmp_path / "odd", 2, pixel_size_A=1.1)
    words = r"^0 micrographs are marked train.* \(3 left out: m1 has 1 A/px, but its partner 1\.1; .*m3 has 1 A/px"
    with pytest.raises(ValueError, match=words):
        call(train_denoiser, **arguments(tmp_path, noisy=[even], target=[odd]))
    odd = batch(tmp_path / "odd", 2, side=72)
    with pytest.raises(ValueError, match=r"3 left out: m1 has 64 x 64 px, but its partner 72 x 72 px"):
        call(train_denoiser, **arguments(tmp_path, noisy=[even], target=[odd]))


def test_a_training_does_not_go_on_from_the_state_of_one_that_left_others_out(tmp_path):
    """A file that could not be read for a while gives another list, and so other crops."""
    halves = [batch(tmp_path / name, seed, NAMES) for name, seed in (("even", 1), ("odd", 2))]
    given = arguments(tmp_path, noisy=[halves[0]], target=[halves[1]], splits=SPLITS_OF_NAMES)
    call(train_denoiser, **given)
    whole = load_network(given["model"])
    away = tmp_path / "even" / "m5.mrc"
    away.rename(tmp_path / "elsewhere.mrc")
    script = sys.modules[train_denoiser.__module__]
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(script, "save_network", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        call(train_denoiser, **given)
    (tmp_path / "elsewhere.mrc").rename(away)
    assert list((tmp_path / "unfinished").rglob("state.pt"))
    call(train_denoiser, **given)
    again = load_network(given["model"])
    assert all(torch.equal(whole.weights[name], again.weights[name]) for name in whole.weights)


def test_two_datasets_of_one_pixel_size_make_a_general_model(tmp_path):
    noisy = [batch(tmp_path / name / "even", k) for k, name in ((1, "first"), (2, "second"))]
    target = [batch(tmp_path / name / "odd", k) for k, name in ((3, "first"), (4, "second"))]
    splits = {f"{name}/{key}": value for name in ("first", "second") for key, value in SPLITS.items()}
    call(train_denoiser, **arguments(tmp_path, noisy=noisy, target=target, splits=splits))
    assert load_network(tmp_path / "models" / "main.pt").provenance["training_images"] == 4


@pytest.mark.slow
def test_a_killed_process_resumes_to_the_bytes_of_an_unbroken_one(tmp_path, pairs):
    long = {**pairs, "steps": 120, "validate_every": 10}
    call(train_denoiser, **arguments(tmp_path, **long, model=tmp_path / "unbroken.pt"))
    threads = torch.get_num_threads()
    flags = arguments(tmp_path, **long, model=tmp_path / "resumed.pt", threads=threads)
    words = command_of("train_denoiser", flags)
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    process = subprocess.Popen(words, env=environment, stderr=subprocess.DEVNULL)
    while process.poll() is None and not list((tmp_path / "unfinished").rglob("state.pt")):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was killed before it had finished"
    assert list((tmp_path / "unfinished").rglob("state.pt"))
    assert not (tmp_path / "resumed.pt").exists()
    subprocess.run(words, env=environment, check=True, stderr=subprocess.DEVNULL)
    assert (tmp_path / "resumed.pt").read_bytes() == (tmp_path / "unbroken.pt").read_bytes()
    assert list((tmp_path / "unfinished").iterdir()) == []
