"""The SLURM profile and the rules agree; these tests need no cluster."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PROFILES = ROOT / "profiles"
RULES = re.compile(r"^(?:rule|use rule) (\w+)(?: as (\w+))?.*:\n((?:[ \t]+.*\n|\n)*)", re.MULTILINE)


def profile(name):
    return yaml.safe_load((PROFILES / name / "config.yaml").read_text(encoding="utf-8"))


def resources_of_rules():
    """Map every rule to the text of its own resources, or of those of the rule it is made from."""
    texts, origins = {}, {}
    for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        for name, derived, body in RULES.findall(path.read_text(encoding="utf-8")):
            own = re.search(r"^    resources:\n((?:        .*\n)+)", body, re.MULTILINE)
            texts[derived or name] = own[1] if own else ""
            if derived and not own:
                origins[derived] = name
    return {rule: texts[origins.get(rule, rule)] for rule in texts}


def rules_with(resource):
    """Name the rules that hold a resource."""
    return {name for name, text in resources_of_rules().items() if resource in text}


def test_every_gpu_rule_has_a_partition_and_no_other_rule_has():
    gpu_rules = rules_with('gpu=PLAN.config["gpus_per_job"]')
    assert gpu_rules
    assert set(profile("slurm")["set-resources"]) == gpu_rules


def test_rules_that_use_a_gpu_on_request_stand_ready_in_the_profile():
    on_request = rules_with("gpu=") - rules_with('gpu=PLAN.config["gpus_per_job"]')
    text = (PROFILES / "slurm" / "config.yaml").read_text(encoding="utf-8")
    assert on_request == set(re.findall(r"^  # (\w+): \{slurm_partition: gpu\}$", text, re.MULTILINE))


def test_the_slurm_profile_gives_partitions_only_so_that_memory_and_time_grow_with_attempts():
    assert all(set(given) == {"slurm_partition"} for given in profile("slurm")["set-resources"].values())
    assert profile("slurm")["retries"] >= 1


def test_no_rule_retries_inside_one_slurm_job_or_names_a_partition():
    for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        assert not re.search(
            r"^\s+(retries:|slurm_\w+=|gres=)", path.read_text(encoding="utf-8"), re.MULTILINE
        ), path


def test_the_default_profile_holds_no_key_that_would_replace_one_of_the_others():
    for name in ("slurm", "local"):
        assert not set(profile("default")) & set(profile(name)), name


def test_a_bare_name_finds_the_slurm_profile():
    assert (ROOT / "slurm").is_symlink()
    assert (ROOT / "slurm" / "config.yaml").samefile(PROFILES / "slurm" / "config.yaml")
