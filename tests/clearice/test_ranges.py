from __future__ import annotations

import numpy as np
import pytest

from clearice.simulation.ranges import Range, check_defocus, draw_defocus, is_empty, parse_range


@pytest.mark.parametrize(
    ("text", "values", "listed"),
    [
        ("0.8-2.0", (0.8, 2.0), False),
        ("1.2", (1.2, 1.2), False),
        ("1.2,1.5,0.9", (1.2, 1.5, 0.9), True),
        ("1,2", (1.0, 2.0), True),
    ],
)
def test_ranges_and_lists_are_read(text: str, values: tuple[float, ...], listed: bool) -> None:
    assert parse_range(text, "defocus_um") == Range(values, listed)


@pytest.mark.parametrize("text", ["", "far", "2.0-0.8", "1-2-3", "1-inf", "nan", "1,nan,2"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="defocus_um"):
        parse_range(text, "defocus_um")


def test_draws_fill_their_range_and_a_list_evenly() -> None:
    generator = np.random.default_rng(0)
    drawn = [Range((0.8, 2.0), False).draw(generator) for _ in range(300)]
    assert 0.8 <= min(drawn) < 0.9 and 1.9 < max(drawn) <= 2.0
    for values in ((1.0, 2.0), (1.0, 2.0, 5.0)):
        counts = np.unique([Range(values, True).draw(generator) for _ in range(900)], return_counts=True)
        assert tuple(counts[0]) == values and counts[1].min() > 0.8 * 900 / len(values)


def test_defoci_have_their_mean_and_at_most_the_astigmatism() -> None:
    generator = np.random.default_rng(0)
    defoci = [draw_defocus(Range((1.0, 1.0), False), 0.2, generator) for _ in range(300)]
    assert all(one.u_um >= one.v_um for one in defoci)
    assert max(one.u_um - one.v_um for one in defoci) == pytest.approx(0.2, abs=0.01)
    assert np.mean([one.u_um + one.v_um for one in defoci]) == pytest.approx(2.0)


def test_astigmatism_may_not_take_the_defocus_below_zero() -> None:
    assert check_defocus(Range((1.2, 2.0), False), 0.2) == pytest.approx(1.1)
    with pytest.raises(ValueError, match=r"defocus_um 0\.02 less half of astigmatism_um 0\.05 is -0\.005 um"):
        check_defocus(Range((0.02, 1.0), False), 0.05)


@pytest.mark.parametrize("fraction", [0.0, 0.2, 0.25, 0.5, 1.0])
@pytest.mark.parametrize("fields", [10, 50, 90])
def test_any_row_of_fields_has_its_share_of_empty_ones(fraction: float, fields: int) -> None:
    for first in (0.0, 0.31, 0.99):
        empty = sum(is_empty(index, fraction, first) for index in range(fields))
        assert empty == pytest.approx(fraction * fields, abs=2.0)


def test_batches_of_one_field_are_empty_as_often_as_asked() -> None:
    firsts = np.random.default_rng(0).random(4000)
    assert np.mean([is_empty(0, 0.25, float(first)) for first in firsts]) == pytest.approx(0.25, abs=0.03)
