# Pictures, failures, provenance and the page that shows them.

# The stages whose failures are listed, though not counted, by name as the steps know them.
UNCOUNTED = {
    "simulated": learned_from("simulated")
    + scored("results/{dataset}/simulated/noisy/{batch}/manifest.tsv", "s"),
    "noise": learned_from("noise"),
    "reweighted": learned_from("reweighted"),
    "reference_coordinates": scored("results/{dataset}/reference_coordinates/{batch}/manifest.tsv", "b", "s"),
    "second_exposure": (
        scored("results/{dataset}/second_exposure/{batch}/manifest.tsv", "b")
        if "full" in PARTS
        else []
    ),
    "regions": scored("results/{dataset}/regions/{batch}/manifest.tsv", "b", "s"),
    "null": scored("results/{dataset}/null/{part}/{batch}/manifest.tsv", "n"),
    "denoised_for_scores": denoised_for_scores(),
    "picks": scored(
        "results/{dataset}/picks/{picker}/{method}/{part}/{batch}/manifest.tsv",
        "b",
        "n",
        "s",
        picker=config["picking"]["pickers"],
        method=SCORED_METHODS,
    ),
}


rule draw_previews:
    input:
        raw="results/{dataset}/sums/{part}/{batch}/manifest.tsv",
        denoised="results/{dataset}/denoised/{method}/{part}/{batch}/manifest.tsv",
    output:
        previews=directory("results/{dataset}/figures/previews/{method}/{part}/{batch}"),
        manifest="results/{dataset}/figures/previews/{method}/{part}/{batch}/manifest.tsv",
    log:
        "logs/{dataset}/draw_previews/{method}/{part}/{batch}.log",
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(30),
    params:
        **named(
            code=fingerprint_of("draw_previews.py"),
            per_batch=config["previews"]["per_batch"],
            width_px=config["previews"]["width_px"],
            detail_px=config["previews"]["detail_px"],
            reference_resolution_A=config["previews"]["reference_resolution_A"],
            contrast_sd=config["previews"]["contrast_sd"],
        ),
    script:
        "../scripts/draw_previews.py"


rule check_failures:
    input:
        sums=each_batch("results/{dataset}/sums/full/{batch}/manifest.tsv"),
        denoised=each_batch(
            "results/{dataset}/denoised/{method}/{part}/{batch}/manifest.tsv",
            method=METHODS,
            part=PARTS,
        ),
        simulated=UNCOUNTED["simulated"],
        noise=UNCOUNTED["noise"],
        reweighted=UNCOUNTED["reweighted"],
        reference_coordinates=UNCOUNTED["reference_coordinates"],
        second_exposure=UNCOUNTED["second_exposure"],
        regions=UNCOUNTED["regions"],
        null=UNCOUNTED["null"],
        denoised_for_scores=UNCOUNTED["denoised_for_scores"],
        picks=UNCOUNTED["picks"],
        settings=each_batch("results/{dataset}/sums/full/{batch}/settings.json"),
    output:
        table=report(
            "results/failures.tsv", caption="../report/failures.rst", category="Run"
        ),
    log:
        "logs/check_failures.log",
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        **named(
            code=fingerprint_of("check_failures.py"),
            expected=sum_settings(),
            max_failed_fraction=config["max_failed_fraction"],
        ),
    script:
        "../scripts/check_failures.py"


rule write_provenance:
    input:
        manifests=each_batch("results/{dataset}/sums/full/{batch}/manifest.tsv")
        + each_batch(
            "results/{dataset}/denoised/{method}/{part}/{batch}/manifest.tsv",
            method=METHODS,
            part=PARTS,
        ),
        models=models_of_methods(),
    output:
        provenance="results/provenance.json",
    log:
        "logs/write_provenance.log",
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        **named(
            code=fingerprint_of("write_provenance.py"),
            settings={
                key: value for key, value in config.items() if key != "gpus_per_job"
            },
            datasets=dict(PLAN.datasets),
            steps=fingerprints(),
        ),
    script:
        "../scripts/write_provenance.py"


rule write_report:
    input:
        previews=each_shown_batch(
            "results/{dataset}/figures/previews/{method}/{part}/{batch}/manifest.tsv",
            method=METHODS,
            part=PARTS,
        ),
        sums=each_batch("results/{dataset}/sums/full/{batch}/manifest.tsv"),
        denoised=each_batch(
            "results/{dataset}/denoised/{method}/{part}/{batch}/manifest.tsv",
            method=METHODS,
            part=PARTS,
        ),
        simulated=UNCOUNTED["simulated"],
        noise=UNCOUNTED["noise"],
        reweighted=UNCOUNTED["reweighted"],
        reference_coordinates=UNCOUNTED["reference_coordinates"],
        second_exposure=UNCOUNTED["second_exposure"],
        regions=UNCOUNTED["regions"],
        null=UNCOUNTED["null"],
        denoised_for_scores=UNCOUNTED["denoised_for_scores"],
        picks=UNCOUNTED["picks"],
        scores=each_scored_dataset("results/{dataset}/scores/summary.tsv"),
        provenance="results/provenance.json",
    output:
        page=report(
            "results/report/index.html", caption="../report/page.rst", category="Run"
        ),
    log:
        "logs/write_report.log",
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(2000),
        runtime=minutes(20),
    params:
        **named(
            code=fingerprint_of("write_report.py"),
            micrographs_shown=config["previews"]["in_report"],
            methods=SCORED_METHODS,
            reference=config["evaluation"]["reference"],
        ),
    script:
        "../scripts/write_report.py"
