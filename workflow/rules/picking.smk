# Particle picks on denoised micrographs, their scores, and particles cut out of raw sums.


rule pick_particles:
    input:
        micrographs="results/{dataset}/denoised/{method}/{part}/{batch}/manifest.tsv",
    output:
        picks=directory("results/{dataset}/picks/{picker}/{method}/{part}/{batch}"),
        manifest="results/{dataset}/picks/{picker}/{method}/{part}/{batch}/manifest.tsv",
        candidates="results/{dataset}/picks/{picker}/{method}/{part}/{batch}/candidates.tsv",
        summary="results/{dataset}/picks/{picker}/{method}/{part}/{batch}/summary.tsv",
    log:
        "logs/{dataset}/pick_particles/{picker}/{method}/{part}/{batch}.log",
    benchmark:
        "logs/{dataset}/pick_particles/{picker}/{method}/{part}/{batch}.benchmark.tsv"
    wildcard_constraints:
        picker="blob|mean_shift",
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        **named(
            code=fingerprint_of("pick_particles.py"),
            picker="{picker}",
            particle_diameter_A=of_dataset("particle_diameter_A"),
            particles_are_dark=config["picking"]["particles_are_dark"],
            box_A=config["picking"]["box_A"],
            box_files=config["picking"]["box_files"],
            csv_files=config["picking"]["csv_files"],
        ),
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
        picker="blob|mean_shift",
        number="[0-9]+",
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(30),
    params:
        **named(
            code=fingerprint_of("match_picks.py"),
            method="{method}",
            part="{part}",
            batch="b{number}",
            picker="{picker}",
            seed=config["seed"],
        ),
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
        **named(
            code=fingerprint_of("match_picks.py"),
            method="{method}",
            part="{part}",
            batch="s{number}",
            picker="{picker}",
            seed=config["seed"],
        ),


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
        picker="blob|mean_shift",
        batch="b[0-9]+",
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        **named(
            code=fingerprint_of("extract_particles.py"),
            dataset="{dataset}",
            particle_diameter_A=of_dataset("particle_diameter_A"),
            box_A=config["picking"]["box_A"],
            invert_contrast=config["picking"]["invert_contrast"],
            voltage_kV=of_dataset("voltage_kV"),
            spherical_aberration_mm=of_dataset("spherical_aberration_mm"),
            amplitude_contrast=of_dataset("amplitude_contrast"),
        ),
    script:
        "../scripts/extract_particles.py"
