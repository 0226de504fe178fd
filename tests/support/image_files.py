"""Image files made by hand, field by field, as the descriptions of the formats have them."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mrcfile.dtypes import HEADER_DTYPE
from numpy.typing import NDArray

IMOD_STAMP = 1146047817
SHORT, LONG, ASCII = 3, 4, 2
BYTES_OF_TYPE = {ASCII: 1, SHORT: 2, LONG: 4}


def mrc_bytes(
    stored: NDArray[Any], mode: int, order: str = "<", imod_flags: int | None = None, **fields: Any
) -> bytes:
    """Make an MRC file of what it stores (n, rows, columns), with fields of its header changed."""
    count, height, width = stored.shape
    header = np.zeros((), HEADER_DTYPE.newbyteorder(order))
    header["nz"], header["ny"], header["nx"], header["mode"] = count, height, width, mode
    header["mz"], header["my"], header["mx"] = count, height, width
    header["cella"] = (1.5 * width, 1.5 * height, 1.5 * count)
    header["cellb"] = (90, 90, 90)
    header["mapc"], header["mapr"], header["maps"] = 1, 2, 3
    header["map"], header["machst"] = b"MAP ", (0x44, 0x44, 0, 0) if order == "<" else (0x11, 0x11, 0, 0)
    for name, value in fields.items():
        if name == "label":
            header["nlabl"], header["label"][0] = 1, value.encode()
        elif name in ("gamma", "cell_y"):
            header["cellb" if name == "gamma" else "cella"]["gamma" if name == "gamma" else "y"] = value
        else:
            header[name] = value
    block = bytearray(header.tobytes())
    if imod_flags is not None:
        block[152:160] = np.array([IMOD_STAMP, imod_flags], order + "i4").tobytes()
    extended = bytes([7]) * max(0, int(header["nsymbt"]))
    return bytes(block) + extended + stored.astype(stored.dtype.newbyteorder(order)).tobytes()


def pack_counts(counts: NDArray[Any]) -> NDArray[np.uint8]:
    """Pack counts below 16 (..., w) in pairs, the left one in the low half of a byte, odd rows to a whole byte."""
    counts = counts.astype(np.uint8)
    if counts.shape[-1] % 2:
        counts = np.concatenate([counts, np.zeros_like(counts[..., :1])], axis=-1)
    packed: NDArray[np.uint8] = counts[..., 0::2] | (counts[..., 1::2] << 4)
    return packed


def tiff_bytes(
    pages: Sequence[bytes],
    size_px: tuple[int, int],
    bits: int,
    changes: Mapping[int, Mapping[int, Any]] | None = None,
    behind: bytes = b"",
) -> bytes:
    """Make a little-endian TIFF file of one strip a page, whose bytes are given.

    `changes` gives tags of a page (by number, from zero) another value: a number, or text; None leaves a tag out.
    """
    height, width = size_px
    content, links = bytearray(b"II*\0" + bytes(4)), [4]
    for index, data in enumerate(pages):
        start = len(content)
        content += data + bytes(len(data) % 2)
        tags: dict[int, Any] = {256: width, 257: height, 258: bits, 259: 1, 262: 1, 277: 1}
        tags |= {273: start, 278: height, 279: len(data)} | dict((changes or {}).get(index, {}))
        entries = []
        for tag, value in sorted((tag, value) for tag, value in tags.items() if value is not None):
            if isinstance(value, str):
                text = value.encode() + b"\0"
                text += bytes(max(0, 5 - len(text)))
                entries.append(struct.pack("<HHII", tag, ASCII, len(text), len(content)))
                content += text + bytes(len(text) % 2)
            else:
                entries.append(struct.pack("<HHII", tag, LONG, 1, value))
        content[links[-1] : links[-1] + 4] = struct.pack("<I", len(content))
        content += struct.pack("<H", len(entries)) + b"".join(entries)
        links.append(len(content))
        content += bytes(4)
    return bytes(content + behind)
