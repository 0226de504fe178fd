"""Convert the numbers of a job or of a shell."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any


def finite_number(value: Any, kind: Callable[[Any], float]) -> float:
    """Convert a value to a number.

    Parameters
    ----------
    value
        A number, or text that is one.
    kind
        ``int`` or ``float``.

    Raises
    ------
    ValueError
        It is none, or none that is finite.
    """
    with suppress(ValueError, TypeError, OverflowError):
        if math.isfinite(number := kind(value)):
            return number
    raise ValueError(f"it is {value!r}, but must be a {'whole ' * (kind is int)}number")
