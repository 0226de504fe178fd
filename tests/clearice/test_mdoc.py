"""SerialEM's .mdoc files: what is read of them, whatever the encoding, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearice.files.mdoc import facts_of_mdoc, read_mdoc

FRAMES = """PixelSpacing = 0.5304
Voltage = 300
ImageFile = m1.tif

[T = SerialEM: Krios at the institute in Zürich   12-Oct-26]

[FrameSet = 0]
TiltAngle = 0.002
ExposureDose = 40.2
PixelSpacing = 0.5304
Binning = 0.5
SubFramePath = X:\\data\\m1.tif
NumSubFrames = 40
FrameDosesAndNumber = 1.005 40
GainReference = CountRef_m1.dm4
DefectFile = defects_m1.txt
RotationAndFlip = 7
"""

SERIES = """PixelSpacing = 2.4
Voltage = 200
ImageSize = 1000 800
[ZValue = 0]
ExposureDose = 2.5
SubFramePath = X:\\frames\\ts_01_21.0.mrc
FrameDosesAndNumber = 0.5 3 0.25 4
[ZValue = 1]
ExposureDose = 3.5
SubFramePath = X:\\frames\\ts_01_24.0.mrc
"""


def facts(tmp_path: Path, text: str | bytes, image: str = "m1.tif", shape=(800, 1000), frames: int = 40):
    path = tmp_path / f"{image}.mdoc"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    said = facts_of_mdoc(path, image, shape, frames)
    return None if said is None else ({one.column: one.value for one in said[0]}, " ".join(said[1]))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_frame_stacks_mdoc_is_read_in_any_encoding(tmp_path: Path, encoding: str, ending: str) -> None:
    values, notes = facts(tmp_path, FRAMES.replace("\n", ending).encode(encoding))
    assert values == {
        "pixel_size_A": 0.5304,
        "voltage_kV": 300,
        "dose_e_per_A2": 40.2,
        "dose_per_frame_e_per_A2": 1.005,
    }
    assert "give it with --gain" in notes
    assert "give it with --defects" in notes


def test_a_title_is_no_section(tmp_path: Path) -> None:
    (tmp_path / "a.mdoc").write_text(FRAMES)
    mdoc = read_mdoc(tmp_path / "a.mdoc")
    assert [kind for kind, _ in mdoc.sections] == ["FrameSet"]
    assert mdoc.header["ImageFile"] == "m1.tif"


@pytest.mark.parametrize(("image", "dose"), [("ts_01_21.0.mrc", 2.5), ("ts_01_24.0.mrc", 3.5)])
def test_of_a_tilt_series_the_section_that_names_the_movie_counts(
    tmp_path: Path, image: str, dose: float
) -> None:
    values, _ = facts(tmp_path, SERIES, image, frames=7)
    assert values["dose_e_per_A2"] == dose
    assert values["voltage_kV"] == 200


def test_a_tilt_series_of_other_movies_says_nothing(tmp_path: Path) -> None:
    assert facts(tmp_path, SERIES, "ts_02_21.0.mrc") is None


def test_frames_of_several_doses_have_their_mean(tmp_path: Path) -> None:
    values, _ = facts(tmp_path, SERIES, "ts_01_21.0.mrc", frames=7)
    assert values["dose_per_frame_e_per_A2"] == pytest.approx((0.5 * 3 + 0.25 * 4) / 7)


@pytest.mark.parametrize(("factor", "turned"), [(1, False), (2, False), (2, True), (4, False)])
def test_frames_finer_than_the_image_have_the_finer_pixel(tmp_path: Path, factor: int, turned: bool) -> None:
    shape = (800 * factor, 1000 * factor)
    values, _ = facts(tmp_path, SERIES, "ts_01_21.0.mrc", shape[::-1] if turned else shape, frames=7)
    assert values["pixel_size_A"] == pytest.approx(2.4 / factor)


def test_the_pixel_of_an_image_that_does_not_fit_the_frames_is_not_taken(tmp_path: Path) -> None:
    values, notes = facts(tmp_path, SERIES, "ts_01_21.0.mrc", (1200, 1500), frames=7)
    assert "pixel_size_A" not in values
    assert "1000 x 800 px, the frames have 1500 x 1200: not taken" in notes


def test_a_dose_of_zero_was_not_measured(tmp_path: Path) -> None:
    values, _ = facts(tmp_path, "[FrameSet = 0]\nExposureDose = 0\nFrameDosesAndNumber = 0 40\n")
    assert values == {}


@pytest.mark.parametrize("text", ["1.2.3", "nan", "inf", "", "abc"])
def test_what_is_no_number_is_not_taken(tmp_path: Path, text: str) -> None:
    lines = [f"{key} = {text}" for key in ("PixelSpacing", "Voltage", "ExposureDose", "FrameDosesAndNumber")]
    values, _ = facts(tmp_path, "\n".join(["ImageSize = 1 1", *lines]))
    assert values == {}


def test_another_number_of_frames_is_told(tmp_path: Path) -> None:
    assert "NumSubFrames is 40, but m1.tif has 38 frames" in facts(tmp_path, FRAMES, frames=38)[1]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"II*\0\0\0\0\0", "is no .mdoc file of SerialEM but a binary file"),
        (b"<html>nothing</html>", "has no line 'key = value'"),
        (b"[ZValue = 0]\n", "has no line 'key = value'"),
    ],
)
def test_what_is_no_mdoc_is_refused_in_a_sentence(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "a.mdoc").write_bytes(data)
    with pytest.raises(ValueError, match=words):
        read_mdoc(tmp_path / "a.mdoc")


def test_a_text_larger_than_any_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.mdoc").open("wb") as stream:
        stream.truncate(1 << 30)
    with pytest.raises(ValueError, match=r"bytes, which no .mdoc file has"):
        read_mdoc(tmp_path / "a.mdoc")
