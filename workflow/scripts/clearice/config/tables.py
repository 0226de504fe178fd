"""The two tables a user fills, a model for a row of each.

Empty cells are unknown, and a step that needs one says so.

A column stands once, in a group of columns that belong together; a step's settings are made of such groups.
The order of the columns in a table is that in which the groups are inherited, the last one first.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from clearice.config.base import Settings

Range = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?(-[0-9]+(\.[0-9]+)?|(,[0-9]+(\.[0-9]+)?)+)?$")]
"""One value, a range such as 0.8-2.0 or a list such as 1.2,1.5,0.9."""


class NameColumn(Settings):
    """Which dataset."""

    dataset: str = Field(pattern="^[A-Za-z][A-Za-z0-9_-]*$")
    """a name: a letter, then letters, digits, _ and -"""


class PixelColumn(Settings):
    """The scale of the files."""

    pixel_size_A: float = Field(gt=0.05, le=100)
    """pixel size of the files in A"""


class TrustColumn(Settings):
    """Which of two pixel sizes holds."""

    trust_table: bool = False
    """true where the table's pixel size holds, calibrated, whatever the headers say"""


class OpticsColumns(Settings):
    """The microscope."""

    voltage_kV: float | None = Field(default=None, ge=60, le=1250)
    """acceleration voltage in kV"""
    spherical_aberration_mm: float | None = Field(default=None, ge=0, le=10)
    """Cs in mm; 0 for a corrected column"""
    amplitude_contrast: float | None = Field(default=None, ge=0, le=1)
    """share of amplitude contrast"""


class FrameDoseColumn(Settings):
    """The dose of a frame."""

    dose_per_frame_e_per_A2: float | None = Field(default=None, gt=0, le=100)
    """exposure of a frame in e/A^2"""


class ExposureColumns(Settings):
    """Exposure and camera, which a simulation needs."""

    dose_e_per_A2: float | None = Field(default=None, gt=0, le=1000)
    """exposure of the full micrograph in e/A^2"""
    detector: str | None = None
    """camera, e.g. K2, K3, Falcon3, Falcon4, DE-20, or the path of a RELION mtf_*.star"""
    super_resolution: int | None = Field(default=None, ge=1, le=2)
    """2 for data binned from super-resolution, else 1"""


class StructuresColumn(Settings):
    """The atomic models."""

    structures: str | None = None
    """atomic models with weights: path:weight,path:weight"""


class ParticleColumns(Settings):
    """Particles and ice, which a simulation needs."""

    particle_diameter_A: float | None = Field(default=None, gt=0, le=10000)
    """diameter of the particle in A"""
    particles_per_um2: Range | None = None
    """particles per square micrometre, not negative: one value, a range such as 1200-4500 or a list such as 900,1500"""
    ice_thickness_nm: float | None = Field(default=None, ge=0, le=1000)
    """ice thickness in nm; 0 for none"""
    defocus_um: Range | None = None
    """underfocus in um, positive: one value, a range such as 0.8-2.0 or a list such as 1.2,1.5,0.9"""


class GainColumns(Settings):
    """What movies are corrected with."""

    gain: str | None = None
    """gain reference (MRC or TIFF) of the movies"""
    gain_operation: Literal["multiply", "divide"] = "multiply"
    """what the gain does to a frame"""
    gain_rotation: int = Field(default=0, ge=0, le=3)
    """quarter turns of the gain, RELION's --gain_rot and MotionCor's -RotGain: clockwise with row 0 on top"""
    gain_flip: Literal["none", "up_down", "left_right"] = "none"
    """flip of the gain after its turns, RELION's --gain_flip and MotionCor's -FlipGain: 0, 1, 2"""
    check_gain: bool = True
    """whether the frames are asked if they are flattened by the gain as it is turned, flipped and applied"""
    defects: str | None = None
    """list (x y, or x y w h, per line) or mask image of bad pixels"""


class BadPixelColumn(Settings):
    """What is looked for in sums and micrographs."""

    find_bad_pixels: bool = True
    """whether dead and hot pixels, columns, rows and borders that no list names are found and filled"""


class FirstFrameColumn(Settings):
    """Where the sums begin."""

    first_frame: int = Field(default=1, ge=1)
    """first frame of the sums, counted from one"""


class FrameColumns(Settings):
    """Where the sums end, and how fine they are."""

    last_frame: int = Field(default=0, ge=0)
    """last frame of the sums; 0 for all"""
    sum_binning: int = Field(default=1, ge=1, le=8)
    """Fourier binning of the sums"""


class SumSettings(FrameColumns, FirstFrameColumn, BadPixelColumn, GainColumns, TrustColumn, PixelColumn):
    """What the sums of a dataset are made with."""


class ExposureSettings(BadPixelColumn, TrustColumn):
    """What second exposures are read with."""


class ExportSettings(FirstFrameColumn, FrameDoseColumn, OpticsColumns, PixelColumn):
    """What a table of sums for RELION says."""


class DatasetRow(
    FrameColumns,
    FirstFrameColumn,
    BadPixelColumn,
    GainColumns,
    ParticleColumns,
    StructuresColumn,
    ExposureColumns,
    FrameDoseColumn,
    OpticsColumns,
    TrustColumn,
    PixelColumn,
    NameColumn,
):
    """One row per dataset. Empty cells are unknown; a step that needs one says so."""


class MicrographRow(Settings):
    """One row per movie, per pair of even and odd sums, or per single micrograph."""

    dataset: str
    """a row of the datasets table"""
    micrograph: str = Field(pattern="^[A-Za-z0-9_.+-]+$")
    """a name of letters, digits and _ . + -"""
    movie: str | None = None
    """frames of one exposure"""
    even: str | None = None
    """sum of the even frames made elsewhere"""
    odd: str | None = None
    """sum of the odd frames made elsewhere"""
    single: str | None = None
    """a micrograph without frames"""
    batch: str = Field(pattern="^b[0-9]{4,}$")
    """b and at least four digits, e.g. b0001"""
    split: Literal["train", "validation", "test", "apply"]
    """what learning may use the row for"""
