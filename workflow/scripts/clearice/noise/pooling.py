"""Choose the micrographs whose noise patches can be pooled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from clearice.image.units import check_whole_groups, commonest_pixel_size, same_pixel_size

LARGEST_FACTOR = 10.0
"""Between the noise of two micrographs, above which they are in different units."""


class NoisePatches(Protocol):
    """The noise patches of a micrograph, as `run.noise_set.NoiseOfMicrograph` holds them."""

    @property
    def name(self) -> str:
        """Return its name."""

    @property
    def batch(self) -> int:
        """Return the number of its batch."""

    @property
    def images(self) -> NDArray[np.float32]:
        """Return the patches (n, d, d)."""

    @property
    def pixel_size_A(self) -> float:
        """Return their pixel size in A."""


Patches = TypeVar("Patches", bound=NoisePatches)


def that_fit_together(given: Sequence[Patches], leave_out: Callable[[str, str], None]) -> list[Patches]:
    """Choose the micrographs whose noise can be pooled, and leave the others out.

    Parameters
    ----------
    given
        The patches of every micrograph.
    leave_out
        Called with name and reason of a micrograph whose patches are not finite or constant, have another
        side or pixel size than those of most, or a standard deviation more than `LARGEST_FACTOR` times above
        or below theirs.

    Raises
    ------
    ValueError
        All micrographs of a batch have another side or pixel size than most of the others.
    """
    sizes_A = [one.pixel_size_A for one in given]
    check_whole_groups([one.name for one in given], sizes_A, [one.batch for one in given])
    pixel_size_A = commonest_pixel_size(sizes_A)
    side_px = _commonest_side_px(given)
    spread = [_sd(one.images) for one in given]
    usual = max(spread, key=lambda sd: sum(_same_units(sd, other) for other in spread), default=0.0)
    fitting = []
    for one, sd in zip(given, spread, strict=True):
        if not np.isfinite(sd) or not sd > 0:
            leave_out(
                one.name, f"{one.name}: its noise patches are not finite or do not vary; remake its batch"
            )
        elif one.images.shape[-1] != side_px:
            leave_out(
                one.name, f"{one.name} has noise patches of {one.images.shape[-1]} px, most {side_px} px"
            )
        elif not same_pixel_size(one.pixel_size_A, pixel_size_A):
            leave_out(
                one.name, f"{one.name} has {one.pixel_size_A:.4g} A/px, most of the others {pixel_size_A:.4g}"
            )
        elif not _same_units(sd, usual):
            leave_out(
                one.name,
                f"{one.name} has noise of standard deviation {sd:.4g}, most of the others about {usual:.4g}; bring "
                "all micrographs to the same units",
            )
        else:
            fitting.append(one)
    return fitting


def _commonest_side_px(given: Sequence[NoisePatches]) -> int:
    """Return the side that most patches have; refuse a batch all of another one."""
    sides = [one.images.shape[-1] for one in given]
    common = Counter(sides).most_common(1)[0][0] if sides else 0
    fitting = {one.batch for one in given if one.images.shape[-1] == common}
    for one in given:
        if one.batch not in fitting and sum(other.batch == one.batch for other in given) > 1:
            raise ValueError(
                f"{one.name} has noise patches of {one.images.shape[-1]} px, like all of its batch, but those of "
                f"other batches have {common} px; extract both with the same patch size"
            )
    return common


def _same_units(one: float, other: float) -> bool:
    """Check whether two standard deviations can be those of noise in one unit; without noise they cannot."""
    return 0 < one <= LARGEST_FACTOR * other and 0 < other <= LARGEST_FACTOR * one


def _sd(images: NDArray[np.float32]) -> float:
    """Measure the standard deviation of patches; 0 where it is but rounding."""
    if not np.isfinite(images).all():
        return float("nan")
    mean, sd = float(images.mean(dtype=np.float64)), float(images.std(dtype=np.float64))
    return sd if sd > 1e-6 * abs(mean) else 0.0
