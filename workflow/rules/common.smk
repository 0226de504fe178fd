# Tables, batches, code fingerprints, resources: with inputs.smk the only functions of the rules.
import hashlib
import itertools
import json
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

WORKFLOW = Path(workflow.current_basedir).parent
sys.path.insert(0, str(WORKFLOW / "scripts"))

from clearice.run.controls import scored_methods
from clearice.files.documents import read_yaml
from clearice.run.fingerprint import fingerprint
from clearice.run.plan import SUM_COLUMNS, make_plan, sources_of_batch
from clearice.config.complaints import check_config
from clearice.config.sheet import parse_structures
from clearice.run.stages import (
    model_owner,
    members_of,
    model_of,
    highpass_of,
    scale_of,
    simulated_batches,
    simulated_splits,
    stage_setting,
    variant_before,
    variant_of,
)

# The controls of the scores are run on the scored batches alone, but checked like every method.
try:
    check_config(config, read_yaml(WORKFLOW / "schemas" / "config.schema.yaml"))
    WITH_CONTROLS = scored_methods(config)
    PLAN = make_plan(
        {**config, "run": {**config["run"], "methods": WITH_CONTROLS}},
        WORKFLOW / "schemas",
    )
except (ValueError, OSError) as error:
    raise WorkflowError(str(error)) from None

METHODS = {name: config["methods"][name] for name in config["run"]["methods"]}
PARTS = config["run"]["parts"]
SCORED_DATASETS = [
    name
    for name, batches in PLAN.batches.items()
    if batches
    and config["evaluation"]["batches"]
    and PLAN.column(name, "particle_diameter_A")
]
SCORED_METHODS = WITH_CONTROLS if SCORED_DATASETS else list(METHODS)
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


def each_batch(pattern, **wanted):
    """Fill a path pattern for all batches of all datasets, and for all values of further wildcards."""
    values = [
        [value] if isinstance(value, str) else list(value) for value in wanted.values()
    ]
    choices = [dict(zip(wanted, choice)) for choice in itertools.product(*values)]
    return [
        pattern.format(dataset=dataset, batch=batch, **choice)
        for dataset, batches in PLAN.batches.items()
        for batch in batches
        for choice in choices
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


def learned_from(stage):
    """List the manifests that networks of the run learn from, of the stage simulated, noise or reweighted.

    Those that lie there, and those of networks that are not made yet: who clears them away after a training must
    not have them made again for a list of failures.
    """
    listed = []
    for method, dataset in itertools.product(SCORED_METHODS, PLAN.batches):
        kind = config["methods"][method]["kind"]
        if not PLAN.batches[dataset] or kind not in ("coarse", "nt2c"):
            continue
        made = Path(model_of(config, method, dataset)).exists()
        folder = f"results/{dataset}/{stage}"
        if stage == "simulated":
            found = [f"{folder}/noisy/{batch}" for batch in SIMULATED]
        elif kind == "coarse":
            found = []
        elif stage == "noise":
            variant = variant_of(config, method, "extract_noise")
            batches = PLAN.batches_to_learn(dataset)
            found = [f"{folder}/{variant}/{batch}" for batch in batches]
        else:
            variant = variant_of(config, method, "reweight")
            found = [f"{folder}/{variant}/noisy/{batch}" for batch in SIMULATED]
        listed += [
            f"{path}/manifest.tsv"
            for path in found
            if not made or Path(path, "manifest.tsv").exists()
        ]
    return list(dict.fromkeys(listed))
