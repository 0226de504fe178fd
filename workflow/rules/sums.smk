# Movies, halves or single micrographs -> full, even and odd sums.


rule sum_frames:
    input:
        sources=sources_of_sums,
    output:
        full=directory("results/{dataset}/sums/full/{batch}"),
        even=directory("results/{dataset}/sums/even/{batch}"),
        odd=directory("results/{dataset}/sums/odd/{batch}"),
        full_manifest="results/{dataset}/sums/full/{batch}/manifest.tsv",
        even_manifest="results/{dataset}/sums/even/{batch}/manifest.tsv",
        odd_manifest="results/{dataset}/sums/odd/{batch}/manifest.tsv",
        settings="results/{dataset}/sums/full/{batch}/settings.json",
    log:
        "logs/{dataset}/sum_frames/{batch}.log",
    benchmark:
        "logs/{dataset}/sum_frames/{batch}.benchmark.tsv"
    conda:
        "../../envs/clearice.yaml"
    threads: 2
    resources:
        mem_mb=memory(4000),
        runtime=minutes(120),
    params:
        **named(
            code=fingerprint_of("sum_frames.py"),
            rows=rows_of_batch,
            pixel_size_A=of_dataset("pixel_size_A"),
            gain=of_dataset("gain"),
            gain_operation=of_dataset("gain_operation"),
            gain_flip=of_dataset("gain_flip"),
            gain_quarter_turns=of_dataset("gain_quarter_turns"),
            defects=of_dataset("defects"),
            first_frame=of_dataset("first_frame"),
            last_frame=of_dataset("last_frame"),
            binning=of_dataset("sum_binning"),
        ),
    script:
        "../scripts/sum_frames.py"


rule export_micrographs:
    input:
        manifests=full_sums_of_dataset,
    output:
        star="results/{dataset}/export/micrographs.star",
    log:
        "logs/{dataset}/export_micrographs.log",
    conda:
        "../../envs/clearice.yaml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        **named(
            code=fingerprint_of("export_star.py"),
            dataset="{dataset}",
            pixel_size_A=of_dataset("pixel_size_A"),
            voltage_kV=of_dataset("voltage_kV"),
            spherical_aberration_mm=of_dataset("spherical_aberration_mm"),
            amplitude_contrast=of_dataset("amplitude_contrast"),
            dose_per_frame_e_per_A2=of_dataset("dose_per_frame_e_per_A2"),
            first_frame=of_dataset("first_frame"),
        ),
    script:
        "../scripts/export_star.py"
