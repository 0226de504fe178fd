"""The network that draws noise, and its training (Li et al. 2022, Fig. 3 and eq. 2)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from clearice.config.base import Length, Settings
from clearice.config.stage import Stage
from clearice.config.stages.extract_noise import Criterion


class GeneratorSettings(Settings):
    """The generator."""

    width: int = Field(ge=8, multiple_of=8)
    """Channels of the first layer."""
    latent_channels: int = Field(ge=1)
    """Latent numbers at every point of the latent map (length of z)."""
    stationary: bool
    """No zero padding: seamless fields of any size; false: patches, quilted."""
    pixel_noise: bool
    """Fresh Gaussian noise after every layer: 100 numbers cannot carry all pixels."""
    output: Literal["linear", "tanh"]
    """Last function: linear (ours), or tanh: k tanh(x / k) (released code: tanh, which cannot reach the data)."""
    output_sigmas: Length
    """k, the range of the tanh in standard deviations of the noise."""


class CriticSettings(Settings):
    """The critic."""

    width: int = Field(ge=8, multiple_of=8)
    """Channels of the last hidden layer."""
    norm: Literal["instance", "none"]
    """Normalisation between the layers: instance hardly sees a patch's contrast."""


class NoiseGan(Settings):
    """The noise GAN and its training."""

    minimum_patches: int = Field(ge=2)
    """Fewest noise patches to model noise from."""
    patch_px: Literal[16, 32, 64, 128, 256]
    """Side of the networks' patches in pixels."""
    whitened: bool
    """Train on patches divided by their mean radial amplitude, and multiply it back in exactly (ours)."""
    symmetries: bool
    """Turn and flip training patches at random (off where the noise has a direction)."""
    generator: GeneratorSettings
    """The generator."""
    critic: CriticSettings
    """The critic."""
    batch_size: int = Field(ge=2)
    """Patches of one step."""
    steps: int = Field(ge=1)
    """Steps of the generator."""
    critic_steps: int = Field(ge=1)
    """Steps of the critic for each of the generator (n_critic)."""
    penalty: Length
    """Weight lambda of the gradient penalty."""
    learning_rate: Length
    """Learning rate of Adam."""
    betas: Annotated[list[Annotated[float, Field(ge=0, lt=1)]], Field(min_length=2, max_length=2)]
    """Both betas of Adam."""
    record_every: int = Field(ge=1)
    """Steps between rows of the history."""
    keep_every: int = Field(ge=1)
    """Steps between states to resume from."""


class NoiseGanStep(NoiseGan):
    """What the step takes: the section, the criterion the patches were found by, and the seed."""

    criterion: Criterion
    """Criterion the patches were found by: it says what to change where they are too few."""
    seed: int = Field(ge=0)
    """Seed of the run."""


STAGE = Stage(
    section=NoiseGan,
    settings=NoiseGanStep,
    before=("extract_noise",),
    borrowed={"criterion": "extract_noise"},
)
