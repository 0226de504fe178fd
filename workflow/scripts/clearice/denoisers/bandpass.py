"""Band-pass micrographs: slow gradients and shot noise both removed."""

from __future__ import annotations

from clearice.config.kinds.bandpass import Bandpass
from clearice.denoisers.registry import Evidence, Image
from clearice.image.filters import bandpass


def denoise(micrograph: Image, pixel_size_A: float, settings: Bandpass, evidence: Evidence) -> Image:
    """Keep the band between two resolutions, and the mean (see `image.filters.bandpass`).

    Raises
    ------
    ValueError
        The pixel size is not known, or the band is finer than Nyquist.
    """
    return bandpass(
        micrograph,
        pixel_size_A=pixel_size_A,
        coarsest_A=settings.coarsest_A,
        finest_A=settings.finest_A,
        edge_fraction=settings.edge_fraction,
    )
