"""No denoising: the control in every table."""

from __future__ import annotations

from typing import Literal

from clearice.config.kind import Kind, MethodSettings


class Raw(MethodSettings):
    """The micrographs as they are."""

    kind: Literal["raw"]
    """Kind of the method."""


KIND = Kind(settings=Raw, step="link_micrographs")
