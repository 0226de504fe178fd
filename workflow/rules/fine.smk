# The fine denoiser of NT2C: it learns from simulated signal with the experiment's own noise.


use rule train_noise2noise as train_fine with:
    input:
        noisy=reweighted("noisy"),
        target=reweighted("clean"),
        start=start_of_fine,
    output:
        model="results/{dataset}/models/fine/{variant}.pt",
        history="results/{dataset}/models/fine/{variant}.tsv",
    log:
        "logs/{dataset}/train_fine/{variant}.log",
    benchmark:
        "logs/{dataset}/train_fine/{variant}.benchmark.tsv"
    params:
        **named(
            **training_of("fine"),
            code=fingerprint_of("train_denoiser.py"),
            splits=SIMULATED_SPLITS,
            pairing="supervised",
            added_noise_sd=None,
            seed=config["seed"],
            stage="fine",
            variant="{variant}",
            side_folder="results/{dataset}/models/fine/unfinished",
        ),


use rule denoise_noise2noise as denoise_fine with:
    wildcard_constraints:
        method=methods_of("nt2c"),
