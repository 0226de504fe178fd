"""How a network is applied to whole micrographs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from clearice.config.base import Length, Precision, Settings


class Inference(Settings):
    """How a network is applied."""

    tile_memory_mb: int = Field(ge=50)
    """Memory a tile may take in MB, of RAM or GPU; larger micrographs are tiled, with the same result."""
    precision: Precision
    """Arithmetic of the network: auto (bfloat16 where the processor has it, else float32), or one of the two; bfloat16
    differs by about 0.5 % of the output's sd."""
    return_at: Literal["original", "model"]
    """Pixel size of the denoised micrographs, where the network works at another."""


class InferenceStep(Inference):
    """What the step takes: the section, and what belongs to the network."""

    rescale_to_A: Length | None = None
    """Pixel size the network works at in A; null for the micrographs'."""
    highpass_A: float = Field(default=0.0, ge=0)
    """High-pass that micrographs go through before the network, half amplitude at this length in A; 0 for none."""
