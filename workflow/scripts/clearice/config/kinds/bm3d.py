"""BM3D: patches that are alike are denoised together, with the noise measured on the micrograph itself."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from clearice.config.base import Length, part_of
from clearice.config.kind import Kind, MethodSettings
from clearice.config.stages.extract_noise import ExtractNoise

GroupSize = Literal[2, 4, 8, 16, 32, 64]


class BM3D(MethodSettings):
    """Block matching and 3D filtering (Dabov et al. 2007), both passes, for white or coloured noise."""

    kind: Literal["bm3d"]
    """Kind of the method."""
    noise: Literal["patches", "free_boxes"]
    """What the noise is measured on: noise patches as NT2C finds them, or particle-free boxes, which need known
    coordinates."""
    spectrum: Literal["coloured", "white"]
    """What is taken of the measured noise: its radial spectrum, or its level alone, as if it were white."""
    ring_px: float = Field(ge=1)
    """Width of a ring of the spectrum, in Fourier pixels of the shorter side."""
    rescale_to_A: Length | None
    """Pixel size to work at in A, coarser than the micrographs'; null for theirs. Images come back at their own."""
    patch_px: Literal[4, 8, 16]
    """Side of a patch in px (N1; Dabov et al. 2007: 8)."""
    step_px: int = Field(ge=1)
    """Distance of reference patches in px, at most a patch (Nstep; Dabov et al. 2007: 3)."""
    window_px: int = Field(ge=3)
    """Odd side of the square in which patches like a reference are looked for, in px (NS; Dabov et al. 2007: 39)."""
    group_hard: GroupSize
    """Patches of a group in the first pass (N2; Dabov et al. 2007: 16)."""
    group_wiener: GroupSize
    """Patches of a group in the second pass (N2; Dabov et al. 2007: 32)."""
    threshold: float = Field(gt=0)
    """First pass: coefficients of a group below this many sd of the noise are set to 0 (lambda3D; Dabov et al. 2007:
    2.7)."""
    match_threshold: float = Field(ge=0)
    """First pass: coefficients of a patch below this many sd count as 0 where patches are compared (lambda2D; Dabov et
    al. 2007: 0, and 2 for strong noise)."""
    kaiser_beta: float = Field(ge=0, le=20)
    """Shape of the Kaiser window that patches are put back with (Dabov et al. 2007: 2)."""
    extract_noise: part_of(ExtractNoise) | None = None  # type: ignore[valid-type]
    """What differs in extract_noise (noise: patches)."""

    @model_validator(mode="after")
    def _patches_suffice(self) -> BM3D:
        if self.step_px > self.patch_px:
            raise ValueError(
                f"step_px is {self.step_px}, more than patch_px ({self.patch_px}), so pixels would be left out; "
                "make it at most a patch"
            )
        if self.window_px % 2 == 0:
            raise ValueError(f"window_px is {self.window_px}, but must be odd; use {self.window_px + 1}")
        in_a_corner, group = (self.window_px // 2 + 1) ** 2, max(self.group_hard, self.group_wiener)
        if in_a_corner < group:
            raise ValueError(
                f"window_px {self.window_px} holds {in_a_corner} patches at a corner of the image, less than the "
                f"{group} of a group; use a larger window or smaller groups"
            )
        return self


PATCHES = ("extract_noise",)

KIND = Kind(
    settings=BM3D,
    step="filter_micrographs",
    stages=PATCHES,
    stages_of=lambda own: PATCHES if own.get("noise") == "patches" else (),
    needs=frozenset({"noise"}),
    threads=4,
)
