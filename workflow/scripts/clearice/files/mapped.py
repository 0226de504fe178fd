"""Images that stay in their file: only the pixels that are asked for are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from clearice.files.compressed import is_compressed, open_bytes
from clearice.files.mrc_header import read_header
from clearice.files.stacks import Stack, read_stack


def map_images(path: Path) -> Stack:
    """Map the images of an MRC file into memory, without reading them.

    The operating system keeps the pages that were read as long as there is room, so that many gigabytes of
    micrographs can be cropped at random with little memory.

    Parameters
    ----------
    path
        Micrograph or stack. Float32 in this machine's byte order, as we write it, is mapped; all other kinds
        (compressed, integers) are read into memory.

    Returns
    -------
    Stack
        `images` is a read-only float32 array (n, h, w).

    Raises
    ------
    ValueError
        The file is empty, truncated or no MRC file.
    OSError
        The file is missing or cannot be read.
    """
    if is_compressed(path):
        return read_stack(path)
    with open_bytes(path) as stream:
        header = read_header(stream, path)
    if header.dtype != np.dtype(np.float32) or not header.dtype.isnative:
        return read_stack(path)
    images = np.memmap(path, np.float32, "r", header.data_offset, header.shape)
    return Stack(images, header.pixel_size_A, header.label)
