"""The images of a training: one pixel size, split as marked, in order."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from clearice.config.training import DenoiserTraining
from clearice.training.gathering import Micrograph, gather_images
from clearice.training.initialisation import check_start
from clearice.training.records import (
    history_rows,
    network_settings,
    regression_provenance,
    regression_record,
)
from clearice.training.regression import Trained
from clearice.training.resume import HistoryRow
from support.training import small_training


@dataclass(frozen=True)
class Stack:
    images: np.ndarray
    pixel_size_A: float = 3.0


def stack(seed, count=1, pixel_size_A=3.0):
    noise = np.random.default_rng(seed).standard_normal((count, 8, 8)).astype(np.float32)
    return Stack(noise, pixel_size_A)


def test_images_go_to_their_split_in_the_order_they_come_in():
    given = [
        Micrograph("a", "train", stack(1, 2), stack(2, 2)),
        Micrograph("b", "validation", stack(3), stack(4)),
        Micrograph("c", "train", stack(5), stack(6)),
    ]
    found = gather_images(iter(given), "noise2noise")
    assert [image.name for image in found.training] == ["a (image 1)", "a (image 2)", "c"]
    assert [image.name for image in found.validation] == ["b"]
    assert found.pixel_size_A == 3.0
    np.testing.assert_array_equal(found.training[2].target, given[2].target.images[0])


def test_no_micrographs_are_no_images_of_no_pixel_size():
    found = gather_images([], "noise2noise")
    assert (found.training, found.validation, found.pixel_size_A) == ([], [], 0.0)


def test_pixel_sizes_may_differ_by_rounding_and_not_by_more():
    near = [
        Micrograph("a", "train", stack(1), None),
        Micrograph("b", "train", stack(2, pixel_size_A=3.001), None),
    ]
    assert len(gather_images(near, "added_noise").training) == 2
    far = [*near, Micrograph("c", "train", stack(3, pixel_size_A=3.3), None)]
    with pytest.raises(ValueError, match=r"c has 3\.3 A/px, but b 3\.001; set rescale_to_A to a common"):
        gather_images(far, "added_noise")
    pair = [Micrograph("a", "train", stack(1), stack(2, pixel_size_A=1.5))]
    with pytest.raises(ValueError, match=r"a has 3 A/px, but its partner 1\.5"):
        gather_images(pair, "noise2noise")


WANTED = {"width": 12, "first_kernel": 5, "last_kernel": 3}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "noise_gan"}, "coarse.pt holds a noise_gan with .* but a unet with .* is to be trained"),
        ({"settings": {**WANTED, "width": 48}}, "'width': 48.* set width, first_kernel and last_kernel"),
        ({"pixel_size_A": 6.0}, r"the training set has 3 A/px, but coarse\.pt 6; set rescale_to_A"),
    ],
)
def test_weights_of_another_network_or_scale_are_no_start(changes, words):
    given = {"kind": "unet", "settings": dict(WANTED), "pixel_size_A": 3.0}
    wanted = {"wanted_settings": WANTED, "wanted_pixel_size_A": 3.0}
    check_start("coarse.pt", **given, **wanted)
    check_start("coarse.pt", **{**given, "pixel_size_A": None}, **wanted)
    with pytest.raises(ValueError, match=words):
        check_start("coarse.pt", **{**given, **changes}, **wanted)


def test_the_record_of_a_training_holds_every_setting_but_those_of_the_run():
    settings = small_training(curriculum_start=0.2, curriculum_fraction=0.5)
    record = {**regression_record(settings, 99), **network_settings(settings)}
    assert set(DenoiserTraining.model_fields) - set(record) == {"warm_start"}
    assert record["seed"] == 99
    assert record["full_noise_step"] == 6
    same = set(DenoiserTraining.model_fields) & set(record) - {"seed"}
    assert {name: record[name] for name in same} == settings.model_dump(include=same)


def test_the_provenance_names_the_best_validation_and_the_seed_of_the_run():
    history = (
        HistoryRow(0, float("nan"), 2.0, 0.0, 0.1),
        HistoryRow(4, 1.5, 1.0, 0.01, 0.2),
        HistoryRow(8, 0.9, 1.2, 0.01, 0.3),
    )
    trained = Trained({}, 4, history)
    images = gather_images([Micrograph("a", "train", stack(1), None)], "neighbor2neighbor")
    known = regression_provenance(small_training(seed=5), 99, images, trained, "abc")
    assert (known["best_step"], known["best_validation_loss"]) == (4, 1.0)
    assert (known["run_seed"], known["seed"], known["start"]) == (5, 99, "abc")
    assert (known["training_images"], known["validation_images"]) == (1, 0)
    assert known["torch"] == torch.__version__


def test_the_history_has_an_empty_cell_for_the_loss_before_the_first_step():
    rows = history_rows(Trained({}, 0, (HistoryRow(0, float("nan"), 2.0, 0.0, 0.1),)))
    assert rows == [{"step": 0, "train_loss": "", "validation_loss": 2.0, "rate": 0.0, "seconds": 0.1}]
