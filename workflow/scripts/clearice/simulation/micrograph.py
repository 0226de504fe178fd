"""One simulated micrograph: specimen, ice, lens, detector, counting, in the electrons' order."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft
import torch
from numpy.typing import NDArray

from clearice.simulation.background import draw_background
from clearice.simulation.ctf import Defocus, Optics, delocalisation_A
from clearice.simulation.detectors import signal_transfer, transfer_after_counting, transfer_before_counting
from clearice.simulation.draws import Draws
from clearice.simulation.electrons import interaction_rad_per_V_A
from clearice.simulation.exposure import damage_average, drift_path_A
from clearice.simulation.ice import (
    check_gradient,
    frame_motion,
    ice_phase_power,
    motion_average,
    thickness_map_nm,
    unscattered_share,
)
from clearice.simulation.image_formation import Lens, make_lens
from clearice.simulation.imaging import Imaging, check_imaging
from clearice.simulation.projection import Projector
from clearice.simulation.radial import RadialGrid, make_radial_grid, random_spectrum
from clearice.simulation.specimen import Particles, projected_potential

SaveFrame = Callable[[int, NDArray[np.float32]], None]


@dataclass(frozen=True)
class SimulatedMicrograph:
    """A matched pair.

    Attributes
    ----------
    noisy
        float32 (h, w), counts per pixel.
    clean
        float32 (h, w), the particles' contrast (intensity - 1) times `mean_counts`, so that
        ``noisy - mean_counts - clean`` is noise.
    mean_counts
        Mean counts per pixel at the field's centre.
    drift_A
        (frames, 2), place (y, x) of the specimen in each frame.
    thicker_deg
        Direction in which the ice grows thicker, from x towards y.
    """

    noisy: NDArray[np.float32]
    clean: NDArray[np.float32]
    mean_counts: float
    drift_A: NDArray[np.float64]
    thicker_deg: float


def simulate_micrograph(
    *,
    particles: Particles,
    projectors: Sequence[Projector],
    shape_px: tuple[int, int],
    pixel_size_A: float,
    imaging: Imaging,
    defocus: Defocus,
    generator: np.random.Generator,
    device: torch.device,
    save_frame: SaveFrame | None = None,
) -> SimulatedMicrograph:
    """Simulate a noisy micrograph, or a movie's frames and their sum, and the clean image it should become.

    Parameters
    ----------
    particles, projectors
        The specimen (`specimen.draw_particles`) and its structures, these on `device`.
    shape_px, pixel_size_A
        The field (h, w) in pixels and the pixel size in A.
    imaging, defocus
        How it is imaged.
    generator
        Draws ice, background, drift and counts.
    device
        Device to compute on. On a GPU the same seed gives another image of the same statistics
        (`draws.Draws`).
    save_frame
        Called with the index and the counts (h, w) of every frame, which are whole numbers for a counting
        camera.

    Raises
    ------
    ValueError
        A setting is out of range (see `check_imaging`).
    """
    check_imaging(imaging, min(defocus.u_um, defocus.v_um), pixel_size_A)
    check_gradient(shape_px, pixel_size_A, imaging.ice_thickness_nm, imaging.thickness_gradient_nm_per_um)
    pad, canvas = padded_shape(shape_px, pixel_size_A, imaging.optics, defocus, projectors)
    grid, draws = make_radial_grid(canvas, pixel_size_A, device), Draws(generator, device)
    lens = make_lens(imaging.mode, grid, imaging.optics, defocus)
    field = (slice(pad[0], pad[0] + shape_px[0]), slice(pad[1], pad[1] + shape_px[1]))
    unscattered = unscattered_share(imaging.optics.voltage_kV, imaging.ice_thickness_nm)
    # a filter takes the electrons that lost energy out; without it they stay and only dilute the contrast
    kept, contrast_share = (unscattered, 1.0) if imaging.energy_filter else (1.0, unscattered)
    area = pixel_size_A**2
    mean_counts = imaging.dose_e_per_A2 * area * imaging.detector.dqe0 * kept

    phase = _particle_phase(particles, projectors, grid, pad, imaging)
    drift = drift_path_A(imaging.frames, imaging.drift_A, generator)
    thicker_rad = generator.uniform(0.0, 2 * np.pi)
    transmission = _transmission(shape_px, pixel_size_A, imaging, thicker_rad, device)
    background = draw_background(grid, imaging, draws)
    before = grid.spread(
        transfer_before_counting(imaging.detector, grid.frequencies_per_A, imaging.detector_pixel_A)
    )
    noisy = torch.zeros(shape_px, device=device)
    seen = None
    for index, ice in enumerate(_ice_frames(grid, imaging, draws)):
        particles_now = _particles_in_frame(phase, grid, imaging, index, drift[index])
        seen = _mean_with(seen, particles_now, index)
        total = _shifted(ice, grid, drift[index]) if ice is not None else None
        if particles_now is not None:
            total = particles_now if total is None else total + particles_now
        contrast = lens.image(total) if total is not None else torch.zeros_like(before, dtype=torch.complex64)
        contrast *= contrast_share
        if background is not None:
            contrast += _shifted(background, grid, drift[index])
        contrast *= before
        rate = grid.restore(contrast)[field]
        rate += 1.0
        rate *= transmission * (mean_counts / imaging.frames)
        counts = _coloured(draws.counts(rate), pixel_size_A, imaging)
        if save_frame is not None:
            save_frame(index, counts.cpu().numpy())
        noisy += counts
    clean = _clean_image(seen, phase, lens, grid, imaging)[field] * (mean_counts * contrast_share)
    images = noisy.cpu().numpy(), clean.contiguous().cpu().numpy()
    return SimulatedMicrograph(*images, mean_counts, drift, float(np.rad2deg(thicker_rad)))


def padded_shape(
    shape_px: tuple[int, int],
    pixel_size_A: float,
    optics: Optics,
    defocus: Defocus,
    projectors: Sequence[Projector],
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Compute the padding before the field and the shape of the canvas.

    The lens spreads what is outside into the field. The padding is the distance over which the highest
    frequency is spread, but at least the largest particle's radius.
    """
    spread = delocalisation_A(optics, max(defocus.u_um, defocus.v_um), 0.5 / pixel_size_A)
    radius = max((one.radius_A for one in projectors), default=0.0)
    margin = int(np.ceil(max(spread, radius) / pixel_size_A)) + 16
    canvas = (
        scipy.fft.next_fast_len(shape_px[0] + 2 * margin, real=True),
        scipy.fft.next_fast_len(shape_px[1] + 2 * margin, real=True),
    )
    return (margin, margin), canvas


def _particle_phase(
    particles: Particles,
    projectors: Sequence[Projector],
    grid: RadialGrid,
    pad: tuple[int, int],
    imaging: Imaging,
) -> torch.Tensor | None:
    """Transform the phase in rad behind the particles; None for an empty field."""
    if not len(particles.centres_px) or imaging.signal_scale == 0:
        return None
    potential = projected_potential(particles, projectors, grid.shape_px, pad, grid.device)
    potential *= interaction_rad_per_V_A(imaging.optics.voltage_kV) * imaging.signal_scale
    return grid.transform(potential)


def _particles_in_frame(
    phase: torch.Tensor | None,
    grid: RadialGrid,
    imaging: Imaging,
    frame: int,
    position_A: NDArray[np.float64],
) -> torch.Tensor | None:
    """Fade the particles' phase by the dose so far and move it to where it is in one frame."""
    if phase is None:
        return None
    moved = _shifted(phase, grid, position_A)
    if not imaging.damage:
        return moved
    step = imaging.dose_e_per_A2 / imaging.frames
    first = imaging.dose_before_e_per_A2 + frame * step
    left = damage_average(grid.frequencies_per_A, imaging.optics.voltage_kV, first, first + step)
    return moved * grid.spread(left)


def _ice_frames(grid: RadialGrid, imaging: Imaging, draws: Draws) -> Iterator[torch.Tensor | None]:
    """Draw the ice's phase averaged over each frame; None without ice.

    Every wave is an Ornstein-Uhlenbeck process.
    """
    g, step = grid.frequencies_per_A, imaging.dose_e_per_A2 / imaging.frames
    power = ice_phase_power(g, imaging.optics.voltage_kV, imaging.ice_thickness_nm)
    power *= imaging.ice_noise_scale**2
    if not power.any():
        yield from itertools.repeat(None, imaging.frames)
    elif imaging.frames == 1:
        yield random_spectrum(grid, power * motion_average(g, step), draws)
    else:
        motion = frame_motion(g, step)
        kept, carried = grid.spread(motion.kept), grid.spread(motion.carried)
        fresh = random_spectrum(grid, power * motion.fresh**2, draws)
        ice = fresh + random_spectrum(grid, power * motion.before**2, draws)
        yield ice
        for _ in range(imaging.frames - 1):
            ice = ice * kept + fresh * carried
            fresh = random_spectrum(grid, power * motion.fresh**2, draws)
            ice += fresh
            yield ice


def _transmission(
    shape_px: tuple[int, int], pixel_size_A: float, imaging: Imaging, thicker_rad: float, device: torch.device
) -> torch.Tensor:
    """Compute the mean intensity over the field relative to its centre: thicker ice is darker."""
    if imaging.thickness_gradient_nm_per_um == 0:
        return torch.ones((1, 1), device=device)
    thickness = thickness_map_nm(
        shape_px,
        pixel_size_A,
        imaging.ice_thickness_nm,
        imaging.thickness_gradient_nm_per_um,
        thicker_rad,
    )
    decay = np.log(unscattered_share(imaging.optics.voltage_kV, 1.0))
    thicker = torch.from_numpy(thickness).to(device) - imaging.ice_thickness_nm
    return (thicker * float(decay)).exp_()


def _shifted(spectrum: torch.Tensor, grid: RadialGrid, shift_A: NDArray[np.float64]) -> torch.Tensor:
    """Move a field by (y, x) in A: a phase ramp on its transform."""
    if not shift_A.any():
        return spectrum
    rows = np.fft.fftfreq(grid.shape_px[0], grid.pixel_size_A) * shift_A[0]
    columns = np.fft.rfftfreq(grid.shape_px[1], grid.pixel_size_A) * shift_A[1]
    along_y, along_x = (
        torch.from_numpy(np.exp(-2j * np.pi * turns).astype(np.complex64)).to(grid.device)
        for turns in (rows, columns)
    )
    moved = spectrum * along_y[:, None]
    moved *= along_x[None, :]
    return moved


def _mean_with(mean: torch.Tensor | None, new: torch.Tensor | None, count: int) -> torch.Tensor | None:
    """Update the mean of `count` fields (`mean`) by one more."""
    if mean is None or new is None:
        return new
    return mean + (new - mean) / (count + 1)


def _clean_image(
    seen: torch.Tensor | None,
    phase: torch.Tensor | None,
    lens: Lens,
    grid: RadialGrid,
    imaging: Imaging,
) -> torch.Tensor:
    """Compute the contrast of the particles alone: behind the lens, also behind the MTF, or before both."""
    if seen is None or phase is None:
        return torch.zeros(grid.shape_px, device=grid.device)
    if imaging.clean == "noctf":
        spectrum = -2.0 * phase  # a perfect phase plate: every frequency with full contrast, dark
    else:
        spectrum = lens.image(seen)
    if imaging.clean == "ctf_mtf":
        spectrum *= grid.spread(
            signal_transfer(imaging.detector, grid.frequencies_per_A, imaging.detector_pixel_A)
        )
    return grid.restore(spectrum)


def _coloured(counts: torch.Tensor, pixel_size_A: float, imaging: Imaging) -> torch.Tensor:
    """Filter counts by the noise transfer of a camera that integrates; those of a counting one stay whole."""
    if imaging.detector.counts:
        return counts
    grid = make_radial_grid((counts.shape[0], counts.shape[1]), pixel_size_A, counts.device)
    spectrum = grid.transform(counts)
    spectrum *= grid.spread(
        transfer_after_counting(imaging.detector, grid.frequencies_per_A, imaging.detector_pixel_A)
    )
    return grid.restore(spectrum)
