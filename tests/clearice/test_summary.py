"""Scores of all methods, paired with those of a reference."""

from __future__ import annotations

import math

import numpy as np
import pytest

from clearice.reporting.summary import (
    SIMULATED,
    SUMMARY_COLUMNS,
    Score,
    Summary,
    scores_of,
    summarise,
    summary_table,
)


def scores(method: str, values: list[float]) -> list[Score]:
    return [Score(method, "full", f"m{index}", "r", value) for index, value in enumerate(values)]


def by_method(found: list[Summary]) -> dict[str, Summary]:
    return {one.method: one for one in found}


def test_pairing_tells_methods_apart_where_micrographs_differ_more() -> None:
    """Every micrograph gains 1, while the micrographs spread over 100."""
    spread = [0.0, 50.0, 100.0, 20.0]
    found = by_method(
        summarise(scores("raw", spread) + scores("good", [value + 1 for value in spread]), "raw")
    )
    assert found["good"].gain == pytest.approx(1)
    assert found["good"].gain_standard_error == pytest.approx(0)
    assert found["good"].standard_error > 10
    assert found["raw"].gain == 0


def test_mean_and_standard_error() -> None:
    (found,) = summarise(scores("raw", [1.0, 2.0, 3.0, 4.0]), "raw")
    assert (found.mean, found.micrographs) == (2.5, 4)
    assert found.standard_error == pytest.approx(np.std([1, 2, 3, 4], ddof=1) / 2)


def test_values_that_are_no_number_are_left_out_and_not_hidden() -> None:
    found = by_method(summarise(scores("raw", [1.0, 2.0]) + scores("a", [math.nan, 5.0]), "raw"))
    assert (found["a"].micrographs, found["a"].mean, found["a"].gain) == (1, 5.0, 3.0)
    assert math.isnan(found["a"].standard_error)


def test_the_gain_says_how_many_pairs_it_rests_on() -> None:
    """Both have three numbers, but of two micrographs in common."""
    both = scores("raw", [1.0, 2.0, 3.0, math.nan]) + scores("a", [math.nan, 5.0, 5.0, 9.0])
    found = by_method(summarise(both, "raw"))["a"]
    assert (found.micrographs, found.pairs, found.gain) == (3, 2, 2.5)


def test_without_the_reference_there_is_no_gain() -> None:
    (found,) = summarise(scores("a", [1.0, 2.0]), "raw")
    assert math.isnan(found.gain)


def test_a_number_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="two values of r for a"):
        summarise(scores("a", [1.0]) + scores("a", [2.0]), "raw")


def test_simulated_micrographs_are_a_part_of_their_own_and_named_with_their_batch() -> None:
    rows = [
        {"method": "raw", "part": "full", "batch": batch, "micrograph": "m1", "metric": "r", "value": "0.5"}
        for batch in ("b0001", "s9999")
    ]
    assert scores_of(rows) == [
        Score("raw", "full", "b0001/m1", "r", 0.5),
        Score("raw", SIMULATED, "s9999/m1", "r", 0.5),
    ]


def test_a_table_of_summaries_has_four_digits_and_says_what_is_no_number() -> None:
    (row,) = summary_table(summarise(scores("raw", [1.23456]), "raw"))
    assert tuple(row) == SUMMARY_COLUMNS
    assert (row["mean"], row["micrographs"]) == ("1.235", 1)
    assert str(row["standard_error"]) == "nan"
