"""TIFF files whose description speaks of more images than there are page directories.

ImageJ writes stacks over 4 GB with one directory, and all images behind one another where its only strip begins
("images=6" in the description). tifffile writes such files too, with the shape of the whole, and OME-TIFF may keep
its other images in other files.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

from clearice.files.tiff_page import PageFacts

LONGEST_DESCRIPTION = 1 << 20


def images_described(page: PageFacts, pages: int, path: Path) -> int:
    """Return the number of images that the first page's description speaks of; `pages` where it says nothing.

    Raises
    ------
    ValueError
        It speaks of another number than there are pages, and not of one stack behind a single page; or of colours.
    """
    text = page.description[:LONGEST_DESCRIPTION]
    if text.startswith("ImageJ="):
        count, channels = (_number(rf"^{name}=(\d+)", text) for name in ("images", "channels"))
        if channels > 1 and not (channels == count and "mode=grayscale" in text):
            raise ValueError(f"{path} is an ImageJ stack of {channels} channels; save one channel as a stack")
    elif "<OME" in text and "<Pixels" in text:
        count = math.prod(_number(rf'\bSize{axis}="(\d+)"', text) for axis in "ZCT")
    elif text.startswith("{") and pages == 1:
        count = _images_of_shape(text, page.shape)
    else:
        return pages
    if count == pages or (pages == 1 and "<OME" not in text):
        return count
    raise ValueError(
        f"{path} has {pages} pages, but its description speaks of {count} images; "
        "save the frames again as one file with a page for each"
    )


def check_stack_behind(page: PageFacts, count: int, path: Path) -> None:
    """Refuse a stack behind one page that is compressed or in pieces, or that ends too soon.

    Raises
    ------
    ValueError
        Its images cannot be found, or are not all there.
    """
    if (
        not page.contiguous
        or page.fill_order != 1
        or page.predictor != 1
        or page.dtype is None
        or page.bits < 8
    ):
        raise ValueError(
            f"{path} speaks of {count} images behind one page, but that page is compressed or in pieces; "
            "save the frames again with a page for each"
        )
    image_bytes = math.prod(page.shape) * page.dtype.itemsize
    whole = (path.stat().st_size - page.offsets[0]) // image_bytes
    if whole < count:
        raise ValueError(
            f"{path} is truncated: it holds {whole} whole images of the {count} its description speaks of; "
            "copy the file again"
        )


def _number(pattern: str, text: str) -> int:
    """Return the number that a pattern finds, 1 where it finds none."""
    found = re.search(pattern, text, re.MULTILINE)
    return max(1, int(found.group(1)[:12])) if found else 1


def _images_of_shape(text: str, shape: tuple[int, ...]) -> int:
    """Return the number of images in the shape that tifffile notes as JSON, 1 where it is another's text."""
    try:
        sides = json.loads(text)["shape"]
        return max(1, math.prod(int(side) for side in sides) // math.prod(shape))
    except (ValueError, TypeError, KeyError, RecursionError):
        return 1
