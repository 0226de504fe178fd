"""The table of classical filters a method of the config can name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clearice.image import filters

Image = NDArray[np.float32]


def make_filter(kind: str, settings: Mapping[str, Any]) -> Callable[[Image, float], Image]:
    """Make the filter of a kind.

    Parameters
    ----------
    kind
        ``lowpass``, ``bandpass``, ``binning`` or ``gaussian``.
    settings
        Exactly the keyword arguments of the function in `clearice.image.filters`, less the pixel size.

    Returns
    -------
    callable
        Takes an image, float32 (h, w), and its pixel size in A; returns the filtered image of the same shape.

    Raises
    ------
    ValueError
        No filter has that name.
    """
    in_angstrom: dict[str, Callable[..., Image]] = {"lowpass": filters.lowpass, "bandpass": filters.bandpass}
    in_pixels: dict[str, Callable[..., Image]] = {"binning": filters.binned, "gaussian": filters.gaussian}
    if kind in in_angstrom:
        function = partial(in_angstrom[kind], **settings)
        return lambda image, pixel_size_A: function(image, pixel_size_A=pixel_size_A)
    if kind in in_pixels:
        function = partial(in_pixels[kind], **settings)
        return lambda image, pixel_size_A: function(image)
    raise ValueError(
        f"filter {kind!r} is unknown; use one of {', '.join(sorted([*in_angstrom, *in_pixels]))}"
    )
