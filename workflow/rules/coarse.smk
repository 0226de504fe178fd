# Simulated pairs, and the coarse denoiser that learns from them.


rule simulate_micrographs:
    input:
        structures=structures_of_dataset,
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
    params:
        **named(
            code=fingerprint_of("simulate_micrographs.py"),
            weights=weights_of_dataset,
            batch="{batch}",
            number=simulated_in_batch,
            height_px=config["simulation"]["height_px"],
            width_px=config["simulation"]["width_px"],
            pixel_size_A=simulated_pixel_size,
            detector_pixel_size_A=of_dataset("pixel_size_A"),
            voltage_kV=of_dataset("voltage_kV"),
            spherical_aberration_mm=of_dataset("spherical_aberration_mm"),
            amplitude_contrast=of_dataset("amplitude_contrast"),
            dose_e_per_A2=of_dataset("dose_e_per_A2"),
            detector=of_dataset("detector"),
            super_resolution=of_dataset("super_resolution"),
            particle_diameter_A=of_dataset("particle_diameter_A"),
            particles_per_um2=of_dataset("particles_per_um2"),
            ice_thickness_nm=of_dataset("ice_thickness_nm"),
            defocus_um=of_dataset("defocus_um"),
            settings=dict(sorted(config["physics"].items())),
            seed=config["seed"],
        ),
    script:
        "../scripts/simulate_micrographs.py"


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
            diet="supervised",
            added_noise_sd=None,
            seed=config["seed"],
            stage="coarse",
            variant="{variant}",
            side_folder="results/{dataset}/models/coarse/unfinished",
        ),


use rule denoise_noise2noise as denoise_coarse with:
    wildcard_constraints:
        method=methods_of("coarse"),
