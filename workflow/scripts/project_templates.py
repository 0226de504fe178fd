"""Project the structures of a dataset from all directions, for a picker to compare micrographs with."""

from pathlib import Path
from typing import Any

from clearice.config.registry import picker_named
from clearice.files.stacks import write_stack
from clearice.files.structures import read_structure
from clearice.picking.correlation import normalise_templates, template_side_px
from clearice.run.devices import choose_device
from clearice.run.step import as_settings, run
from clearice.simulation.structures import make_projectors
from clearice.simulation.views import project_views

TEMPLATES = "clearice: projections of structures, particles dark"


def project_templates(
    *, structures: list[Path], templates: Path, picker: str, settings: dict[str, Any]
) -> None:
    """Write projections of all structures as one stack `templates`, dark, of mean 0 and norm 1.

    Mean and norm are those within the disc of the particle.

    A pixel is the particle's diameter divided by `pixels_per_diameter`. The lens is left out: at
    such a pixel size (6 A for 120 A) most of what remains lies before the first zero of the contrast transfer
    of usual defoci (17 A at 1.5 um and 300 kV), where its sign does not change, and the defocus of a
    micrograph is not known.
    """
    model = picker_named(picker).templates
    if model is None:
        raise ValueError(f"picker {picker!r} compares with no templates; name one that does")
    own: Any = as_settings(model, settings, "settings")
    per_diameter = own.pixels_per_diameter
    pixel_size_A = own.particle_diameter_A / per_diameter
    models = [
        read_structure(path, own.assembly or None, ignore_b_factors=own.ignore_b_factors)
        for path in structures
    ]
    projectors = make_projectors(models, own, pixel_size_A, choose_device("cpu"))
    views = project_views(projectors, own.views, template_side_px(per_diameter))
    write_stack(templates, normalise_templates(-views, per_diameter), pixel_size_A, TEMPLATES)


run(project_templates, globals())
