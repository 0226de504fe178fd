"""EPU's XML: what is read of it, and what a hostile one may not do."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearice.config.cameras import CAMERAS
from clearice.files.facts import DETECTORS, detector_named
from clearice.files.microscope_xml import facts_of_xml, read_xml, xml_beside
from support.microscope import epu_xml


def facts(tmp_path: Path, text: str, shape=(4092, 5760), frames: int = 40):
    path = tmp_path / "m1.xml"
    path.write_text(text, encoding="utf-8")
    said = facts_of_xml(path, "m1_Fractions.mrc", shape, frames)
    return None if said is None else ({one.column: one.value for one in said[0]}, " ".join(said[1]))


def test_units_of_the_si_become_ours(tmp_path: Path) -> None:
    values, notes = facts(tmp_path, epu_xml(pixel_m=1.06e-10, volts=300000, dose_per_m2=4.02e21))
    assert values["pixel_size_A"] == pytest.approx(1.06)
    assert values["voltage_kV"] == 300
    assert values["dose_e_per_A2"] == pytest.approx(40.2)
    assert values["detector"] == "K3"
    assert notes == ""


def test_super_resolution_frames_have_the_finer_pixel_and_a_note(tmp_path: Path) -> None:
    values, notes = facts(tmp_path, epu_xml(pixel_m=1.06e-10), shape=(8184, 11520))
    assert values["pixel_size_A"] == pytest.approx(0.53)
    assert "check it" in notes


def test_the_pixel_of_an_image_that_does_not_fit_is_not_taken(tmp_path: Path) -> None:
    values, notes = facts(tmp_path, epu_xml(pixel_m=1.06e-10), shape=(4096, 4096))
    assert "pixel_size_A" not in values
    assert "not taken" in notes


def test_another_number_of_fractions_is_told(tmp_path: Path) -> None:
    assert "40 fractions, but m1_Fractions.mrc has 39 frames" in facts(tmp_path, epu_xml(), frames=39)[1]


def test_the_xml_of_another_program_says_nothing(tmp_path: Path) -> None:
    assert facts(tmp_path, "<Movie><PixelSize>3</PixelSize></Movie>") is None


@pytest.mark.parametrize(
    ("camera", "name"),
    [("BioQuantum K3", "K3"), ("Falcon 4i", "Falcon4"), ("FALCON III", "Falcon3"), ("K2 Summit", "K2")],
)
def test_cameras_have_our_names(tmp_path: Path, camera: str, name: str) -> None:
    assert facts(tmp_path, epu_xml(camera=camera))[0]["detector"] == name


def test_an_unknown_camera_is_told(tmp_path: Path) -> None:
    values, notes = facts(tmp_path, epu_xml(camera="Ceta 16M"))
    assert "detector" not in values
    assert "'Ceta 16M' is none that is known by name; give --detector" in notes


@pytest.mark.parametrize("name", [name for _, name in DETECTORS])
def test_every_name_we_give_a_camera_is_known_to_the_simulation(name: str) -> None:
    assert name in CAMERAS
    assert detector_named(name) == name


@pytest.mark.parametrize(
    "name", ["m 1_Fractions.mrc", "m 1_fractions.tiff", "m 1_fractions.mrc.gz", "m 1.mrc", "m 1_EER.eer"]
)
def test_the_xml_of_a_movie_has_its_name_less_its_mark(tmp_path: Path, name: str) -> None:
    (tmp_path / "m 1.xml").touch()
    assert xml_beside(tmp_path / name) == tmp_path / "m 1.xml"


def test_dotted_names_survive(tmp_path: Path) -> None:
    (tmp_path / "ts_01.xml").touch()
    assert xml_beside(tmp_path / "ts_01.5_fractions.mrc.gz") is None
    (tmp_path / "ts_01.5.xml").touch()
    assert xml_beside(tmp_path / "ts_01.5_fractions.mrc.gz") == tmp_path / "ts_01.5.xml"


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a>&l9;</a>', "declares a document type"),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "declares a document type"),
        ("<a><b></a>", "no XML file that is read"),
        ("", "is empty"),
        ("no xml", "no XML file that is read"),
        ("<a>&nothing;</a>", "no XML file that is read"),
        ("<?xml version='1.0' encoding='klingon'?><a/>", "no XML file that is read"),
    ],
)
def test_a_hostile_or_broken_xml_is_refused_in_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(ValueError, match=words):
        read_xml(tmp_path / "a.xml")


def test_utf_16_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes("<?xml version='1.0' encoding='utf-16'?><a>Zürich</a>".encode("utf-16"))
    assert read_xml(tmp_path / "a.xml").text == "Zürich"
