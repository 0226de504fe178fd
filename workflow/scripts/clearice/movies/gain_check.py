"""Ask the frames whether they are flattened by the gain as it is turned, flipped and applied."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from clearice.movies.gain import oriented

ORIENTATIONS = tuple((rotation, flip) for flip in ("none", "up_down") for rotation in range(4))
"""All eight; left_right is up_down after two more turns."""

SEEN = 8.0
"""Standard errors from which on a pattern is seen, and from which on one orientation is better than another."""

SURELY_SEEN = 20.0
"""Standard errors that a gain must be worth before its absence in the frames says something."""

FITS_NOWHERE = 0.25
"""Share of those below which no orientation counts as that of the frames."""

UNKNOWN = "these frames cannot tell whether the gain lies right, it is too flat for so few counts"
STRONGEST = 5.0  # noise standard deviations beyond which a pixel of the frames counts as that much


@dataclass(frozen=True)
class Trace:
    """What a gain leaves in uncorrected frames.

    Attributes
    ----------
    expected
        Standard errors at which the pattern would be seen if the gain lay right.
    found
        Standard errors at which it is seen, by rotation and flip; positive where the operation flattens,
        negative where the other one would.
    """

    expected: float
    found: dict[tuple[int, str], float]

    def joined(self, other: Trace) -> Trace:
        """Return what two movies tell together, each weighted by what it could tell."""
        expected = float(np.hypot(self.expected, other.expected))
        if not expected > 0:
            return self
        found = {
            one: (self.expected * value + other.expected * other.found.get(one, 0.0)) / expected
            for one, value in self.found.items()
        }
        return Trace(expected, found)


class GainCheck:
    """The verdict on the gain of a batch: movies are asked until they can tell together.

    Attributes
    ----------
    operation, rotation, flip
        How the gain is applied.
    refusal
        Why the gain cannot be as it is given; empty where nothing is known against it.
    """

    def __init__(self, reference: NDArray[np.float32], operation: str, rotation: int, flip: str) -> None:
        self.operation, self.rotation, self.flip = operation, rotation, flip
        self._pattern: NDArray[np.float32] | None = reference
        self._ready = False
        self._seen = Trace(0.0, {})
        self.refusal = ""

    @property
    def decided(self) -> bool:
        """Return whether the gain is known to lie right."""
        return self._pattern is None

    def ask(self, raw: NDArray[np.float32]) -> str:
        """Ask the sum of a movie's frames, unless an earlier one has answered.

        Parameters
        ----------
        raw
            Sum of frames without any correction, (h, w), its rows in the order of an MRC file.

        Returns
        -------
        str
            A note, where this movie and those before it cannot tell; else empty.

        Raises
        ------
        ValueError
            Another orientation or the other operation flattens the frames, or none does.
        """
        if self.refusal:
            raise ValueError(self.refusal)
        if self._pattern is None:
            return ""
        if not self._ready:
            self._pattern, self._ready = pattern_of(self._pattern), True
        if not self._pattern.any():
            return UNKNOWN
        trace = trace_in(raw, self._pattern, 1.0 if self.operation == "multiply" else -1.0)
        self._seen = trace.joined(self._seen)
        self.refusal = self._why_not(self._seen)
        if self.refusal:
            raise ValueError(self.refusal)
        if max(map(abs, self._seen.found.values()), default=0.0) < SEEN:
            return UNKNOWN
        self._pattern = None
        return ""

    def _why_not(self, trace: Trace) -> str:
        """Return why the gain cannot be as it is given; empty where it can, or where the frames cannot tell."""
        best = max(trace.found, key=lambda one: abs(trace.found[one]))
        strongest, given = abs(trace.found[best]), trace.found.get(self._given(), 0.0)
        if trace.expected > SURELY_SEEN and strongest < max(SEEN, FITS_NOWHERE * trace.expected):
            return (
                f"the gain flattens these frames in no orientation (a trace of {trace.expected:.0f} standard errors is "
                f"expected, the strongest of {len(trace.found)} orientations has {strongest:.1f}); leave the column gain "
                "empty if they are corrected already, give the gain of this session, or set check_gain to false"
            )
        if strongest < SEEN or strongest - given < SEEN:
            return ""
        rotation, flip = _in_words(*best)
        right = self.operation if trace.found[best] > 0 else _other(self.operation)
        return (
            f"the gain does not lie as the frames do: they are flattened by gain_operation {right}, gain_rotation "
            f"{rotation} and gain_flip {flip} ({strongest:.0f} standard errors), not by {self.operation}, "
            f"{self.rotation} and {self.flip} ({given:.1f}); correct the datasets table, or set check_gain to false"
        )

    def _given(self) -> tuple[int, str]:
        """Return how the gain is given as one of `ORIENTATIONS`."""
        if self.flip == "left_right":
            return ((self.rotation + 2) % 4, "up_down")
        return (self.rotation, self.flip)


def pattern_of(reference: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the logarithm of a gain reference, 0 in dead pixels and on average."""
    with np.errstate(invalid="ignore", divide="ignore"):
        known = (reference > 0) & np.isfinite(reference)
        logarithm = np.log(np.where(known, reference, np.float32(1)))
    some = logarithm[known][:: max(1, logarithm.size // 1_000_000)]
    middle = np.median(some) if some.size else np.float32(0)
    logarithm = np.where(known, logarithm - middle, np.float32(0))
    spread = _spread(logarithm)
    return np.clip(logarithm, -STRONGEST * spread, STRONGEST * spread).astype(np.float32)


def trace_in(raw: NDArray[np.float32], pattern: NDArray[np.float32], sign: float) -> Trace:
    """Look for a gain's pattern in frames, in each orientation that fits their shape.

    Where frames are made flat by multiplying them with g, their relative deviation s is -log g and noise. Both
    are compared without what is slow, the specimen: T = -sum(s q) with q = H(H(log g)), H(x) = x less the mean of
    3 x 3 pixels. For white noise of standard deviation n in s, T has the standard error n sqrt(sum(q^2)), and where
    g lies right the mean sum(log g q).

    Parameters
    ----------
    raw
        Sum of frames (h, w).
    pattern
        Logarithm of the reference, as `pattern_of` makes it.
    sign
        1 where frames are multiplied by the reference, -1 where they are divided.
    """
    mean = _mean_without_hot_pixels(raw)
    sharp = _high_pass(_high_pass(pattern))
    energy = float(np.sum(np.square(sharp), dtype=np.float64))
    noise, deviation = 0.0, raw
    if mean > 0:
        deviation = raw / np.float32(mean) - np.float32(1)
        noise = _spread(np.diff(deviation, axis=1)) / np.sqrt(2)
        np.clip(deviation, -STRONGEST * noise, STRONGEST * noise, out=deviation)
    error = noise * np.sqrt(energy)
    fitting = [one for one in ORIENTATIONS if oriented(pattern, *one).shape == raw.shape]
    if not error > 0:
        return Trace(0.0, dict.fromkeys(fitting, 0.0))
    expected = float(np.vdot(pattern, sharp)) / error
    return Trace(
        expected,
        {
            one: -sign * float(np.sum(deviation * oriented(sharp, *one), dtype=np.float64)) / error
            for one in fitting
        },
    )


def _in_words(rotation: int, flip: str) -> tuple[int, str]:
    """Write an orientation as a user does, with as few turns as it takes."""
    return (rotation - 2, "left_right") if flip == "up_down" and rotation >= 2 else (rotation, flip)


def _other(operation: str) -> str:
    """Return the other operation."""
    return "divide" if operation == "multiply" else "multiply"


def _high_pass(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Subtract from each pixel the mean of the nine around it."""
    result: NDArray[np.float32] = image - uniform_filter(image, 3)
    return result


def _mean_without_hot_pixels(raw: NDArray[np.float32]) -> float:
    """Return the mean of all but the thousandth that is highest."""
    some = raw.ravel()[:: max(1, raw.size // 1_000_000)]
    return float(some[some <= np.quantile(some, 0.999)].mean(dtype=np.float64))


def _spread(values: NDArray[np.float32]) -> float:
    """Return the standard deviation of values less those that are far out."""
    some = values.ravel()[:: max(1, values.size // 1_000_000)]
    spread = float(some.std())
    for _ in range(3):
        spread = float(np.clip(some, -STRONGEST * spread, STRONGEST * spread).std())
    return spread
