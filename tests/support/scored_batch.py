"""A batch of synthetic micrographs with known particles, and the steps of evaluation and picking, one call each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from choose_regions import choose_regions
from clearice.config.evaluation import NullSettings, RegionSettings, ScoreSettings
from clearice.config.picking import ExtractSettings, PickSettings
from clearice.config.registry import picker_named
from clearice.files.coordinates import Coordinates, write_csv
from clearice.files.mrc import DATA, write_micrograph
from clearice.files.tables import read_table
from clearice.run.batches import process_rows, write_manifest
from extract_particles import extract_particles
from filter_micrographs import filter_micrographs
from import_coordinates import import_coordinates
from make_null_micrographs import make_null_micrographs
from match_picks import match_picks
from pick_particles import pick_particles
from score_method import score_method
from support.settings import made

SHAPE = (200, 220)
PIXEL_SIZE_A = 2.0
DIAMETER_A = 48.0
RADIUS_PX = DIAMETER_A / PIXEL_SIZE_A / 2
NAMES = ("m1", "m2", "m3")

Image = NDArray[np.float32]
Centres = NDArray[np.float64]


def centres(name: str) -> Centres:
    """Place six particles far from one another."""
    grid = np.array([[y, x] for y in (40, 100, 160) for x in (40, 110, 180)], dtype=float)
    generator = np.random.default_rng(int(name[1]))
    return generator.permutation(grid)[:6] + generator.integers(-4, 5, (6, 2))


def scene(name: str) -> Image:
    """Draw flat dark discs."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    image = np.zeros(SHAPE, np.float32)
    for y, x in centres(name):
        image -= ((rows - y) ** 2 + (columns - x) ** 2 <= RADIUS_PX**2).astype(np.float32)
    return image


def noise(seed: int) -> Image:
    """Draw white noise."""
    return 0.7 * np.random.default_rng(seed).standard_normal(SHAPE).astype(np.float32)


def crowded_centres(name: str) -> Centres:
    """Place 28 particles that nearly touch."""
    generator = np.random.default_rng(int(name[1]))
    placed: list[Centres] = []
    while len(placed) < 28:
        place = generator.uniform(0, 1, 2) * SHAPE
        if all(np.linalg.norm(place - other) > 2.2 * RADIUS_PX for other in placed):
            placed.append(place)
    return np.array(placed)


def textured_scene(name: str) -> Image:
    """Draw particles with an inner structure, stripes of 14 A, each turned in its own way."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    generator = np.random.default_rng(100 + int(name[1]))
    image = np.zeros(SHAPE)
    for y, x in crowded_centres(name):
        angle = generator.uniform(0, np.pi)
        along = (rows - y) * np.cos(angle) + (columns - x) * np.sin(angle)
        image -= (np.hypot(rows - y, columns - x) < RADIUS_PX) * (1 + np.cos(0.9 * along))
    return image.astype(np.float32)


def coloured_noise(seed: int) -> Image:
    """Draw white noise and, half as strong, a slow one."""
    generator = np.random.default_rng(seed)
    slow = scipy.ndimage.gaussian_filter(generator.standard_normal(SHAPE), 4, mode="wrap")
    return (1.5 * generator.standard_normal(SHAPE) + 0.75 * slow / slow.std()).astype(np.float32)


def write_batch(folder: Path, image_of: Callable[[str], Image], label: str = DATA) -> Path:
    """Write a batch of three micrographs and its manifest."""

    def treat(name: str) -> Path:
        write_micrograph(folder / f"{name}.mrc", image_of(name), PIXEL_SIZE_A, label)
        return folder / f"{name}.mrc"

    write_manifest(folder / "manifest.tsv", process_rows(NAMES, folder, treat))
    return folder / "manifest.tsv"


class Batch:
    """A batch whose steps can be run with one call each."""

    def __init__(
        self,
        folder: Path,
        *,
        scene: Callable[[str], Image] = scene,
        noise: Callable[[int], Image] = noise,
        centres: Callable[[str], Centres] = centres,
        marked: Sequence[str] = NAMES[:2],
    ) -> None:
        self.folder = folder
        self.raw = write_batch(folder / "even", lambda name: 100 + 5 * (scene(name) + noise(int(name[1]))))
        self.odd = write_batch(
            folder / "odd", lambda name: 100 + 5 * (scene(name) + noise(10 + int(name[1])))
        )
        self.clean = write_batch(folder / "clean", scene)
        for name in marked:
            self.mark(name, centres(name))

    def mark(self, name: str, places: Centres) -> None:
        """Write the known particles of one micrograph."""
        path = self.folder / f"marks/{name}.csv"
        write_csv(path, Coordinates(places, np.full(len(places), np.nan)))

    def known(self) -> Path:
        manifest = self.folder / "reference_coordinates/manifest.tsv"
        import_coordinates(
            micrographs=self.raw,
            folder=self.folder / "marks",
            reference_coordinates=manifest.parent,
            manifest=manifest,
            flip_y=False,
        )
        return manifest

    def regions(self, **changes: Any) -> Path:
        manifest = self.folder / "regions/manifest.tsv"
        choose_regions(
            micrographs=self.raw,
            reference_coordinates=self.known(),
            regions=manifest.parent,
            manifest=manifest,
            settings=made(
                RegionSettings,
                particle_diameter_A=DIAMETER_A,
                **({"region_pairs": 4, "largest_box_A": 48.0, "smallest_box_A": 16.0} | changes),
            ),
        )
        return manifest

    def null(self, regions: Path | None = None, **changes: Any) -> Path:
        manifest = self.folder / "null/manifest.tsv"
        make_null_micrographs(
            micrographs=self.raw,
            null=manifest.parent,
            manifest=manifest,
            regions=regions or self.regions(),
            part="even",
            settings=made(NullSettings, **changes),
            seed=1,
        )
        return manifest

    def mask_control(self, source: Path, name: str) -> Path:
        return self._filter(source, name, {"kind": "mask_control", "sigma_px": 3.0})

    def blur(self, source: Path, name: str) -> Path:
        """Do what the mask control does before it masks."""
        return self._filter(source, name, {"kind": "gaussian", "sigma_px": 3.0, "window_px": 25})

    def _filter(self, source: Path, name: str, settings: dict[str, Any]) -> Path:
        manifest = self.folder / name / "manifest.tsv"
        filter_micrographs(micrographs=source, denoised=manifest.parent, manifest=manifest, settings=settings)
        return manifest

    def pick(self, source: Path, name: str, decoys: Path | None = None, **changes: Any) -> Path:
        found = (
            {"decoy_candidates": [decoys / "candidates.tsv"], "decoy_summary": [decoys / "summary.tsv"]}
            if decoys
            else {}
        )
        folder = self.folder / "picks" / name
        settings = {"picker": "blob", "own": {}, "particle_diameter_A": DIAMETER_A, "box_A": 64.0}
        pick_particles(
            micrographs=source,
            picks=folder,
            manifest=folder / "manifest.tsv",
            candidates=folder / "candidates.tsv",
            summary=folder / "summary.tsv",
            settings=made(PickSettings, **(settings | changes)),
            **found,
        )
        return folder

    def match(
        self, picks: Path, null: Path | None, method: str, picker: str = "blob"
    ) -> dict[str, dict[str, float]]:
        scores = self.folder / f"scores/{method}.{picker}.tsv"
        nothing = (
            {"null_candidates": null / "candidates.tsv", "null_summary": null / "summary.tsv"} if null else {}
        )
        match_picks(
            candidates=picks / "candidates.tsv",
            summary=picks / "summary.tsv",
            reference_coordinates=self.known(),
            scores=scores,
            method=method,
            part="even",
            batch="b0001",
            picker=picker,
            scores_compare=picker_named(picker).scores_compare,
            seed=1,
            **nothing,
        )
        return values(scores)

    def score(self, denoised: Path, method: str, **inputs: Path) -> dict[str, dict[str, float]]:
        scores = self.folder / f"scores/{method}.tsv"
        score_method(
            denoised=denoised,
            raw=self.raw,
            scores=scores,
            method=method,
            part="even",
            batch="b0001",
            settings=made(ScoreSettings, finest_A=8.0, frc_ring_px=6.0),
            **inputs,
        )
        return values(scores)

    def extract(self, source: Path, picks: Path, **changes: Any) -> Path:
        folder = self.folder / "particles"
        optics = {"voltage_kV": 300.0, "spherical_aberration_mm": 0.0, "amplitude_contrast": 0.1}
        settings = {"particle_diameter_A": DIAMETER_A, "box_A": 64.0, **optics, **changes}
        extract_particles(
            micrographs=source,
            picks=picks / "manifest.tsv",
            particles=folder,
            manifest=folder / "manifest.tsv",
            star=folder / "particles.star",
            dataset="toy",
            settings=made(ExtractSettings, **settings),
        )
        return folder


def values(path: Path) -> dict[str, dict[str, float]]:
    """Read a table of scores as values by metric by micrograph."""
    table: dict[str, dict[str, float]] = {}
    for row in read_table(path):
        table.setdefault(row["micrograph"], {})[row["metric"]] = float(row["value"])
    return table
