"""Which noise patches of which manifests noise is modelled on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clearice.files.stacks import read_stack
from clearice.run.batches import FAILED, OK, read_manifest
from clearice.run.left_out import LeftOut


@dataclass(frozen=True)
class NoiseOfMicrograph:
    """The noise patches of a micrograph.

    Attributes
    ----------
    name
        Its name.
    batch
        Number of the manifest it is of.
    file
        The file of its patches.
    images
        Patches (n, d, d).
    pixel_size_A
        Their pixel size in A.
    """

    name: str
    batch: int
    file: Path
    images: NDArray[np.float32]
    pixel_size_A: float


def read_noise(manifests: Sequence[Path], left_out: LeftOut) -> list[NoiseOfMicrograph]:
    """Read the noise patches of all micrographs of some manifests.

    Parameters
    ----------
    manifests
        Manifests of noise patches. Micrographs that have none (`skipped`) are passed over.
    left_out
        Takes those that failed, and those whose patches cannot be read.
    """
    found = []
    for batch, manifest in enumerate(manifests):
        for row in read_manifest(manifest):
            if row.status == FAILED:
                left_out.add(row.micrograph, f"{row.micrograph} is failed: {row.reason}")
            elif row.status == OK:
                file = manifest.parent / row.file
                with left_out.unless_it_works(row.micrograph):
                    stack = read_stack(file)
                    found.append(
                        NoiseOfMicrograph(row.micrograph, batch, file, stack.images, stack.pixel_size_A)
                    )
    return found
