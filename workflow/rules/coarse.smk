# Simulated pairs, and the coarse denoiser that learns from them.

# What a simulation takes of the datasets table and of the config, for pairs and for movies.
SPECIMEN_AND_OPTICS = {
    "weights": weights_of_dataset,
    "batch": "{batch}",
    "height_px": config["simulation"]["height_px"],
    "width_px": config["simulation"]["width_px"],
    "pixel_size_A": simulated_pixel_size,
    "detector_pixel_size_A": of_dataset("pixel_size_A"),
    "voltage_kV": of_dataset("voltage_kV"),
    "spherical_aberration_mm": of_dataset("spherical_aberration_mm"),
    "amplitude_contrast": of_dataset("amplitude_contrast"),
    "dose_e_per_A2": of_dataset("dose_e_per_A2"),
    "detector": of_dataset("detector"),
    "super_resolution": of_dataset("super_resolution"),
    "particle_diameter_A": of_dataset("particle_diameter_A"),
    "particles_per_um2": of_dataset("particles_per_um2"),
    "ice_thickness_nm": of_dataset("ice_thickness_nm"),
    "defocus_um": of_dataset("defocus_um"),
    "seed": config["seed"],
}
MOVIE_SETTINGS = {
    "frames": config["simulation"]["movie_frames"],
    "drift_A": config["simulation"]["movie_drift_A"],
}
SIMULATED_MOVIES = simulated_batches(
    config["simulation"]["movies"], config["simulation"]["batch_size"], "m"
)


rule simulate_micrographs:
    input:
        structures=structures_of_dataset,
        sources=lambda wildcards: PLAN.detector_files(wildcards.dataset),
    output:
        noisy=directory("results/{dataset}/simulated/noisy/{batch}"),
        clean=directory("results/{dataset}/simulated/clean/{batch}"),
        truth=directory("results/{dataset}/simulated/truth/{batch}"),
        noisy_manifest="results/{dataset}/simulated/noisy/{batch}/manifest.tsv",
        clean_manifest="results/{dataset}/simulated/clean/{batch}/manifest.tsv",
        truth_manifest="results/{dataset}/simulated/truth/{batch}/manifest.tsv",
    log:
        "logs/{dataset}/simulate_micrographs/{batch}.log",
    benchmark:
        "logs/{dataset}/simulate_micrographs/{batch}.benchmark.tsv"
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(4000),
        runtime=minutes(240),
        gpu=config["simulation"]["gpus_per_job"],
    params:
        **named(
            **SPECIMEN_AND_OPTICS,
            code=fingerprint_of("simulate_micrographs.py"),
            number=simulated_in_batch,
            settings=dict(sorted(config["physics"].items())),
        ),
    script:
        "../scripts/simulate_micrographs.py"


# Movies of the same physics, for what wants frames whose truth is known; nothing in this workflow learns from them.
use rule simulate_micrographs as simulate_movies with:
    output:
        movies=directory("results/{dataset}/movies/frames/{batch}"),
        noisy=directory("results/{dataset}/movies/noisy/{batch}"),
        clean=directory("results/{dataset}/movies/clean/{batch}"),
        truth=directory("results/{dataset}/movies/truth/{batch}"),
        movies_manifest="results/{dataset}/movies/frames/{batch}/manifest.tsv",
        noisy_manifest="results/{dataset}/movies/noisy/{batch}/manifest.tsv",
        clean_manifest="results/{dataset}/movies/clean/{batch}/manifest.tsv",
        truth_manifest="results/{dataset}/movies/truth/{batch}/manifest.tsv",
    log:
        "logs/{dataset}/simulate_movies/{batch}.log",
    benchmark:
        "logs/{dataset}/simulate_movies/{batch}.benchmark.tsv"
    wildcard_constraints:
        batch="m[0-9]+",
    params:
        **named(
            **SPECIMEN_AND_OPTICS,
            code=fingerprint_of("simulate_micrographs.py"),
            number=lambda wildcards: SIMULATED_MOVIES[wildcards.batch],
            settings=dict(sorted((config["physics"] | MOVIE_SETTINGS).items())),
            movie_suffix=config["simulation"]["movie_suffix"],
        ),


use rule train_noise2noise as train_coarse with:
    input:
        noisy=simulated("noisy"),
        target=simulated("clean"),
    output:
        model="results/{dataset}/models/coarse/{variant}.pt",
        history="results/{dataset}/models/coarse/{variant}.tsv",
    log:
        "logs/{dataset}/train_coarse/{variant}.log",
    benchmark:
        "logs/{dataset}/train_coarse/{variant}.benchmark.tsv"
    params:
        **named(
            **training_of("coarse"),
            code=fingerprint_of("train_denoiser.py"),
            splits=SIMULATED_SPLITS,
            pairing="supervised",
            added_noise_sd=None,
            seed=config["seed"],
            stage="coarse",
            variant="{variant}",
            side_folder="results/{dataset}/models/coarse/unfinished",
        ),


use rule denoise_noise2noise as denoise_coarse with:
    wildcard_constraints:
        method=methods_of("coarse"),
