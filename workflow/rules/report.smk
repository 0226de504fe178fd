# Pictures, failures, provenance and the page that shows them.


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
        code=fingerprint_of("draw_previews.py"),
        settings=SETTINGS.previews(),
    script:
        "../scripts/draw_previews.py"


# What failed is listed whether or not the run may end well with it.
rule list_failures:
    input:
        manifests=PRODUCTS.watched(),
    output:
        table=report(
            "results/failures.tsv", caption="../report/failures.rst", category="Run"
        ),
    log:
        "logs/list_failures.log",
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        code=fingerprint_of("list_failures.py"),
        run_methods=list(PLAN.methods),
    script:
        "../scripts/list_failures.py"


# The gate of every target.
rule check_failures:
    input:
        manifests=ask(behind_target),
        sum_settings=ask(TARGETS.sum_settings),
        failures=ask(TARGETS.failures),
    output:
        counts="results/checks/{target}.tsv",
    log:
        "logs/check_failures/{target}.log",
    wildcard_constraints:
        target="|".join(TARGETS.names),
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        code=fingerprint_of("check_failures.py"),
        expected=SETTINGS.all_sums(),
        run_methods=list(PLAN.methods),
        own_stage=ask(TARGETS.own_stage),
        max_failed_fraction=config["max_failed_fraction"],
    script:
        "../scripts/check_failures.py"


rule write_provenance:
    input:
        manifests=PRODUCTS.counted(),
        models=PRODUCTS.networks(),
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
        code=fingerprint_of("write_provenance.py"),
        settings={key: value for key, value in config.items() if key != "gpus_per_job"},
        datasets=dict(PLAN.datasets),
        taken=SETTINGS.taken(),
        steps=fingerprints(),
    script:
        "../scripts/write_provenance.py"


rule write_report:
    input:
        manifests=PRODUCTS.watched(),
        previews=PRODUCTS.each_shown_batch(
            "results/{dataset}/figures/previews/{method}/{part}/{batch}/manifest.tsv",
            method=PLAN.methods,
            part=PLAN.parts,
        ),
        scores=PRODUCTS.each_scored_dataset("results/{dataset}/scores/summary.tsv"),
        picks=PRODUCTS.summaries_of_picks(),
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
        code=fingerprint_of("write_report.py"),
        settings=SETTINGS.report(),
    script:
        "../scripts/write_report.py"
