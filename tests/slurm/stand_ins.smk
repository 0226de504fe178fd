# The workflow, and two rules that the tests run on SLURM with the profile and the helpers of the project.


include: "Snakefile"


rule stand_ins:
    input:
        "stand_ins/gpu.txt",
        "stand_ins/memory.txt",


# Asks for a GPU as a trainer does: by the config, with the partition from the profile.
rule use_gpu:
    output:
        visible="stand_ins/gpu.txt",
    resources:
        mem_mb=memory(500),
        runtime=minutes(5),
        gpu=config["gpus_per_job"],
    shell:
        'echo "$CUDA_VISIBLE_DEVICES" > {output.visible}'


# Holds 900 MB for some seconds: too much for the first attempt's 700 MB, not for the second's 1400 MB.
rule use_memory:
    output:
        attempts="stand_ins/memory.txt",
    resources:
        mem_mb=memory(700),
        runtime=minutes(5),
        attempt=lambda wildcards, attempt: attempt,
    shell:
        "python -c 'import time; held = bytearray(900_000_000); held[::4096] = bytes(len(held[::4096])); time.sleep(8)'"
        " && echo {resources.attempt} > {output.attempts}"
