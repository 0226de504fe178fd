# The plan of the run, and what joins it to Snakemake: the only functions of the rules.
import functools
import inspect
import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

WORKFLOW = Path(workflow.current_basedir).parent
SCRIPTS = WORKFLOW / "scripts"
sys.path.insert(0, str(SCRIPTS))

from clearice.config.automatic import in_words
from clearice.config.registry import all_pickers, all_stages
from clearice.config.training import DenoiserTraining
from clearice.config.variants import kind_of_method
from clearice.reporting.outcome import describe_outcome
from clearice.reporting.records import records_by_stage
from clearice.run.batches import read_manifest
from clearice.run.door import check_door
from clearice.run.ended import seen_from, why_jobs_failed
from clearice.run.fingerprint import fingerprint
from clearice.run.inputs import JobInputs
from clearice.run.job_settings import JobSettings
from clearice.run.plan import make_plan
from clearice.run.products import Products
from clearice.run.repair import Repairs
from clearice.run.targets import DEFAULT, FAILURES, Targets

try:
    PLAN = make_plan(config)
    for doubt in check_door(PLAN) if workflow.is_main_process else []:
        logger.warning(doubt)
except (ValueError, OSError) as error:
    raise WorkflowError(str(error)) from None

if workflow.is_main_process:
    for line in in_words(PLAN.taken(), config["quality"]):
        logger.info(line)

PRODUCTS = Products(PLAN)
INPUTS = JobInputs(PLAN, PRODUCTS)
SETTINGS = JobSettings(PLAN, PRODUCTS)
TARGETS = Targets(PLAN, PRODUCTS)


wildcard_constraints:
    dataset="[A-Za-z][A-Za-z0-9_-]*",
    method="[A-Za-z][A-Za-z0-9_]*",
    part="full|even|odd",
    batch="[bns][0-9]+",
    picker="|".join(all_pickers()),


def ask(function, **fixed):
    """Make a rule's function of wildcards out of one whose parameters are named like them."""
    names = [
        name for name in inspect.signature(function).parameters if name not in fixed
    ]

    def answer(wildcards):
        try:
            return function(
                **{name: getattr(wildcards, name) for name in names}, **fixed
            )
        except ValueError as error:
            raise WorkflowError(str(error)) from None

    return answer


@functools.cache
def fingerprint_of(script, *found):
    """Hash a step and all of our code behind it, so that an edit reruns what depends on it.

    What a step finds by name, below clearice/, does not show in its imports and is named here.
    """
    return fingerprint(
        SCRIPTS / script, *(SCRIPTS / "clearice" / path for path in found)
    )


def fingerprint_of_filter(method):
    """Hash the step that filters, with the code of the method's kind."""
    kind = config["methods"][method]["kind"]
    return fingerprint_of(
        "filter_micrographs.py", f"config/kinds/{kind}.py", f"denoisers/{kind}.py"
    )


def fingerprint_of_picker(picker):
    """Hash the step that picks, with the code of the picker."""
    return fingerprint_of(
        "pick_particles.py", f"config/pickers/{picker}.py", f"picking/{picker}.py"
    )


def fingerprint_of_templates(picker):
    """Hash the step that projects structures, with the settings of the picker."""
    return fingerprint_of("project_templates.py", f"config/pickers/{picker}.py")


def fingerprints():
    """Hash every step of the workflow, and those that find code by name with that code, for the provenance."""
    of_filters = {
        f"filter_micrographs.py {method}": fingerprint_of_filter(method)
        for method in PLAN.scored_methods
        if kind_of_method(config, method).step == "filter_micrographs"
    }
    of_pickers = {
        f"pick_particles.py {picker}": fingerprint_of_picker(picker)
        for picker in config["picking"]["pickers"]
    }
    steps = {path.name: fingerprint(path) for path in sorted(SCRIPTS.glob("*.py"))}
    return {**steps, **of_filters, **of_pickers}


def memory(megabytes):
    """Ask for more memory with every attempt."""
    return lambda wildcards, attempt: megabytes * attempt


def minutes(length):
    """Ask for more time with every attempt."""
    return lambda wildcards, attempt: length * attempt


def methods_of_step(step):
    """Match the names of all methods that a step denoises with, for a wildcard constraint."""
    names = [
        name for name in config["methods"] if kind_of_method(config, name).step == step
    ]
    return "|".join(names) or "(?!)"


def stages_of_denoisers():
    """Match the names of all stages that train a denoiser, for a wildcard constraint."""
    return "|".join(
        name
        for name, stage in all_stages().items()
        if stage.settings is DenoiserTraining
    )


def scores_compare(picker):
    """Check whether a threshold found on one image counts on another."""
    return all_pickers()[picker].scores_compare


@functools.cache
def behind_target(target):
    """List the manifests behind a target; what is broken behind one is made again.

    Snakemake looks at the manifests alone, so it is told of files that are missing or changed.
    """
    manifests = TARGETS.manifests(target)
    if workflow.is_main_process:
        repairs = Repairs(PLAN, TARGETS.repairable(manifests))
        for doubt in repairs.doubts:
            logger.warning(doubt)
        workflow.dag.forcefiles.update(repairs.manifests)
    return manifests


def asked_for():
    """List the manifests behind the targets that were asked for, by the names of their rules or by path."""
    found = []
    for target in workflow.dag_settings.targets or [DEFAULT]:
        if target in TARGETS.names:
            found += TARGETS.manifests(target)
        elif target.endswith("manifest.tsv"):
            found.append(target)
    return list(dict.fromkeys(found))


def summarise():
    """Write what became of the run: how many micrographs, the first reasons, and where to look."""
    dag, since = workflow.dag, workflow.start_time.timestamp()
    ready = [
        job
        for job in dag.needrun_jobs()
        if all(map(dag.noneedrun_finished, dag.dependencies[job]))
    ]
    failed = why_jobs_failed([path for job in ready for path in job.log], since)
    manifests = [Path(path) for path in asked_for()]
    made = [path for path in manifests if path.is_file()]
    finished = {path for job in dag.finished_jobs for path in job.output}
    places = {"Failures": FAILURES, "Report": "results/report/index.html"}
    try:
        records = records_by_stage(made, PLAN.methods, read_manifest)
    except (ValueError, OSError) as error:
        raise WorkflowError(str(error)) from None
    lines = describe_outcome(
        records,
        unmade=len(manifests) - len(made),
        failed_jobs=failed,
        places={
            what: seen_from(os.environ.get("PWD", "."), path)
            for what, path in places.items()
            if path in finished
        },
    )
    logger.info("\n".join(["", *lines]))
