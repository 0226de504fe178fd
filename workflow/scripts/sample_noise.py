"""Draw synthetic noise fields and measure how close they are to the real noise."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch

from clearice.config.stages.sample_noise import SampleNoiseStep
from clearice.files.checkpoints import load_network, network_of
from clearice.files.stacks import SYNTHETIC, write_stack
from clearice.files.tables import write_table
from clearice.image.units import same_pixel_size
from clearice.networks.noise_gan import Generator, drawn_fields
from clearice.noise.background import require_patches
from clearice.noise.fidelity import FidelityRow, compare_noise, crops_like
from clearice.noise.pooling import that_fit_together
from clearice.noise.sampling import (
    GeneratorOutput,
    coloured_fields,
    extracted_fields,
    gaussian_fields,
    standardised,
)
from clearice.run.devices import choose_device, torch_generator
from clearice.run.left_out import NOTE, LeftOut
from clearice.run.noise_set import read_noise
from clearice.run.seeds import numpy_generator
from clearice.run.step import run


def sample_noise(
    *,
    noise: list[Path],
    synthetic: Path,
    fidelity: Path,
    settings: SampleNoiseStep,
    model: Path | None = None,
    threads: int,
    device: str,
) -> None:
    """Write a stack of synthetic noise fields in the micrographs' units, and a table of their fidelity.

    The source gan draws from the generator in `model`; extracted (real patches turned, flipped and quilted)
    and gaussian (Gaussian noise with the patches' spectrum) need no model. The table compares with the
    patches of the manifests `noise`, both in units of the real noise's standard deviation.
    """
    torch.set_num_threads(threads)
    left_out = LeftOut()
    used = that_fit_together(read_noise(noise, left_out), left_out.add)
    stacks = [one.images for one in used]
    require_patches(stacks, settings.minimum_patches, settings.criterion, left_out.words())
    patches, scale = standardised(stacks)
    pixel_size_A = used[0].pixel_size_A
    if settings.source == "gan":
        if model is None:
            raise ValueError("the noise source gan needs a model; train one, or choose extracted or gaussian")
        torch_device = choose_device(device)
        network, output = _load_generator(model, torch_device, pixel_size_A)
        generator = torch_generator(settings.seed, "sample_noise", device=torch_device)
        drawn = coloured_fields(
            lambda count, made_px: drawn_fields(network, count, made_px, generator, settings.batch_size),
            output,
            settings.fields,
            settings.field_px,
            any_size=network.stationary,
            batch_size=settings.batch_size,
            generator=numpy_generator(settings.seed, "sample_noise", "quilts"),
        )
    else:
        draw = {"extracted": extracted_fields, "gaussian": gaussian_fields}[settings.source]
        drawn = draw(
            patches, settings.fields, settings.field_px, numpy_generator(settings.seed, "sample_noise")
        )
    real, fake = crops_like(patches, drawn, numpy_generator(settings.seed, "sample_noise", "fidelity"))
    rows = compare_noise(real, fake, settings.bands)
    write_stack(synthetic, drawn * np.float32(scale.sd) + np.float32(scale.mean), pixel_size_A, SYNTHETIC)
    lines = left_out.noted([_as_text(row) for row in rows])
    write_table(fidelity, lines, [*FidelityRow.__dataclass_fields__, NOTE])


def _load_generator(
    model: Path, torch_device: torch.device, pixel_size_A: float
) -> tuple[Generator, GeneratorOutput]:
    """Read a generator and what brings its output into the units of the patches."""
    file = load_network(model)
    if file.kind != "noise_gan":
        raise ValueError(
            f"{model} is a network of kind {file.kind}, not noise_gan; give what train_noise_gan wrote"
        )
    if file.pixel_size_A is None or not same_pixel_size(file.pixel_size_A, pixel_size_A):
        raise ValueError(
            f"{model} was trained at {file.pixel_size_A} A/px, the noise patches have "
            f"{pixel_size_A:.4g} A/px; train it again"
        )
    weights = {
        name.removeprefix("generator."): value for name, value in file.weights.items() if name != "amplitude"
    }
    for name, holder in (
        ("amplitude", file.weights),
        ("offset", file.provenance),
        ("patch_px", file.settings),
    ):
        if name not in holder:
            raise ValueError(f"{model} is a noise_gan without {name!r}; train it again")
    network = network_of(Generator, replace(file, weights=weights), model)
    output = GeneratorOutput(
        offset=file.provenance["offset"],
        amplitude=file.weights["amplitude"].numpy(),
        patch_px=file.settings["patch_px"],
    )
    return network.to(torch_device).eval(), output


def _as_text(row: FidelityRow) -> dict[str, object]:
    """Write a row with four significant digits."""
    return {name: value if isinstance(value, str) else f"{value:.4g}" for name, value in asdict(row).items()}


run(sample_noise, globals())
