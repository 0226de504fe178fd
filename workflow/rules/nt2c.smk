# The experiment's noise: where it is pure, a network that draws more of it, and training pairs that hold it.


# Places are chosen on the denoised guide, patches are cut from the raw micrographs.
rule extract_noise:
    input:
        micrographs="results/{dataset}/sums/full/{batch}/manifest.tsv",
        guide=ask(INPUTS.guide),
    output:
        noise=directory("results/{dataset}/noise/{variant}/{batch}"),
        manifest="results/{dataset}/noise/{variant}/{batch}/manifest.tsv",
        positions="results/{dataset}/noise/{variant}/{batch}/positions.tsv",
        search="results/{dataset}/noise/{variant}/{batch}/search.tsv",
    log:
        "logs/{dataset}/extract_noise/{variant}/{batch}.log",
    benchmark:
        "logs/{dataset}/extract_noise/{variant}/{batch}.benchmark.tsv"
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        code=fingerprint_of("extract_noise.py"),
        settings=ask(SETTINGS.stage, stage="extract_noise"),
    script:
        "../scripts/extract_noise.py"


rule train_noise_gan:
    input:
        noise=ask(INPUTS.noise_to_learn),
    output:
        model="results/{dataset}/models/noise_gan/{variant}.pt",
        history="results/{dataset}/models/noise_gan/{variant}.tsv",
    log:
        "logs/{dataset}/train_noise_gan/{variant}.log",
    benchmark:
        "logs/{dataset}/train_noise_gan/{variant}.benchmark.tsv"
    conda:
        "../../envs/clearice.yaml"
    threads: 8
    resources:
        mem_mb=memory(8000),
        runtime=minutes(1440),
        gpu=PLAN.config["gpus_per_job"],
    params:
        code=fingerprint_of("train_noise_gan.py"),
        settings=ask(SETTINGS.stage, stage="noise_gan"),
        variant="{variant}",
        side_folder="results/{dataset}/models/noise_gan/unfinished",
    script:
        "../scripts/train_noise_gan.py"


rule sample_noise:
    input:
        unpack(ask(INPUTS.sources_of_noise)),
    output:
        synthetic="results/{dataset}/noise/{variant}/synthetic.mrcs",
        fidelity="results/{dataset}/noise/{variant}/fidelity.tsv",
    log:
        "logs/{dataset}/sample_noise/{variant}.log",
    benchmark:
        "logs/{dataset}/sample_noise/{variant}.benchmark.tsv"
    conda:
        "../../envs/clearice.yaml"
    threads: 4
    resources:
        mem_mb=memory(8000),
        runtime=minutes(120),
        gpu=PLAN.config["gpus_per_job"],
    params:
        code=fingerprint_of("sample_noise.py"),
        settings=ask(SETTINGS.stage, stage="sample_noise"),
    script:
        "../scripts/sample_noise.py"


rule reweight_pairs:
    input:
        simulated_clean="results/{dataset}/simulated/clean/{batch}/manifest.tsv",
        simulated_noisy="results/{dataset}/simulated/noisy/{batch}/manifest.tsv",
        noise=ask(INPUTS.synthetic_noise),
    output:
        noisy=directory("results/{dataset}/reweighted/{variant}/noisy/{batch}"),
        noisy_manifest="results/{dataset}/reweighted/{variant}/noisy/{batch}/manifest.tsv",
        clean=directory("results/{dataset}/reweighted/{variant}/clean/{batch}"),
        clean_manifest="results/{dataset}/reweighted/{variant}/clean/{batch}/manifest.tsv",
        weights="results/{dataset}/reweighted/{variant}/weights/{batch}.tsv",
    log:
        "logs/{dataset}/reweight_pairs/{variant}/{batch}.log",
    benchmark:
        "logs/{dataset}/reweight_pairs/{variant}/{batch}.benchmark.tsv"
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(6000),
        runtime=minutes(120),
    params:
        code=fingerprint_of("reweight_pairs.py"),
        splits=PRODUCTS.simulated_splits,
        settings=ask(SETTINGS.stage, stage="reweight"),
    script:
        "../scripts/reweight_pairs.py"
