# Classical denoisers, and the raw micrographs as the control they are compared with.


rule link_micrographs:
    input:
        micrographs=micrographs_to_denoise,
    output:
        denoised=directory("results/{dataset}/denoised/{method}/{part}/{batch}"),
        manifest="results/{dataset}/denoised/{method}/{part}/{batch}/manifest.tsv",
    log:
        "logs/{dataset}/link_micrographs/{method}/{part}/{batch}.log",
    wildcard_constraints:
        method=methods_of("raw"),
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(30),
    params:
        **named(
            code=fingerprint_of("link_micrographs.py"),
        ),
    script:
        "../scripts/link_micrographs.py"


rule filter_micrographs:
    input:
        micrographs=micrographs_to_denoise,
    output:
        denoised=directory("results/{dataset}/denoised/{method}/{part}/{batch}"),
        manifest="results/{dataset}/denoised/{method}/{part}/{batch}/manifest.tsv",
    log:
        "logs/{dataset}/filter_micrographs/{method}/{part}/{batch}.log",
    benchmark:
        "logs/{dataset}/filter_micrographs/{method}/{part}/{batch}.benchmark.tsv"
    wildcard_constraints:
        method=methods_of("lowpass", "bandpass", "binning", "gaussian"),
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(3000),
        runtime=minutes(60),
    params:
        **named(
            code=fingerprint_of("filter_micrographs.py"),
            kind=of_method("kind"),
            settings=settings_of_method,
        ),
    script:
        "../scripts/filter_micrographs.py"
