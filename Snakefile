# clearice: cryo-EM movies or micrographs -> denoised micrographs, picks and an honest report.
from snakemake.utils import min_version

min_version("9.21")


configfile: Path(workflow.basedir) / "config" / "advanced.yaml"
configfile: Path(workflow.basedir) / "config" / "config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/sums.smk"
include: "workflow/rules/simulate.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/nt2c.smk"
include: "workflow/rules/denoise.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/pick.smk"
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
    list_failures,
    check_failures,
    write_provenance,


rule all:
    default_target: True
    input:
        "results/report/index.html",
        "results/failures.tsv",
        "results/provenance.json",
        PRODUCTS.networks(),
        PRODUCTS.watched(),
        PRODUCTS.each_dataset("results/{dataset}/export/micrographs.star"),
        PRODUCTS.each_scored_dataset("results/{dataset}/scores/summary.tsv"),
        "results/checks/all.tsv",


rule sums:
    input:
        PRODUCTS.each_batch("results/{dataset}/sums/full/{batch}/manifest.tsv"),
        "results/checks/sums.tsv",


rule denoised:
    input:
        PRODUCTS.each_batch(
            "results/{dataset}/denoised/{method}/{part}/{batch}/manifest.tsv",
            method=PLAN.methods,
            part=PLAN.parts,
        ),
        "results/checks/denoised.tsv",


rule previews:
    input:
        PRODUCTS.each_batch(
            "results/{dataset}/figures/previews/{method}/{part}/{batch}/manifest.tsv",
            method=PLAN.methods,
            part=PLAN.parts,
        ),
        "results/checks/previews.tsv",


rule export:
    input:
        PRODUCTS.each_dataset("results/{dataset}/export/micrographs.star"),
        "results/checks/export.tsv",


rule models:
    input:
        PRODUCTS.networks(),
        "results/checks/models.tsv",


rule simulated_movies:
    input:
        PRODUCTS.simulated_movies(
            "results/{dataset}/movies/frames/{batch}/manifest.tsv"
        ),
        "results/checks/simulated_movies.tsv",


rule scores:
    input:
        PRODUCTS.each_scored_dataset("results/{dataset}/scores/summary.tsv"),
        "results/checks/scores.tsv",


rule picks:
    input:
        PRODUCTS.each_batch(
            "results/{dataset}/picks/{picker}/{method}/{part}/{batch}/manifest.tsv",
            picker=config["picking"]["pickers"],
            method=PLAN.methods,
            part=PLAN.parts,
        ),
        "results/checks/picks.tsv",


rule particles:
    input:
        PRODUCTS.each_batch(
            "results/{dataset}/particles/{picker}/{method}/{batch}/particles.star",
            picker=config["picking"]["pickers"][:1],
            method=config["picking"]["extract_from"],
        ),
        "results/checks/particles.tsv",


onsuccess:
    summarise()


onerror:
    summarise()
