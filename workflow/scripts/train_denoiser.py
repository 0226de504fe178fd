"""Train a denoiser on pairs of images: coarse, fine and Noise2Noise alike."""

from functools import partial
from pathlib import Path

from torch import Tensor

from clearice.config.training import DenoiserTraining
from clearice.files.checkpoints import NetworkFile, load_network, save_network
from clearice.files.mapped import map_images
from clearice.files.stacks import Stack, write_stack
from clearice.files.tables import write_table
from clearice.files.training_state import load_state, remove_state, save_state
from clearice.image.rescale import rescale_images
from clearice.image.units import same_pixel_size
from clearice.networks.phased_unet import PhasedUNet
from clearice.networks.unet import UNet
from clearice.run.batches import checksum
from clearice.run.devices import choose_device, choose_precision, torch_generator
from clearice.run.fingerprint import training_fingerprint
from clearice.run.left_out import NOTE, LeftOut
from clearice.run.seeds import derived_seed
from clearice.run.step import run
from clearice.run.training_set import chosen_files
from clearice.training.gathering import Micrograph, gather_images
from clearice.training.initialisation import check_start, initialise
from clearice.training.pairing import check_images, training_pairs, validation_pairs
from clearice.training.pairs import WITH_PARTNER
from clearice.training.records import (
    history_rows,
    network_settings,
    regression_provenance,
    regression_record,
)
from clearice.training.regression import train
from clearice.training.resume import HistoryRow, run_key


def train_denoiser(
    *,
    noisy: list[Path],
    target: list[Path],
    model: Path,
    history: Path,
    splits: dict[str, str],
    settings: DenoiserTraining,
    stage: str,
    variant: str,
    side_folder: Path,
    start: Path | None = None,
    threads: int,
    device: str,
) -> None:
    """Train a U-Net on the micrographs of some manifests and keep the weights of the best validation.

    `noisy` and `target` are manifests of the same batches in the same order; `target` is empty for the
    pairings neighbor2neighbor and added_noise. `splits` says of a micrograph (its name, or folder/name with
    any folder of its manifest's path, such as the dataset's) whether it is for train or validation; all
    others are left alone. What cannot be learned from is left out, and said in `history`. Crops and first
    weights derive from the seed and `stage` alone, so that variants differ in what they set.
    """
    if settings.warm_start and start is None:
        raise ValueError(
            "warm_start is true, but no network to start from is given; give one, or set it false"
        )
    torch_device, architecture = choose_device(device), network_settings(settings)
    settings = settings.model_copy(update={"precision": choose_precision(settings.precision, torch_device)})
    crop_seed = derived_seed(settings.seed, "training", stage)
    about = {"splits": dict(splits), "stage": stage, "variant": variant, "seed": settings.seed}
    parameters = {**regression_record(settings, crop_seed), **architecture, **about}
    inputs = [checksum(path) for path in (*noisy, *target, *([start] if start else []))]
    folder = side_folder / run_key(parameters, inputs, training_fingerprint(Path(__file__)))

    left_out = LeftOut()
    opened = _opened(noisy, target, splits, settings, folder, left_out)
    images = gather_images(opened, settings.pairing, settings.crop_px, left_out.add)
    check_images(images.training, images.validation, left_out.words())
    state = folder / run_key({"left_out": left_out.lines}, [], "")
    network = (PhasedUNet if torch_device.type == "cpu" else UNet)(**architecture)
    initialise(network, torch_generator(settings.seed, "initial weights", stage))
    if start is not None:
        network.load_state_dict(_first_weights(start, architecture, images.pixel_size_A))
    trained = train(
        network,
        training_pairs(images.training, settings, crop_seed),
        validation_pairs(images.validation, settings, crop_seed),
        settings,
        device=torch_device,
        workers=threads if torch_device.type == "cuda" else 1,
        resume_from=load_state(state),
        save_state=partial(save_state, state),
    )
    origin = "" if start is None else checksum(start)
    provenance = regression_provenance(settings, crop_seed, images, trained, origin, left_out.lines)
    made = NetworkFile("unet", architecture, trained.weights, images.pixel_size_A, stage, variant, provenance)
    save_network(model, made)
    write_table(history, left_out.noted(history_rows(trained)), [*HistoryRow.__annotations__, NOTE])
    remove_state(folder)


def _first_weights(start: Path, architecture: dict[str, int], pixel_size_A: float) -> dict[str, Tensor]:
    """Read the weights to start from, if they fit the network and the pixel size."""
    given = load_network(start)
    check_start(
        str(start),
        kind=given.kind,
        settings=given.settings,
        pixel_size_A=given.pixel_size_A,
        wanted_settings=architecture,
        wanted_pixel_size_A=pixel_size_A,
    )
    return given.weights


def _opened(
    noisy: list[Path],
    target: list[Path],
    splits: dict[str, str],
    settings: DenoiserTraining,
    folder: Path,
    left_out: LeftOut,
) -> list[Micrograph]:
    """Open the files to learn from, rescaled where that is set, and leave out what cannot be read."""
    scale_A, opened = settings.rescale_to_A, []
    chosen = chosen_files(noisy, target, splits, left_out, with_partner=settings.pairing in WITH_PARTNER)
    for number, one in enumerate(chosen):
        kept = folder / "rescaled" / f"{number:06d}"
        with left_out.unless_it_works(one.name):
            image = _images_of_file(one.noisy, scale_A, kept / "noisy.mrcs")
            partner = _images_of_file(one.target, scale_A, kept / "target.mrcs") if one.target else None
            opened.append(Micrograph(one.name, one.split, image, partner, one.batch))
    return opened


def _images_of_file(path: Path, rescale_to_A: float | None, kept: Path) -> Stack:
    """Map the images of a file; if they are to be rescaled, once, into a file beside the training's state."""
    stack = map_images(path)
    if rescale_to_A is None or same_pixel_size(stack.pixel_size_A, rescale_to_A):
        return stack
    if not kept.exists():
        write_stack(
            kept, rescale_images(path.name, stack.images, stack.pixel_size_A, rescale_to_A), rescale_to_A
        )
    return map_images(kept)


run(train_denoiser, globals())
