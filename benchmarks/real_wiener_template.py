"""Score the method `wiener` and the picker `template`, as they are shipped, on the test micrographs of EMPIAR-10146.

    python benchmarks/real_wiener_template.py

No setting is fitted: values are those of config/config.yaml. `wiener` measures the noise of each micrograph in its own
particle-free boxes; its pure noise is filtered as part of the micrograph it stands for, as the workflow does. `template`
compares with projections of 6Z6U, the demo's structure.
"""

from __future__ import annotations

import argparse
import datetime
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from real_data import (
    DIAMETER_PX,
    LARGEST_BOX_PX,
    MATCH_PX,
    PIXEL_SIZE_A,
    RADIUS_PX,
    ROOT,
    SETTINGS,
    Field,
    Image,
    default_folder,
    load_fields,
    make_null,
    shape_of,
)
from real_scores import markdown, score_averages, score_frames

from clearice.config.defaults import default_settings
from clearice.config.layers import shipped_config
from clearice.config.pickers.template import TemplateStep
from clearice.config.registry import kind_named
from clearice.denoisers.registry import Evidence, load_denoiser
from clearice.evaluation.regions import free_boxes
from clearice.files.structures import read_structure
from clearice.picking.correlation import normalise_templates, template_side_px
from clearice.picking.matching import Matched, average_precision, best_f1, match_micrograph
from clearice.picking.registry import load_picker
from clearice.simulation.structures import make_projectors
from clearice.simulation.views import project_views

STRUCTURE = ROOT / "resources/empiar10146/6z6u.pdb.gz"
SCORED = {"frame": score_frames, "average": score_averages}


def main() -> None:
    """Print two tables for frames and for averages: scores of the methods, and of the pickers on each method."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=default_folder())
    folder = parser.parse_args().data
    fields = {name: field for name, field in load_fields(folder).items() if name not in SETTINGS}
    own = TemplateStep(**default_settings(TemplateStep), particle_diameter_A=DIAMETER_PX * PIXEL_SIZE_A)
    templates = make_templates(own)
    print(f"{platform.machine()}, {datetime.date.today()}; EMPIAR-10146, {', '.join(fields)}")
    for kind in ("frame", "average"):
        nulls = make_null(kind, folder)
        denoised: dict[str, dict[str, Image]] = {}
        rows = {}
        for method, transform in methods().items():
            denoised[method] = {
                n: transform(image_of(f, kind), f, image_of(f, kind)) for n, f in fields.items()
            }
            null = {n: transform(nulls[n], f, image_of(f, kind)) for n, f in fields.items()}
            more = (
                {}
                if kind == "frame"
                else {"rests": {n: transform(f.rest, f, f.rest) for n, f in fields.items()}}
            )
            rows[method] = SCORED[kind](denoised[method], null, folder=folder, **more)
        print(f"\n{kind}s\n\n{markdown(rows)}\n")
        print(
            "| picker on method | average precision, % | best F1, % | CPU s a micrograph |\n| --- | --- | --- | --- |"
        )
        for method, images in denoised.items():
            for picker in ("blob", "template"):
                print(
                    f"| {picker} on {method} | {score_picker(picker, images, fields, own, templates)} |",
                    flush=True,
                )


def image_of(field: Field, kind: str) -> Image:
    """Return the frame or the average of a field."""
    return field.frame if kind == "frame" else field.average


def methods() -> dict[str, Callable[[Image, Field, Image], Image]]:
    """Make functions of an image, its field, and the image whose noise is measured."""
    shipped = shipped_config()["methods"]

    def named(name: str) -> Callable[[Image, Field, Image], Image]:
        own = kind_named(shipped[name]["kind"]).settings(**shipped[name])
        denoise = load_denoiser(shipped[name]["kind"])

        def filtered(image: Image, field: Field, reference: Image) -> Image:
            boxes = free_boxes(field.marks, shape_of(reference), radius_px=RADIUS_PX, side_px=LARGEST_BOX_PX)
            return denoise(image, PIXEL_SIZE_A, own, Evidence(reference, tuple(boxes)))

        return filtered

    return {
        "raw": lambda image, field, reference: image,
        **{name: named(name) for name in ("lowpass_20A", "mask_control", "wiener")},
    }


def make_templates(own: TemplateStep) -> NDArray[np.float32]:
    """Project the structure as the step project_templates does."""
    model = read_structure(STRUCTURE, own.assembly or None, ignore_b_factors=own.ignore_b_factors)
    pixel_size_A = own.particle_diameter_A / own.pixels_per_diameter
    projectors = make_projectors([model], own, pixel_size_A, torch.device("cpu"))
    views = project_views(projectors, own.views, template_side_px(own.pixels_per_diameter))
    return normalise_templates(-views, own.pixels_per_diameter)


def score_picker(
    picker: str,
    images: dict[str, Image],
    fields: dict[str, Field],
    own: TemplateStep,
    templates: NDArray[np.float32],
) -> str:
    """Compare candidates with the marks; return the cells of a row."""
    began = time.process_time()
    matched: list[Matched] = []
    for name, image in images.items():
        found = load_picker(picker)(image, DIAMETER_PX, settings=own, templates=templates)
        matched.append(
            match_micrograph(
                found.centres,
                found.scores,
                fields[name].marks,
                shape=shape_of(image),
                radius_px=MATCH_PX,
                border_px=RADIUS_PX,
            )
        )
    seconds = (time.process_time() - began) / len(images)
    return f"{100 * average_precision(matched):.1f} | {100 * best_f1(matched)[0]:.1f} | {seconds:.1f}"


if __name__ == "__main__":
    main()
