"""The rules of the workflow, read from their text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clearice.config.layers import shipped_config

ROOT = Path(__file__).resolve().parents[2]
RULE_FILES = sorted((ROOT / "workflow" / "rules").glob("*.smk"))
SECTIONS = ("input", "output", "params", "resources")

# What functions of a run return that a rule unpacks as named inputs.
UNPACKED = {
    "INPUTS.training_pairs": {"noisy", "target", "start"},
    "INPUTS.sources_of_noise": {"noise", "model"},
    "INPUTS.evidence": {"regions", "patches", "positions", "statistics"},
    "INPUTS.decoys": {"decoy_candidates", "decoy_summary"},
}

_HEAD = re.compile(r"^(?:use )?rule (\w+)(?: as (\w+))?.*:$")
_SECTION = re.compile(r"^    (\w+):")
_ITEM = re.compile(r"^        (\w+)=(.*)")
_UNPACK = re.compile(r"^        unpack\(ask\(([\w.]+)\)\)")
_SCRIPT = re.compile(r'"\.\./scripts/(\w+)\.py"')
_TEXT = re.compile(r'"([^"]*)"')


@dataclass
class Rule:
    """One rule: the rule it is derived from, its script, its keywords, and its named items with their text."""

    base: str = ""
    script: str = ""
    keys: set[str] = field(default_factory=set)
    items: dict[str, dict[str, str]] = field(default_factory=dict)

    def names(self, section: str) -> set[str]:
        """Give the names of the inputs, outputs or params."""
        return set(self.items.get(section, {}))

    def paths(self, section: str) -> set[str]:
        """Give the first path that each item of a section holds literally."""
        found = [
            [text for text in _TEXT.findall(item) if "/" in text]
            for item in self.items.get(section, {}).values()
        ]
        return {paths[0] for paths in found if paths}

    def folders(self) -> set[str]:
        """Give the outputs that are folders."""
        texts = self.items.get("output", {}).values()
        return {_TEXT.findall(text)[0] for text in texts if text.startswith("directory(")}


def read_rules() -> dict[str, Rule]:
    """Read every rule of the rule files; what ``use rule`` does not say is that of its base."""
    rules: dict[str, Rule] = {}
    for path in RULE_FILES:
        _read_file(path, rules)
    for rule in rules.values():
        base = rules.get(rule.base, Rule())
        rule.script = rule.script or base.script
        rule.keys |= base.keys
        for section in SECTIONS:
            rule.items.setdefault(section, base.items.get(section, {}))
    return rules


def read_config() -> dict[str, Any]:
    """Read the default configuration."""
    return shipped_config()


def _read_file(path: Path, rules: dict[str, Rule]) -> None:
    """Add the rules of one file."""
    rule, section, name = Rule(), "", ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if head := _HEAD.match(line):
            rule = Rule(base=head.group(1) if head.group(2) else "")
            rules[head.group(2) or head.group(1)] = rule
            section = ""
        elif key := _SECTION.match(line):
            section, name = key.group(1), ""
            rule.keys.add(section)
            if section in SECTIONS:
                rule.items[section] = {}
        elif section in SECTIONS and (item := _ITEM.match(line)):
            name = item.group(1)
            rule.items[section][name] = item.group(2)
        elif section == "input" and (unpacked := _UNPACK.match(line)):
            rule.items["input"] |= dict.fromkeys(UNPACKED[unpacked.group(1)], "")
        elif section == "script" and (script := _SCRIPT.search(line)):
            rule.script = script.group(1)
        elif section in SECTIONS and name and line.startswith("        "):
            rule.items[section][name] += line.strip()
        elif line and not line.startswith((" ", ")")):
            section = ""
