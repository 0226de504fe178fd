from __future__ import annotations

import importlib.util
import os
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from clearice.files.checkpoints import NetworkFile, load_network, network_of, save_network
from clearice.networks.fast_unet import FastUNet
from clearice.networks.unet import UNet


def network_file() -> NetworkFile:
    network = UNet(3, 5, 3)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, 0, 0.1, torch.Generator().manual_seed(1))
    record = {"seed": 7, "losses": [0.5, 0.25], "note": "main", "nested": {"a": None, "b": True}}
    return NetworkFile("unet", network.settings, network.state_dict(), 1.25, "fine", "main", record)


def topaz_state(width: int = 6, first: int = 5, last: int = 3) -> OrderedDict[str, Tensor]:
    """A state dict with the key names and the shapes of Topaz's five-level 2D U-Net."""
    generator = torch.Generator().manual_seed(3)
    shapes: dict[str, tuple[int, int, int]] = {"enc1.0": (width, 1, first)}
    shapes |= {f"enc{level}.0": (width, width, 3) for level in range(2, 7)}
    for level in (5, 4, 3, 2):
        shapes[f"dec{level}.0"] = (2 * width, (2 if level == 5 else 3) * width, 3)
        shapes[f"dec{level}.2"] = (2 * width, 2 * width, 3)
    shapes["dec1.0"] = (4 * width // 3, 2 * width + 1, last)
    shapes["dec1.2"] = (2 * width // 3, 4 * width // 3, last)
    shapes["dec1.4"] = (1, 2 * width // 3, last)
    state: OrderedDict[str, Tensor] = OrderedDict()
    for name, (outgoing, incoming, size) in shapes.items():
        state[f"{name}.weight"] = 0.2 * torch.randn(outgoing, incoming, size, size, generator=generator)
        state[f"{name}.bias"] = 0.1 * torch.randn(outgoing, generator=generator)
    return state


def topaz_forward(state: dict[str, Tensor], image: Tensor) -> Tensor:
    """The layout, written down a second time from its description and straight from the key names."""

    def layer(name: str, values: Tensor, *, rectify: bool = True) -> Tensor:
        weight = state[f"{name}.weight"]
        values = functional.conv2d(values, weight, state[f"{name}.bias"], padding=weight.shape[-1] // 2)
        return functional.leaky_relu(values, 0.1) if rectify else values

    skips, values = [image], image
    for level in range(1, 6):
        values = functional.max_pool2d(layer(f"enc{level}.0", values), 2)
        skips.append(values)
    values = layer("enc6.0", values)
    for level in range(5, 0, -1):
        skip = skips[level - 1]
        values = torch.cat([functional.interpolate(values, size=skip.shape[-2:]), skip], dim=1)
        values = layer(f"dec{level}.2", layer(f"dec{level}.0", values))
    return layer("dec1.4", values, rectify=False)


def built(file: NetworkFile) -> UNet:
    network = UNet(**file.settings)
    network.load_state_dict(file.weights)
    return network


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    saved = network_file()
    save_network(tmp_path / "a.pt", saved)
    loaded = load_network(tmp_path / "a.pt")
    assert replace(loaded, weights={}) == replace(saved, weights={})
    assert list(loaded.weights) == list(saved.weights)
    assert all(torch.equal(loaded.weights[name], saved.weights[name]) for name in saved.weights)


def test_equal_contents_give_equal_bytes_under_any_name(tmp_path: Path) -> None:
    save_network(tmp_path / "a.pt", network_file())
    again = network_file()
    # the same words and numbers, as other objects and in another memory layout
    record = {
        "".join(key): "".join(["ma", "in"]) if key == "note" else value
        for key, value in again.provenance.items()
    }
    weights = {
        name: tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor
        for name, tensor in again.weights.items()
    }
    save_network(tmp_path / "another name.pt", replace(again, provenance=record, weights=weights))
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "another name.pt").read_bytes()


def test_a_view_does_not_drag_its_storage_into_the_file(tmp_path: Path) -> None:
    large = torch.zeros(1_000_000)
    save_network(tmp_path / "a.pt", replace(network_file(), weights={"part": large[:3]}))
    assert (tmp_path / "a.pt").stat().st_size < 10_000


def test_values_that_could_not_be_read_safely_are_refused(tmp_path: Path) -> None:
    for value in (np.float64(1), tmp_path, {"deep": [object()]}):
        with pytest.raises(ValueError, match="plain values only"):
            save_network(tmp_path / "a.pt", replace(network_file(), provenance={"x": value}))
    assert not list(tmp_path.iterdir())


def test_truncated_and_foreign_files_are_refused_in_one_sentence(tmp_path: Path) -> None:
    save_network(tmp_path / "whole.pt", network_file())
    whole = (tmp_path / "whole.pt").read_bytes()
    foreign = {
        "half.pt": whole[: len(whole) // 2],
        "empty.pt": b"",
        "text.pt": b"no network at all\n",
        "image.pt": np.zeros(2000, np.float32).tobytes(),
    }
    for name, content in foreign.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=f"{name} is truncated, damaged or no network file") as caught:
            load_network(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    torch.save({"x": Path("a")}, tmp_path / "code.pt")
    with pytest.raises(ValueError, match="no network file"):
        load_network(tmp_path / "code.pt")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([1, 2], "holds a list"),
        ({}, "holds nothing"),
        ({"format": "clearice network 99"}, "clearice network 99"),
        ({"format": "clearice network 1", "kind": "unet"}, "without 'settings'"),
    ],
)
def test_other_contents_are_named(tmp_path: Path, content: object, words: str) -> None:
    torch.save(content, tmp_path / "a.pt")
    with pytest.raises(ValueError, match=words):
        load_network(tmp_path / "a.pt")


def test_a_missing_file_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="none"):
        load_network(tmp_path / "none.pt")


def test_topaz_key_names_load_into_our_network(tmp_path: Path) -> None:
    state = topaz_state(9, 7, 5)
    torch.save(state, tmp_path / "net.sav", _use_new_zipfile_serialization=False)
    file = load_network(tmp_path / "net.sav")
    assert file.settings == {"width": 9, "first_kernel": 7, "last_kernel": 5}
    assert file.pixel_size_A is None
    image = torch.randn(1, 1, 64, 96, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.allclose(built(file)(image), topaz_forward(state, image), rtol=0, atol=1e-5)


@pytest.mark.parametrize("change", ["deeper", "shallower", "3d", "other"])
def test_other_architectures_are_refused_in_one_sentence(tmp_path: Path, change: str) -> None:
    state = topaz_state()
    if change == "deeper":
        state["enc7.0.weight"] = state["enc6.0.weight"]
    elif change == "shallower":
        state = OrderedDict((name, tensor) for name, tensor in state.items() if not name.startswith("dec5"))
    elif change == "3d":
        state = OrderedDict((name, t[..., None] if t.ndim == 4 else t) for name, t in state.items())
    else:
        state = OrderedDict({"filter.weight": torch.zeros(1, 1, 31, 31)})
    torch.save(state, tmp_path / "net.sav")
    with pytest.raises(ValueError, match="only Topaz's 2D U-Net with five levels") as caught:
        load_network(tmp_path / "net.sav")
    assert "\n" not in str(caught.value)


def topaz_weight_file() -> Path:
    """Topaz's own weight file: where CLEARICE_TOPAZ_WEIGHTS says, or in an installed topaz."""
    given = os.environ.get("CLEARICE_TOPAZ_WEIGHTS")
    if given:
        return Path(given)
    package = importlib.util.find_spec("topaz")
    folders = (package.submodule_search_locations or []) if package else []
    for folder in folders:
        path = Path(folder) / "pretrained" / "denoise" / "unet_L2_v0.2.2.sav"
        if path.exists():
            return path
    pytest.skip("Topaz's weights: topaz is not installed and CLEARICE_TOPAZ_WEIGHTS is not set")


@pytest.mark.filterwarnings("ignore")  # those of Topaz are not ours
def test_topaz_published_weights_give_topaz_output() -> None:
    path = topaz_weight_file()
    file = load_network(path)
    image = torch.randn(1, 1, 256, 320, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        if importlib.util.find_spec("topaz"):
            denoise = importlib.import_module("topaz.denoise")
            expected = denoise.load_model("unet").eval()(image)
        else:
            expected = topaz_forward(torch.load(path, weights_only=True), image)
        ours = built(file)(image)
    fast = FastUNet(built(file), torch.device("cpu"), "float32", 100)(image)
    assert file.settings == {"width": 48, "first_kernel": 11, "last_kernel": 5}
    for result in (ours, fast):
        assert float((result - expected).abs().max()) < 1e-5 * float(expected.abs().max())


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_finite_numbers_are_refused(tmp_path: Path, value: float) -> None:
    network = network_file()
    network.weights["encode.0.weight"][0, 0, 0, 0] = value
    save_network(tmp_path / "n.pt", network)
    with pytest.raises(
        ValueError, match=r"n.pt holds weights that are no finite numbers \(1 of the \d+ of encode.0.weight\)"
    ):
        load_network(tmp_path / "n.pt")


def test_topaz_weights_that_are_no_finite_numbers_are_refused(tmp_path: Path) -> None:
    state = topaz_state()
    state["enc1.0.bias"][0] = float("nan")
    torch.save(state, tmp_path / "unet_L2_v0.2.2.sav")
    with pytest.raises(ValueError, match="no finite numbers"):
        load_network(tmp_path / "unet_L2_v0.2.2.sav")


def test_a_flipped_bit_of_a_weight_is_found(tmp_path: Path) -> None:
    network = network_file()
    save_network(tmp_path / "n.pt", network)
    content = bytearray((tmp_path / "n.pt").read_bytes())
    place = content.find(network.weights["encode.0.weight"].numpy().tobytes())
    content[place + 2] ^= 1
    (tmp_path / "n.pt").write_bytes(bytes(content))
    with pytest.raises(ValueError, match="is truncated, damaged or no network file"):
        load_network(tmp_path / "n.pt")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"pixel_size_A": float("nan")}, "its pixel_size_A is nan"),
        ({"pixel_size_A": -1.0}, "its pixel_size_A is -1.0"),
        ({"settings": []}, "its settings is a list"),
        ({"weights": {"a": 3}}, "its weights is a dict"),
        ({"kind": 3}, "its kind is 3"),
    ],
)
def test_a_network_file_with_another_thing_in_a_field_is_refused(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    whole = network_file()
    fields = {name: getattr(whole, name) for name in whole.__dataclass_fields__}
    torch.save({"format": "clearice network 1", **fields, **change}, tmp_path / "n.pt")
    with pytest.raises(ValueError, match=f"n.pt is no whole network file: {words}"):
        load_network(tmp_path / "n.pt")


def test_a_network_is_made_of_its_file_or_refused_in_one_line(tmp_path: Path) -> None:
    whole = network_file()
    made = network_of(UNet, whole, tmp_path / "n.pt")
    assert all(torch.equal(tensor, whole.weights[name]) for name, tensor in made.state_dict().items())
    less = {name: tensor for name, tensor in whole.weights.items() if name != "encode.0.bias"}
    for wrong, words in (
        (replace(whole, weights=less), r"1 of \d+ differ, the first is encode.0.bias"),
        (replace(whole, settings={**whole.settings, "width": 6}), "the weights of another network"),
        (replace(whole, settings={"breadth": 3}), "settings that describe no network of the kind unet"),
    ):
        with pytest.raises(ValueError, match=f"n.pt holds .*{words}") as caught:
            network_of(UNet, wrong, tmp_path / "n.pt")
        assert "\n" not in str(caught.value)
