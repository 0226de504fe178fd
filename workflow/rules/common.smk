# Tables, batches, code fingerprints, resources: the only functions of the rules.
import hashlib
import json
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

WORKFLOW = Path(workflow.current_basedir).parent
sys.path.insert(0, str(WORKFLOW / "scripts"))

from clearice.fingerprint import fingerprint
from clearice.plan import SUM_COLUMNS, make_plan, sources_of_batch
from clearice.sheet import parse_structures
from clearice.stages import (
    home_of,
    members_of,
    model_of,
    highpass_of,
    scale_of,
    simulated_batches,
    simulated_splits,
    stage_setting,
    variant_before,
)

try:
    PLAN = make_plan(config, WORKFLOW / "schemas")
except (ValueError, OSError) as error:
    raise WorkflowError(str(error)) from None

METHODS = {name: config["methods"][name] for name in config["run"]["methods"]}
PARTS = config["run"]["parts"]
SIMULATED = simulated_batches(
    config["simulation"]["micrographs"], config["simulation"]["batch_size"]
)
SIMULATED_SPLITS = simulated_splits(
    SIMULATED, config["simulation"]["validation_fraction"]
)
SIMULATED_TEST = "s9999"


wildcard_constraints:
    dataset="[A-Za-z][A-Za-z0-9_-]*",
    method="[A-Za-z][A-Za-z0-9_]*",
    part="full|even|odd",
    batch="[bns][0-9]+",


def named(**params):
    """Add a digest of all names and values to a rule's params.

    Snakemake compares params as a set of values without names: a 4 that becomes a 5 goes unnoticed where another
    param is a 4 and a third one a 5. The digest never does.
    """

    def digest(wildcards):
        values = {
            name: value(wildcards) if callable(value) else value
            for name, value in params.items()
        }
        return hashlib.sha256(
            json.dumps(values, sort_keys=True, default=str).encode()
        ).hexdigest()[:16]

    return {**params, "digest": digest}


def fingerprint_of(script):
    """Hash a step and all of our code behind it, so that an edit reruns what depends on it."""
    return fingerprint(WORKFLOW / "scripts" / script)


def memory(megabytes):
    """Ask for more memory with every attempt."""
    return lambda wildcards, attempt: megabytes * attempt


def minutes(length):
    """Ask for more time with every attempt."""
    return lambda wildcards, attempt: length * attempt


def of_dataset(column):
    """Read a column of the datasets table for the job's dataset."""
    return lambda wildcards: PLAN.column(wildcards.dataset, column)


def of_method(key):
    """Read a setting of the job's method."""
    return lambda wildcards: config["methods"][wildcards.method][key]


def settings_of_method(wildcards):
    """Give the settings of the job's method without its kind."""
    return {
        key: value
        for key, value in config["methods"][wildcards.method].items()
        if key != "kind"
    }


def methods_of(*kinds):
    """Match the names of all methods of some kinds, for a wildcard constraint."""
    names = [
        name for name, method in config["methods"].items() if method["kind"] in kinds
    ]
    return "|".join(names) or "(?!)"


def rows_of_batch(wildcards):
    """Give the sheet rows of the job's batch."""
    return PLAN.rows(wildcards.dataset, wildcards.batch)


def sources_of_sums(wildcards):
    """List the files the sums of the job's batch depend on; missing movies do not stop the plan."""
    if wildcards.batch not in PLAN.batches.get(wildcards.dataset, {}):
        raise WorkflowError(
            f"no row of {config['micrographs']} is in batch {wildcards.batch} of {wildcards.dataset}"
        )
    dataset = PLAN.datasets[wildcards.dataset]
    return sources_of_batch(
        PLAN.batches[wildcards.dataset][wildcards.batch],
        Path(f"results/{wildcards.dataset}/sums/full/{wildcards.batch}/manifest.tsv"),
        [dataset[name] for name in ("gain", "defects") if dataset[name]],
    )


def micrographs_to_denoise(wildcards):
    """Find the manifest a denoiser reads: sums (b0001), simulated micrographs (s0001) or pure noise (n0001)."""
    folders = {"b": "sums/{part}", "s": "simulated/noisy", "n": "null/{part}"}
    pattern = (
        "results/{dataset}/" + folders[wildcards.batch[0]] + "/{batch}/manifest.tsv"
    )
    return pattern.format(**wildcards)


def statistics_of_noise(wildcards):
    """Find the real micrographs whose mean and sd pure noise is normalised by; none for other batches."""
    if not wildcards.batch.startswith("n"):
        return []
    return f"results/{wildcards.dataset}/sums/{wildcards.part}/b{wildcards.batch[1:]}/manifest.tsv"


def network_of_method(wildcards):
    """Find the network of the job's method for the job's dataset."""
    return model_of(config, wildcards.method, wildcards.dataset)


def scale_of_method(wildcards):
    """Give the pixel size the network of the job's method works at."""
    return scale_of(config, wildcards.method)


def highpass_of_method(wildcards):
    """Give the high-pass that belongs to the network of the job's method."""
    return highpass_of(config, wildcards.method)


def setting_of(stage, key):
    """Read a setting of a stage for the job's variant."""
    return lambda wildcards: stage_setting(config, wildcards.variant, stage, key)


def settings_of_stage(stage):
    """Read all settings of a stage's section, by name, for the job's variant."""
    return {key: setting_of(stage, key) for key in config[stage]}


def training_of(stage):
    """Read all settings of a training, by name, for the job's variant."""
    return {key: setting_of(stage, key) for key in config["training"]}


def manifests_to_learn(home, part):
    """List the manifests of the batches that hold rows to learn from, of a dataset or of all in a group."""
    pattern = "results/{dataset}/sums/{part}/{batch}/manifest.tsv"
    return [
        pattern.format(dataset=dataset, part=part, batch=batch)
        for dataset in members_of(config, home)
        for batch in PLAN.batches_to_learn(dataset)
    ]


def first_halves(wildcards):
    """List what Noise2Noise learns from: even sums, or full ones where a dataset has no halves."""
    paired = (
        stage_setting(config, wildcards.variant, "noise2noise", "diet") == "noise2noise"
    )
    return manifests_to_learn(wildcards.dataset, "even" if paired else "full")


def second_halves(wildcards):
    """List the partners of `first_halves`: odd sums, or none."""
    paired = (
        stage_setting(config, wildcards.variant, "noise2noise", "diet") == "noise2noise"
    )
    return manifests_to_learn(wildcards.dataset, "odd") if paired else []


def splits_to_learn(wildcards):
    """Map dataset/micrograph to its split, for what learning may use."""
    return {
        f"{dataset}/{name}": split
        for dataset in members_of(config, wildcards.dataset)
        for name, split in PLAN.splits(dataset).items()
    }


def structures_of_dataset(wildcards):
    """List the atomic models of the job's dataset."""
    return list(
        parse_structures(
            PLAN.column(wildcards.dataset, "structures"), wildcards.dataset
        )
    )


def weights_of_dataset(wildcards):
    """List the weights of the atomic models of the job's dataset."""
    return list(
        parse_structures(
            PLAN.column(wildcards.dataset, "structures"), wildcards.dataset
        ).values()
    )


def simulated_in_batch(wildcards):
    """Count the micrographs of a simulated batch."""
    return (
        config["simulation"]["test_micrographs"]
        if wildcards.batch == SIMULATED_TEST
        else SIMULATED[wildcards.batch]
    )


def simulated_pixel_size(wildcards):
    """Give the pixel size of simulated micrographs: that of the training, else of the dataset's sums."""
    of_sums = PLAN.column(wildcards.dataset, "pixel_size_A") * PLAN.column(
        wildcards.dataset, "sum_binning"
    )
    return config["simulation"]["pixel_size_A"] or of_sums


def simulated(kind):
    """List the manifests of all simulated batches: noisy, clean or truth."""
    return expand(
        "results/{{dataset}}/simulated/{kind}/{batch}/manifest.tsv",
        kind=kind,
        batch=list(SIMULATED),
    )


def before(stage, pattern):
    """Fill a path pattern with the variant of an earlier stage that the job's variant builds on."""
    return lambda wildcards: pattern.format(
        dataset=wildcards.dataset,
        variant=variant_before(config, wildcards.variant, stage),
    )


def reweighted(kind):
    """List the manifests of all re-weighted batches: noisy or clean."""
    pattern = "results/{{dataset}}/reweighted/{{variant}}/{kind}/{batch}/manifest.tsv"
    paths = [
        before("reweight", pattern.format(batch=batch, kind=kind))
        for batch in SIMULATED
    ]
    return lambda wildcards: [path(wildcards) for path in paths]


def guide_of_variant(wildcards):
    """Find the denoised micrographs that show where noise is pure."""
    guide = config["nt2c"]["guide"]
    return f"results/{wildcards.dataset}/denoised/{guide}/full/{wildcards.batch}/manifest.tsv"


def noise_to_learn(wildcards):
    """List the noise patches of the batches that learning may use."""
    pattern = "results/{{dataset}}/noise/{{variant}}/{batch}/manifest.tsv"
    batches = PLAN.batches_to_learn(wildcards.dataset)
    return [
        before("extract_noise", pattern.format(batch=batch))(wildcards)
        for batch in batches
    ]


def sources_of_synthetic_noise(wildcards):
    """Give what synthetic noise is drawn from: patches, and a generator where the source is gan."""
    model = before("noise_gan", "results/{dataset}/models/noise_gan/{variant}.pt")(
        wildcards
    )
    source = stage_setting(config, wildcards.variant, "sample_noise", "source")
    return {
        "noise": noise_to_learn(wildcards),
        **({"model": model} if source == "gan" else {}),
    }


def start_of_fine(wildcards):
    """Find the coarse network a fine training starts from, or none."""
    warm = stage_setting(config, wildcards.variant, "fine", "warm_start")
    return (
        before("coarse", "results/{dataset}/models/coarse/{variant}.pt")(wildcards)
        if warm
        else []
    )


def coordinate_files(wildcards):
    """List the coordinate files of the job's batch that exist: one that appears later makes its batch anew."""
    folder = Path(config["evaluation"]["coordinates"], wildcards.dataset)
    return [
        str(path)
        for row in rows_of_batch(wildcards)
        for path in sorted(folder.glob(row["micrograph"] + ".*"))
    ]


def scored_batches(dataset):
    """List the batches of a dataset that are scored: the first of the sheet, and the simulated test batch."""
    real = list(PLAN.batches[dataset])[: config["evaluation"]["batches"]]
    simulates = any(METHODS[name]["kind"] in ("coarse", "nt2c") for name in METHODS)
    return real, (
        [SIMULATED_TEST]
        if simulates and config["simulation"]["test_micrographs"]
        else []
    )


def scores_of_dataset(wildcards):
    """List all tables of scores of the job's dataset: every method and part, with the picks of every picker."""
    real, test = scored_batches(wildcards.dataset)
    table = f"results/{wildcards.dataset}/scores/" + "{method}/{part}/{batch}{kind}.tsv"
    kinds = ["", *(f".{picker}" for picker in config["picking"]["pickers"])]
    return expand(table, method=METHODS, part=PARTS, batch=real, kind=kinds) + expand(
        table, method=METHODS, part="full", batch=test, kind=kinds
    )


def each_scored_dataset(pattern):
    """Fill a path pattern for all datasets with micrographs of which the particle's diameter is known."""
    return [
        path
        for path, name in (
            (pattern.format(dataset=name), name)
            for name in PLAN.batches
            if PLAN.batches[name]
        )
        if PLAN.column(name, "particle_diameter_A") and config["evaluation"]["batches"]
    ]


def each_batch(pattern, **wanted):
    """Fill a path pattern for all batches of all datasets, and for all values of further wildcards."""
    return [
        path
        for dataset, batches in PLAN.batches.items()
        for path in expand(pattern, dataset=dataset, batch=list(batches), **wanted)
        if batches
    ]


def each_shown_batch(pattern, **wanted):
    """Fill a path pattern for the first batches of all datasets: those whose pictures the report shows."""
    count = -(
        -config["previews"]["in_report"] // max(1, config["previews"]["per_batch"])
    )
    return [
        path
        for dataset, batches in PLAN.batches.items()
        for path in expand(
            pattern, dataset=dataset, batch=list(batches)[:count], **wanted
        )
        if batches
    ]


def each_dataset(pattern, **wanted):
    """Fill a path pattern for all datasets that have micrographs."""
    return [
        path
        for name, batches in PLAN.batches.items()
        if batches
        for path in expand(pattern, dataset=name, **wanted)
    ]


def sum_settings():
    """Give the settings that each dataset's sums must have been made with."""
    return {
        name: {column: row[column] for column in SUM_COLUMNS}
        for name, row in PLAN.datasets.items()
    }


def full_sums_of_dataset(wildcards):
    """List the manifests of all full sums of the job's dataset."""
    pattern = "results/{dataset}/sums/full/{batch}/manifest.tsv"
    return expand(
        pattern, dataset=wildcards.dataset, batch=list(PLAN.batches[wildcards.dataset])
    )


def fingerprints():
    """Hash every step of the workflow, for the provenance."""
    return {
        path.name: fingerprint(path)
        for path in sorted((WORKFLOW / "scripts").glob("*.py"))
    }


def models_of_methods():
    """List the networks of all learned methods and datasets."""
    learned = [
        name
        for name, method in METHODS.items()
        if method["kind"] in ("noise2noise", "coarse", "nt2c")
    ]
    return sorted(
        {
            model_of(config, name, dataset)
            for name in learned
            for dataset in PLAN.batches
            if PLAN.batches[dataset]
        }
    )
