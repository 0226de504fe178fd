from pathlib import Path

import pytest

from clearice.run.batches import FAILED, OK, ManifestRow, write_manifest
from clearice.run.left_out import LeftOut
from clearice.run.training_set import chosen_files, split_of


def manifest(folder: Path, **rows: str) -> Path:
    """Write a manifest; every value is a checksum, or failed."""
    path = folder / "manifest.tsv"
    write_manifest(
        path,
        [
            ManifestRow(name, "", FAILED, "broken", "")
            if value == "failed"
            else ManifestRow(name, f"{name}.mrc", OK, "", value)
            for name, value in rows.items()
        ],
    )
    return path


def test_only_micrographs_marked_train_or_validation_are_chosen(tmp_path):
    even, odd = (
        manifest(tmp_path / "e", a="1", b="2", c="3", d="4"),
        manifest(tmp_path / "o", a="5", b="6", c="7", d="8"),
    )
    chosen = chosen_files(
        [even], [odd], {"a": "train", "b": "validation", "c": "test"}, LeftOut(), with_partner=True
    )
    assert [(one.name, one.split) for one in chosen] == [("a", "train"), ("b", "validation")]
    assert (chosen[0].noisy, chosen[0].target) == (tmp_path / "e" / "a.mrc", tmp_path / "o" / "a.mrc")


def test_a_micrograph_that_failed_on_either_side_is_left_out(tmp_path):
    even, odd = (
        manifest(tmp_path / "e", a="1", b="failed", c="3"),
        manifest(tmp_path / "o", a="5", b="6", c="failed"),
    )
    splits = dict.fromkeys("abc", "train")
    left_out = LeftOut()
    assert [one.name for one in chosen_files([even], [odd], splits, left_out, with_partner=True)] == ["a"]
    assert left_out.lines == ["b is failed: broken", "c is failed: broken"]


@pytest.mark.parametrize("swapped", [False, True])
def test_a_micrograph_without_partner_is_left_out(tmp_path, swapped):
    pair = [manifest(tmp_path / "e", a="1", b="2"), manifest(tmp_path / "o", a="5")]
    first, second = pair[::-1] if swapped else pair
    left_out, splits = LeftOut(), {"a": "train", "b": "train"}
    chosen = chosen_files([first], [second], splits, left_out, with_partner=True)
    assert [one.name for one in chosen] == ["a"]
    (line,) = left_out.lines
    assert line == f"b is in {pair[0]}, but its partner is missing in {pair[1]}; remake that batch"


def test_an_image_paired_with_itself_is_left_out(tmp_path):
    even, odd = manifest(tmp_path / "e", a="1", b="2"), manifest(tmp_path / "o", a="1", b="3")
    left_out, splits = LeftOut(), {"a": "train", "b": "train"}
    assert [one.name for one in chosen_files([even], [odd], splits, left_out, with_partner=True)] == ["b"]
    assert left_out.lines == ["a and its partner are the same image; give two exposures of one field"]


def test_one_image_under_two_names_is_learned_from_once(tmp_path):
    """It would else validate what it has taught."""
    batches = [manifest(tmp_path / "1", a="1", b="2"), manifest(tmp_path / "2", c="1")]
    left_out, splits = LeftOut(), {"a": "train", "b": "train", "c": "validation"}
    chosen = chosen_files(batches, [], splits, left_out, with_partner=False)
    assert [one.name for one in chosen] == ["a", "b"]
    assert left_out.lines == ["c is the same image as a; list it once"]


def test_the_batch_of_a_micrograph_is_known(tmp_path):
    batches = [manifest(tmp_path / "1", a="1"), manifest(tmp_path / "2", b="2")]
    chosen = chosen_files(batches, [], {"a": "train", "b": "train"}, LeftOut(), with_partner=False)
    assert [one.batch for one in chosen] == [0, 1]


def test_as_many_manifests_of_targets_as_of_noisy_images_are_needed(tmp_path):
    even = manifest(tmp_path / "e", a="1")
    with pytest.raises(
        ValueError, match="0 manifests of targets are given beside 1 of noisy images, but 1 are"
    ):
        chosen_files([even], [], {"a": "train"}, LeftOut(), with_partner=True)
    with pytest.raises(ValueError, match="but 0 are needed"):
        chosen_files([even], [even], {"a": "train"}, LeftOut(), with_partner=False)
    assert chosen_files([even], [], {"a": "train"}, LeftOut(), with_partner=False)[0].target is None


def test_equal_names_of_two_datasets_are_told_apart_by_the_dataset():
    splits = {"first/m1": "train", "second/m1": "validation"}
    assert split_of("m1", Path("results/first/sums/even/b0001/manifest.tsv"), splits) == "train"
    assert split_of("m1", Path("results/second/sums/even/b0001/manifest.tsv"), splits) == "validation"
    assert split_of("m1", Path("results/third/sums/even/b0001/manifest.tsv"), splits) == ""


def test_two_splits_of_one_micrograph_are_refused():
    with pytest.raises(
        ValueError, match=r"m1 of .* is marked test and train; use dataset/micrograph as keys"
    ):
        split_of("m1", Path("results/first/b0001/manifest.tsv"), {"first/m1": "train", "m1": "test"})
