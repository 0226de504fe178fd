import errno

import pytest

from clearice.files.tables import write_table
from clearice.run.left_out import NOTE, LeftOut, left_out_of


def test_what_goes_wrong_with_one_is_its_reason_and_the_rest_goes_on():
    left_out, done = LeftOut(), []
    for name in ("a", "b", "c"):
        with left_out.unless_it_works(name):
            if name == "b":
                raise ValueError("no image\n here")
            done.append(name)
    assert done == ["a", "c"]
    assert left_out.lines == ["b: no image here"]


def test_a_reason_that_names_the_micrograph_is_not_given_its_name_twice():
    left_out = LeftOut()
    left_out.add("m1", "m1 is constant")
    assert left_out.lines == ["m1 is constant"]


@pytest.mark.parametrize("trouble", [OSError(errno.ENOSPC, "full"), RuntimeError("a bug")])
def test_a_full_disk_and_a_bug_are_no_fault_of_a_micrograph(trouble):
    left_out = LeftOut()
    with pytest.raises(type(trouble)), left_out.unless_it_works("a"):
        raise trouble
    assert not left_out.lines


def test_an_error_counts_all_and_names_the_first():
    left_out = LeftOut()
    assert left_out.words() == ""
    for number in range(5):
        left_out.add(f"m{number}", "blank")
    assert left_out.words() == " (5 left out: m0: blank; m1: blank; m2: blank, and 2 more (see the log))"


def test_a_table_says_in_its_first_row_what_was_left_out():
    left_out, rows = LeftOut(), [{"step": 0}, {"step": 1}]
    assert left_out.noted(rows) == [{"step": 0, NOTE: ""}, {"step": 1, NOTE: ""}]
    left_out.add("a", "blank")
    left_out.add("b", "tiny")
    assert left_out.noted(rows) == [{"step": 0, NOTE: "a: blank | b: tiny"}, {"step": 1, NOTE: ""}]
    assert rows == [{"step": 0}, {"step": 1}]


def test_what_a_model_was_trained_without_is_read_in_the_table_beside_it(tmp_path):
    assert left_out_of(tmp_path / "absent.pt") == []
    left_out, model = LeftOut(), tmp_path / "main.pt"
    write_table(tmp_path / "main.tsv", [{"step": 0}], ["step"])
    assert left_out_of(model) == [], "a table of an earlier version has no such column"
    for expected in ([], ["a: blank", "b: tiny"]):
        for line in expected:
            left_out.add(*line.split(": "))
        write_table(tmp_path / "main.tsv", left_out.noted([{"step": 0}, {"step": 1}]), ["step", NOTE])
        assert left_out_of(model) == expected
