"""Versions of clearice, Python and the libraries that results depend on."""

from __future__ import annotations

import platform
from importlib import metadata

CLEARICE = "0.1.0"
LIBRARIES = (
    "snakemake",
    "torch",
    "numpy",
    "scipy",
    "pandas",
    "mrcfile",
    "tifffile",
    "imagecodecs",
    "scikit-image",
    "starfile",
    "gemmi",
)


def versions() -> dict[str, str]:
    """Return the version of each library that is installed, of Python and of clearice."""
    found = {"clearice": CLEARICE, "python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
