"""Rules and steps, configuration and schema, tables and documents say the same."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from clearice.config.complaints import check_config
from clearice.files.documents import read_yaml
from support.rules import RULE_FILES, read_config, read_rules

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "workflow" / "scripts"
NOT_PASSED_ON = {"code", "sources"}
FROM_THE_JOB = {"threads", "device"}
TRAININGS = ("noise2noise", "coarse", "fine")
CONFIG = read_config()
ALL = read_rules(CONFIG)


def parameters(script: str) -> tuple[set[str], set[str]]:
    """Name all parameters of a step, and those without a default."""
    tree = ast.parse((SCRIPTS / f"{script}.py").read_text(encoding="utf-8"))
    (step,) = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == script]
    names = [argument.arg for argument in step.args.kwonlyargs]
    needed = [name for name, default in zip(names, step.args.kw_defaults, strict=True) if default is None]
    assert not step.args.args, "a step takes keywords only"
    return set(names), set(needed)


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_rule_and_its_step_have_the_same_names(name: str) -> None:
    rule = ALL[name]
    given = (rule.names("input") | rule.names("output") | rule.names("params")) - NOT_PASSED_ON
    names, needed = parameters(rule.script)
    assert given <= names, "the rule gives what the step does not know"
    assert needed - FROM_THE_JOB <= given, "the step needs what the rule does not give"


def test_all_four_denoise_rules_give_every_optional_parameter() -> None:
    """Without its default, a forgotten statistics or highpass_A would denoise in silence, and wrongly."""
    denoisers = {name: rule for name, rule in ALL.items() if rule.script == "denoise_micrographs"}
    assert sorted(denoisers) == ["denoise_coarse", "denoise_fine", "denoise_given", "denoise_noise2noise"]
    names, needed = parameters("denoise_micrographs")
    assert names - needed == {"statistics", "highpass_A"}
    for name, rule in denoisers.items():
        given = {**rule.items["input"], **rule.items["params"]}
        assert names - needed <= set(given), f"{name} leaves {names - needed - set(given)} at its default"
        assert given["statistics"].startswith("statistics_of_noise"), name
        assert given["highpass_A"].startswith("highpass_of_method"), name


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_rule_has_its_code_log_environment_and_resources(name: str) -> None:
    rule = ALL[name]
    assert "code" in rule.names("params"), "an edit of the library would not rerun it"
    assert {"log", "conda", "threads", "resources", "script"} <= rule.keys
    assert "retries" not in rule.keys, "retries belong in the profile"


def test_rules_hold_no_run_block_and_no_function() -> None:
    for path in RULE_FILES:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^    (run|shell):", text, re.MULTILINE)
        if path.name not in {"common.smk", "inputs.smk"}:
            assert not re.search(r"^\s*def ", text, re.MULTILINE)


def every_key(schema: dict[str, Any], prefix: str = "") -> set[str]:
    """List the dotted keys of a closed schema."""
    keys = set()
    for key, rule in schema.get("properties", {}).items():
        keys.add(prefix + key)
        keys |= every_key(rule, f"{prefix}{key}.")
    return keys


def every_setting(config: dict[str, Any], prefix: str = "") -> set[str]:
    """List the dotted keys of a configuration, without the free names of methods."""
    keys = set()
    for key, value in config.items():
        keys.add(prefix + key)
        if isinstance(value, dict) and prefix + key not in {"methods", "groups"}:
            keys |= every_setting(value, f"{prefix}{key}.")
    return keys


def test_configuration_and_schema_have_the_same_keys() -> None:
    schema = read_yaml(ROOT / "workflow" / "schemas" / "config.schema.yaml")
    may_be_given = {f"{section}.{key}" for section in TRAININGS for key in CONFIG["training"]}
    assert every_setting(CONFIG) - may_be_given == every_key(schema) - may_be_given


def test_every_knob_is_used_by_a_rule() -> None:
    """An option that is parsed and ignored would be a lie."""
    text = "".join(path.read_text(encoding="utf-8") for path in [*RULE_FILES, ROOT / "Snakefile"])
    text += "".join(
        (SCRIPTS / "clearice" / name).read_text(encoding="utf-8")
        for name in ("run/plan.py", "run/stages.py", "run/controls.py")
    )
    for key in every_setting(CONFIG):
        section = key.split(".")[0]
        whole = any(words in text for words in (f'_of_stage("{section}")', f'config["{section}"].items()'))
        whole = whole or (section in {"training", *TRAININGS} and "**training_of(" in text)
        assert whole or f'"{key.split(".")[-1]}"' in text, f"no rule reads {key}"


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Merge as Snakemake merges configuration files."""
    result = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


@pytest.mark.parametrize(
    "path",
    sorted([*(ROOT / "config" / "presets").glob("*.yaml"), *(ROOT / "config" / "demo").glob("*.yaml")]),
    ids=lambda p: p.name,
)
def test_presets_and_the_demo_are_right(path: Path) -> None:
    config = merged(read_yaml(ROOT / "config" / "config.yaml"), read_yaml(path))
    check_config(config, read_yaml(ROOT / "workflow" / "schemas" / "config.schema.yaml"))


@pytest.mark.parametrize(("table", "schema"), [("datasets", "datasets"), ("micrographs", "micrographs")])
def test_the_empty_tables_have_the_columns_of_their_schema(table: str, schema: str) -> None:
    header = (ROOT / "config" / f"{table}.tsv").read_text(encoding="utf-8").splitlines()[0].split("\t")
    assert header == list(read_yaml(ROOT / "workflow" / "schemas" / f"{schema}.schema.yaml")["properties"])


@pytest.mark.parametrize("name", ["datasets", "micrographs"])
def test_the_manual_explains_every_column(name: str) -> None:
    manual = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
    for column in read_yaml(ROOT / "workflow" / "schemas" / f"{name}.schema.yaml")["properties"]:
        assert f"`{column}`" in manual, f"config/README.md does not explain {column}"


def test_the_profiles_name_only_rules_that_exist() -> None:
    for path in (ROOT / "profiles").glob("*/config.yaml"):
        named = set((read_yaml(path).get("set-resources") or {}).keys())
        assert named <= set(ALL), f"{path.parent.name} names {named - set(ALL)}"
