"""The batches that simulated micrographs are made in, and their splits."""

from __future__ import annotations

from collections.abc import Mapping


def simulated_batches(micrographs: int, batch_size: int, letter: str = "s") -> dict[str, int]:
    """Divide simulated micrographs into batches ``s0001``...: their names, and how many each has."""
    starts = range(0, micrographs, batch_size)
    return {
        f"{letter}{number:04d}": min(batch_size, micrographs - start)
        for number, start in enumerate(starts, start=1)
    }


def simulated_splits(batches: Mapping[str, int], validation_fraction: float) -> dict[str, str]:
    """Mark a share of the simulated micrographs, evenly spread, for validation and the rest for training."""
    names = [f"{batch}_{index + 1:03d}" for batch, count in batches.items() for index in range(count)]
    wanted = max(1, round(validation_fraction * len(names)))
    chosen = {round((number + 0.5) * len(names) / wanted - 0.5) for number in range(wanted)}
    return {name: "validation" if number in chosen else "train" for number, name in enumerate(names)}
