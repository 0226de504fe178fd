"""Hold the false share of picks that is promised against the one that is found.

    python benchmarks/false_discovery.py --seeds 3
    python benchmarks/false_discovery.py --real

Simulated fields have a truth; on the real frames of EMPIAR-10146 a pick without a person's mark counts as false,
though marks are missing and some are off centre. Decoys are Gaussian fields with the spectrum of the particle-free
boxes (`gaussian`) or of the whole field (`whole`), the field itself with random phases (`phases`), its particle-free
boxes, turned and quilted (`patches`), and, of simulated fields, fields without particles (`empty`): the truth of noise.
A found share counts picks with no particle within half a diameter; in brackets, within a quarter.
"""

from __future__ import annotations

import argparse
import datetime
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from real_data import DIAMETER_PX, PIXEL_SIZE_A, ROOT, Image, default_folder, load_fields
from scipy.spatial.distance import cdist

from clearice.config.defaults import default_settings
from clearice.config.kinds.mask_control import MaskControl
from clearice.config.pickers.template import TemplateStep
from clearice.config.simulation import SimulateStep
from clearice.denoisers.inference import denoise_micrograph
from clearice.denoisers.mask_control import denoise as masked
from clearice.denoisers.registry import Evidence
from clearice.evaluation.null_test import background_spectrum, noise_image, phase_randomised, whole_spectrum
from clearice.evaluation.regions import cut_box, free_boxes
from clearice.files.checkpoints import load_network
from clearice.files.structures import read_structure
from clearice.image.filters import lowpass
from clearice.image.symmetries import SYMMETRIES, apply_symmetry
from clearice.networks.fast_unet import FastUNet
from clearice.networks.unet import UNet
from clearice.noise.sampling import quilted
from clearice.picking.acceptance import Looked, accept_by_rate
from clearice.picking.correlation import normalise_templates, template_side_px
from clearice.picking.matching import inside
from clearice.picking.registry import Picks, load_picker
from clearice.simulation.detectors import named_detector
from clearice.simulation.field import plan_fields, simulate_field
from clearice.simulation.structures import make_projectors
from clearice.simulation.views import project_views

RATES = (0.01, 0.05, 0.1, 0.2)
KINDS = ("gaussian", "whole", "phases", "patches", "empty")
STRUCTURE = ROOT / "resources/empiar10146/6z6u.pdb.gz"
FIELDS, SIDE_PX, SIMULATED_PIXEL_A = 4, 768, 3.0
BOX_OF_DIAMETER = 0.77
COARSE_TURNS = {"views": 24, "turn_deg": 30.0}
Marks = NDArray[np.float64]
Counts = Mapping[float, NDArray[np.float64]]


@dataclass(frozen=True)
class Decoy:
    """What a picker found in pure noise."""

    scores: NDArray[np.float64]
    shape: tuple[int, int]
    diameter_px: float
    picker: str


@dataclass(frozen=True)
class Group:
    """Fields that are picked with one threshold: images, known centres, empty fields (none of real ones), diameter in px."""

    images: list[Image]
    centres: list[Marks]
    empty: list[Image]
    diameter_px: float
    pixel_size_A: float


def simulated_groups(seeds: int, template: TemplateStep, dose_e_per_A2: float) -> Iterator[Group]:
    """Simulate a few fields, and as many without particles, for each seed."""
    given = {
        "pixel_size_A": SIMULATED_PIXEL_A, "detector_pixel_size_A": PIXEL_SIZE_A, "height_px": SIDE_PX, "width_px": SIDE_PX,
        "voltage_kV": 300.0, "spherical_aberration_mm": 0.0, "amplitude_contrast": 0.07, "dose_e_per_A2": dose_e_per_A2,
        "detector": "K2", "super_resolution": 1, "particle_diameter_A": template.particle_diameter_A, "weights": [1.0],
        "particles_per_um2": "800-2000", "ice_thickness_nm": 40.0, "defocus_um": "1.2-2.8", "number": FIELDS,
    }  # fmt: skip
    settings = SimulateStep(**{**default_settings(SimulateStep, given=given), **given})
    plan = plan_fields(settings, named_detector("K2", 300, None), 1)
    model = read_structure(STRUCTURE, None, ignore_b_factors=False)
    projectors = make_projectors([model], settings.physics, SIMULATED_PIXEL_A, torch.device("cpu"))

    def field(seed: int, number: int, empty: bool) -> tuple[Image, Marks]:
        def generator_of(what: str) -> np.random.Generator:
            return np.random.default_rng([seed, number, empty, *what.encode()])

        made = simulate_field(
            f"{number}", plan, [model], projectors, empty=empty, generator_of=generator_of, device=torch.device("cpu")
        )  # fmt: skip
        return made.noisy, np.asarray(made.table["centres_px"], dtype=np.float64).reshape(-1, 2)

    for seed in range(seeds):
        full = [field(seed, number, False) for number in range(FIELDS)]
        yield Group(
            [image for image, _ in full],
            [centres for _, centres in full],
            [field(seed, number, True)[0] for number in range(FIELDS)],
            template.particle_diameter_A / SIMULATED_PIXEL_A,
            SIMULATED_PIXEL_A,
        )


def real_groups(folder: Path) -> Iterator[Group]:
    """Give the six real frames."""
    fields = list(load_fields(folder).values())
    yield Group([f.frame for f in fields], [f.marks for f in fields], [], DIAMETER_PX, PIXEL_SIZE_A)


def decoys_of(kind: str, group: Group, generator: np.random.Generator) -> list[Image]:
    """Make a decoy for each field; fields without particles are there once."""
    if kind == "empty":
        return group.empty
    return [
        _decoy(kind, image, centres, group, generator)
        for image, centres in zip(group.images, group.centres, strict=True)
    ]


def _decoy(kind: str, image: Image, centres: Marks, group: Group, generator: np.random.Generator) -> Image:
    height, width = image.shape
    mean = float(image.mean(dtype=np.float64))
    if kind == "phases":
        return phase_randomised(image, generator)
    if kind == "whole":
        return noise_image(whole_spectrum(image), (height, width), mean, generator)
    side_px = 2 * round(BOX_OF_DIAMETER * group.diameter_px / 2)
    boxes = free_boxes(centres, (height, width), radius_px=group.diameter_px / 2, side_px=side_px)
    if kind == "gaussian":
        return noise_image(background_spectrum(image, boxes), (height, width), mean, generator)
    patches = np.stack([cut_box(image, box) for box in boxes]) - np.float32(mean)

    def draw(count: int) -> NDArray[np.float32]:
        chosen = patches[generator.integers(len(patches), size=count)]
        turns = generator.integers(SYMMETRIES, size=count)
        return np.stack([apply_symmetry(one, turn) for one, turn in zip(chosen, turns, strict=True)])

    field = quilted(draw, side_px, max(height, width), generator)
    return field[:height, :width] + np.float32(mean)


def main() -> None:
    """Print a table of promised and found shares."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--draws", type=int, default=1, help="decoys of each field")
    parser.add_argument("--dose", type=float, default=4.0, metavar="E_PER_A2")
    parser.add_argument("--data", type=Path, default=default_folder())
    parser.add_argument("--model", type=Path, help="a network, as models/coarse/main.pt of a run")
    parser.add_argument("--pickers", nargs="+", default=["blob", "template"])
    given = parser.parse_args()
    began = time.process_time()
    diameter_A = DIAMETER_PX * PIXEL_SIZE_A
    own = TemplateStep(
        **{**default_settings(TemplateStep), **COARSE_TURNS, "particle_diameter_A": diameter_A}
    )
    groups = real_groups(given.data) if given.real else simulated_groups(given.seeds, own, given.dose)
    found: dict[tuple[str, str, str], list[Counts]] = {}
    for number, group in enumerate(groups):
        for key, counts in measured(
            group, number, given.draws, given.pickers, own, make_templates(own), given.model
        ).items():
            found.setdefault(key, []).append(counts)
    print(f"{platform.machine()}, {datetime.date.today()}, {time.process_time() - began:.0f} CPU s\n")
    head = [f"{what} at {100 * rate:g}" for what in ("found", "recall") for rate in RATES]
    print(f"| picker | method | decoys | {' | '.join(head)} |\n{'| --- ' * (3 + len(head))}|")
    for key, each in found.items():
        print(f"| {' | '.join([*key, *cells(each)])} |", flush=True)


def measured(
    group: Group,
    number: int,
    draws: int,
    pickers: list[str],
    own: TemplateStep,
    templates: NDArray[np.float32],
    model: Path | None,
) -> dict[tuple[str, str, str], Counts]:
    """Count the picks of a group by picker, method and kind of decoy."""
    generator = np.random.default_rng([number, 1])
    kinds = [kind for kind in KINDS if kind != "empty" or group.empty]
    nulls = {
        kind: [
            image
            for _ in range(1 if kind == "empty" else draws)
            for image in decoys_of(kind, group, generator)
        ]
        for kind in kinds
    }
    found = {}
    for method, transform in methods(group.pixel_size_A, model).items():
        images = [transform(image, image) for image in group.images]
        noise = {
            kind: [transform(image, real) for image, real in zip(each, cycle(group.images), strict=False)]
            for kind, each in nulls.items()
        }
        for picker in pickers:
            pick = partial(
                load_picker(picker), diameter_px=group.diameter_px, settings=own, templates=templates
            )
            looked = {
                str(index): Looked(pick(image), image.shape, group.diameter_px)
                for index, image in enumerate(images)
            }
            for kind, each in noise.items():
                decoys = {
                    str(index): _found(pick(image), image, group, picker) for index, image in enumerate(each)
                }
                found[picker, method, kind] = counted(looked, decoys, group)
    return found


def _found(picks: Picks, image: Image, group: Group, picker: str) -> Decoy:
    return Decoy(picks.scores, (image.shape[0], image.shape[1]), group.diameter_px, picker)


def methods(pixel_size_A: float, model: Path | None) -> dict[str, Callable[[Image, Image], Image]]:
    """Make functions of an image and of the micrograph whose mean and sd a network normalises it by."""
    own = MaskControl(kind="mask_control", sigma_px=7.5 / pixel_size_A)
    smooth = partial(lowpass, pixel_size_A=pixel_size_A, resolution_A=20.0, edge_fraction=0.2)
    found: dict[str, Callable[[Image, Image], Image]] = {
        "raw": lambda image, reference: image,
        "lowpass_20A": lambda image, reference: smooth(image),
        "mask_control": lambda image, reference: masked(image, pixel_size_A, own, Evidence(image)),
    }
    if model is not None:
        trained = load_network(model)
        unet = UNet(**trained.settings)
        unet.load_state_dict(trained.weights)
        network = FastUNet(unet, torch.device("cpu"), "float32", 2000)
        found[model.parent.name] = lambda image, reference: denoise_micrograph(
            image, pixel_size_A=pixel_size_A, network=network, rescale_to_A=trained.pixel_size_A,
            return_at="original", reference=reference,
        ).pixels  # fmt: skip
    return found


def counted(looked: Mapping[str, Looked], decoys: Mapping[str, Decoy], group: Group) -> Counts:
    """Count by rate, without a border: picks, those off by a quarter and by half a diameter, particles found, particles."""
    border, quarter = group.diameter_px / 2, group.diameter_px / 4
    table = {}
    for rate in RATES:
        row = np.zeros(5)
        accepted = accept_by_rate(looked, decoys, rate)
        for index, centres in enumerate(group.centres):
            one, shape = accepted[str(index)].found, group.images[index].shape
            picks = one.centres[one.accepted]
            picks = picks[inside(picks, (shape[0], shape[1]), border)]
            counting = inside(centres, (shape[0], shape[1]), border)
            away = cdist(picks, centres)
            nearest = away.min(axis=1, initial=np.inf)
            hit = (away <= quarter).any(axis=0) & counting
            off = (nearest > quarter).sum(), (nearest > border).sum()
            row += [len(picks), *off, hit.sum(), counting.sum()]
        table[rate] = row
    return table


def cells(groups: list[Counts]) -> list[str]:
    """Write the found shares, off by half (and by a quarter of) a diameter, and the recall, pooled over groups, in %."""
    total = {rate: sum((one[rate] for one in groups), np.zeros(5)) for rate in RATES}
    shares = [
        f"{100 * row[2] / row[0]:.1f} ({100 * row[1] / row[0]:.1f})" if row[0] else "no pick"
        for row in total.values()
    ]
    return [*shares, *(f"{100 * row[3] / row[4]:.0f}" for row in total.values())]


def make_templates(own: TemplateStep) -> NDArray[np.float32]:
    """Project the structure as the step project_templates does."""
    model = read_structure(STRUCTURE, own.assembly or None, ignore_b_factors=own.ignore_b_factors)
    size = own.pixels_per_diameter
    projectors = make_projectors([model], own, own.particle_diameter_A / size, torch.device("cpu"))
    return normalise_templates(-project_views(projectors, own.views, template_side_px(size)), size)


if __name__ == "__main__":
    main()
