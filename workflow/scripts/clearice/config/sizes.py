"""How sizes and choices follow from what is known of a dataset, where the configuration says `auto`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from clearice.config.layers import Config, Path
from clearice.config.lens import first_zero_A
from clearice.config.plausible import limits_of

AUTO = "auto"
PIXELS_PER_DIAMETER = 20.0
COARSEST_PIXEL_A = 8.0
FINER_SHARE = (
    0.95  # a network works at the micrographs' own pixel size rather than at one coarser by less than this
)
CROWDED = 0.2  # share of a field under particles, from which on nothing is as flat as eq. 3 of NT2C asks
POWERS_PX = (16, 32, 64, 128, 256)
_DIAMETERS = re.compile(r" *([0-9]+(?:\.[0-9]+)?|\.[0-9]+) *diameters? *")


@dataclass(frozen=True)
class Facts:
    """What is known of a dataset; None where it is not.

    Attributes
    ----------
    pixel_size_A
        Pixel size of the sums, in A.
    particle_diameter_A
        Diameter of the particle, in A.
    particles_per_um2
        Particles per square micrometre: one value, a range or a list.
    voltage_kV
        Acceleration voltage, in kV.
    defocus_um
        Underfocus in um: one value, a range or a list.
    """

    pixel_size_A: float | None = None
    particle_diameter_A: float | None = None
    particles_per_um2: str | None = None
    voltage_kV: float | None = None
    defocus_um: str | None = None


@dataclass(frozen=True)
class Rule:
    """How a value follows from a dataset.

    Attributes
    ----------
    path
        Where the value stands in the configuration.
    value
        Takes the configuration so far and the facts; None is a value too, AUTO is "cannot be told".
    why
        Where the value comes from, in words.
    """

    path: Path
    value: Callable[[Config, Facts], Any]
    why: str


def facts_of(row: Mapping[str, Any]) -> Facts:
    """Collect what is known of a dataset out of its row, or of anything with its columns."""
    size_A, binning, diameter_A, voltage_kV = (
        value if isinstance(value := row.get(name), (int, float)) and value > 0 else None
        for name in ("pixel_size_A", "sum_binning", "particle_diameter_A", "voltage_kV")
    )
    density, defocus_um = (
        value if isinstance(value := row.get(name), str) else None
        for name in ("particles_per_um2", "defocus_um")
    )
    return Facts(size_A and size_A * (binning or 1), diameter_A, density, voltage_kV, defocus_um)


def facts_of_group(rows: Sequence[Mapping[str, Any]]) -> Facts:
    """Collect what holds for several datasets that make one network: the coarsest pixels, the largest particle."""
    each = [facts_of(row) for row in rows]
    sizes = [one.pixel_size_A for one in each if one.pixel_size_A]
    diameters = [one.particle_diameter_A for one in each if one.particle_diameter_A]
    return replace(
        each[0], pixel_size_A=max(sizes, default=None), particle_diameter_A=max(diameters, default=None)
    )


def in_diameters(value: Any) -> float | None:
    """Return the number of a length given as ``6 diameters``; None for anything else."""
    found = _DIAMETERS.fullmatch(value) if isinstance(value, str) else None
    return float(found.group(1)) if found else None


def length_of(diameters: float, path: Path, config: Config, facts: Facts) -> Any:
    """Return a length that is given in particle diameters: in A, or in whole pixels of the networks.

    Parameters
    ----------
    diameters
        The length.
    path
        Where it stands; its name ends in its unit, ``_A`` or ``_px``.
    config, facts
        The configuration so far, and what is known of the dataset.

    Returns
    -------
    float, int or str
        AUTO where the diameter is unknown.
    """
    if not facts.particle_diameter_A:
        return AUTO
    if path[-1].endswith("_A"):
        return round(diameters * facts.particle_diameter_A, 2)
    side_px = max(1, round(diameters * _diameter_px(config, facts)))
    if path == ("noise_gan", "patch_px"):
        return max(size for size in POWERS_PX if size <= max(POWERS_PX[0], side_px))
    return side_px


def _working_A(config: Config, facts: Facts) -> float | None:
    """Return the pixel size the networks of a dataset work at."""
    wanted = config["training"]["rescale_to_A"]
    return facts.pixel_size_A if wanted in (None, AUTO) else float(wanted)


def _diameter_px(config: Config, facts: Facts) -> float:
    """Return the diameter in pixels of the networks; without one, what most networks see."""
    size_A = _working_A(config, facts)
    if not size_A or not facts.particle_diameter_A:
        return PIXELS_PER_DIAMETER
    return facts.particle_diameter_A / size_A


def _rescale_to_A(config: Config, facts: Facts) -> float | None:
    """Return 20 px a diameter, not finer than the micrographs, not coarser than 8 A or the CTF's first zero; None for theirs."""
    if not facts.particle_diameter_A:
        return None
    wanted_A = min(
        facts.particle_diameter_A / PIXELS_PER_DIAMETER, COARSEST_PIXEL_A, _coarsest_A(config, facts)
    )
    own_A = facts.pixel_size_A or 0.0
    return None if own_A > FINER_SHARE * wanted_A else round(wanted_A, 2)


def _coarsest_A(config: Config, facts: Facts) -> float:
    """Return the coarsest pixels that still show the CTF's first zero at the lowest defocus there is."""
    if not facts.voltage_kV or not facts.defocus_um or not 60 <= facts.voltage_kV <= 1000:
        return COARSEST_PIXEL_A
    lowest_um = limits_of(facts.defocus_um)[0] - config["physics"]["astigmatism_um"] / 2
    zero_A = first_zero_A(facts.voltage_kV, lowest_um) if lowest_um > 0 else 0.0
    return math.floor(100 * zero_A / 2) / 100 if zero_A > 0 else COARSEST_PIXEL_A


def _crop_px(config: Config, facts: Facts) -> int:
    """Return about 6 diameters (for a quick run 4.5), a multiple of 32 from 64 to 512 px."""
    diameters = 4.5 if config.get("quality") == "quick" else 6.0
    return min(512, max(64, 32 * round(diameters * _diameter_px(config, facts) / 32)))


def _largest_crop_px(config: Config) -> int:
    """Return the larger of the crops of coarse and fine."""
    general = config["training"]["crop_px"]
    return max(int(config[stage].get("crop_px", general)) for stage in ("coarse", "fine"))


def _height_px(config: Config, facts: Facts) -> int:
    """Return 15 diameters, and room for a training pair."""
    pair_px = int(config["reweight"]["patch_px"])
    return 10 * round(max(15 * _diameter_px(config, facts), 1.8 * pair_px, 64) / 10)


def _pair_px(config: Config, facts: Facts) -> int:
    """Return 7.5 diameters, and room for a crop, a multiple of 32 px."""
    return max(_largest_crop_px(config) + 32, 32 * round(7.5 * _diameter_px(config, facts) / 32))


def _patch_px(config: Config, facts: Facts) -> int:
    """Return the largest power of two within 0.85 diameters: what the gaps of a crowded field hold."""
    return max(size for size in POWERS_PX if size <= max(POWERS_PX[0], 0.85 * _diameter_px(config, facts)))


def _gan_patch_px(config: Config, facts: Facts) -> int:
    """Return the largest size the networks know that a patch of noise holds."""
    patch_px = config["extract_noise"]["patch_px"]
    return max((size for size in POWERS_PX if size <= patch_px), default=POWERS_PX[0])


def _criterion(config: Config, facts: Facts) -> str:
    """Return eq. 3 where the field is sparse enough for it, else the flattest patches."""
    if not facts.particle_diameter_A or not facts.particles_per_um2:
        return "flattest"
    return "flattest" if _crowding(facts.particles_per_um2, facts.particle_diameter_A) > CROWDED else "ssim"


def _crowding(particles_per_um2: str, diameter_A: float) -> float:
    """Return the share of the fullest field that lies under particles."""
    most = max(limits_of(particles_per_um2))
    return most * math.pi / 4 * (diameter_A / 1e4) ** 2


def _of_diameter(factor: float, step_A: float, unknown: Any = AUTO) -> Callable[[Config, Facts], Any]:
    """Make the rule of a length that is some diameters, rounded to a step."""

    def length(config: Config, facts: Facts) -> Any:
        if not facts.particle_diameter_A:
            return unknown
        return max(step_A, step_A * round(factor * facts.particle_diameter_A / step_A))

    return length


RULES = (
    Rule(
        ("training", "rescale_to_A"),
        _rescale_to_A,
        "20 px a diameter, the micrographs' to 8 A or half the CTF's first zero",
    ),
    Rule(("training", "crop_px"), _crop_px, "6 diameters (quick: 4.5), a multiple of 32"),
    Rule(("extract_noise", "patch_px"), _patch_px, "a power of two within 0.85 diameters"),
    Rule(
        ("extract_noise", "step_px"),
        lambda config, facts: max(1, config["extract_noise"]["patch_px"] // 4),
        "a quarter of the patch",
    ),
    Rule(("extract_noise", "criterion"), _criterion, "the density of the particles"),
    Rule(
        ("extract_noise", "maximum_patches"),
        lambda config, facts: 400 if config["extract_noise"]["criterion"] == "flattest" else 0,
        "the criterion",
    ),
    Rule(("extract_noise", "highpass_A"), _of_diameter(4.0, 10.0, 0.0), "4 diameters"),
    Rule(("noise_gan", "patch_px"), _gan_patch_px, "extract_noise.patch_px"),
    Rule(("reweight", "patch_px"), _pair_px, "7.5 diameters, and the crop and 32"),
    Rule(
        ("sample_noise", "field_px"),
        lambda config, facts: config["reweight"]["patch_px"] + 32,
        "reweight.patch_px and 32",
    ),
    Rule(
        ("simulation", "pixel_size_A"),
        lambda config, facts: config["training"]["rescale_to_A"],
        "training.rescale_to_A",
    ),
    Rule(("simulation", "height_px"), _height_px, "15 diameters"),
    Rule(
        ("simulation", "width_px"),
        lambda config, facts: config["simulation"]["height_px"] + 10,
        "simulation.height_px and 10",
    ),
    Rule(("evaluation", "largest_box_A"), _of_diameter(0.77, 1.0), "0.77 diameters"),
    Rule(("evaluation", "smallest_box_A"), _of_diameter(0.385, 1.0), "0.385 diameters"),
    Rule(("picking", "box_A"), _of_diameter(1.6, 10.0), "1.6 diameters"),
)
"""In the order in which they rest on one another."""
