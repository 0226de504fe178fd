# The training of every denoising network: Noise2Noise on real exposures, coarse and fine on simulated pairs.


rule train_denoiser:
    input:
        unpack(ask(INPUTS.training_pairs)),
    output:
        model="results/{dataset}/models/{stage}/{variant}.pt",
        history="results/{dataset}/models/{stage}/{variant}.tsv",
    log:
        "logs/{dataset}/train_{stage}/{variant}.log",
    benchmark:
        "logs/{dataset}/train_{stage}/{variant}.benchmark.tsv"
    wildcard_constraints:
        stage=stages_of_denoisers(),
    conda:
        "../../envs/clearice.yaml"
    threads: 8
    resources:
        mem_mb=memory(16000),
        runtime=minutes(720),
        gpu=PLAN.config["gpus_per_job"],
    params:
        code=fingerprint_of("train_denoiser.py"),
        splits=ask(INPUTS.splits_to_learn),
        settings=ask(SETTINGS.stage),
        stage="{stage}",
        variant="{variant}",
        side_folder="results/{dataset}/models/{stage}/unfinished",
    script:
        "../scripts/train_denoiser.py"
