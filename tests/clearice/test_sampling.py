"""Noise fields: spectra, seams and random draws of every source, whatever their size."""

from typing import get_args

import numpy as np
import pytest

from clearice.config.stages.sample_noise import SampleNoise
from clearice.noise.sampling import (
    SOURCES,
    GeneratorOutput,
    coloured_fields,
    extracted_fields,
    gaussian_fields,
    quilted,
    standardised,
)
from clearice.noise.spectral_shaping import (
    amplitude_on,
    colour,
    output_amplitude,
    radial_amplitude,
    training_amplitude,
    whiten,
)

SIDE = 32


def coloured_noise(count, side=SIDE, seed=0):
    """Noise whose amplitude falls from 2.5 to about 0.5 over the frequencies."""
    generator = np.random.default_rng(seed)
    larger = generator.standard_normal((count, 2 * side, 2 * side)).astype(np.float32)
    frequency = np.arange(60) / SIDE
    made = colour(larger, 0.5 + 2.0 * np.exp(-((frequency / 0.15) ** 2)), SIDE)
    return made[:, :side, :side].copy()


def test_white_noise_has_a_flat_amplitude_of_its_standard_deviation():
    noise = 3.0 * np.random.default_rng(0).standard_normal((400, SIDE, SIDE)).astype(np.float32)
    np.testing.assert_allclose(radial_amplitude(noise), 3.0, rtol=0.06)


def test_a_wave_shows_in_its_ring_alone():
    wave = np.cos(2 * np.pi * 8 * np.arange(64) / 64).astype(np.float32)
    amplitude = radial_amplitude(np.tile(wave, (1, 64, 1)))
    assert amplitude.argmax() == 8
    # The Hann window blurs by one ring and no further.
    assert amplitude[[4, 5, 11, 12, 20]].max() < 1e-2 * amplitude[8]


def test_colouring_undoes_whitening():
    patches = coloured_noise(20)
    amplitude = radial_amplitude(patches)
    np.testing.assert_allclose(colour(whiten(patches, amplitude, SIDE), amplitude, SIDE), patches, atol=1e-4)


def test_whitened_patches_are_white():
    patches = coloured_noise(600)
    white = radial_amplitude(whiten(patches, radial_amplitude(patches), SIDE))
    np.testing.assert_allclose(white[1 : SIDE // 2], 1.0, rtol=0.1)


def test_an_amplitude_is_the_same_curve_on_every_shape():
    amplitude = np.linspace(2.0, 0.5, 30)
    small, large = (
        amplitude_on((SIDE, SIDE), amplitude, SIDE),
        amplitude_on((4 * SIDE, 4 * SIDE), amplitude, SIDE),
    )
    np.testing.assert_allclose(large[::4, ::4][: SIDE // 2], small[: SIDE // 2], rtol=1e-6)


def test_without_whitening_patches_stay_as_they_are():
    patches = coloured_noise(10)
    np.testing.assert_allclose(whiten(patches, training_amplitude(patches, False), SIDE), patches, atol=1e-5)


@pytest.mark.parametrize("whitened", [True, False])
def test_the_output_amplitude_gives_fakes_the_scale_of_the_real(whitened):
    patches = coloured_noise(500)
    patches /= patches.std()
    fake = 0.4 * np.random.default_rng(1).standard_normal((500, SIDE, SIDE)).astype(np.float32)
    if not whitened:
        fake = 0.4 * coloured_noise(500, seed=2)
    made = colour(fake, output_amplitude(training_amplitude(patches, whitened), fake, whitened), SIDE)
    assert made.std() == pytest.approx(1.0, rel=0.05)
    np.testing.assert_allclose(
        radial_amplitude(made)[1 : SIDE // 2], radial_amplitude(patches)[1 : SIDE // 2], rtol=0.15
    )


def test_every_micrograph_is_standardised_by_one_mean_and_one_sd():
    generator = np.random.default_rng(3)
    stacks = [
        (mean + sd * generator.standard_normal((40, 16, 16))).astype(np.float32)
        for mean, sd in [(10, 2), (40, 4)]
    ]
    stacks[0][:20] += 1.0
    pooled, scale = standardised(stacks)
    for part in (pooled[:40], pooled[40:]):
        assert part.mean() == pytest.approx(0.0, abs=1e-5)
        assert part.std() == pytest.approx(1.0, rel=1e-4)
    # What differs between patches of one micrograph stays.
    assert pooled[:20].mean() - pooled[20:40].mean() == pytest.approx(0.49, abs=0.1)
    assert scale.mean == pytest.approx(25.2, abs=0.3)
    assert scale.sd == pytest.approx(3.0, rel=0.05)


def test_constant_patches_are_refused():
    with pytest.raises(ValueError, match="patches must be finite and vary"):
        standardised([np.ones((3, 8, 8), np.float32)])


def make_gaussian(count, field_px, patches, seed=0):
    return gaussian_fields(patches, count, field_px, np.random.default_rng(seed))


def make_extracted(count, field_px, patches, seed=0):
    return extracted_fields(patches, count, field_px, np.random.default_rng(seed))


def make_with_a_generator(count, field_px, patches, seed=0):
    generator = np.random.default_rng(seed)
    output = GeneratorOutput(offset=0.5, amplitude=radial_amplitude(patches), patch_px=SIDE)

    def white(number, side):
        return 0.5 + generator.standard_normal((number, side, side), dtype=np.float32)

    return coloured_fields(white, output, count, field_px, any_size=True, batch_size=8, generator=generator)


def make_with_a_patch_generator(count, field_px, patches, seed=0):
    generator = np.random.default_rng(seed)
    output = GeneratorOutput(offset=0.5, amplitude=radial_amplitude(patches), patch_px=SIDE)

    def white(number, side):
        assert side == SIDE
        return 0.5 + generator.standard_normal((number, side, side), dtype=np.float32)

    return coloured_fields(white, output, count, field_px, any_size=False, batch_size=8, generator=generator)


MAKERS = [make_gaussian, make_extracted, make_with_a_generator, make_with_a_patch_generator]


@pytest.mark.parametrize("make", MAKERS)
def test_large_fields_have_the_spectrum_of_the_patches(make):
    patches = coloured_noise(400, seed=4)
    fields = make(12, 128, patches)
    assert fields.shape == (12, 128, 128)
    assert fields.dtype == np.float32
    assert fields.std() == pytest.approx(patches.std(), rel=0.05)
    tiles = fields.reshape(12, 4, SIDE, 4, SIDE).transpose(0, 1, 3, 2, 4).reshape(-1, SIDE, SIDE)
    # One ring of blur at most, by the window of a quilt.
    np.testing.assert_allclose(
        radial_amplitude(tiles)[1 : SIDE // 2], radial_amplitude(patches)[1 : SIDE // 2], rtol=0.2
    )


@pytest.mark.parametrize("make", MAKERS)
def test_large_fields_are_stationary_and_have_no_seams(make):
    patches = coloured_noise(400, seed=5)
    fields = make(60, 96, patches, seed=1)
    variance = (fields**2).mean(axis=0)
    lines = np.stack([variance.mean(axis=0), variance.mean(axis=1)])
    assert np.abs(lines / lines.mean() - 1).max() < 0.3
    # Borders are like the middle, and steps between neighbours are equally large everywhere: a seam would stand out.
    assert variance[:, :8].mean() == pytest.approx(variance[:, 40:56].mean(), rel=0.15)
    steps = (np.diff(fields, axis=2) ** 2).mean(axis=(0, 1))
    assert np.abs(steps / steps.mean() - 1).max() < 0.25
    # Opposite borders know nothing of each other.
    assert abs(np.corrcoef(fields[:, :, 0].ravel(), fields[:, :, -1].ravel())[0, 1]) < 0.06


@pytest.mark.parametrize("make", MAKERS)
def test_equal_seeds_give_equal_fields_and_others_do_not(make):
    patches = coloured_noise(50)
    np.testing.assert_array_equal(make(3, 48, patches, seed=7), make(3, 48, patches, seed=7))
    assert not np.allclose(make(3, 48, patches, seed=7), make(3, 48, patches, seed=8))
    fields = make(3, 48, patches, seed=7)
    assert abs(np.corrcoef(fields[0].ravel(), fields[1].ravel())[0, 1]) < 0.2


def test_extracted_fields_of_the_patch_size_are_turned_patches():
    patches = np.random.default_rng(0).standard_normal((5, 16, 16)).astype(np.float32)
    turned = {
        np.rot90(form, turns).tobytes()
        for patch in patches
        for form in (patch, patch[:, ::-1])
        for turns in range(4)
    }
    drawn = extracted_fields(patches, 200, 16, np.random.default_rng(1))
    assert {np.ascontiguousarray(field).tobytes() for field in drawn} <= turned
    assert len({field.tobytes() for field in drawn}) > 35


def test_a_quilt_has_the_variance_of_its_patches_at_every_pixel():
    generator = np.random.default_rng(2)

    def draw(number):
        return generator.standard_normal((number, 16, 16), dtype=np.float32)

    variance = np.mean([quilted(draw, 16, 40, generator) ** 2 for _ in range(1500)], axis=0)
    np.testing.assert_allclose(variance, 1.0, atol=0.2)


def test_the_config_may_name_every_source_and_no_other():
    assert get_args(SampleNoise.model_fields["source"].annotation) == SOURCES
