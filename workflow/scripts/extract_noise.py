"""Cut pure-noise patches out of the micrographs of a batch, where their coarsely denoised guides are flat."""

from pathlib import Path

from clearice.files.mrc import read_micrograph
from clearice.files.png import write_png
from clearice.files.stacks import write_stack
from clearice.files.tables import write_table
from clearice.image.patches import cut_patches, outlined
from clearice.noise.background import BackgroundRule, find_background
from clearice.noise.preparation import prepared
from clearice.run.batches import Skip, files_of, process_manifest
from clearice.run.step import run

POSITION_COLUMNS = ("micrograph", "y_px", "x_px", "lowest_ssim", "largest_local_sd_255")
SEARCH_COLUMNS = (
    "micrograph", "patches", "searched", "excluded", "best_refused_ssim", "guide_at_0", "guide_at_1",
    "mean", "sd",
)  # fmt: skip
OUTLINE = (255, 160, 0)


def extract_noise(
    *,
    micrographs: Path,
    guide: Path,
    noise: Path,
    manifest: Path,
    positions: Path,
    search: Path,
    patch_px: int,
    step_px: int,
    local_patches: int,
    criterion: str,
    ssim_threshold: float,
    std_threshold_255: float,
    mean_difference: float,
    clip_percent: float,
    contamination_sd: float,
    maximum_patches: int,
    highpass_A: float,
    rescale_to_A: float | None,
    pictures: int,
) -> None:
    """Write one stack of noise patches per micrograph, cut from the raw pixels of the manifest `micrographs`.

    Where to cut is decided on the micrograph of the same name in the manifest `guide`. `positions` lists
    every patch, `search` how each micrograph was searched, both in pixels of the stacks; the first `pictures`
    micrographs get a picture with the patches drawn.
    """
    rule = BackgroundRule(
        patch_px=patch_px,
        step_px=step_px,
        local_count=local_patches,
        criterion=criterion,
        ssim_threshold=ssim_threshold,
        std_threshold_255=std_threshold_255,
        mean_difference=mean_difference,
        clip_percent=clip_percent,
        contamination_sd=contamination_sd,
        maximum_patches=maximum_patches,
    )
    guides = files_of(guide)
    places: list[dict[str, object]] = []
    searches: list[dict[str, object]] = []

    def treat(name: str, file: Path) -> Path:
        if name not in guides:
            raise ValueError(f"{name} has no coarsely denoised guide; see its row in {guide}")
        raw, denoised = read_micrograph(file), read_micrograph(guides[name])
        if abs(raw.pixel_size_A - denoised.pixel_size_A) > 1e-3 * raw.pixel_size_A:
            raise ValueError(
                f"{name} has {raw.pixel_size_A:.4g} A/px, its guide {denoised.pixel_size_A:.4g} A/px; "
                "denoise it again"
            )
        flat, _ = prepared(
            denoised.pixels, pixel_size_A=raw.pixel_size_A, rescale_to_A=rescale_to_A, highpass_A=0.0
        )
        pixels, pixel_size_A = prepared(
            raw.pixels, pixel_size_A=raw.pixel_size_A, rescale_to_A=rescale_to_A, highpass_A=highpass_A
        )
        found = find_background(flat, pixels, rule)
        patches = cut_patches(pixels, found.corners, patch_px)
        searches.append(
            {
                "micrograph": name,
                "patches": len(patches),
                "searched": found.searched,
                "excluded": found.excluded,
                "best_refused_ssim": f"{found.best_refused:.4f}",
                "guide_at_0": f"{found.low:.6g}",
                "guide_at_1": f"{found.high:.6g}",
                "mean": f"{patches.mean() if len(patches) else float('nan'):.6g}",
                "sd": f"{patches.std() if len(patches) else float('nan'):.6g}",
            }
        )
        if len(searches) <= pictures:
            write_png(noise / f"{name}.png", outlined(flat, found.corners, patch_px, OUTLINE))
        if not len(patches):
            raise Skip(
                f"no patch of {patch_px} px is background: {found.searched} were searched, "
                f"{found.excluded} of them touched bad regions"
            )
        measured = zip(found.corners, found.similarities, found.deviations_255, strict=True)
        for (y, x), similarity, deviation in measured:
            row = (name, int(y), int(x), f"{similarity:.4f}", f"{deviation:.3f}")
            places.append(dict(zip(POSITION_COLUMNS, row, strict=True)))
        target = noise / f"{name}.mrcs"
        write_stack(target, patches, pixel_size_A)
        return target

    process_manifest(micrographs, manifest, treat, verb="searched for noise")
    write_table(positions, places, POSITION_COLUMNS)
    write_table(search, searches, SEARCH_COLUMNS)


run(extract_noise, globals())
