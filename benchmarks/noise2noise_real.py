"""Train Noise2Noise on real pairs of EMPIAR-10146 and denoise the micrographs that were left out.

    python benchmarks/noise2noise_real.py --choose                     # the two settings micrographs: which settings
    python benchmarks/noise2noise_real.py --write n2n                  # the other four; images for the tables of NT2C:
    python benchmarks/nt2c_real.py --given noise2noise=n2n

A single frame and `rest`, the average without that frame, are two exposures of one field whose noise has no covariance
(SOURCE.txt of the data). For frames a network learns frame -> rest, for averages rest -> frame, one way only, since the
two differ in dose. Micrographs are left out in pairs; of the other four, three are learned from and one chooses the best
step.
"""

from __future__ import annotations

import argparse
import datetime
import logging
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from noise2noise import trained_network, training_settings
from real_data import PIXEL_SIZE_A, SETTINGS, Image, default_folder, load_fields, make_null
from real_scores import FOLDERS, markdown, score_averages, score_frames

from clearice.files.mrc import write_micrograph
from clearice.image.highpass import highpass
from clearice.image.resize import fourier_resample
from clearice.image.scaling import standardise
from clearice.networks.unet import UNet
from clearice.training.pairs import training_image


@dataclass(frozen=True)
class Way:
    """How images reach a network.

    Attributes
    ----------
    pixel_size_A
        The network's pixels, coarser than the images'.
    highpass_A
        Length beyond which variation is taken away; 0 for none.
    """

    pixel_size_A: float
    highpass_A: float

    def to_network(self, image: Image) -> Image:
        """Bring an image (h, w) to the network's pixels."""
        passed = highpass(image, pixel_size_A=PIXEL_SIZE_A, length_A=self.highpass_A)
        height, width = (round(side * PIXEL_SIZE_A / self.pixel_size_A) for side in image.shape)
        return fourier_resample(passed, (height, width))


def denoised(network: UNet, way: Way, image: Image, reference: Image) -> Image:
    """Apply a network to an image in the mean and sd of a reference; the answer is in units of the network."""
    _, mean, sd = standardise(way.to_network(reference))
    coarse = (way.to_network(image) - mean) / sd
    with torch.inference_mode():
        answer: Image = network(torch.from_numpy(coarse.astype("float32"))[None, None])[0, 0].numpy()
    return fourier_resample(answer, (image.shape[0], image.shape[1]))


def left_out_images(
    kind: str, names: Sequence[str], way: Way, options: argparse.Namespace
) -> list[dict[str, Image]]:
    """Denoise the named micrographs, two at a time, with networks that saw neither: real, null, and rests."""
    fields = load_fields(options.data)
    nulls = make_null(kind, options.data)
    pairs = {}
    for name, field in fields.items():
        frame, rest = (standardise(way.to_network(image))[0] for image in (field.frame, field.rest))
        first, second = (frame, rest) if kind == "frame" else (rest, frame)
        pairs[name] = training_image(name, first, second, "supervised")
    settings = training_settings("supervised", options, precision="bfloat16", validation_crops=32)
    found: list[dict[str, Image]] = [{} for _ in FOLDERS[kind]]
    for start in range(0, len(names), 2):
        out = names[start : start + 2]
        validation, *training = [name for name in fields if name not in out]
        network = trained_network([pairs[n] for n in training], [pairs[validation]], settings)
        for name in out:
            field = fields[name]
            real = field.frame if kind == "frame" else field.average
            inputs = [(real, real), (nulls[name], real), (field.rest, field.rest)]
            for images, (image, reference) in zip(found, inputs, strict=False):
                images[name] = denoised(network, way, image, reference)
    return found


def write_images(folder: Path, kind: str, found: Sequence[Mapping[str, Image]]) -> None:
    """Write what was denoised, in the folders in which the tables look for it."""
    for what, images in zip(FOLDERS[kind], found, strict=True):
        for name, image in images.items():
            write_micrograph(folder / what / f"{name}.mrc", image, PIXEL_SIZE_A)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=default_folder())
    parser.add_argument("--kind", choices=["frame", "average", "both"], default="both")
    parser.add_argument("--pixel_size_A", type=float, default=6.0)
    parser.add_argument("--highpass_A", type=float, default=500.0)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--width", type=int, default=24)
    parser.add_argument("--crop_px", type=int, default=128)
    parser.add_argument("--batch_size", type=int, default=8)
    parser.add_argument("--learning_rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--write", type=Path, metavar="FOLDER")
    parser.add_argument(
        "--choose", action="store_true", help="denoise the two settings micrographs instead of the other four"
    )
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    torch.set_num_threads(options.threads)
    way = Way(options.pixel_size_A, options.highpass_A)
    names = [name for name in load_fields(options.data) if (name in SETTINGS) == options.choose]
    print(
        f"{datetime.date.today()}, {platform.machine()}, {options.threads} threads; python {' '.join(sys.argv)}"
    )
    for kind in ["frame", "average"] if options.kind == "both" else [options.kind]:
        start = time.process_time()
        found = left_out_images(kind, names, way, options)
        seconds = time.process_time() - start
        score = score_frames if kind == "frame" else score_averages
        print(f"\n{kind}s of {', '.join(names)}; {seconds:.0f} CPU s\n")
        print(markdown({"Noise2Noise": score(*found, folder=options.data)}), flush=True)
        if options.write:
            write_images(options.write, kind, found)


if __name__ == "__main__":
    main()
