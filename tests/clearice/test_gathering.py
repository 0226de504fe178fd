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


def gather(micrographs, pairing, crop_px=4):
    """Gather images, and what is said of those left out."""
    lines = []
    found = gather_images(micrographs, pairing, crop_px, lambda name, reason: lines.append((name, reason)))
    return found, lines


def test_images_go_to_their_split_in_the_order_they_come_in():
    given = [
        Micrograph("a", "train", stack(1, 2), stack(2, 2)),
        Micrograph("b", "validation", stack(3), stack(4)),
        Micrograph("c", "train", stack(5), stack(6)),
    ]
    found, lines = gather(iter(given), "noise2noise")
    assert not lines
    assert [image.name for image in found.training] == ["a (image 1)", "a (image 2)", "c"]
    assert [image.name for image in found.validation] == ["b"]
    assert found.pixel_size_A == 3.0
    np.testing.assert_array_equal(found.training[2].target, given[2].target.images[0])


def test_no_micrographs_are_no_images_of_no_pixel_size():
    found, _ = gather([], "noise2noise")
    assert (found.training, found.validation, found.pixel_size_A) == ([], [], 0.0)


def test_pixel_sizes_may_differ_by_rounding_and_one_that_differs_by_more_is_left_out():
    near = [
        Micrograph("a", "train", stack(1, pixel_size_A=3.3), None),
        Micrograph("b", "train", stack(2), None),
        Micrograph("c", "train", stack(3, pixel_size_A=3.001), None),
    ]
    found, lines = gather(near, "added_noise")
    assert [image.name for image in found.training] == ["b", "c"]
    assert found.pixel_size_A == 3.0
    words = "a has 3.3 A/px, but most of the others 3; set rescale_to_A to a common, coarser pixel size"
    assert lines == [("a", words)]


def test_a_pair_of_two_pixel_sizes_is_left_out():
    pair = Micrograph("a", "train", stack(1), stack(2, pixel_size_A=1.5))
    found, lines = gather([pair, Micrograph("b", "train", stack(3), stack(4))], "noise2noise")
    assert [image.name for image in found.training] == ["b"]
    assert lines[0][1].startswith("a has 3 A/px, but its partner 1.5")


def test_a_batch_all_of_another_pixel_size_is_a_wrong_setting_and_ends_the_training():
    given = [
        Micrograph(name, "train", stack(number, pixel_size_A=size_A), None, batch)
        for number, (name, size_A, batch) in enumerate(
            [("a", 3.0, 0), ("b", 3.0, 0), ("c", 3.0, 0), ("d", 1.5, 1), ("e", 1.5, 1)]
        )
    ]
    with pytest.raises(ValueError, match=r"d has 1\.5 A/px, but a 3; set rescale_to_A to a common"):
        gather(given, "added_noise")
    assert len(gather(given[:4], "added_noise")[0].training) == 3


def broken(change, pairing="noise2noise"):
    """Spoil the second image of a micrograph of three images, and gather it beside a good one."""
    one = Micrograph("a", "train", stack(1, 3), stack(2, 3))
    change(one.noisy.images, one.target.images)
    return gather([one, Micrograph("b", "validation", stack(3), stack(4))], pairing)


def blank(noisy, target):
    noisy[1] = 5.0


def blank_target(noisy, target):
    target[1] = 5.0


def not_finite(noisy, target):
    noisy[1, 2, 2] = np.nan


def not_finite_target(noisy, target):
    target[1, 2, 2] = np.inf


def copied(noisy, target):
    target[1] = noisy[1]


def copied_and_scaled(noisy, target):
    target[1] = 10 - 3 * noisy[1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (blank, "the noisy image is constant"),
        (blank_target, "the second noisy image is constant"),
        (not_finite, "the noisy image has pixels that are not finite"),
        (not_finite_target, "the second noisy image has pixels that are not finite"),
        (copied, "its partner are the same image"),
        (copied_and_scaled, "its partner are the same image"),
    ],
)
def test_a_bad_image_among_good_ones_is_left_out_alone(change, words):
    found, lines = broken(change)
    assert [image.name for image in found.training] == ["a (image 1)", "a (image 3)"]
    ((name, reason),) = lines
    assert name == "a (image 2)"
    assert reason.startswith(name)
    assert words in reason


def test_a_noisy_image_that_is_its_clean_one_is_left_out():
    found, lines = broken(copied, "supervised")
    assert len(found.training) == 2
    assert "its partner are the same image" in lines[0][1]


def test_images_smaller_than_a_crop_or_of_two_sizes_or_of_a_missing_partner_are_left_out():
    def of_size(seed, *shape):
        return Stack(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))

    given = [
        Micrograph("tiny", "train", of_size(1, 1, 8, 3), of_size(2, 1, 8, 3)),
        Micrograph("uneven", "train", of_size(3, 1, 8, 8), of_size(4, 1, 8, 9)),
        Micrograph("short", "train", of_size(5, 2, 8, 8), of_size(6, 1, 8, 8)),
        Micrograph("good", "train", of_size(7, 1, 8, 8), of_size(8, 1, 8, 8)),
    ]
    found, lines = gather(given, "noise2noise")
    assert [image.name for image in found.training] == ["good"]
    assert dict(lines) == {
        "tiny": "tiny with 8 x 3 px is smaller than a crop of 4 px; lower crop_px",
        "uneven": "uneven has 8 x 8 px, but its partner 8 x 9 px; make both of the same field and size",
        "short": "short has 2 images, but its partner 1; every image needs one partner",
    }


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
    images, _ = gather([Micrograph("a", "train", stack(1), None)], "neighbor2neighbor")
    known = regression_provenance(small_training(seed=5), 99, images, trained, "abc", ["b: blank"])
    assert known["left_out"] == ["b: blank"]
    assert (known["best_step"], known["best_validation_loss"]) == (4, 1.0)
    assert (known["run_seed"], known["seed"], known["start"]) == (5, 99, "abc")
    assert (known["training_images"], known["validation_images"]) == (1, 0)
    assert known["torch"] == torch.__version__


def test_the_history_has_an_empty_cell_for_the_loss_before_the_first_step():
    rows = history_rows(Trained({}, 0, (HistoryRow(0, float("nan"), 2.0, 0.0, 0.1),)))
    assert rows == [{"step": 0, "train_loss": "", "validation_loss": 2.0, "rate": 0.0, "seconds": 0.1}]
