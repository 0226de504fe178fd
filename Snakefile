# clearice: cryo-EM movies or micrographs -> denoised micrographs, picks and an honest report.
from snakemake.utils import min_version

min_version("9.21")


configfile: Path(workflow.basedir) / "config" / "config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/inputs.smk"
include: "workflow/rules/sums.smk"
include: "workflow/rules/noise2noise.smk"
include: "workflow/rules/coarse.smk"
include: "workflow/rules/noise.smk"
include: "workflow/rules/fine.smk"
include: "workflow/rules/baselines.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/picking.smk"
include: "workflow/rules/report.smk"


localrules:
    all,
    sums,
    denoised,
    previews,
    export,
    models,
    simulated_movies,
    scores,
    picks,
    particles,
    summarise_scores,
    check_failures,
    write_provenance,


rule all:
    default_target: True
    input:
        "results/report/index.html",
        "results/failures.tsv",
        each_dataset("results/{dataset}/export/micrographs.star"),
        each_scored_dataset("results/{dataset}/scores/summary.tsv"),


rule sums:
    input:
        each_batch("results/{dataset}/sums/full/{batch}/manifest.tsv"),


rule denoised:
    input:
        each_batch(
            "results/{dataset}/denoised/{method}/{part}/{batch}/manifest.tsv",
            method=METHODS,
            part=PARTS,
        ),


rule previews:
    input:
        each_batch(
            "results/{dataset}/figures/previews/{method}/{part}/{batch}/manifest.tsv",
            method=METHODS,
            part=PARTS,
        ),


rule export:
    input:
        each_dataset("results/{dataset}/export/micrographs.star"),


rule models:
    input:
        models_of_methods(),


rule simulated_movies:
    input:
        expand(
            "results/{dataset}/movies/frames/{batch}/manifest.tsv",
            dataset=PLAN.batches,
            batch=SIMULATED_MOVIES,
        ),


rule scores:
    input:
        each_scored_dataset("results/{dataset}/scores/summary.tsv"),


rule picks:
    input:
        each_batch(
            "results/{dataset}/picks/{picker}/{method}/{part}/{batch}/manifest.tsv",
            picker=config["picking"]["pickers"],
            method=METHODS,
            part=PARTS,
        ),


rule particles:
    input:
        each_batch(
            "results/{dataset}/particles/{picker}/{method}/{batch}/particles.star",
            picker=config["picking"]["pickers"][:1],
            method=config["picking"]["extract_from"],
        ),
