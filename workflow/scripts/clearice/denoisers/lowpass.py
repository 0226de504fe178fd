"""Low-pass micrographs: the field's plainest view, printed beside every result."""

from __future__ import annotations

from clearice.config.kinds.lowpass import Lowpass
from clearice.denoisers.registry import Evidence, Image
from clearice.image.filters import lowpass


def denoise(micrograph: Image, pixel_size_A: float, settings: Lowpass, evidence: Evidence) -> Image:
    """Keep what is coarser than a resolution (see `image.filters.lowpass`).

    Raises
    ------
    ValueError
        The pixel size is not known, or the resolution is finer than Nyquist.
    """
    return lowpass(
        micrograph,
        pixel_size_A=pixel_size_A,
        resolution_A=settings.resolution_A,
        edge_fraction=settings.edge_fraction,
    )
