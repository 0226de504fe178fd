"""Train the noise GAN of NT2C on extracted noise patches."""

import logging
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch

from clearice.config.stages.noise_gan import NoiseGanStep
from clearice.files.checkpoints import NetworkFile, save_network
from clearice.files.tables import write_table
from clearice.files.training_state import load_state, remove_state, save_state
from clearice.image.patches import smaller_patches
from clearice.networks.noise_gan import Critic, Generator, drawn_fields
from clearice.noise.background import require_patches
from clearice.noise.pooling import that_fit_together
from clearice.noise.sampling import standardised
from clearice.noise.spectral_shaping import output_amplitude, training_amplitude, whiten
from clearice.run.batches import checksum
from clearice.run.devices import choose_device, torch_generator
from clearice.run.fingerprint import training_fingerprint
from clearice.run.left_out import NOTE, LeftOut
from clearice.run.noise_set import NoiseOfMicrograph, read_noise
from clearice.run.seeds import derived_seed
from clearice.run.step import run
from clearice.training.adversarial import (
    AdversarialRow,
    adversarial_record,
    draw_patches,
    train_adversarially,
)
from clearice.training.resume import run_key

PATCHES_TO_CALIBRATE = 1024

log = logging.getLogger(__name__)


def train_noise_gan(
    *,
    noise: list[Path],
    model: Path,
    history: Path,
    variant: str,
    settings: NoiseGanStep,
    side_folder: Path,
    threads: int,
    device: str,
) -> None:
    """Train a generator on the patches of the manifests `noise` and write it with its scaling to `model`.

    The networks work on squares of `settings.patch_px`, cut out of the patches where these are larger. The
    state of an unfinished training lies in a folder of its own in `side_folder`.
    """
    torch.set_num_threads(threads)
    torch_device, side_px, seed = choose_device(device), settings.patch_px, settings.seed
    left_out = LeftOut()
    used = _noise_to_learn(noise, settings, left_out)
    patches, scale = standardised([one.images for one in used])
    log.info("%d noise patches of %d px from %d micrographs", len(patches), patches.shape[-1], len(used))
    patches = smaller_patches(patches, side_px)

    amplitude = training_amplitude(patches, settings.whitened)
    real = torch.from_numpy(whiten(patches, amplitude, side_px))[:, None].to(torch_device)
    architecture = {"patch_px": side_px, **settings.generator.model_dump()}
    # One seed for the first weights, whatever was drawn before in this process.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derived_seed(seed, "noise_gan", "weights"))
        network = Generator(**architecture).to(torch_device)
        opponent = Critic(patch_px=side_px, **settings.critic.model_dump()).to(torch_device)
    plain = adversarial_record(settings, torch_device.type)
    checksums = [checksum(one.file) for one in used]
    unfinished = side_folder / run_key(plain, checksums, training_fingerprint(Path(__file__)))
    rows = train_adversarially(
        network,
        opponent,
        lambda generator: draw_patches(real, settings.batch_size, settings.symmetries, generator),
        lambda generator: network.draw(settings.batch_size, side_px, generator),
        settings,
        generator_of=lambda step: torch_generator(seed, "noise_gan", step, device=torch_device),
        resume_from=load_state(unfinished),
        save_state=partial(save_state, unfinished),
    )

    generator = torch_generator(seed, "noise_gan", "calibration", device=torch_device)
    fake = drawn_fields(network, PATCHES_TO_CALIBRATE, side_px, generator, settings.batch_size)
    offset = float(fake.mean(dtype="float64"))
    weights = {f"generator.{name}": value for name, value in network.state_dict().items()}
    weights["amplitude"] = torch.from_numpy(output_amplitude(amplitude, fake - offset, settings.whitened))
    counts = {"patches": len(patches), "micrographs": len(used), "left_out": list(left_out.lines)}
    record = {"mean": scale.mean, "sd": scale.sd, "offset": offset, **counts, **plain}
    made = NetworkFile("noise_gan", architecture, weights, used[0].pixel_size_A, "noise_gan", variant, record)
    save_network(model, made)
    lines = left_out.noted([asdict(row) for row in rows])
    write_table(history, lines, [*AdversarialRow.__dataclass_fields__, NOTE])
    remove_state(unfinished)


def _noise_to_learn(noise: list[Path], settings: NoiseGanStep, left_out: LeftOut) -> list[NoiseOfMicrograph]:
    """Read the patches that can be pooled; refuse too few."""
    used = that_fit_together(read_noise(noise, left_out), left_out.add)
    stacks = [one.images for one in used]
    require_patches(stacks, settings.minimum_patches, settings.criterion, left_out.words())
    return used


run(train_noise_gan, globals())
