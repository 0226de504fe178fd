# Topaz-Denoise: a network that learns from even and odd sums alone, and networks given as a file.


rule train_noise2noise:
    input:
        noisy=first_halves,
        target=second_halves,
    output:
        model="results/{dataset}/models/noise2noise/{variant}.pt",
        history="results/{dataset}/models/noise2noise/{variant}.tsv",
    log:
        "logs/{dataset}/train_noise2noise/{variant}.log",
    benchmark:
        "logs/{dataset}/train_noise2noise/{variant}.benchmark.tsv"
    conda:
        "../../envs/clearice.yaml"
    threads: 8
    resources:
        mem_mb=memory(16000),
        runtime=minutes(720),
        gpu=config["gpus_per_job"],
    params:
        **named(
            **training_of("noise2noise"),
            code=fingerprint_of("train_denoiser.py"),
            splits=splits_to_learn,
            pairing=setting_of("noise2noise", "pairing"),
            added_noise_sd=setting_of("noise2noise", "added_noise_sd"),
            seed=config["seed"],
            stage="noise2noise",
            variant="{variant}",
            side_folder="results/{dataset}/models/noise2noise/unfinished",
        ),
    script:
        "../scripts/train_denoiser.py"


rule denoise_noise2noise:
    input:
        micrographs=micrographs_to_denoise,
        statistics=statistics_of_noise,
        model=network_of_method,
    output:
        denoised=directory("results/{dataset}/denoised/{method}/{part}/{batch}"),
        manifest="results/{dataset}/denoised/{method}/{part}/{batch}/manifest.tsv",
    log:
        "logs/{dataset}/denoise/{method}/{part}/{batch}.log",
    benchmark:
        "logs/{dataset}/denoise/{method}/{part}/{batch}.benchmark.tsv"
    wildcard_constraints:
        method=methods_of("noise2noise"),
    conda:
        "../../envs/clearice.yaml"
    threads: 4
    resources:
        mem_mb=memory(6000),
        runtime=minutes(240),
        gpu=config["gpus_per_job"],
    params:
        **named(
            code=fingerprint_of("denoise_micrographs.py"),
            rescale_to_A=scale_of_method,
            highpass_A=highpass_of_method,
            tile_memory_mb=config["inference"]["tile_memory_mb"],
            precision=config["inference"]["precision"],
            return_at=config["inference"]["return_at"],
        ),
    script:
        "../scripts/denoise_micrographs.py"


# A network given by the user: one of clearice, or a weight file that Topaz publishes.
use rule denoise_noise2noise as denoise_given with:
    wildcard_constraints:
        method=methods_of("weights"),
