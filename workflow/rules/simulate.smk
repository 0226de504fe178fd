# Simulated micrographs, noisy and clean, and simulated movies.


rule simulate_micrographs:
    input:
        structures=ask(INPUTS.structures),
        sources=ask(INPUTS.detector_files),
    output:
        noisy=directory("results/{dataset}/simulated/noisy/{batch}"),
        clean=directory("results/{dataset}/simulated/clean/{batch}"),
        truth=directory("results/{dataset}/simulated/truth/{batch}"),
        noisy_manifest="results/{dataset}/simulated/noisy/{batch}/manifest.tsv",
        clean_manifest="results/{dataset}/simulated/clean/{batch}/manifest.tsv",
        truth_manifest="results/{dataset}/simulated/truth/{batch}/manifest.tsv",
    log:
        "logs/{dataset}/simulate_micrographs/{batch}.log",
    benchmark:
        "logs/{dataset}/simulate_micrographs/{batch}.benchmark.tsv"
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(240),
        gpu=config["simulation"]["gpus_per_job"],
    params:
        code=fingerprint_of("simulate_micrographs.py"),
        batch="{batch}",
        settings=ask(SETTINGS.simulation),
    script:
        "../scripts/simulate_micrographs.py"


# Movies of the same physics, for what wants frames whose truth is known; nothing here learns from them.
use rule simulate_micrographs as simulate_movies with:
    output:
        movies=directory("results/{dataset}/movies/frames/{batch}"),
        noisy=directory("results/{dataset}/movies/noisy/{batch}"),
        clean=directory("results/{dataset}/movies/clean/{batch}"),
        truth=directory("results/{dataset}/movies/truth/{batch}"),
        movies_manifest="results/{dataset}/movies/frames/{batch}/manifest.tsv",
        noisy_manifest="results/{dataset}/movies/noisy/{batch}/manifest.tsv",
        clean_manifest="results/{dataset}/movies/clean/{batch}/manifest.tsv",
        truth_manifest="results/{dataset}/movies/truth/{batch}/manifest.tsv",
    log:
        "logs/{dataset}/simulate_movies/{batch}.log",
    benchmark:
        "logs/{dataset}/simulate_movies/{batch}.benchmark.tsv"
    wildcard_constraints:
        batch="m[0-9]+",
    params:
        code=fingerprint_of("simulate_micrographs.py"),
        batch="{batch}",
        settings=ask(SETTINGS.simulated_movies),
