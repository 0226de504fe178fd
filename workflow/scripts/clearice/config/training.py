"""How the denoising networks are trained."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from clearice.config.base import Length, Precision, Settings, Share

Pairing = Literal["noise2noise", "supervised", "neighbor2neighbor", "added_noise"]


class Training(Settings):
    """How the networks are trained; the sections noise2noise, coarse and fine say where they differ."""

    width: int = Field(ge=3, multiple_of=3)
    """Channels of the encoder, a multiple of 3 (Topaz, NT2C: 48)."""
    first_kernel: Literal[1, 3, 5, 7, 9, 11, 13, 15]
    """Side of the first kernel in px, odd (Topaz's base_width: 11)."""
    last_kernel: Literal[1, 3, 5, 7, 9, 11]
    """Side of the last kernels in px, odd (Topaz's general network 5, NT2C's released code 3)."""
    crop_px: int = Field(ge=32)
    """Side of the training crops in px (Topaz, NT2C: 800)."""
    batch_size: int = Field(ge=1)
    """Pairs of one step."""
    steps: int = Field(ge=1)
    """Steps of the optimiser."""
    learning_rate: Length
    """Highest learning rate (Topaz, NT2C: 1e-3)."""
    optimiser: Literal["adagrad", "adam", "adamw", "sgd"]
    """Optimiser (Topaz, NT2C: adagrad)."""
    schedule: Literal["constant", "cosine"]
    """Course of the learning rate (Topaz, NT2C: constant)."""
    warmup_steps: int = Field(ge=0)
    """Steps in which the rate grows to learning_rate."""
    loss: Literal["L2", "L1", "L0"]
    """L2 seeks the mean, L1 the median, L0 (annealed from 2 to 0) the mode."""
    clip_norm: float = Field(ge=0)
    """Largest norm of the gradient; 0 for no clipping (ours: without it bf16 diverged)."""
    validate_every: int = Field(ge=1)
    """Steps between validations, where a training can also be resumed."""
    validation_crops: int = Field(ge=1)
    """Fixed validation crops, without augmentation."""
    patience: int = Field(ge=0)
    """Validations without a new best that end a training; 0 for never."""
    precision: Precision
    """Arithmetic of the network: auto (bfloat16 where the processor has it, else float32), or one of the two."""
    rescale_to_A: Length | None
    """Pixel size to work at in A, coarser than the micrographs'; null for theirs."""
    curriculum_start: Share
    """Supervised pairs: share of the noise's level at the first step."""
    curriculum_fraction: Share
    """Share of the steps until the full level; 0 for no curriculum (ours)."""

    @model_validator(mode="after")
    def _warm_up_fits(self) -> Training:
        if self.warmup_steps > self.steps:
            raise ValueError(
                f"warmup_steps ({self.warmup_steps}) exceed steps ({self.steps}); lower warmup_steps"
            )
        return self


class DenoiserTraining(Training):
    """What the step takes to train one network."""

    pairing: Pairing = "supervised"
    """Which pairs: even and odd, noisy and clean, or two made of a single exposure."""
    added_noise_sd: Annotated[float, Field(gt=0)] | None = None
    """For added_noise: standard deviation of the added noise in units of the image's own; null for all others."""
    warm_start: bool = False
    """Whether the weights to start from are given."""
    seed: int = Field(ge=0)
    """Seed of the run; crops and first weights derive from it and from the stage."""

    @model_validator(mode="after")
    def _pairing_fits(self) -> DenoiserTraining:
        if self.pairing != "supervised" and self.curriculum_fraction > 0.0:
            raise ValueError(
                f"a noise curriculum needs clean targets, which the pairing {self.pairing} has not; "
                "set curriculum_fraction to 0"
            )
        if (self.pairing == "added_noise") != (self.added_noise_sd is not None):
            raise ValueError(
                f"added_noise_sd is {self.added_noise_sd} for the pairing {self.pairing}; give a number above "
                "0 for the pairing added_noise, and none for any other"
            )
        return self
