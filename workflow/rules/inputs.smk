# Which files and settings the denoisers, the stages of the learned methods and the scores take, and what is scored.


def micrographs_to_denoise(wildcards):
    """Find the manifest a denoiser reads: sums (b0001), simulated micrographs (s0001) or pure noise (n0001)."""
    patterns = {
        "b": "results/{dataset}/sums/{part}/{batch}/manifest.tsv",
        "s": "results/{dataset}/simulated/noisy/{batch}/manifest.tsv",
        "n": "results/{dataset}/null/{part}/{batch}/manifest.tsv",
    }
    return patterns[wildcards.batch[0]].format(**wildcards)


def truth_folder(wildcards):
    """Find the folder that holds the truth about a simulated batch."""
    return "results/{dataset}/simulated/truth/{batch}".format(**wildcards)


def statistics_of_noise(wildcards):
    """Find the real micrographs whose mean and sd pure noise is normalised by; none for other batches."""
    if not wildcards.batch.startswith("n"):
        return []
    return f"results/{wildcards.dataset}/sums/{wildcards.part}/b{wildcards.batch[1:]}/manifest.tsv"


def network_of_method(wildcards):
    """Find the network of the job's method for the job's dataset."""
    return model_of(config, wildcards.method, wildcards.dataset)


def scale_of_method(wildcards):
    """Give the pixel size the network of the job's method works at."""
    return scale_of(config, wildcards.method)


def highpass_of_method(wildcards):
    """Give the high-pass that belongs to the network of the job's method."""
    return highpass_of(config, wildcards.method)


def setting_of(stage, key):
    """Read a setting of a stage for the job's variant."""
    return lambda wildcards: stage_setting(config, wildcards.variant, stage, key)


def settings_of_stage(stage):
    """Read all settings of a stage's section, by name, for the job's variant."""
    return {key: setting_of(stage, key) for key in config[stage]}


def training_of(stage):
    """Read all settings of a training, by name, for the job's variant."""
    return {key: setting_of(stage, key) for key in config["training"]}


def manifests_to_learn(home, part):
    """List the manifests of the batches that hold rows to learn from, of a dataset or of all in a group."""
    pattern = "results/{dataset}/sums/{part}/{batch}/manifest.tsv"
    return [
        pattern.format(dataset=dataset, part=part, batch=batch)
        for dataset in members_of(config, home)
        for batch in PLAN.batches_to_learn(dataset)
    ]


def first_halves(wildcards):
    """List what Noise2Noise learns from: even sums, or full ones where a dataset has no halves."""
    paired = (
        stage_setting(config, wildcards.variant, "noise2noise", "pairing") == "noise2noise"
    )
    return manifests_to_learn(wildcards.dataset, "even" if paired else "full")


def second_halves(wildcards):
    """List the partners of `first_halves`: odd sums, or none."""
    paired = (
        stage_setting(config, wildcards.variant, "noise2noise", "pairing") == "noise2noise"
    )
    return manifests_to_learn(wildcards.dataset, "odd") if paired else []


def splits_to_learn(wildcards):
    """Map dataset/micrograph to its split, for what learning may use."""
    return {
        f"{dataset}/{name}": split
        for dataset in members_of(config, wildcards.dataset)
        for name, split in PLAN.splits(dataset).items()
    }


def structures_of_dataset(wildcards):
    """List the atomic models of the job's dataset."""
    return list(
        parse_structures(
            PLAN.column(wildcards.dataset, "structures"), wildcards.dataset
        )
    )


def weights_of_dataset(wildcards):
    """List the weights of the atomic models of the job's dataset."""
    return list(
        parse_structures(
            PLAN.column(wildcards.dataset, "structures"), wildcards.dataset
        ).values()
    )


def simulated_in_batch(wildcards):
    """Count the micrographs of a simulated batch."""
    return (
        config["simulation"]["test_micrographs"]
        if wildcards.batch == SIMULATED_TEST
        else SIMULATED[wildcards.batch]
    )


def simulated_pixel_size(wildcards):
    """Give the pixel size of simulated micrographs: that of the training, else of the dataset's sums."""
    of_sums = PLAN.column(wildcards.dataset, "pixel_size_A") * PLAN.column(
        wildcards.dataset, "sum_binning"
    )
    return config["simulation"]["pixel_size_A"] or of_sums


def simulated(kind):
    """List the manifests of all simulated batches: noisy, clean or truth."""
    return expand(
        "results/{{dataset}}/simulated/{kind}/{batch}/manifest.tsv",
        kind=kind,
        batch=list(SIMULATED),
    )


def before(stage, pattern):
    """Fill a path pattern with the variant of an earlier stage that the job's variant builds on."""
    return lambda wildcards: pattern.format(
        dataset=wildcards.dataset,
        variant=variant_before(config, wildcards.variant, stage),
    )


def reweighted(kind):
    """List the manifests of all re-weighted batches: noisy or clean."""
    pattern = "results/{{dataset}}/reweighted/{{variant}}/{kind}/{batch}/manifest.tsv"
    paths = [
        before("reweight", pattern.format(batch=batch, kind=kind))
        for batch in SIMULATED
    ]
    return lambda wildcards: [path(wildcards) for path in paths]


def guide_of_variant(wildcards):
    """Find the denoised micrographs that show where noise is pure."""
    guide = config["nt2c"]["guide"]
    return f"results/{wildcards.dataset}/denoised/{guide}/full/{wildcards.batch}/manifest.tsv"


def noise_to_learn(wildcards):
    """List the noise patches of the batches that learning may use."""
    pattern = "results/{{dataset}}/noise/{{variant}}/{batch}/manifest.tsv"
    batches = PLAN.batches_to_learn(wildcards.dataset)
    return [
        before("extract_noise", pattern.format(batch=batch))(wildcards)
        for batch in batches
    ]


def sources_of_synthetic_noise(wildcards):
    """Give what synthetic noise is drawn from: patches, and a generator where the source is gan."""
    model = before("noise_gan", "results/{dataset}/models/noise_gan/{variant}.pt")(
        wildcards
    )
    source = stage_setting(config, wildcards.variant, "sample_noise", "source")
    return {
        "noise": noise_to_learn(wildcards),
        **({"model": model} if source == "gan" else {}),
    }


def start_of_fine(wildcards):
    """Find the coarse network a fine training starts from, or none."""
    warm = stage_setting(config, wildcards.variant, "fine", "warm_start")
    return (
        before("coarse", "results/{dataset}/models/coarse/{variant}.pt")(wildcards)
        if warm
        else []
    )


def folder_given(key):
    """Give the folder of evaluation.<key> that holds the files of the job's dataset."""
    return lambda wildcards: str(Path(config["evaluation"][key], wildcards.dataset))


def files_given(key):
    """List the files of that folder for the job's batch that exist: one that appears later makes its batch anew."""
    return lambda wildcards: [
        str(path)
        for row in rows_of_batch(wildcards)
        for path in sorted(
            Path(config["evaluation"][key], wildcards.dataset).glob(
                f"{row['micrograph']}.*"
            )
        )
    ]


def scored_batches(dataset):
    """List the batches of a dataset that are scored: the first of the sheet, and the simulated test batch."""
    real = list(PLAN.batches[dataset])[: config["evaluation"]["batches"]]
    kinds = {config["methods"][name]["kind"] for name in SCORED_METHODS}
    simulates = kinds & {"coarse", "nt2c"} and config["simulation"]["test_micrographs"]
    return real, [SIMULATED_TEST] if simulates else []


def scores_of_dataset(wildcards):
    """List all tables of scores of the job's dataset: every method and part, with the picks of every picker."""
    real, test = scored_batches(wildcards.dataset)
    table = (
        f"results/{wildcards.dataset}/scores/{{method}}/{{part}}/{{batch}}{{kind}}.tsv"
    )
    kinds = ["", *(f".{picker}" for picker in config["picking"]["pickers"])]
    return expand(
        table, method=SCORED_METHODS, part=PARTS, batch=real, kind=kinds
    ) + expand(table, method=SCORED_METHODS, part="full", batch=test, kind=kinds)


def each_scored_dataset(pattern):
    """Fill a path pattern for all datasets with micrographs of which the particle's diameter is known."""
    return [pattern.format(dataset=name) for name in SCORED_DATASETS]


def scored(pattern, *kinds, **wanted):
    """Fill a path pattern for the scored batches of some kinds: b as in the sheet, n of noise, s simulated."""
    found = []
    for dataset in SCORED_DATASETS:
        real, test = scored_batches(dataset)
        batches = {"b": real, "n": [f"n{name[1:]}" for name in real], "s": test}
        for kind in kinds:
            parts = {"part": ["full"] if kind == "s" else PARTS}
            values = {"dataset": dataset, "batch": batches[kind], **parts, **wanted}
            found += expand(pattern, **values) if batches[kind] else []
    return list(dict.fromkeys(found))


def denoised_for_scores():
    """List what is denoised for the scores alone: pure noise, simulated micrographs, and all by a control."""
    pattern = "results/{dataset}/denoised/{method}/{part}/{batch}/manifest.tsv"
    controls = [name for name in SCORED_METHODS if name not in METHODS]
    of_controls = scored(pattern, "b", method=controls) if controls else []
    return [*scored(pattern, "n", "s", method=SCORED_METHODS), *of_controls]
