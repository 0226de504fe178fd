"""What a file is, is decided in one place, and the manual of inputs says the same."""

import re
from pathlib import Path

import pytest

from clearice.files.kinds import SUFFIXES, kind_of

ROOT = Path(__file__).resolve().parents[2]
MANUAL = (ROOT / "docs" / "inputs.md").read_text(encoding="utf-8")
CONTENT = {"MRC": bytes(1024), "TIFF": b"II*\0" + bytes(8), "PNG": b"\x89PNG\r\n\x1a\n"}
NAMES = [(f"m{suffix}", kind) for kind, suffixes in SUFFIXES.items() for suffix in suffixes]


@pytest.mark.parametrize(("name", "kind"), [*NAMES, ("M.MRC", "MRC"), ("m.TIF", "TIFF"), ("a.b.tif", "TIFF")])
def test_a_kind_is_told_by_suffix_and_content(tmp_path, name, kind):
    (tmp_path / name).write_bytes(CONTENT[kind])
    assert kind_of(tmp_path / name, ("MRC", "TIFF", "PNG")) == kind


@pytest.mark.parametrize(("name", "kind"), NAMES)
def test_a_kind_that_is_not_wanted_is_refused(tmp_path, name, kind):
    (tmp_path / name).write_bytes(CONTENT[kind])
    others = tuple(one for one in SUFFIXES if one != kind)
    with pytest.raises(ValueError, match="has the suffix"):
        kind_of(tmp_path / name, others)


@pytest.mark.parametrize(("name", "kind"), [("m.tif", "PNG"), ("m.png", "TIFF"), ("m.tif", "MRC")])
def test_content_of_another_kind_is_refused(tmp_path, name, kind):
    (tmp_path / name).write_bytes(CONTENT[kind])
    with pytest.raises(ValueError, match="is no (TIFF|PNG) file"):
        kind_of(tmp_path / name, ("MRC", "TIFF", "PNG"))


def test_the_manual_names_every_suffix():
    for suffixes in SUFFIXES.values():
        assert all(f"`{suffix}`" in MANUAL for suffix in suffixes)


def test_the_tests_that_the_manual_names_exist():
    named = set(re.findall(r"`(test_\w+\.py)`", MANUAL))
    assert len(named) > 5
    assert all((ROOT / "tests" / "clearice" / name).exists() for name in named)
