# Particle picks on denoised micrographs, their scores, and particles cut out of raw sums.


# What a picker compares with: projections of the dataset's structures.
rule project_templates:
    input:
        structures=ask(INPUTS.structures),
    output:
        templates="results/{dataset}/templates/{picker}.mrcs",
    log:
        "logs/{dataset}/project_templates/{picker}.log",
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        code=ask(fingerprint_of_templates),
        picker="{picker}",
        settings=ask(SETTINGS.templates),
    script:
        "../scripts/project_templates.py"


rule pick_particles:
    input:
        unpack(ask(INPUTS.decoys)),
        micrographs="results/{dataset}/denoised/{method}/{part}/{batch}/manifest.tsv",
        templates=ask(INPUTS.templates),
    output:
        picks=directory("results/{dataset}/picks/{picker}/{method}/{part}/{batch}"),
        manifest="results/{dataset}/picks/{picker}/{method}/{part}/{batch}/manifest.tsv",
        candidates="results/{dataset}/picks/{picker}/{method}/{part}/{batch}/candidates.tsv",
        summary="results/{dataset}/picks/{picker}/{method}/{part}/{batch}/summary.tsv",
    log:
        "logs/{dataset}/pick_particles/{picker}/{method}/{part}/{batch}.log",
    benchmark:
        "logs/{dataset}/pick_particles/{picker}/{method}/{part}/{batch}.benchmark.tsv"
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        code=ask(fingerprint_of_picker),
        settings=ask(SETTINGS.picks),
    script:
        "../scripts/pick_particles.py"


rule match_picks:
    input:
        candidates="results/{dataset}/picks/{picker}/{method}/{part}/b{number}/candidates.tsv",
        summary="results/{dataset}/picks/{picker}/{method}/{part}/b{number}/summary.tsv",
        reference_coordinates="results/{dataset}/reference_coordinates/b{number}/manifest.tsv",
        null_candidates="results/{dataset}/picks/{picker}/{method}/{part}/n{number}/candidates.tsv",
        null_summary="results/{dataset}/picks/{picker}/{method}/{part}/n{number}/summary.tsv",
    output:
        scores="results/{dataset}/scores/{method}/{part}/b{number}.{picker}.tsv",
    log:
        "logs/{dataset}/match_picks/{picker}/{method}/{part}/b{number}.log",
    wildcard_constraints:
        number="[0-9]+",
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(30),
    params:
        code=fingerprint_of("match_picks.py"),
        method="{method}",
        part="{part}",
        batch="b{number}",
        picker="{picker}",
        scores_compare=ask(scores_compare),
        seed=config["seed"],
    script:
        "../scripts/match_picks.py"


use rule match_picks as match_simulated_picks with:
    input:
        candidates="results/{dataset}/picks/{picker}/{method}/{part}/s{number}/candidates.tsv",
        summary="results/{dataset}/picks/{picker}/{method}/{part}/s{number}/summary.tsv",
        reference_coordinates="results/{dataset}/reference_coordinates/s{number}/manifest.tsv",
    output:
        scores="results/{dataset}/scores/{method}/{part}/s{number}.{picker}.tsv",
    log:
        "logs/{dataset}/match_simulated_picks/{picker}/{method}/{part}/s{number}.log",
    params:
        code=fingerprint_of("match_picks.py"),
        method="{method}",
        part="{part}",
        batch="s{number}",
        picker="{picker}",
        scores_compare=ask(scores_compare),
        seed=config["seed"],


# Whatever the picks were made on, the pixels are those of the raw sums.
rule extract_particles:
    input:
        micrographs="results/{dataset}/sums/full/{batch}/manifest.tsv",
        picks="results/{dataset}/picks/{picker}/{method}/full/{batch}/manifest.tsv",
    output:
        particles=directory("results/{dataset}/particles/{picker}/{method}/{batch}"),
        manifest="results/{dataset}/particles/{picker}/{method}/{batch}/manifest.tsv",
        star="results/{dataset}/particles/{picker}/{method}/{batch}/particles.star",
    log:
        "logs/{dataset}/extract_particles/{picker}/{method}/{batch}.log",
    wildcard_constraints:
        batch="b[0-9]+",
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        code=fingerprint_of("extract_particles.py"),
        dataset="{dataset}",
        settings=ask(SETTINGS.extraction),
    script:
        "../scripts/extract_particles.py"
