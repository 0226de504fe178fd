"""Stacks of images: what is written is read, equal images give equal bytes."""

import gzip

import mrcfile
import numpy as np
import pytest

from clearice.files.mrc import write_micrograph
from clearice.files.stacks import read_stack, write_stack


def images(seed=0, count=3, side=8):
    return np.random.default_rng(seed).standard_normal((count, side, side + 2)).astype(np.float32)


def test_what_is_written_is_read(tmp_path):
    write_stack(tmp_path / "s.mrcs", images(), 1.5, "clearice: a test")
    stack = read_stack(tmp_path / "s.mrcs")
    np.testing.assert_array_equal(stack.images, images())
    assert stack.pixel_size_A == pytest.approx(1.5)
    assert stack.label == "clearice: a test"


def test_the_file_is_a_valid_image_stack_with_true_statistics(tmp_path):
    write_stack(tmp_path / "s.mrcs", images(), 1.5)
    with mrcfile.open(tmp_path / "s.mrcs") as mrc:
        assert mrc.is_image_stack()
        assert float(mrc.header.dmean) == pytest.approx(float(images().mean()), abs=1e-6)
        assert float(mrc.header.rms) == pytest.approx(float(images().std()), rel=1e-5)
        assert int(mrc.header.nlabl) == 1


@pytest.mark.parametrize("shape", [(1, 5, 7), (3, 40, 33), (9, 128, 130)])
@pytest.mark.parametrize("pixel_size_A", [0.0, 1.057, 3.141592653])
def test_a_stack_has_the_bytes_that_mrcfile_writes(tmp_path, shape, pixel_size_A):
    stack = (50 + 7 * np.random.default_rng(1).standard_normal(shape)).astype(np.float32)
    write_stack(tmp_path / "ours.mrcs", stack, pixel_size_A, "clearice: a test")
    with mrcfile.new(tmp_path / "theirs.mrcs") as mrc:
        mrc.set_data(stack)
        mrc.set_image_stack()
        mrc.voxel_size = pixel_size_A
        mrc.header.label[0] = "clearice: a test"
    assert (tmp_path / "ours.mrcs").read_bytes() == (tmp_path / "theirs.mrcs").read_bytes()
    with mrcfile.open(tmp_path / "ours.mrcs") as mrc:
        assert read_stack(tmp_path / "ours.mrcs").pixel_size_A == float(mrc.voxel_size.x)


def test_a_compressed_stack_of_integers_is_read_as_what_it_holds(tmp_path):
    counts = np.random.default_rng(2).integers(0, 100, (3, 8, 10))
    with mrcfile.new(tmp_path / "s.mrcs", data=counts.astype(np.uint16)) as mrc:
        mrc.voxel_size = 2.0
    (tmp_path / "s.mrcs.gz").write_bytes(gzip.compress((tmp_path / "s.mrcs").read_bytes()))
    for name in ("s.mrcs", "s.mrcs.gz"):
        stack = read_stack(tmp_path / name)
        np.testing.assert_array_equal(stack.images, counts)
        assert stack.images.dtype == np.float32 and stack.pixel_size_A == 2.0


def test_equal_images_give_equal_bytes_under_any_name(tmp_path):
    for name in ("a", "b"):
        write_stack(tmp_path / name / "s.mrcs", images(), 1.5)
    assert (tmp_path / "a" / "s.mrcs").read_bytes() == (tmp_path / "b" / "s.mrcs").read_bytes()


def test_a_single_image_is_a_stack_of_one(tmp_path):
    write_micrograph(tmp_path / "m.mrc", images()[0], 2.0)
    np.testing.assert_array_equal(read_stack(tmp_path / "m.mrc").images, images()[:1])


def test_what_is_no_stack_of_finite_images_is_not_written(tmp_path):
    bad = images()
    bad[1, 2, 3] = np.nan
    with pytest.raises(ValueError, match="NaN or Inf"):
        write_stack(tmp_path / "s.mrcs", bad, 1.0)
    with pytest.raises(ValueError, match="rows and columns"):
        write_stack(tmp_path / "s.mrcs", images()[0], 1.0)
    with pytest.raises(ValueError, match="pixel size -1"):
        write_stack(tmp_path / "s.mrcs", images(), -1.0)
    with pytest.raises(ValueError, match="at most 80"):
        write_stack(tmp_path / "s.mrcs", images(), 1.0, 81 * "x")
    assert not (tmp_path / "s.mrcs").exists()


def test_a_damaged_file_is_one_sentence(tmp_path):
    write_stack(tmp_path / "s.mrcs", images(), 1.5)
    whole = (tmp_path / "s.mrcs").read_bytes()
    for data, sentence in (
        (b"not an MRC file", "is no MRC file"),
        (b"", "is empty"),
        (whole[:-1], "is truncated: it holds 2 whole images of the 3"),
    ):
        (tmp_path / "s.mrcs").write_bytes(data)
        with pytest.raises(ValueError, match=rf"s\.mrcs {sentence}"):
            read_stack(tmp_path / "s.mrcs")
    with pytest.raises(FileNotFoundError, match=r"gone\.mrcs is missing"):
        read_stack(tmp_path / "gone.mrcs")
