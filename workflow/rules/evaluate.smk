# What all methods share (known particles, regions, pure noise), each method's scores, and the table of all.
#
# A batch b0001 of the sheet has its noise in the batch n0001, which passes through the same denoise rules.
# Simulated batches s0001 have a clean truth.


# Coordinates somebody made, where there are any:
# <evaluation.coordinates>/<dataset>/<micrograph>.{star,box,csv,tsv,txt,cs}
rule import_coordinates:
    input:
        micrographs="results/{dataset}/sums/full/{batch}/manifest.tsv",
        sources=ask(INPUTS.companions("coordinates")),
    output:
        reference_coordinates=directory(
            "results/{dataset}/reference_coordinates/{batch}"
        ),
        manifest="results/{dataset}/reference_coordinates/{batch}/manifest.tsv",
    log:
        "logs/{dataset}/import_coordinates/{batch}.log",
    wildcard_constraints:
        batch="b[0-9]+",
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(30),
    params:
        code=fingerprint_of("import_coordinates.py"),
        folder=ask(INPUTS.companion_folder("coordinates")),
        alike=ask(INPUTS.names_alike),
        flip_y=config["evaluation"]["flip_y"],
    script:
        "../scripts/import_coordinates.py"


use rule import_coordinates as import_truth with:
    input:
        micrographs="results/{dataset}/simulated/noisy/{batch}/manifest.tsv",
        sources="results/{dataset}/simulated/truth/{batch}/manifest.tsv",
    log:
        "logs/{dataset}/import_truth/{batch}.log",
    wildcard_constraints:
        batch="s[0-9]+",
    params:
        code=fingerprint_of("import_coordinates.py"),
        folder=ask(INPUTS.truth_folder),
        flip_y=False,


# Second exposures of the same fields, where there are any:
# <evaluation.second_exposure>/<dataset>/<micrograph>.{mrc,png,tif}
rule import_exposures:
    input:
        micrographs="results/{dataset}/sums/full/{batch}/manifest.tsv",
        sources=ask(INPUTS.companions("second_exposure")),
    output:
        second_exposure=directory("results/{dataset}/second_exposure/{batch}"),
        manifest="results/{dataset}/second_exposure/{batch}/manifest.tsv",
    log:
        "logs/{dataset}/import_exposures/{batch}.log",
    wildcard_constraints:
        batch="b[0-9]+",
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(30),
        largest_image_px=config["reading"]["largest_image_px"],
        most_frames=config["reading"]["most_frames"],
        most_expansion=config["reading"]["most_expansion"],
    params:
        code=fingerprint_of("import_exposures.py"),
        settings=ask(SETTINGS.exposures),
        folder=ask(INPUTS.companion_folder("second_exposure")),
    script:
        "../scripts/import_exposures.py"


rule choose_regions:
    input:
        micrographs="results/{dataset}/sums/full/{batch}/manifest.tsv",
        reference_coordinates="results/{dataset}/reference_coordinates/{batch}/manifest.tsv",
    output:
        regions=directory("results/{dataset}/regions/{batch}"),
        manifest="results/{dataset}/regions/{batch}/manifest.tsv",
    log:
        "logs/{dataset}/choose_regions/{batch}.log",
    wildcard_constraints:
        batch="b[0-9]+",
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(30),
    params:
        code=fingerprint_of("choose_regions.py"),
        settings=ask(SETTINGS.regions),
    script:
        "../scripts/choose_regions.py"


use rule choose_regions as choose_simulated_regions with:
    input:
        micrographs="results/{dataset}/simulated/noisy/{batch}/manifest.tsv",
        reference_coordinates="results/{dataset}/reference_coordinates/{batch}/manifest.tsv",
    log:
        "logs/{dataset}/choose_simulated_regions/{batch}.log",
    wildcard_constraints:
        batch="s[0-9]+",


rule make_null_micrographs:
    input:
        micrographs="results/{dataset}/sums/{part}/b{number}/manifest.tsv",
        regions="results/{dataset}/regions/b{number}/manifest.tsv",
    output:
        null=directory("results/{dataset}/null/{part}/n{number}"),
        manifest="results/{dataset}/null/{part}/n{number}/manifest.tsv",
    log:
        "logs/{dataset}/make_null_micrographs/{part}/n{number}.log",
    wildcard_constraints:
        number="[0-9]+",
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        code=fingerprint_of("make_null_micrographs.py"),
        part="{part}",
        settings=SETTINGS.null(),
        seed=config["seed"],
    script:
        "../scripts/make_null_micrographs.py"


rule score_method:
    input:
        denoised="results/{dataset}/denoised/{method}/{part}/b{number}/manifest.tsv",
        raw="results/{dataset}/sums/{part}/b{number}/manifest.tsv",
        regions="results/{dataset}/regions/b{number}/manifest.tsv",
        second_exposure="results/{dataset}/second_exposure/b{number}/manifest.tsv",
        null="results/{dataset}/denoised/{method}/{part}/n{number}/manifest.tsv",
    output:
        scores="results/{dataset}/scores/{method}/{part}/b{number}.tsv",
    log:
        "logs/{dataset}/score_method/{method}/{part}/b{number}.log",
    wildcard_constraints:
        part="full",
        number="[0-9]+",
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        code=fingerprint_of("score_method.py"),
        method="{method}",
        part="{part}",
        batch="b{number}",
        settings=SETTINGS.scores(),
    script:
        "../scripts/score_method.py"


# A half of the dose is judged by the other half, raw: their noise is independent.
use rule score_method as score_half with:
    input:
        denoised="results/{dataset}/denoised/{method}/{part}/b{number}/manifest.tsv",
        raw="results/{dataset}/sums/{part}/b{number}/manifest.tsv",
        regions="results/{dataset}/regions/b{number}/manifest.tsv",
        null="results/{dataset}/denoised/{method}/{part}/n{number}/manifest.tsv",
        second_exposure=ask(INPUTS.other_half),
    log:
        "logs/{dataset}/score_half/{method}/{part}/b{number}.log",
    wildcard_constraints:
        part="even|odd",
        number="[0-9]+",


use rule score_method as score_simulated with:
    input:
        denoised="results/{dataset}/denoised/{method}/{part}/s{number}/manifest.tsv",
        raw="results/{dataset}/simulated/noisy/s{number}/manifest.tsv",
        regions="results/{dataset}/regions/s{number}/manifest.tsv",
        clean="results/{dataset}/simulated/clean/s{number}/manifest.tsv",
    output:
        scores="results/{dataset}/scores/{method}/{part}/s{number}.tsv",
    log:
        "logs/{dataset}/score_simulated/{method}/{part}/s{number}.log",
    wildcard_constraints:
        part="full",
        number="[0-9]+",
    params:
        code=fingerprint_of("score_method.py"),
        method="{method}",
        part="{part}",
        batch="s{number}",
        settings=SETTINGS.scores(),


rule summarise_scores:
    input:
        scores=ask(PRODUCTS.scores_of_dataset),
    output:
        joined="results/{dataset}/scores/all.tsv",
        summary=report(
            "results/{dataset}/scores/summary.tsv",
            caption="../report/scores.rst",
            category="Scores",
        ),
    log:
        "logs/{dataset}/summarise_scores.log",
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        code=fingerprint_of("summarise_scores.py"),
        reference=config["evaluation"]["reference"],
    script:
        "../scripts/summarise_scores.py"
