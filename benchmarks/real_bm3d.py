"""Score the method `bm3d` beside raw, low-pass, Wiener and the mask control, on the micrographs of EMPIAR-10146.

    python benchmarks/real_bm3d.py                  # the four test micrographs
    python benchmarks/real_bm3d.py --fit            # the two SETTINGS micrographs, on which the pixel size is chosen

Settings are those of config/advanced.yaml, but for what a row's name says. The noise of each micrograph is measured in its
own particle-free boxes; pure noise is filtered as part of the micrograph it stands for, as the workflow does.
"""

from __future__ import annotations

import argparse
import datetime
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from real_data import (
    LARGEST_BOX_PX,
    PIXEL_SIZE_A,
    RADIUS_PX,
    SETTINGS,
    Field,
    Image,
    default_folder,
    load_fields,
    make_null,
    shape_of,
)
from real_scores import markdown, score_averages, score_frames

from clearice.config.layers import shipped_config
from clearice.config.registry import kind_named
from clearice.denoisers.registry import Evidence, load_denoiser
from clearice.evaluation.regions import free_boxes

SCORED = {"frame": score_frames, "average": score_averages}
OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "raw": ("", {}),
    **{name: (name, {}) for name in ("lowpass_20A", "mask_control", "wiener")},
}
TO_FIT: dict[str, tuple[str, dict[str, Any]]] = {
    "`bm3d`, as shipped (1.5 A/px)": ("bm3d", {}),
    "`bm3d`, white": ("bm3d", {"spectrum": "white"}),
    "`bm3d`, 3 A/px": ("bm3d", {"rescale_to_A": 3.0}),
    "`bm3d`, 6 A/px": ("bm3d", {"rescale_to_A": 6.0}),
}
TABLE: dict[str, tuple[str, dict[str, Any]]] = {
    **OTHERS,
    "`bm3d`, as shipped (1.5 A/px)": ("bm3d", {}),
    "`bm3d`, 3 A/px": ("bm3d", {"rescale_to_A": 3.0}),
    "`bm3d`, 6 A/px": ("bm3d", {"rescale_to_A": 6.0}),
    "`bm3d`, 6 A/px, white": ("bm3d", {"rescale_to_A": 6.0, "spectrum": "white"}),
}


def main() -> None:
    """Print a table for frames and one for averages."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=default_folder())
    parser.add_argument("--fit", action="store_true", help="score the two SETTINGS micrographs")
    parser.add_argument("--kinds", nargs="+", choices=list(SCORED), default=list(SCORED))
    options = parser.parse_args()
    fields = {
        name: field for name, field in load_fields(options.data).items() if (name in SETTINGS) == options.fit
    }
    print(f"{platform.machine()}, {datetime.date.today()}; EMPIAR-10146, {', '.join(fields)}")
    for kind in options.kinds:
        rows, seconds = {}, {}
        nulls = make_null(kind, options.data)
        for name, (method, change) in (TO_FIT if options.fit else TABLE).items():
            denoise = transform_of(method, change)
            began = time.process_time()
            denoised = {n: denoise(image_of(f, kind), f, image_of(f, kind)) for n, f in fields.items()}
            seconds[name] = (time.process_time() - began) / len(fields)
            null = {n: denoise(nulls[n], f, image_of(f, kind)) for n, f in fields.items()}
            more = (
                {}
                if kind == "frame"
                else {"rests": {n: denoise(f.rest, f, f.rest) for n, f in fields.items()}}
            )
            rows[name] = SCORED[kind](denoised, null, folder=options.data, **more)
        print(f"\n{kind}s\n\n{markdown(rows)}\n")
        print(
            "CPU s a micrograph:",
            ", ".join(f"{name} {each:.1f}" for name, each in seconds.items()),
            flush=True,
        )


def image_of(field: Field, kind: str) -> Image:
    """Return the frame or the average of a field."""
    return field.frame if kind == "frame" else field.average


def transform_of(method: str, change: dict[str, Any]) -> Callable[[Image, Field, Image], Image]:
    """Make a function of an image, its field, and the image whose noise is measured."""
    if not method:
        return lambda image, field, reference: image
    entry = {**shipped_config()["methods"][method], **change}
    own = kind_named(entry["kind"]).settings(**entry)
    denoise = load_denoiser(entry["kind"])

    def filtered(image: Image, field: Field, reference: Image) -> Image:
        boxes = free_boxes(field.marks, shape_of(reference), radius_px=RADIUS_PX, side_px=LARGEST_BOX_PX)
        return denoise(image, PIXEL_SIZE_A, own, Evidence(reference, tuple(boxes)))

    return filtered


if __name__ == "__main__":
    main()
