"""Rules and steps, configuration and schema, tables and documents say the same."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from clearice.config.base import Settings
from clearice.config.layers import QUALITIES, laid_over, leaves, value_at, values_of_quality
from clearice.config.reading import Reading
from clearice.config.registry import all_kinds, all_pickers, all_stages
from clearice.config.tables import DatasetRow, MicrographRow
from clearice.config.whole import as_schema, check_config, config_model, config_schema
from clearice.files.documents import read_yaml
from support.rules import RULE_FILES, read_config, read_rules

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "workflow" / "scripts"
NOT_PASSED_ON = {"code", "sources"}
FROM_THE_JOB = {"threads", "device"}
CONFIG = read_config()
ALL = read_rules()


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


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_rule_whose_step_reads_files_from_outside_gives_it_every_limit(name: str) -> None:
    if "reading" in parameters(ALL[name].script)[0]:
        assert set(Reading.model_fields) <= ALL[name].names("resources")


def test_the_denoise_rule_gives_every_optional_input() -> None:
    """Without it, a forgotten `statistics` would denoise pure noise in silence, and wrongly."""
    names, needed = parameters("denoise_micrographs")
    assert names - needed == {"statistics"}
    rule = ALL["denoise_micrographs"]
    assert rule.items["input"]["statistics"].startswith("ask(INPUTS.statistics)")


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
        if path.name != "common.smk":
            assert not re.search(r"^\s*def ", text, re.MULTILINE)


def every_setting(config: dict[str, Any], prefix: str = "") -> set[str]:
    """List the dotted keys of a configuration, without the free names of methods and groups."""
    keys = set()
    for key, value in config.items():
        keys.add(prefix + key)
        if isinstance(value, dict) and prefix + key not in {"methods", "groups"}:
            keys |= every_setting(value, f"{prefix}{key}.")
    return keys


def every_field(model: type[Settings], prefix: str = "") -> set[str]:
    """List the dotted names of all fields of a model that must be given."""
    keys = set()
    for name, field in model.model_fields.items():
        if field.is_required():
            keys.add(prefix + name)
            if isinstance(field.annotation, type) and issubclass(field.annotation, Settings):
                keys |= every_field(field.annotation, f"{prefix}{name}.")
    return keys


def test_the_shipped_configuration_holds_every_setting_of_the_models() -> None:
    allowed = {
        f"{section}.{key}" for section in ("noise2noise", "coarse", "fine") for key in CONFIG["training"]
    }
    assert every_setting(CONFIG) - allowed == every_field(config_model()) - allowed


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("config", config_schema()),
        ("datasets", as_schema(DatasetRow.model_json_schema())),
        ("micrographs", as_schema(MicrographRow.model_json_schema())),
    ],
)
def test_the_schemas_for_editors_are_those_of_the_models(name: str, schema: dict[str, Any]) -> None:
    written = read_yaml(ROOT / "workflow" / "schemas" / f"{name}.schema.yaml")
    assert written == schema, "run python workflow/scripts/write_schemas.py"
    jsonschema.Draft202012Validator.check_schema(schema)


def test_the_schema_takes_the_shipped_configuration() -> None:
    jsonschema.validate(CONFIG, config_schema())


def fields_of_steps() -> set[str]:
    """Name every field of the models that steps take, those within others too."""
    names: set[str] = set()
    for script in SCRIPTS.glob("*.py"):
        for node in ast.parse(script.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("clearice.config"):
                module = importlib.import_module(str(node.module))
                for alias in node.names:
                    found = getattr(module, alias.name)
                    if isinstance(found, type) and issubclass(found, Settings):
                        names |= {key.split(".")[-1] for key in every_field(found)} | set(found.model_fields)
    return names


def test_every_knob_is_used() -> None:
    """An option that is parsed and ignored would be a lie."""
    files = [*RULE_FILES, ROOT / "Snakefile", *(SCRIPTS / "clearice" / "run").glob("*.py")]
    files += [SCRIPTS / "clearice" / "config" / f"{name}.py" for name in ("variants", "checks")]
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    taken = fields_of_steps() | {
        name for picker in all_pickers().values() for name in picker.settings.model_fields
    }
    sections = {*config_model().model_fields, *all_pickers()}
    for key in every_setting(CONFIG) - sections:
        name = key.split(".")[-1]
        assert name in taken or name in sections or f'"{name}"' in text, f"nothing reads {key}"


def test_every_field_of_a_model_says_what_it_is() -> None:
    models = [config_model(), DatasetRow, MicrographRow]
    models += [kind.settings for kind in all_kinds().values()] + [
        one.settings for one in all_pickers().values()
    ]
    models += [stage.settings for stage in all_stages().values()]
    models += [
        field.annotation
        for field in config_model().model_fields.values()
        if isinstance(field.annotation, type)
    ]
    for model in models:
        if issubclass(model, Settings):
            assert all(field.description for field in model.model_fields.values()), model.__name__


@pytest.mark.parametrize(
    "path",
    sorted(path for folder in ("presets", "demo") for path in (ROOT / "config" / folder).glob("*.yaml")),
    ids=lambda p: p.name,
)
def test_presets_and_the_demo_are_right(path: Path) -> None:
    check_config(laid_over(CONFIG, read_yaml(path)))


def test_what_a_microscopist_edits_is_short_and_says_nothing_twice() -> None:
    lines = (ROOT / "config" / "config.yaml").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 60
    edited, rest = (
        every_setting(read_yaml(ROOT / "config" / name)) for name in ("config.yaml", "advanced.yaml")
    )
    assert {key for key in edited & rest if "." in key} == set()


@pytest.mark.parametrize("quality", QUALITIES)
def test_a_quality_says_only_what_the_configuration_leaves_open(quality: str) -> None:
    stages = {name for name, stage in all_stages().items() if stage.general}
    for path, _ in leaves(values_of_quality(quality)):
        place = ("training", *path[1:]) if path[0] in stages else path
        assert value_at(CONFIG, place) == "auto", ".".join(path)


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
