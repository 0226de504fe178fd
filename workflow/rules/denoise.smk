# Every method ends at denoised/{method}/{part}/{batch}: what follows is blind to how an image was made.


# The raw micrographs, as the control that the others are compared with.
rule link_micrographs:
    input:
        micrographs=ask(INPUTS.micrographs),
    output:
        denoised=directory("results/{dataset}/denoised/{method}/{part}/{batch}"),
        manifest="results/{dataset}/denoised/{method}/{part}/{batch}/manifest.tsv",
    log:
        "logs/{dataset}/link_micrographs/{method}/{part}/{batch}.log",
    wildcard_constraints:
        method=methods_of_step("link_micrographs"),
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(30),
    params:
        code=fingerprint_of("link_micrographs.py"),
    script:
        "../scripts/link_micrographs.py"


# What needs no network: classical filters, and the mask control, which must lose what is honest.
rule filter_micrographs:
    input:
        unpack(ask(INPUTS.evidence)),
        micrographs=ask(INPUTS.micrographs),
    output:
        denoised=directory("results/{dataset}/denoised/{method}/{part}/{batch}"),
        manifest="results/{dataset}/denoised/{method}/{part}/{batch}/manifest.tsv",
    log:
        "logs/{dataset}/filter_micrographs/{method}/{part}/{batch}.log",
    benchmark:
        "logs/{dataset}/filter_micrographs/{method}/{part}/{batch}.benchmark.tsv"
    wildcard_constraints:
        method=methods_of_step("filter_micrographs"),
    conda:
        "../../envs/clearice.yaml"
    threads: ask(SETTINGS.threads)
    resources:
        mem_mb=memory(3000),
        runtime=minutes(120),
    params:
        code=ask(fingerprint_of_filter),
        settings=ask(SETTINGS.method),
    script:
        "../scripts/filter_micrographs.py"


# A network: trained here, or given by the user as a file.
rule denoise_micrographs:
    input:
        micrographs=ask(INPUTS.micrographs),
        statistics=ask(INPUTS.statistics),
        model=ask(INPUTS.network),
    output:
        denoised=directory("results/{dataset}/denoised/{method}/{part}/{batch}"),
        manifest="results/{dataset}/denoised/{method}/{part}/{batch}/manifest.tsv",
    log:
        "logs/{dataset}/denoise_micrographs/{method}/{part}/{batch}.log",
    benchmark:
        "logs/{dataset}/denoise_micrographs/{method}/{part}/{batch}.benchmark.tsv"
    wildcard_constraints:
        method=methods_of_step("denoise_micrographs"),
    conda:
        "../../envs/clearice.yaml"
    threads: 4
    resources:
        mem_mb=memory(6000),
        runtime=minutes(240),
        gpu=PLAN.config["gpus_per_job"],
    params:
        code=fingerprint_of("denoise_micrographs.py"),
        settings=ask(SETTINGS.inference),
    script:
        "../scripts/denoise_micrographs.py"
