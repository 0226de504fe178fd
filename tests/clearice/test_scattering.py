from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from clearice.files.structures import read_structure
from clearice.simulation.electrons import (
    PLANCK_TERM_V_A2,
    ice_mean_free_path_nm,
    interaction_rad_per_V_A,
    wavelength_A,
)
from clearice.simulation.scattering import (
    ICE_POTENTIAL_V,
    atom_curve_A,
    displaced_volume_A3,
    form_factors,
    highest_frequency_per_A,
)

SHARED = Path(os.environ.get("CLEARICE_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))
G = np.linspace(0.0, 0.7, 200)


@pytest.mark.parametrize(("voltage", "wavelength"), [(300, 0.019687), (200, 0.025079), (120, 0.033492)])
def test_wavelengths_are_those_of_the_textbook(voltage: float, wavelength: float) -> None:
    assert wavelength_A(voltage) == pytest.approx(wavelength, abs=1e-6)


def test_interaction_and_mean_free_path_at_300_kV() -> None:
    assert interaction_rad_per_V_A(300) == pytest.approx(6.526e-4, rel=1e-3)
    assert ice_mean_free_path_nm(300) == pytest.approx(375, abs=3)
    assert ice_mean_free_path_nm(200) == pytest.approx(311, abs=3)


def test_a_voltage_in_volts_is_refused() -> None:
    with pytest.raises(ValueError, match="give the voltage in kV"):
        wavelength_A(300_000)


def test_a_b_factor_blurs_and_keeps_the_total() -> None:
    sharp = atom_curve_A("C", 0, 0.0, G, solvent=False)
    blurred = atom_curve_A("C", 0, 80.0, G, solvent=False)
    assert blurred[0] == sharp[0]
    assert np.allclose(blurred, sharp * np.exp(-80.0 * G**2 / 4))


def test_hydrogens_add_their_potential_and_fall_off_faster() -> None:
    bare, carrying = (atom_curve_A("C", n, 0.0, G, solvent=False) for n in (0, 2))
    hydrogen = atom_curve_A("H", 0, 0.0, G, solvent=False)
    added = carrying - bare
    assert added[0] == pytest.approx(2 * hydrogen[0])
    assert (added[1:] < 2 * hydrogen[1:]).all()


def test_solvent_takes_its_potential_times_the_displaced_volume() -> None:
    in_vacuum, in_ice = (atom_curve_A("N", 1, 0.0, G, solvent=solvent) for solvent in (False, True))
    taken = (in_vacuum[0] - in_ice[0]) * PLANCK_TERM_V_A2
    assert taken == pytest.approx(ICE_POTENTIAL_V * (2.49 + 5.15))


def test_contrast_of_the_proteasome_is_as_measured() -> None:
    path = SHARED / "data" / "models" / "3j9i.pdb.gz"
    if not path.exists():
        pytest.skip("real data: no shared folder beside the repository")
    model = read_structure(path)
    zero = np.zeros(1)
    kinds, counts = np.unique(
        np.stack([model.elements, model.hydrogens.astype(str)]), axis=1, return_counts=True
    )

    def total(*, hydrogens: bool, solvent: bool) -> float:
        curves = [
            atom_curve_A(str(e), int(h) if hydrogens else 0, 0.0, zero, solvent=solvent)[0]
            for e, h in kinds.T
        ]
        return float(np.dot(curves, counts)) * PLANCK_TERM_V_A2

    volume = sum(displaced_volume_A3(str(e), int(h)) * n for (e, h), n in zip(kinds.T, counts, strict=True))
    heavy, everything = total(hydrogens=False, solvent=False), total(hydrogens=True, solvent=False)
    assert volume == pytest.approx(830_621, rel=1e-4)
    assert heavy == pytest.approx(5_242_756, rel=1e-4)
    assert 1 - heavy / everything == pytest.approx(0.186, abs=1e-3)
    assert everything / volume == pytest.approx(7.76, abs=0.01)
    assert total(hydrogens=True, solvent=True) / volume == pytest.approx(3.23, abs=0.01)
    without_hydrogen = heavy - ICE_POTENTIAL_V * volume
    assert 1 - without_hydrogen / total(hydrogens=True, solvent=True) == pytest.approx(0.45, abs=0.01)


def test_a_few_curves_stand_for_all_atoms() -> None:
    generator = np.random.default_rng(0)
    elements = generator.choice(["C", "N", "O", "S", "P", "Zn"], 300)
    hydrogens = generator.integers(0, 4, 300)
    b_factors, occupancies = generator.uniform(20, 120, 300), generator.uniform(0.2, 1, 300)
    factors = form_factors(
        elements,
        hydrogens,
        b_factors,
        occupancies,
        highest_frequency_per_A=0.7,
        solvent=True,
    )
    exact = np.stack(
        [
            occupancy * atom_curve_A(str(e), int(h), float(b), factors.frequencies_per_A, solvent=True)
            for e, h, b, occupancy in zip(elements, hydrogens, b_factors, occupancies, strict=True)
        ]
    )
    assert factors.strengths.shape[1] <= 8
    assert factors.error < 5e-4
    assert np.abs(factors.strengths @ factors.basis_A - exact).max() < 1e-3 * np.abs(exact).max()


def test_impossible_atoms_are_refused() -> None:
    ones = np.ones(1)
    hydrogens = np.zeros(1, dtype=np.int64)
    with pytest.raises(ValueError, match="element 'Xx' has no electron form factor"):
        form_factors(np.array(["Xx"]), hydrogens, ones, ones, highest_frequency_per_A=0.5, solvent=False)
    with pytest.raises(ValueError, match="B factor is negative"):
        form_factors(np.array(["C"]), hydrogens, -ones, ones, highest_frequency_per_A=0.5, solvent=False)
    with pytest.raises(ValueError, match="not positive"):
        highest_frequency_per_A(-1.0)
