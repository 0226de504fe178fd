"""Panels that show micrographs: one grey scale for all methods, and a scale bar in angstrom."""

from __future__ import annotations

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from clearice.config.reporting import PreviewSettings
from clearice.image.filters import lowpass

Picture = NDArray[np.uint8]


def draw_panels(
    image: NDArray[np.float32],
    raw: NDArray[np.float32],
    *,
    pixel_size_A: float,
    raw_pixel_size_A: float,
    settings: PreviewSettings,
) -> tuple[Picture, Picture]:
    """Draw the whole field of a denoised micrograph and a detail of its centre, with scale bars.

    Parameters
    ----------
    image
        Denoised micrograph, float32 (h, w).
    raw
        Raw micrograph, float32 (h, w) of its own; both panels have its grey scale.
    pixel_size_A, raw_pixel_size_A
        Pixel sizes in A; that of the raw micrograph is known.
    settings
        Sizes of the panels, and the grey scale.

    Returns
    -------
    (Picture, Picture)
        Field and detail, uint8. The detail shows as much of the specimen whatever the image's pixel size.
    """
    scale = grey_scale(
        raw,
        pixel_size_A=raw_pixel_size_A,
        resolution_A=settings.reference_resolution_A,
        contrast_sd=settings.contrast_sd,
    )
    field, factor = whole_field(image, settings.width_px)
    detail = centre(image, round(settings.detail_px * raw_pixel_size_A / (pixel_size_A or 1)))
    return (
        with_scale_bar(to_grey(field, *scale), pixel_size_A * factor),
        with_scale_bar(to_grey(detail, *scale), pixel_size_A),
    )


def grey_scale(
    raw: NDArray[np.float32], *, pixel_size_A: float, resolution_A: float, contrast_sd: float
) -> tuple[float, float]:
    """Choose black and white for all pictures of a micrograph from its raw image alone.

    The raw image is low-passed first: its shot noise would leave denoised images without contrast, and a
    scale taken from a denoised image would favour the method it came from.

    Parameters
    ----------
    raw
        Raw micrograph, float32 (h, w).
    pixel_size_A
        Pixel size in A.
    resolution_A
        Resolution of the low-pass in A; a finer one than Nyquist means none.
    contrast_sd
        Half width of the scale in standard deviations of the low-passed image.

    Returns
    -------
    (float, float)
        Values shown black and white. They differ, also for a constant image.
    """
    view = raw
    if pixel_size_A > 0 and resolution_A > 2 * pixel_size_A:
        view = lowpass(raw, pixel_size_A=pixel_size_A, resolution_A=resolution_A, edge_fraction=0.2)
    mean, spread = float(view.mean(dtype=np.float64)), float(view.std(dtype=np.float64))
    half = contrast_sd * spread or 1.0
    return mean - half, mean + half


def to_grey(image: NDArray[np.float32], black: float, white: float) -> Picture:
    """Map `black` to 0 and `white` to 255, clipping beyond; not-finite pixels are black."""
    scaled = np.nan_to_num((image - black) / (white - black), nan=0.0, posinf=1.0, neginf=0.0)
    result: Picture = np.clip(scaled * 255 + 0.5, 0, 255).astype(np.uint8)
    return result


def whole_field(image: NDArray[np.float32], width_px: int) -> tuple[NDArray[np.float32], float]:
    """Shrink an image to a width by area averages; return it and how many of its pixels make one.

    An image that is narrower already is returned as it is, with 1.
    """
    factor = max(image.shape[1] / width_px, 1.0)
    if factor == 1.0:
        return image, 1.0
    blurred = scipy.ndimage.uniform_filter(image, size=max(round(factor), 1), mode="mirror")
    shape = (max(round(image.shape[0] / factor), 1), width_px)
    rows = ((np.arange(shape[0]) + 0.5) * image.shape[0] / shape[0]).astype(int)
    columns = ((np.arange(shape[1]) + 0.5) * image.shape[1] / shape[1]).astype(int)
    return blurred[np.ix_(rows, columns)], factor


def centre(image: NDArray[np.float32], side_px: int) -> NDArray[np.float32]:
    """Cut a square of `side_px` (or of the shorter side) from the middle of an image."""
    side = min(side_px, *image.shape)
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    return image[top : top + side, left : left + side]


def bar_length_A(width_A: float) -> int:
    """Choose a round length (1, 2 or 5 times a power of ten) near a fifth of the width."""
    wanted = max(width_A / 5, 1e-6)
    power = 10 ** np.floor(np.log10(wanted))
    return int(max(max((m for m in (1, 2, 5) if m * power <= wanted), default=1) * power, 1))


def with_scale_bar(picture: Picture, pixel_size_A: float) -> Picture:
    """Draw a scale bar with its length in angstrom into the lower left corner.

    Parameters
    ----------
    picture
        Grey picture, uint8 (h, w).
    pixel_size_A
        Size of a pixel of the picture in A; without one (0) the picture is returned as it is.
    """
    if pixel_size_A <= 0:
        return picture
    height, width = picture.shape
    length_A = bar_length_A(width * pixel_size_A)
    length_px = max(round(length_A / pixel_size_A), 1)
    size = max(height // 28, 9)
    canvas = Image.fromarray(picture)
    draw = ImageDraw.Draw(canvas)
    left, bottom = size, height - size
    text = f"{length_A} A"  # the bundled font has no letter for angstrom
    font = ImageFont.load_default(size)
    box = draw.textbbox((0, 0), text, font=font)
    tall = max(size // 4, 2)
    frame = (
        left - size // 2,
        bottom - tall - (box[3] + size // 2),
        left + max(length_px, box[2]) + size // 2,
        bottom + size // 2,
    )
    draw.rectangle(frame, fill=0)
    draw.rectangle((left, bottom - tall, left + length_px, bottom), fill=255)
    draw.text((left, bottom - tall - box[3] - size // 4), text, fill=255, font=font)
    return np.asarray(canvas)
