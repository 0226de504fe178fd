import gzip

import numpy as np
import pytest

from clearice.files.mapped import map_images
from clearice.files.mrc import write_micrograph
from clearice.files.stacks import write_stack

PIXELS = np.random.default_rng(0).standard_normal((20, 30)).astype(np.float32)


def test_a_mapped_micrograph_is_the_written_one_and_stays_in_its_file(tmp_path):
    write_micrograph(tmp_path / "m.mrc", PIXELS, 1.5)
    mapped = map_images(tmp_path / "m.mrc")
    assert isinstance(mapped.images, np.memmap)
    np.testing.assert_array_equal(mapped.images, PIXELS[None])
    assert mapped.pixel_size_A == pytest.approx(1.5)
    with pytest.raises(ValueError, match="read-only"):
        mapped.images[0, 0, 0] = 1.0


def test_a_stack_is_mapped_image_by_image(tmp_path):
    stack = np.stack([PIXELS, 2 * PIXELS])
    write_stack(tmp_path / "s.mrcs", stack, 2.0)
    np.testing.assert_array_equal(map_images(tmp_path / "s.mrcs").images, stack)


def test_a_compressed_file_is_read_instead(tmp_path):
    write_micrograph(tmp_path / "m.mrc", PIXELS, 1.5)
    (tmp_path / "m.mrc.gz").write_bytes(gzip.compress((tmp_path / "m.mrc").read_bytes()))
    np.testing.assert_array_equal(map_images(tmp_path / "m.mrc.gz").images, PIXELS[None])


def test_a_truncated_file_is_refused(tmp_path):
    write_micrograph(tmp_path / "m.mrc", PIXELS, 1.5)
    (tmp_path / "m.mrc").write_bytes((tmp_path / "m.mrc").read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"m\.mrc"):
        map_images(tmp_path / "m.mrc")
