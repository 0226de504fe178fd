"""Put the noise of real micrographs on simulated clean patches: equation 4 of NT2C and its modulation F."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MODULATIONS = ("match_residual", "add_noise")
LARGEST_RATIO = 3.0  # of the noise that add_noise puts in to that of the simulation


@dataclass(frozen=True)
class Weights:
    """Coefficients of eq. 4.

    Attributes
    ----------
    alpha
        Factor of the clean patch S.
    beta
        Factor of the noise V - mean(V).
    gamma
        Offset.
    """

    alpha: float
    beta: float
    gamma: float


@dataclass(frozen=True)
class Pair:
    """A training pair in the units of the reference.

    Attributes
    ----------
    noisy
        Y (h, w).
    clean
        Signal in it (h, w), so that ``noisy - clean`` is noise alone.
    weights
        Coefficients of eq. 4.
    noise_gain
        Factor that V - mean(V) was multiplied by.
    noise_sd
        Standard deviation of ``noisy - clean``.
    reference_noise_sd
        Standard deviation of X - alpha S - gamma.
    """

    noisy: NDArray[np.float32]
    clean: NDArray[np.float32]
    weights: Weights
    noise_gain: float
    noise_sd: float
    reference_noise_sd: float


def solve_weights(
    clean: NDArray[np.float32], noise: NDArray[np.float32], reference: NDArray[np.float32]
) -> Weights:
    """Minimise || alpha S + beta (V - mean V) + gamma - X ||^2 over the coefficients (eq. 4).

    Parameters
    ----------
    clean, noise, reference
        S, V and X, all of shape (h, w).

    Returns
    -------
    Weights
        alpha is 0 for a constant S, beta is 0 for a constant V: neither could be told from gamma.

    Raises
    ------
    ValueError
        Shapes differ or a pixel is not finite.
    """
    if not clean.shape == noise.shape == reference.shape:
        raise ValueError(
            f"clean {clean.shape}, noise {noise.shape} and reference {reference.shape} must have one shape; "
            "draw noise fields of the patch size"
        )
    flat = [image.astype(np.float64).ravel() for image in (clean, noise, reference)]
    if not all(np.isfinite(pixels).all() for pixels in flat):
        raise ValueError(
            "a patch to be re-weighted has non-finite pixels; look at the simulation and the noise"
        )
    mean_clean, _, mean_reference = means = [float(pixels.mean()) for pixels in flat]
    s, v, x = (pixels - mean for pixels, mean in zip(flat, means, strict=True))
    # The offset is eliminated by centring; columns without variance get coefficient 0 from the pseudo-
    # inverse.
    normal = np.array([[s @ s, s @ v], [s @ v, v @ v]])
    scale = np.sqrt(np.maximum(np.diag(normal), 1e-30 * len(x) * (1.0 + mean_clean**2)))
    solved = (
        np.linalg.lstsq(normal / np.outer(scale, scale), np.array([s @ x, v @ x]) / scale, rcond=1e-12)[0]
        / scale
    )
    alpha = float(solved[0]) if _varies(clean) else 0.0
    beta = float(solved[1]) if _varies(noise) else 0.0
    return Weights(alpha=alpha, beta=beta, gamma=mean_reference - alpha * mean_clean)


def reweight(
    clean: NDArray[np.float32],
    noise: NDArray[np.float32],
    reference: NDArray[np.float32],
    *,
    modulation: str,
    signal_scale: float,
) -> Pair:
    """Make the pair (Y, S) of a clean patch S, a noise patch V and the simulated noisy patch X as reference.

    V is independent of the noise in X, so least squares gives beta near 0 and alpha S + beta V + gamma has
    next to no noise: the modulation F must put it back. ``match_residual`` scales V - mean(V) so that its
    variance is that of X - alpha S - gamma: the simulation sets the noise level, the real micrographs its
    texture; beta is reported, not used. ``add_noise`` is the released code: alpha S + beta (V - mean V) +
    gamma + (V - mean V), for V on the scale of X: with a V of standard deviation 1 beside an X in counts the
    pair would hold next to no noise.

    Parameters
    ----------
    clean, noise, reference
        S, V and X, shape (h, w).
    modulation
        ``match_residual`` or ``add_noise``.
    signal_scale
        Factor on the contrast of alpha S about its mean; 1 keeps the simulation's, 0 gives an empty field:
        noise over a constant clean image.

    Returns
    -------
    Pair
        The clean image is alpha S + gamma with the scaled contrast, in the units of Y.

    Raises
    ------
    ValueError
        The modulation is unknown, the noise patch is constant, the reference holds no noise, or ``add_noise``
        would give noise more than three times stronger or weaker than that of the reference.
    """
    if modulation not in MODULATIONS:
        raise ValueError(f"modulation {modulation!r} is unknown; use one of {', '.join(MODULATIONS)}")
    if not _varies(noise):
        raise ValueError("a noise patch is constant; train the noise GAN longer or sample again")
    weights = solve_weights(clean, noise, reference)
    fitted = weights.alpha * clean.astype(np.float64) + weights.gamma
    residual_sd = float((reference - fitted).std())
    if residual_sd <= 1e-6 * float(np.abs(reference).max(initial=0.0)):
        raise ValueError(
            "the simulated noisy patch is its clean one, without any noise to learn the strength of; "
            "give noisy micrographs, simulated at the experiment's dose"
        )
    centred = noise - noise.mean(dtype=np.float64)
    gain = residual_sd / float(centred.std()) if modulation == "match_residual" else 1.0 + weights.beta
    noise_sd = abs(gain) * float(centred.std())
    if modulation == "add_noise":
        _check_scale(noise_sd, residual_sd)
    target = fitted.mean() + signal_scale * (fitted - fitted.mean())
    return Pair(
        noisy=(target + gain * centred).astype(np.float32),
        clean=target.astype(np.float32),
        weights=weights,
        noise_gain=gain,
        noise_sd=noise_sd,
        reference_noise_sd=residual_sd,
    )


def _check_scale(noise_sd: float, reference_noise_sd: float) -> None:
    """Refuse noise that is on another scale than the simulation it is added to."""
    weaker, stronger = sorted((noise_sd, reference_noise_sd))
    if stronger > LARGEST_RATIO * weaker:
        raise ValueError(
            f"add_noise gives noise of standard deviation {noise_sd:.4g}, but the simulation's noise has "
            f"{reference_noise_sd:.4g}, which differs by more than a factor of {LARGEST_RATIO:g}; set "
            "reweight.modulation to match_residual, or bring micrographs and simulation to one scale"
        )


def _varies(image: NDArray[np.float32]) -> bool:
    """Return whether an image is more than a constant with rounding."""
    return float(np.ptp(image)) > 1e-6 * float(np.abs(image).max(initial=0.0))
