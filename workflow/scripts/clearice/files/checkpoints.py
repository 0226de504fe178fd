"""Network files: our own (tensors and plain values only) and Topaz's published weights."""

from __future__ import annotations

import io
import math
import re
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import torch
from torch import Tensor, nn

from clearice.files.atomic import atomic_write
from clearice.files.text import read_bytes

Network = TypeVar("Network", bound=nn.Module)

FORMAT = "clearice network 1"
TOPAZ_STAGE = "topaz"
MOST_BYTES = 1 << 32
"""The largest file that is read, 4 GiB: a hundred times the largest network of ours."""


@dataclass(frozen=True)
class NetworkFile:
    """A trained network and all that is needed to use it.

    Attributes
    ----------
    kind
        Which network the weights belong to: ``unet`` or ``noise_gan``.
    settings
        Keyword arguments of the network's class.
    weights
        State dict; CPU tensors.
    pixel_size_A
        Pixel size of the training micrographs in A; None where it is not known (Topaz's weights).
    stage
        Which stage trained it: ``coarse``, ``fine``, ``noise2noise``, ...
    variant
        Which variant of the stage.
    provenance
        Plain values for the record: seed, steps, losses, versions.
    """

    kind: str
    settings: dict[str, Any]
    weights: dict[str, Tensor]
    pixel_size_A: float | None
    stage: str
    variant: str
    provenance: dict[str, Any]


def save_network(path: Path, network: NetworkFile) -> None:
    """Write a network file, whole or not at all; equal contents give equal bytes under any name.

    Raises
    ------
    ValueError
        A setting or an entry of the provenance is no plain value, so that the file could not be read safely.
    """
    plain = {key: _plain(getattr(network, key), key) for key in _fields() if key != "weights"}
    # clones own just their numbers, in one layout: a view would drag its whole storage into the file
    weights = {
        sys.intern(name): tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, tensor in network.weights.items()
    }
    # saved through a file object: torch writes the name of a path into the archive
    with atomic_write(path) as partial, partial.open("wb") as stream:
        torch.save({"format": FORMAT, **plain, "weights": weights}, stream)


def load_network(path: Path) -> NetworkFile:
    """Read a network file of ours, or Topaz's published weights: its content tells which.

    Of Topaz's (``topaz/pretrained/denoise/unet_L2_v0.2.2.sav`` and its kin, which the user supplies: they are
    never bundled) width and kernels are found from the shapes.

    Raises
    ------
    ValueError
        The file is truncated, holds neither, another network than Topaz's five-level 2D U-Net, or a weight that
        is no finite number.
    OSError
        There is no such file.
    """
    content = _read_tensors(path)
    if content.get("format") == FORMAT:
        missing = [key for key in _fields() if key not in content]
        if missing:
            raise ValueError(f"{path} is a network file without {missing[0]!r}; train it again")
        return _checked(path, NetworkFile(**{key: content[key] for key in _fields()}))
    if "format" in content:
        raise ValueError(
            f"{path} has the format {content['format']!r}, but {FORMAT!r} is read here; "
            "train it again or use the version of clearice that wrote it"
        )
    return _checked(path, _from_topaz(path, content))


def network_of(make: Callable[..., Network], file: NetworkFile, path: Path) -> Network:
    """Make the network of a file, with its weights.

    Parameters
    ----------
    make
        The network's class; the settings of the file are its keyword arguments.
    file, path
        The file, and where it was read.

    Raises
    ------
    ValueError
        The settings are none of this network, or the weights are those of another one: names or shapes
        differ.
    """
    try:
        network = make(**file.settings)
    except (TypeError, ValueError, RuntimeError, MemoryError, ArithmeticError) as error:
        raise ValueError(
            f"{path} holds settings that describe no network of the kind {file.kind} "
            f"({' '.join(str(error).split())[:100]}); train it again"
        ) from None
    wanted = network.state_dict()
    other = sorted(set(wanted) ^ set(file.weights))
    other = other or sorted(name for name, one in wanted.items() if one.shape != file.weights[name].shape)
    if other:
        raise ValueError(
            f"{path} holds the weights of another network than its settings describe: {len(other)} of {len(wanted)} "
            f"differ, the first is {other[0]}; train it again"
        )
    network.load_state_dict(file.weights)
    return network


def _checked(path: Path, network: NetworkFile) -> NetworkFile:
    """Check the fields of a network file, and that every weight is a finite number."""
    kinds = {"settings": dict, "weights": dict, "provenance": dict, "kind": str, "stage": str, "variant": str}
    wrong = [name for name, kind in kinds.items() if not isinstance(getattr(network, name), kind)]
    size_A = network.pixel_size_A
    if size_A is not None and not (isinstance(size_A, (int, float)) and 0 < size_A < math.inf):
        wrong.append("pixel_size_A")
    if "weights" not in wrong and not all(isinstance(one, Tensor) for one in network.weights.values()):
        wrong.append("weights")
    if wrong:
        value = getattr(network, wrong[0])
        shown = f"{value!r}" if isinstance(value, (int, float, str)) else f"a {type(value).__name__}"
        raise ValueError(f"{path} is no whole network file: its {wrong[0]} is {shown}; train it again")
    for name, tensor in network.weights.items():
        if not torch.isfinite(tensor).all():
            bad = int((~torch.isfinite(tensor)).sum())
            raise ValueError(
                f"{path} holds weights that are no finite numbers ({bad} of the {tensor.numel()} of {name}): its training "
                "diverged or the file is damaged; train it again"
            )
    return network


def _fields() -> tuple[str, ...]:
    """Name the fields of a network file in their order."""
    return tuple(NetworkFile.__dataclass_fields__)


def _read_tensors(path: Path) -> Mapping[str, Any]:
    """Read a file of torch without running any code it may hold."""
    stored = read_bytes(path, MOST_BYTES)
    try:
        content = load_tensors(io.BytesIO(stored))
    except Exception:  # torch reads a pickle in an archive: anything may come of a foreign or damaged one
        raise ValueError(
            f"{path} is truncated, damaged or no network file; "
            "give a model that train_denoiser wrote, or a weight file of Topaz"
        ) from None
    if not isinstance(content, Mapping):
        raise ValueError(
            f"{path} holds a {type(content).__name__} instead of named weights; "
            "give a model that train_denoiser wrote, or a weight file of Topaz"
        )
    return content


def load_tensors(stream: BinaryIO) -> Any:
    """Read what torch stored, onto the CPU, without running any code it may hold.

    Raises
    ------
    Exception
        Of any kind, for what is damaged or foreign; torch itself would pass a flipped bit of a weight over.
    """
    if zipfile.is_zipfile(stream):
        with zipfile.ZipFile(stream) as archive:
            if (damaged := archive.testzip()) is not None:
                raise ValueError(f"{damaged} does not fit its checksum")
    stream.seek(0)
    return torch.load(stream, map_location="cpu", weights_only=True)


def _from_topaz(path: Path, content: Mapping[str, Any]) -> NetworkFile:
    """Rename the weights of Topaz's U-Net to ours and find its settings from their shapes."""
    names = {f"enc{level + 1}.0": f"encode.{level}" for level in range(6)}
    for stage in range(5):
        names.update(
            {f"dec{5 - stage}.{2 * i}": f"decode.{stage}.{i}" for i in range(3 if stage == 4 else 2)}
        )
    weights = {}
    for key, tensor in content.items():
        layer, _, part = str(key).rpartition(".")
        if layer in names and part in {"weight", "bias"} and isinstance(tensor, Tensor):
            weights[f"{names[layer]}.{part}"] = tensor.float()
    if len(weights) != 2 * len(names) or len(content) != len(weights) or weights["encode.0.weight"].ndim != 4:
        raise ValueError(
            f"{path} holds {_description(content)}, but only Topaz's 2D U-Net with five levels is supported; "
            "give unet_L2_v0.2.2.sav or unet_L2_v0.2.1.sav of the topaz package"
        )
    settings = {
        "width": weights["encode.0.weight"].shape[0],
        "first_kernel": weights["encode.0.weight"].shape[-1],
        "last_kernel": weights["decode.4.0.weight"].shape[-1],
    }
    return NetworkFile("unet", settings, weights, None, TOPAZ_STAGE, path.stem, {"file": path.name})


def _description(content: Mapping[str, Any]) -> str:
    """Describe briefly what a file holds."""
    if not content:
        return "nothing"
    stems = sorted({re.split(r"[.\d]", str(key))[0] for key in content})
    dimensions = {tensor.ndim for tensor in content.values() if isinstance(tensor, Tensor)}
    return f"{len(content)} entries ({', '.join(stems[:4])}{', 3D' if 5 in dimensions else ''})"


def _plain(value: object, where: str) -> object:
    """Copy a plain value; refuse what a safe reader would refuse.

    Pickle writes an object that it has met before as a reference: only with new containers and interned
    strings do equal contents give equal bytes.
    """
    if value is None or type(value) in (bool, int, float):
        return value
    if isinstance(value, str):
        return sys.intern(str(value))
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, dict):
        return {
            _plain(key, f"a key of {where}"): _plain(item, f"{where}.{key}") for key, item in value.items()
        }
    raise ValueError(
        f"{where} is a {type(value).__name__}, but a network file holds plain values only; "
        "convert it to int, float, str, list or dict"
    )
