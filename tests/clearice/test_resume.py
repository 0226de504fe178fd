import io

import numpy as np
import pytest
import torch
from torch import nn

from clearice.files.training_state import load_state, remove_state, save_state
from clearice.training.initialisation import initialise
from clearice.training.regression import train
from clearice.training.resume import run_key
from support.training import small_training


class Killed(BaseException):
    """Stands for a kill: nothing in the training may catch it."""


class KilledAfter(nn.Module):
    """A network whose training dies in a given forward pass."""

    def __init__(self, passes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1), nn.LeakyReLU(0.1), nn.Conv2d(4, 1, 3, padding=1)
        )
        self.left = passes
        initialise(self, torch.Generator().manual_seed(0))

    def forward(self, images):
        self.left -= 1
        if self.left == 0:
            raise Killed
        return self.layers(images)


def pair(index):
    generator = np.random.default_rng(index)
    return tuple(generator.standard_normal((2, 8, 8)).astype(np.float32))


def trained(folder, optimiser, killed_after=-1, patience=0, steps=12):
    settings = small_training(
        steps=steps,
        pairing="noise2noise",
        optimiser=optimiser,
        schedule="cosine",
        warmup_steps=3,
        clip_norm=1.0,
        validation_crops=4,
        patience=patience,
    )
    return train(
        KilledAfter(killed_after),
        pair,
        lambda index: pair(1000 + index),
        settings,
        device=torch.device("cpu"),
        workers=2,
        resume_from=load_state(folder),
        save_state=lambda state: save_state(folder, state),
    )


def bytes_of(result) -> bytes:
    stream = io.BytesIO()
    torch.save(result.weights, stream)
    return stream.getvalue()


def without_seconds(result):
    return [(row.step, row.train_loss, row.validation_loss, row.rate) for row in result.history[1:]]


@pytest.mark.parametrize("optimiser", ["adagrad", "adam", "adamw", "sgd"])
@pytest.mark.parametrize("killed_after", [4, 10, 15])
def test_a_killed_training_resumes_to_the_bytes_of_an_unbroken_one(tmp_path, optimiser, killed_after):
    unbroken = trained(tmp_path / "unbroken", optimiser)
    with pytest.raises(Killed):
        trained(tmp_path / "broken", optimiser, killed_after)
    resumed = trained(tmp_path / "broken", optimiser)
    assert bytes_of(resumed) == bytes_of(unbroken)
    assert without_seconds(resumed) == without_seconds(unbroken)
    assert [row.seconds for row in resumed.history] == sorted(row.seconds for row in resumed.history)


def test_resuming_really_goes_on_and_does_not_start_again(tmp_path):
    with pytest.raises(Killed):
        trained(tmp_path, "adam", 15)
    assert load_state(tmp_path)["step"] == 8
    # 4 steps and 1 validation of 2 batches are left: 6 forward passes and no more
    trained(tmp_path, "adam", 7)


def test_a_training_killed_twice_and_one_that_was_finished_give_the_same(tmp_path):
    unbroken = trained(tmp_path / "unbroken", "adam")
    for passes in (9, 4):
        with pytest.raises(Killed):
            trained(tmp_path / "broken", "adam", passes)
    assert bytes_of(trained(tmp_path / "broken", "adam")) == bytes_of(unbroken)
    assert bytes_of(trained(tmp_path / "broken", "adam", 1)) == bytes_of(unbroken), (
        "no pass is needed any more"
    )


def test_a_training_that_had_stopped_early_stays_stopped(tmp_path):
    stopped = trained(tmp_path, "sgd", patience=1, steps=400)
    assert stopped.history[-1].step < 400
    assert bytes_of(trained(tmp_path, "sgd", 1, patience=1, steps=400)) == bytes_of(stopped)


def test_the_key_changes_with_every_parameter_input_and_the_code():
    keys = {
        run_key({"steps": 5}, ["aa"], "c"),
        run_key({"steps": 6}, ["aa"], "c"),
        run_key({"steps": 5}, ["ab"], "c"),
        run_key({"steps": 5}, ["aa", "aa"], "c"),
        run_key({"steps": 5}, ["aa"], "d"),
    }
    assert len(keys) == 5
    assert run_key({"a": 1, "b": 2}, [], "") == run_key({"b": 2, "a": 1}, [], "")


def test_a_damaged_state_is_an_error_and_not_a_silent_new_start(tmp_path):
    save_state(tmp_path, {"step": 3})
    (tmp_path / "state.pt").write_bytes((tmp_path / "state.pt").read_bytes()[:100])
    with pytest.raises(ValueError, match=r"state.pt, the state of an unfinished training, is damaged"):
        load_state(tmp_path)


def test_no_state_is_none_and_a_finished_training_leaves_none(tmp_path):
    folder = tmp_path / "a"
    assert load_state(folder) is None
    save_state(folder, {"step": 3, "weights": {"w": torch.ones(2)}})
    assert load_state(folder)["step"] == 3
    remove_state(folder)
    assert not folder.exists()
