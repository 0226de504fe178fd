"""Sampling on files: fields in the micrographs' units, a table of their fidelity, equal bytes."""

import numpy as np
import pytest

from clearice.files.checkpoints import NetworkFile, save_network
from clearice.files.stacks import read_stack, write_stack
from clearice.files.tables import read_table
from clearice.noise.spectral_shaping import colour, radial_amplitude
from clearice.run.batches import ManifestRow, process_rows, read_manifest, write_manifest
from sample_noise import sample_noise
from support.settings import call
from support.shell import contents, run_from_shell
from train_noise_gan import train_noise_gan

SIDE = 16


def write_noise(folder, seed=0, pixel_size_A=3.0):
    """Coloured noise of mean 20 and standard deviation 4."""
    generator = np.random.default_rng(seed)
    amplitude = 0.6 + 2.0 * np.exp(-((np.arange(30) / 4.0) ** 2))
    made = colour(generator.standard_normal((150, 32, 32)).astype(np.float32), amplitude, SIDE)[
        :, :SIDE, :SIDE
    ]
    patches = (20 + 4 * made / made.std()).astype(np.float32)

    def treat(name):
        write_stack(folder / f"{name}.mrcs", patches, pixel_size_A)
        return folder / f"{name}.mrcs"

    write_manifest(folder / "manifest.tsv", process_rows(["m1"], folder, treat))
    return folder / "manifest.tsv"


def train(folder, noise, stationary=True):
    call(
        train_noise_gan,
        noise=[noise],
        model=folder / "main.pt",
        history=folder / "main.tsv",
        variant="main",
        minimum_patches=20,
        criterion="ssim",
        patch_px=SIDE,
        whitened=True,
        symmetries=True,
        generator={
            "width": 16, "latent_channels": 4, "stationary": stationary, "pixel_noise": True, "output": "linear",
            "output_sigmas": 4.0,
        },
        critic={"width": 16, "norm": "none"},
        batch_size=8,
        steps=10,
        critic_steps=2,
        penalty=10.0,
        learning_rate=1e-4,
        betas=[0.5, 0.999],
        record_every=10,
        keep_every=10,
        seed=3,
        side_folder=folder / "unfinished",
        threads=1,
        device="cpu",
    )  # fmt: skip
    return folder / "main.pt"


def arguments(folder, noise, **changed):
    return {
        "noise": [noise],
        "synthetic": folder / "synthetic.mrcs",
        "fidelity": folder / "fidelity.tsv",
        "source": "gaussian",
        "model": None,
        "fields": 12,
        "field_px": 64,
        "minimum_patches": 20,
        "criterion": "ssim",
        "bands": 4,
        "batch_size": 5,
        "seed": 5,
        "threads": 1,
        "device": "cpu",
        **changed,
    }


def sample(folder, noise, **changed):
    call(sample_noise, **arguments(folder, noise, **changed))
    return read_stack(folder / "synthetic.mrcs")


@pytest.mark.parametrize("source", ["gan", "gan of patches", "extracted", "gaussian"])
def test_fields_have_the_units_and_the_spectrum_of_the_real_noise(tmp_path, source):
    noise = write_noise(tmp_path / "n")
    model = train(tmp_path, noise, stationary=source == "gan") if source.startswith("gan") else None
    stack = sample(tmp_path, noise, source=source.split()[0], model=model, fields=30)
    assert stack.images.shape == (30, 64, 64)
    assert stack.pixel_size_A == pytest.approx(3.0)
    assert stack.label == "clearice: synthetic noise, no measurement"
    assert stack.images.mean() == pytest.approx(20.0, abs=0.6)
    assert stack.images.std() == pytest.approx(4.0, rel=0.1)
    real = read_stack(tmp_path / "n" / "m1.mrcs").images - 20
    made = stack.images.reshape(30, 4, SIDE, 4, SIDE).transpose(0, 1, 3, 2, 4).reshape(-1, SIDE, SIDE) - 20
    ratio = radial_amplitude(made)[1 : SIDE // 2] / radial_amplitude(real)[1 : SIDE // 2]
    np.testing.assert_allclose(ratio, 1.0, atol=0.2)


def test_the_table_compares_real_with_fake(tmp_path):
    noise = write_noise(tmp_path / "n")
    sample(tmp_path, noise, fields=60)
    rows = {row["statistic"]: row for row in read_table(tmp_path / "fidelity.tsv")}
    assert list(rows["sd"]) == ["statistic", "real", "fake", "first_half", "second_half", "note"]
    assert float(rows["sd"]["real"]) == pytest.approx(1.0, rel=0.01)
    assert float(rows["sd"]["fake"]) == pytest.approx(1.0, rel=0.1)
    assert len([name for name in rows if name.startswith("power_")]) == 4


@pytest.mark.parametrize("source", ["gan", "extracted", "gaussian"])
def test_equal_seeds_give_equal_bytes_and_others_do_not(tmp_path, source):
    noise = write_noise(tmp_path / "n")
    model = train(tmp_path, noise) if source == "gan" else None
    files = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        sample(tmp_path / name, noise, source=source, model=model, seed=seed, fields=3)
        files.append((tmp_path / name / "synthetic.mrcs").read_bytes())
    assert files[0] == files[1] != files[2]


def test_it_runs_from_a_shell_to_the_files_of_a_direct_call(tmp_path):
    noise = write_noise(tmp_path / "n")
    changed = {"source": "gan", "model": train(tmp_path, noise), "fields": 3}
    sample(tmp_path / "call", noise, **changed)
    run_from_shell("sample_noise", arguments(tmp_path / "shell", noise, **changed))
    assert contents(tmp_path / "shell") == contents(tmp_path / "call")
    assert sorted(contents(tmp_path / "call")) == ["fidelity.tsv", "synthetic.mrcs"]


def test_what_does_not_fit_together_is_refused(tmp_path):
    noise = write_noise(tmp_path / "n")
    model = train(tmp_path, noise)
    other = write_noise(tmp_path / "other", pixel_size_A=1.5)
    foreign = tmp_path / "unet.pt"
    save_network(foreign, NetworkFile("unet", {}, {}, 3.0, "coarse", "main", {}))
    for changed, message in [
        ({"source": "sea"}, "source is 'sea', but must be one of gan, extracted, gaussian"),
        ({"source": "gan"}, "needs a model"),
        ({"source": "gan", "model": foreign}, "kind unet, not noise_gan"),
        ({"minimum_patches": 1000}, r"1000 are needed: lower extract_noise\.ssim_threshold"),
        ({"minimum_patches": 1000, "criterion": "flattest"}, r"needed: raise extract_noise\.maximum_patches"),
    ]:
        with pytest.raises(ValueError, match=message):
            sample(tmp_path, noise, **changed)
    with pytest.raises(ValueError, match=r"trained at 3.0 A/px, the noise patches have 1.5 A/px"):
        sample(tmp_path, other, source="gan", model=model)


def test_a_bad_micrograph_is_left_out_and_the_fields_are_those_of_the_others(tmp_path):
    noise = write_noise(tmp_path / "n")
    expected = sample(tmp_path / "a", noise, source="extracted").images
    rows = read_manifest(noise)
    generator = np.random.default_rng(1)
    for name, images in {
        "m8": np.full((3, SIDE, SIDE), 2.0),
        "m9": 1e4 * generator.standard_normal((3, SIDE, SIDE)),
    }.items():
        write_stack(noise.parent / f"{name}.mrcs", images.astype(np.float32), 3.0)
        rows.append(ManifestRow(name, f"{name}.mrcs", "ok", "", "x"))
    write_manifest(noise, rows)
    found = sample(tmp_path / "b", noise, source="extracted").images
    np.testing.assert_array_equal(found, expected)
    note = read_table(tmp_path / "b" / "fidelity.tsv")[0]["note"]
    assert note.startswith("m8: its noise patches are not finite or do not vary")
    assert "| m9 has noise of standard deviation 9" in note
