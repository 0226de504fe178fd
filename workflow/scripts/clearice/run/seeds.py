"""Seeded generators, handed to functions and never taken from a global.

Free of torch, which takes seconds to load.
"""

from __future__ import annotations

import hashlib

import numpy as np


def derived_seed(seed: int, *names: object) -> int:
    """Derive a 63-bit seed from the run's seed and the names of what is drawn.

    Two micrographs, batches or stages never share a stream, and adding one changes no other.
    """
    text = "/".join(str(name) for name in (seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def numpy_generator(seed: int, *names: object) -> np.random.Generator:
    """Make a numpy generator for `derived_seed` of the same arguments."""
    return np.random.default_rng(derived_seed(seed, *names))
