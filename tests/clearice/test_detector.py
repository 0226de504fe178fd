from __future__ import annotations

import numpy as np
import pytest

from clearice.simulation.detectors import (
    measured_detector,
    named_detector,
    signal_transfer,
    transfer_after_counting,
    transfer_before_counting,
)

G = np.linspace(0.0, 0.7, 100)
NAMES = ["K2", "K2-Gatan", "K3", "K3-CDS", "Falcon2", "Falcon3", "Falcon4", "DE-20", "perfect"]


@pytest.mark.parametrize("name", NAMES)
def test_mtf_is_one_at_rest_and_falls_to_nyquist(name: str) -> None:
    detector = named_detector(name, 300, None)
    transfer = signal_transfer(detector, G, 1.0)
    assert transfer[0] == 1.0 and (np.diff(transfer) <= 0).all() and (transfer > 0).all()
    assert 0 < detector.dqe0 <= 1


@pytest.mark.parametrize("name", NAMES)
def test_signal_before_and_noise_after_counting_make_the_mtf(name: str) -> None:
    detector = named_detector(name, 300, None)
    product = transfer_before_counting(detector, G, 1.0) * transfer_after_counting(detector, G, 1.0)
    assert np.allclose(product, signal_transfer(detector, G, 1.0))
    if detector.counts:
        assert np.allclose(transfer_after_counting(detector, G, 1.0), 1.0)


@pytest.mark.parametrize(
    ("name", "voltage", "nyquist"),
    [("K2", 300, 0.388), ("K2", 200, 0.545), ("K3", 300, 0.636), ("Falcon4", 200, 0.072)],
)
def test_tables_are_those_of_the_makers(name: str, voltage: float, nyquist: float) -> None:
    assert signal_transfer(named_detector(name, voltage, None), np.array([0.5]), 1.0)[0] == pytest.approx(
        nyquist
    )


def test_half_the_pixel_reads_the_mtf_at_half_the_frequency() -> None:
    detector = named_detector("K2", 300, None)
    assert np.allclose(signal_transfer(detector, G, 0.5), signal_transfer(detector, G / 2, 1.0))


def test_a_measured_curve_is_used_as_given() -> None:
    detector = measured_detector("mtf.star", np.array([0.0, 0.25, 0.5]), np.array([1.0, 0.8, 0.4]), 0.7)
    assert detector.counts and detector.dqe0 == 0.7
    assert signal_transfer(detector, np.array([0.125, 0.5]), 1.0) == pytest.approx([0.9, 0.4])


@pytest.mark.parametrize(
    ("frequencies", "values"),
    [
        ([0.0, 0.25, 0.5], [1.0, float("nan"), 0.4]),
        ([0.0, 0.25], [1.0, 0.8]),
        ([0.0, 0.25, 0.5], [0.5, 0.4, 0.2]),
        ([0.0, 0.5, 0.25], [1.0, 0.8, 0.4]),
        ([0.0, 0.25, 0.5], [1.0, 0.8, 0.0]),
        ([0.2, 0.5], [1.0, 0.4]),
    ],
    ids=["no number", "ends early", "begins at a half", "falls back", "ends at zero", "begins late"],
)
def test_a_curve_that_would_mislead_is_refused(frequencies: list[float], values: list[float]) -> None:
    with pytest.raises(ValueError, match=r"mtf\.star is no usable MTF"):
        measured_detector("mtf.star", np.array(frequencies), np.array(values), 0.7)


def test_unknown_detectors_voltages_and_efficiencies_are_refused() -> None:
    with pytest.raises(ValueError, match="detector 'K9' is unknown; use one of K2"):
        named_detector("K9", 300, None)
    with pytest.raises(ValueError, match="K3-CDS is tabulated at 300 kV, not at 200 kV"):
        named_detector("K3-CDS", 200, None)
    with pytest.raises(ValueError, match="detector_dqe0 is 1.4"):
        named_detector("K2", 300, 1.4)
    curve = np.array([0.0, 0.5])
    with pytest.raises(ValueError, match="give detector_dqe0 too"):
        measured_detector("mtf.star", curve, np.array([1.0, 0.5]), None)
    with pytest.raises(ValueError, match="no usable MTF"):
        measured_detector("mtf.star", curve[::-1], np.array([1.0, 0.5]), 0.8)
