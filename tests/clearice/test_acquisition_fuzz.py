"""Damaged files beside a movie never stop a project: they are read, or told in a sentence."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from clearice.files.acquisition import look_at
from clearice.files.mdoc import read_mdoc
from clearice.files.microscope_xml import read_xml
from support.microscope import epu_xml
from support.project import write_movie

MDOC = (
    b"PixelSpacing = 2.0\nVoltage = 300\nImageSize = 72 72\n[T = title]\n[ZValue = 0]\nSubFramePath = X:\\m1.mrc\n"
    b"ExposureDose = 40\nNumSubFrames = 4\nFrameDosesAndNumber = 10 4\n[ZValue = 1]\nSubFramePath = X:\\m2.mrc\n"
)
XML = epu_xml(pixel_m=2e-10, width=72, height=72, fractions=4).encode()
SEEDS = range(300)


def damaged(data: bytes, seed: int) -> bytes:
    """Cut, repeat, overwrite or remove parts of a file."""
    chance = random.Random(seed)
    changed = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        start = chance.randrange(len(changed) + 1)
        stop = min(len(changed), start + chance.choice((1, 2, 8, 40)))
        piece = chance.choice(
            (b"", bytes(changed[start:stop]) * 3, chance.randbytes(4), b"9" * 400, b"-", b"nan", b"\0", b"=")
        )
        changed[start:stop] = piece
    return bytes(changed[: chance.choice((len(changed), len(changed), chance.randrange(len(changed) + 1)))])


@pytest.mark.parametrize(("name", "data", "read"), [("m1.mdoc", MDOC, read_mdoc), ("m1.xml", XML, read_xml)])
def test_a_damaged_text_is_read_or_refused_with_its_name(
    tmp_path: Path, name: str, data: bytes, read: Callable[[Path], object]
) -> None:
    path = tmp_path / name
    for seed in SEEDS:
        path.write_bytes(damaged(data, seed))
        try:
            read(path)
        except ValueError as refused:
            assert str(path) in str(refused), seed
            assert "Traceback" not in str(refused)


@pytest.mark.parametrize(("name", "data"), [("m1.mdoc", MDOC), ("m1.xml", XML)])
def test_a_movie_with_a_damaged_text_beside_it_is_still_read(tmp_path: Path, name: str, data: bytes) -> None:
    write_movie(tmp_path / "m1.mrc", 0)
    for seed in SEEDS:
        (tmp_path / name).write_bytes(damaged(data, seed))
        seen = look_at(tmp_path / "m1.mrc")
        assert seen.frames == 4, seed
        assert seen.facts[0].value == 2
