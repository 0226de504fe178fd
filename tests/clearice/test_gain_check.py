"""The frames say whether the gain lies right, or that they cannot tell."""

import numpy as np
import pytest

from clearice.movies import gain_check
from clearice.movies.gain import prepare_gain
from clearice.movies.gain_check import UNKNOWN, GainCheck

GIVEN = [(rotation, flip) for rotation in range(4) for flip in ("none", "up_down", "left_right")]


def _reference(shape=(256, 256), spread=0.1, seed=0):
    return np.exp(np.random.default_rng(seed).normal(0, spread, shape)).astype(np.float32)


def _frames(reference, mean, operation, rotation, flip, seed=1):
    """Sum frames of a detector that the gain, so applied, makes flat, with a specimen on it."""
    factor = prepare_gain(reference, operation, rotation, flip).factor
    waves = 1 + 0.2 * np.sin(np.arange(factor.shape[0]) / 9)[:, None]
    return np.random.default_rng(seed).poisson(mean * waves / factor).astype(np.float32)


@pytest.mark.parametrize("operation", ["multiply", "divide"])
@pytest.mark.parametrize(("rotation", "flip"), GIVEN)
def test_a_gain_that_lies_right_passes_at_few_counts(operation, rotation, flip):
    reference = _reference((192, 256))
    raw = _frames(reference, 1.0, operation, rotation, flip)
    assert GainCheck(reference, operation, rotation, flip).ask(raw) == ""


@pytest.mark.parametrize(("rotation", "flip"), GIVEN)
def test_the_orientation_that_flattens_is_named_and_does(rotation, flip):
    reference = _reference()
    raw = _frames(reference, 0.5, "multiply", rotation, flip)
    for given in [(0, "none"), (1, "up_down")]:
        check = GainCheck(reference, "multiply", *given)
        if np.array_equal(
            *(prepare_gain(reference, "multiply", *one).factor for one in (given, (rotation, flip)))
        ):
            assert check.ask(raw) == ""
            continue
        with pytest.raises(ValueError, match="does not lie as the frames do") as refusal:
            check.ask(raw)
        words = str(refusal.value).split("flattened by ")[1].split(" (")[0].replace(",", "").split()
        assert words[:2] == ["gain_operation", "multiply"]
        assert GainCheck(reference, "multiply", int(words[3]), words[6]).ask(raw) == ""


def test_multiplying_and_dividing_are_told_apart():
    reference = _reference()
    raw = _frames(reference, 3, "divide", 2, "none")
    with pytest.raises(
        ValueError, match="flattened by gain_operation divide, gain_rotation 2 and gain_flip none"
    ):
        GainCheck(reference, "multiply", 2, "none").ask(raw)


def test_frames_that_are_not_square_have_four_orientations():
    reference = _reference((160, 240))
    raw = _frames(reference, 2, "multiply", 3, "none")
    with pytest.raises(ValueError, match="gain_rotation 3 and gain_flip none"):
        GainCheck(reference, "multiply", 1, "none").ask(raw)
    pattern = gain_check.pattern_of(reference)
    assert len(gain_check.trace_in(raw, pattern, 1.0).found) == 4


@pytest.mark.parametrize(("mean", "spread"), [(20, 0.0), (0.5, 0.003), (3, 0.001)])
def test_a_gain_too_flat_for_the_counts_is_a_note_whatever_its_orientation(mean, spread):
    reference = _reference(spread=spread)
    raw = _frames(reference, mean, "multiply", 1, "none")
    for rotation in range(4):
        assert GainCheck(reference, "multiply", rotation, "none").ask(raw) == UNKNOWN


@pytest.mark.parametrize(
    "raw",
    [
        lambda reference: np.random.default_rng(5).poisson(20, reference.shape),
        lambda reference: _frames(_reference(seed=7), 20, "multiply", 0, "none"),
    ],
    ids=["corrected already", "of another detector"],
)
def test_a_gain_without_a_trace_in_the_frames_is_refused(raw):
    reference = _reference()
    with pytest.raises(ValueError, match="in no orientation .* leave the column gain empty"):
        GainCheck(reference, "multiply", 0, "none").ask(raw(reference).astype(np.float32))


def test_dead_and_hot_pixels_do_not_sway_the_verdict():
    reference = _reference()
    raw = _frames(reference, 3, "multiply", 1, "none")
    reference[5] = 0
    reference[40, 40] = np.nan
    raw[:, 9] = 0
    raw[100, 100] = raw[7, 200] = 1e6
    assert GainCheck(reference, "multiply", 1, "none").ask(raw) == ""
    with pytest.raises(ValueError, match="gain_rotation 1 and gain_flip none"):
        GainCheck(reference, "multiply", 0, "none").ask(raw)


def test_uneven_illumination_does_not_sway_the_verdict():
    """A reference falls off where its own flat field did; the beam of the frames lies elsewhere."""
    slow = np.linspace(-1, 1, 256)
    reference = (_reference(spread=0.02) * np.exp(0.5 * slow)).astype(np.float32)
    raw = _frames(reference, 20, "multiply", 0, "none") * np.exp(2 * slow)
    raw = np.random.default_rng(3).poisson(raw).astype(np.float32)
    assert GainCheck(reference, "multiply", 0, "none").ask(raw) == ""
    with pytest.raises(ValueError, match="gain_rotation 0 and gain_flip none"):
        GainCheck(reference, "multiply", 0, "left_right").ask(raw)


def test_one_answer_is_enough_for_a_batch(monkeypatch):
    reference = _reference()
    right, wrong = (GainCheck(reference, "multiply", rotation, "none") for rotation in (1, 0))
    raw = _frames(reference, 3, "multiply", 1, "none")
    assert right.ask(raw) == ""
    with pytest.raises(ValueError, match="gain_rotation 1") as first:
        wrong.ask(raw)
    monkeypatch.setattr(gain_check, "trace_in", lambda *_: pytest.fail("the frames were asked again"))
    assert right.ask(raw) == ""
    with pytest.raises(ValueError) as second:
        wrong.ask(raw)
    assert str(first.value) == str(second.value)


def test_movies_too_weak_alone_tell_together():
    reference = _reference(spread=0.02)
    right, wrong = (GainCheck(reference, "multiply", rotation, "none") for rotation in (1, 0))
    notes = []
    with pytest.raises(ValueError, match="gain_rotation 1 and gain_flip none"):
        for seed in range(20):
            raw = _frames(reference, 0.5, "multiply", 1, "none", seed)
            right.ask(raw)
            notes.append(wrong.ask(raw))
    assert len(notes) > 1 and set(notes) == {UNKNOWN} and right.decided and right.refusal == ""
    assert right.ask(_frames(reference, 2, "multiply", 1, "none", 99)) == ""


def test_a_movie_that_cannot_tell_leaves_the_answer_to_the_next():
    reference = _reference(spread=0.02)
    check = GainCheck(reference, "multiply", 0, "none")
    assert check.ask(_frames(reference, 0.2, "multiply", 1, "none")) == UNKNOWN
    with pytest.raises(ValueError, match="gain_rotation 1"):
        check.ask(_frames(reference, 60, "multiply", 1, "none"))
