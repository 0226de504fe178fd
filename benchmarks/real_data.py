"""The real data of the benchmarks: EMPIAR-10146, its second exposures (rests), marks, regions and pure noise.

python benchmarks/real_data.py --rests resources/empiar10146/rests/apoferritin_frame    # the demo's second exposures
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage.io import imread, imsave

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

from clearice.evaluation.agreement import standardised  # noqa: E402
from clearice.evaluation.null_test import background_spectrum, noise_image  # noqa: E402
from clearice.evaluation.regions import BoxPair, choose_pairs, free_boxes  # noqa: E402
from clearice.files.mrc import read_micrograph, write_micrograph  # noqa: E402
from clearice.image.rings import transfer_of_rings  # noqa: E402

Image = NDArray[np.float32]
PIXEL_SIZE_A = 1.5
DIAMETER_PX = 83.0
RADIUS_PX = DIAMETER_PX / 2
MATCH_PX = 20.0
BAND_A = (200.0, 10.0)
RING_PX = 1.0
FRC_RING_PX = 8.0
PAIRS = 8
LARGEST_BOX_PX = 64
SETTINGS = ("May08_03.15.02", "May08_04.32.27")
"""The two micrographs on which settings may be fixed; the other four are the table."""


@dataclass(frozen=True)
class Field:
    """One micrograph.

    Attributes
    ----------
    average
        The average (h, w) of all its frames.
    frame
        One of them (h, w).
    rest
        The average without that frame (h, w): a second exposure, whose noise is independent of the frame's.
    marks
        Centres (n, 2) of the particles people marked, (y, x) in px.
    pairs
        Boxes with a particle and boxes without.
    """

    average: Image
    frame: Image
    rest: Image
    marks: NDArray[np.float64]
    pairs: list[BoxPair]


def default_folder() -> Path:
    """Find the data beside the repository."""
    return ROOT.parent / "shared/data/empiar10146"


@lru_cache(maxsize=2)
def load_fields(folder: Path | None = None) -> dict[str, Field]:
    """Read all six micrographs; frames and averages keep their 16-bit values as float32."""
    folder = folder or default_folder()
    with (folder / "frame_in_average.csv").open() as stream:
        shares = {row["micrograph"]: float(row["c_shot"]) for row in csv.DictReader(stream)}
    pattern = np.loadtxt(folder / "fixed_pattern.csv", delimiter=",", skiprows=1)
    fields = {}
    for name in sorted(shares):
        average = imread(folder / "averages" / f"{name}.png").astype(np.float32)
        frame = imread(folder / "frames" / f"{name}.png").astype(np.float32)
        marks = np.loadtxt(folder / "marks" / f"{name}.csv", delimiter=",", skiprows=1)[:, [1, 0]]
        height, width = average.shape
        share = shares[name] + transfer_of_rings((height, width), pattern[:, 0], pattern[:, 1])
        pairs = choose_pairs(
            marks,
            (height, width),
            radius_px=RADIUS_PX,
            pairs=PAIRS,
            largest_box_px=LARGEST_BOX_PX,
            smallest_box_px=32,
        )
        fields[name] = Field(average, frame, rest_of(average, frame, share), marks, pairs)
    return fields


def rest_of(average: Image, frame: Image, share: NDArray[np.float32] | float) -> Image:
    """Take a frame's own noise out of the average that contains it.

    rest = z(average) - share z(frame), with z(image) = (image - mean) / sd, in Fourier space where the share
    depends on frequency. Rest and frame are then exposures of one field whose noise has no covariance.

    Parameters
    ----------
    average, frame
        Images (h, w) of one field.
    share
        Share of the frame in the average: a number, or its value for each coefficient (h, w // 2 + 1) where the
        detector leaves a fixed pattern in both.

    Returns
    -------
    float32 array (h, w)
        The second exposure, mean 0.
    """
    whole, part = np.fft.rfft2(standardised(average)), np.fft.rfft2(standardised(frame))
    rest: Image = np.fft.irfft2(whole - share * part, s=average.shape).astype(np.float32)
    return rest


def make_null(kind: str = "frame", folder: Path | None = None, seed: int = 0) -> dict[str, Image]:
    """Draw, for each micrograph, pure noise with the spectrum of its background, in units of the image.

    Parameters
    ----------
    kind
        ``frame`` or ``average``.

    Denoise it exactly like the real image, with the real image's mean and sd where the method normalises.
    """
    nulls = {}
    for index, (name, field) in enumerate(load_fields(folder).items()):
        image = field.frame if kind == "frame" else field.average
        height, width = image.shape
        boxes = free_boxes(field.marks, (height, width), radius_px=RADIUS_PX, side_px=LARGEST_BOX_PX)
        spectrum = background_spectrum(image, boxes)
        generator = np.random.default_rng([seed, index, kind == "frame"])
        nulls[name] = noise_image(spectrum, (height, width), float(image.mean()), generator)
    return nulls


def read_method(folder: Path, what: str) -> dict[str, Image] | None:
    """Read <folder>/<what>/<micrograph>.mrc or .npy, as many of the six as there are; None without the folder."""
    if not (folder / what).is_dir():
        return None
    images: dict[str, Image] = {}
    for path in sorted((folder / what).iterdir()):
        if path.suffix == ".mrc":
            images[path.stem] = read_micrograph(path).pixels
        elif path.suffix == ".npy":
            images[path.stem] = np.load(path).astype(np.float32)
    return images


def write_images(target: Path, folder: Path | None = None) -> None:
    """Write frames, averages and rests as MRC, each in a folder of its own."""
    for name, field in load_fields(folder).items():
        for what, image in (("frames", field.frame), ("averages", field.average), ("rests", field.rest)):
            write_micrograph(target / what / f"{name}.mrc", image, PIXEL_SIZE_A)


def write_marks(target: Path, folder: Path | None = None) -> None:
    """Write the marks as <micrograph>.csv with the columns x and y in px, as `evaluation.coordinates` wants them."""
    target.mkdir(parents=True, exist_ok=True)
    for name, field in load_fields(folder).items():
        np.savetxt(
            target / f"{name}.csv", field.marks[:, ::-1], delimiter=",", header="x,y", comments="", fmt="%.2f"
        )


def write_inputs(target: Path, folder: Path | None = None) -> None:
    """Write what a method has to denoise, in the folders in which its outputs are looked for."""
    write_images(target, folder)
    for what, kind in (("null", "frame"), ("null_averages", "average")):
        for name, image in make_null(kind, folder).items():
            write_micrograph(target / what / f"{name}.mrc", image, PIXEL_SIZE_A)


def shape_of(image: Image) -> tuple[int, int]:
    height, width = image.shape
    return height, width


def write_rests(target: Path, names: Sequence[str], folder: Path) -> None:
    """Write the rests of some micrographs as 16-bit PNG, mean +- 6 standard deviations, for the bundled data."""
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        rest = load_fields(folder)[name].rest
        scaled = (rest - rest.mean()) / rest.std() * (32767 / 6) + 32768
        imsave(
            target / f"{name}.png", np.clip(np.rint(scaled), 0, 65535).astype(np.uint16), check_contrast=False
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=default_folder())
    parser.add_argument("--rests", type=Path, required=True, metavar="FOLDER")
    given = parser.parse_args()
    write_rests(given.rests, SETTINGS, given.data)
