# Movies, halves or single micrographs -> full, even and odd sums.


rule sum_frames:
    input:
        sources=ask(INPUTS.sources_of_sums),
    output:
        full=directory("results/{dataset}/sums/full/{batch}"),
        even=directory("results/{dataset}/sums/even/{batch}"),
        odd=directory("results/{dataset}/sums/odd/{batch}"),
        full_manifest="results/{dataset}/sums/full/{batch}/manifest.tsv",
        even_manifest="results/{dataset}/sums/even/{batch}/manifest.tsv",
        odd_manifest="results/{dataset}/sums/odd/{batch}/manifest.tsv",
        record="results/{dataset}/sums/full/{batch}/settings.json",
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
        largest_image_px=config["reading"]["largest_image_px"],
        most_frames=config["reading"]["most_frames"],
        most_expansion=config["reading"]["most_expansion"],
    params:
        code=fingerprint_of("sum_frames.py"),
        rows=ask(PLAN.rows),
        settings=ask(SETTINGS.sums),
    script:
        "../scripts/sum_frames.py"


rule export_micrographs:
    input:
        manifests=ask(INPUTS.sums_of_dataset),
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
        code=fingerprint_of("export_star.py"),
        dataset="{dataset}",
        settings=ask(SETTINGS.export),
    script:
        "../scripts/export_star.py"
