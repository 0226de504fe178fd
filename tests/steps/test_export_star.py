from pathlib import Path

import numpy as np
import pytest
import starfile

import export_star as step
from clearice.files.mrc import write_micrograph
from clearice.run.batches import ManifestRow, write_manifest
from support.settings import call


def _batch(folder, statuses, pixel_size_A=1.3):
    for name, status in statuses.items():
        if status == "ok":
            write_micrograph(folder / f"{name}.mrc", np.ones((4, 5), np.float32), pixel_size_A)
    rows = [
        ManifestRow(
            name, f"{name}.mrc" if status == "ok" else "", status, "" if status == "ok" else "why", ""
        )
        for name, status in statuses.items()
    ]
    write_manifest(folder / "manifest.tsv", rows)
    return folder / "manifest.tsv"


def _export(manifests, star, amplitude_contrast=0.1):
    call(
        step.export_star,
        manifests=manifests,
        dataset="empiar10146",
        pixel_size_A=0.65,
        voltage_kV=300.0,
        spherical_aberration_mm=2.7,
        amplitude_contrast=amplitude_contrast,
        dose_per_frame_e_per_A2=1.5,
        first_frame=3,
        star=star,
    )
    return starfile.read(star, always_dict=True)


def test_ok_sums_of_all_batches_are_listed_in_order(tmp_path):
    first = _batch(tmp_path / "b0001", {"m2": "ok", "m1": "failed", "m3": "ok"})
    second = _batch(tmp_path / "b0002", {"m4": "skipped", "m5": "ok"})
    blocks = _export([first, second], tmp_path / "out" / "micrographs.star")
    expected = [tmp_path / "b0001" / "m2.mrc", tmp_path / "b0001" / "m3.mrc", tmp_path / "b0002" / "m5.mrc"]
    assert blocks["micrographs"]["rlnMicrographName"].tolist() == [path.as_posix() for path in expected]
    assert all(Path(name).exists() for name in blocks["micrographs"]["rlnMicrographName"])


def test_optics_hold_the_microscope_and_both_pixel_sizes(tmp_path):
    optics = _export([_batch(tmp_path / "b", {"m": "ok"})], tmp_path / "a.star")["optics"].iloc[0]
    assert optics["rlnOpticsGroupName"] == "empiar10146" and optics["rlnOpticsGroup"] == 1
    assert optics["rlnVoltage"] == 300 and optics["rlnSphericalAberration"] == pytest.approx(2.7)
    assert optics["rlnMicrographOriginalPixelSize"] == pytest.approx(0.65)
    assert optics["rlnMicrographPixelSize"] == pytest.approx(1.3)
    assert optics["rlnAmplitudeContrast"] == pytest.approx(0.1)


def test_an_unknown_amplitude_contrast_is_left_out(tmp_path):
    optics = _export([_batch(tmp_path / "b", {"m": "ok"})], tmp_path / "a.star", None)["optics"]
    assert "rlnAmplitudeContrast" not in optics


def test_a_dataset_without_sums_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no sum of dataset empiar10146 is ok"):
        _export([_batch(tmp_path / "b", {"m": "failed"})], tmp_path / "a.star")
    assert not (tmp_path / "a.star").exists()


def test_sums_of_unequal_pixel_size_are_refused(tmp_path):
    manifests = [_batch(tmp_path / "b1", {"m1": "ok"}), _batch(tmp_path / "b2", {"m2": "ok"}, 1.4)]
    with pytest.raises(ValueError, match="make all micrographs of a dataset again with one pixel size"):
        _export(manifests, tmp_path / "a.star")
    assert not (tmp_path / "a.star").exists()


def test_the_exposure_before_the_first_frame_is_told(tmp_path):
    table = _export([_batch(tmp_path / "b", {"m": "ok"})], tmp_path / "a.star")["micrographs"]
    assert table["rlnMicrographPreExposure"].tolist() == [3.0]
