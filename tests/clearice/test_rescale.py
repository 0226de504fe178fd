import numpy as np
import pytest

from clearice.image.rescale import rescale_images


def test_a_coarser_image_keeps_its_mean_and_its_slow_waves():
    rows = np.arange(60)
    wave = np.cos(2 * np.pi * 3 * rows / 60)[:, None] * np.ones(60)[None, :] + 7.0
    coarse = rescale_images("m", wave.astype(np.float32)[None], 1.0, 3.0)
    assert coarse.shape == (1, 20, 20)
    np.testing.assert_allclose(coarse[0], wave[::3, ::3], atol=1e-4)


@pytest.mark.parametrize("pixel_size_A", [0.0, 3.5])
def test_an_unknown_or_coarser_pixel_size_is_refused(pixel_size_A):
    with pytest.raises(ValueError, match="only goes to a coarser pixel size"):
        rescale_images("m", np.zeros((1, 8, 8), np.float32), pixel_size_A, 3.0)
