"""Train the noise GAN of NT2C on extracted noise patches."""

import logging
from dataclasses import asdict
from pathlib import Path

import torch

from clearice.files.checkpoints import NetworkFile, save_network
from clearice.files.stacks import read_equal_stacks
from clearice.files.tables import write_table
from clearice.files.training_state import load_state, remove_state, save_state
from clearice.image.patches import smaller_patches
from clearice.networks.noise_gan import Critic, Generator, drawn_fields
from clearice.noise.background import require_patches
from clearice.noise.sampling import standardised
from clearice.noise.spectral_shaping import output_amplitude, training_amplitude, whiten
from clearice.run.batches import checksum, files_of
from clearice.run.devices import choose_device, torch_generator
from clearice.run.fingerprint import fingerprint
from clearice.run.seeds import derived_seed
from clearice.run.step import run
from clearice.training.adversarial import (
    AdversarialRow,
    AdversarialSettings,
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
    minimum_patches: int,
    criterion: str,
    patch_px: int,
    whitened: bool,
    symmetries: bool,
    generator: dict[str, int | float | str | bool],
    critic: dict[str, int | str],
    batch_size: int,
    steps: int,
    critic_steps: int,
    penalty: float,
    learning_rate: float,
    betas: list[float],
    record_every: int,
    keep_every: int,
    seed: int,
    side_folder: Path,
    threads: int,
    device: str,
) -> None:
    """Train a generator on the patches of the manifests `noise` and write it with its scaling to `model`.

    `generator` and `critic` are the settings of networks.noise_gan. The networks work on squares of
    `patch_px`, cut out of the patches where these are larger. The state of an unfinished training lies in a
    folder of its own in `side_folder`. `criterion` is the one the patches were found by: it says what to
    change where they are fewer than `minimum_patches`.
    """
    torch.set_num_threads(threads)
    place = choose_device(device)
    files = [file for manifest in noise for file in files_of(manifest).values()]
    stacks, pixel_size_A = read_equal_stacks(files) if files else ([], 0.0)
    require_patches(stacks, minimum_patches, criterion)
    patches, scale = standardised(stacks)
    log.info("%d noise patches of %d px from %d micrographs", len(patches), patches.shape[-1], len(files))
    patches = smaller_patches(patches, patch_px)

    amplitude = training_amplitude(patches, whitened)
    real = torch.from_numpy(whiten(patches, amplitude, patch_px))[:, None].to(place)
    # One seed for the first weights, whatever was drawn before in this process.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derived_seed(seed, "noise_gan", "weights"))
        network = Generator(patch_px=patch_px, **generator).to(place)  # type: ignore[arg-type]
        opponent = Critic(patch_px=patch_px, **critic).to(place)  # type: ignore[arg-type]
    settings = AdversarialSettings(
        steps=steps,
        critic_steps=critic_steps,
        penalty=penalty,
        learning_rate=learning_rate,
        betas=(betas[0], betas[1]),
        record_every=record_every,
        keep_every=keep_every,
    )
    plain = {**asdict(settings), "generator": generator, "critic": critic, "batch_size": batch_size}
    plain |= {
        "seed": seed,
        "patch_px": patch_px,
        "whitened": whitened,
        "symmetries": symmetries,
        "device": place.type,
    }
    key = run_key(plain, [checksum(file) for file in files], fingerprint(Path(__file__)))
    unfinished = side_folder / key
    rows = train_adversarially(
        network,
        opponent,
        lambda chance: draw_patches(real, batch_size, symmetries, chance),
        lambda chance: network.draw(batch_size, patch_px, chance),
        settings,
        generator_of=lambda step: torch_generator(seed, "noise_gan", step, device=place),
        resume_from=load_state(unfinished),
        keep=lambda state: save_state(unfinished, state),
    )

    chance = torch_generator(seed, "noise_gan", "calibration", device=place)
    fake = drawn_fields(network, PATCHES_TO_CALIBRATE, patch_px, chance, batch_size)
    offset = float(fake.mean(dtype="float64"))
    weights = {f"generator.{name}": value for name, value in network.state_dict().items()}
    weights["amplitude"] = torch.from_numpy(output_amplitude(amplitude, fake - offset, whitened))
    record = {
        "mean": scale.mean, "sd": scale.sd, "offset": offset, "patches": len(patches),
        "micrographs": len(files), **plain,
    }  # fmt: skip
    save_network(
        model,
        NetworkFile(
            kind="noise_gan",
            settings={"patch_px": patch_px, **generator},
            weights=weights,
            pixel_size_A=pixel_size_A,
            stage="noise_gan",
            variant=variant,
            provenance=record,
        ),
    )
    write_table(history, [asdict(row) for row in rows], list(AdversarialRow.__dataclass_fields__))
    remove_state(unfinished)


run(train_noise_gan, globals())
