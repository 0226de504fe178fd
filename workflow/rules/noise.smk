# The experiment's noise: where it is pure, a network that draws more of it, and training pairs that hold it.


# Places are chosen on the coarsely denoised micrographs, patches are cut from the raw ones.
rule extract_noise:
    input:
        micrographs="results/{dataset}/sums/full/{batch}/manifest.tsv",
        guide=guide_of_variant,
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
        **named(
            **settings_of_stage("extract_noise"),
            code=fingerprint_of("extract_noise.py"),
            rescale_to_A=setting_of("fine", "rescale_to_A"),
        ),
    script:
        "../scripts/extract_noise.py"


rule train_noise_gan:
    input:
        noise=noise_to_learn,
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
        gpu=config["gpus_per_job"],
    params:
        **named(
            **settings_of_stage("noise_gan"),
            code=fingerprint_of("train_noise_gan.py"),
            criterion=setting_of("extract_noise", "criterion"),
            variant="{variant}",
            seed=config["seed"],
            side_folder="results/{dataset}/models/noise_gan/unfinished",
        ),
    script:
        "../scripts/train_noise_gan.py"


rule sample_noise:
    input:
        unpack(sources_of_synthetic_noise),
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
        gpu=config["gpus_per_job"],
    params:
        **named(
            **settings_of_stage("sample_noise"),
            code=fingerprint_of("sample_noise.py"),
            criterion=setting_of("extract_noise", "criterion"),
            minimum_patches=setting_of("noise_gan", "minimum_patches"),
            seed=config["seed"],
        ),
    script:
        "../scripts/sample_noise.py"


rule reweight_pairs:
    input:
        simulated_clean="results/{dataset}/simulated/clean/{batch}/manifest.tsv",
        simulated_noisy="results/{dataset}/simulated/noisy/{batch}/manifest.tsv",
        noise=before("sample_noise", "results/{dataset}/noise/{variant}/synthetic.mrcs"),
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
        **named(
            **settings_of_stage("reweight"),
            code=fingerprint_of("reweight_pairs.py"),
            splits=SIMULATED_SPLITS,
            highpass_A=setting_of("extract_noise", "highpass_A"),
            rescale_to_A=setting_of("fine", "rescale_to_A"),
            seed=config["seed"],
        ),
    script:
        "../scripts/reweight_pairs.py"
