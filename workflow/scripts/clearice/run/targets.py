"""What stands behind each target of the workflow: the manifests that its gate looks at and its summary counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from clearice.run.places import place_of
from clearice.run.plan import Plan
from clearice.run.products import DENOISED, Products, filled
from clearice.run.repair import with_partners

DEFAULT = "all"
LEARNED = ("simulated", "noise", "reweighted")
"""Stages that trainings alone rest on."""

FAILURES = "results/failures.tsv"
"""The list of failures, which the default target makes."""

SUMS = "results/{dataset}/sums/full/{batch}/manifest.tsv"
OWN_STAGES: Mapping[str, str] = {
    "previews": "figures",
    "picks": "picks",
    "particles": "particles",
    "simulated_movies": "movies",
}
"""The stage that a target is there for, where it is another than those that count for every target."""


class Targets:
    """The targets, by the names of their rules."""

    def __init__(self, plan: Plan, products: Products) -> None:
        self._plan, self._config, self._products = plan, plan.config, products
        self._behind: Mapping[str, Callable[[], list[str]]] = {
            DEFAULT: products.watched,
            "sums": self._sums,
            "export": self._sums,
            "denoised": products.counted,
            "previews": self._previews,
            "models": self._learned_from,
            "scores": self._scores,
            "picks": self._picks,
            "particles": self._particles,
            "simulated_movies": self._movies,
        }

    @property
    def names(self) -> list[str]:
        """List the targets."""
        return list(self._behind)

    def manifests(self, target: str) -> list[str]:
        """List the manifests behind a target, in the order of the stages.

        Raises
        ------
        ValueError
            No dataset has a row in the sheet, so the target would make nothing.
        """
        if target != "simulated_movies" and not self._plan.filled():
            raise ValueError(
                f"{self._config['micrographs']} has no row, so there is nothing to make; list your files with "
                "workflow/scripts/list_micrographs.py"
            )
        return list(dict.fromkeys(self._behind[target]()))

    def repairable(self, manifests: Sequence[str]) -> list[str]:
        """Choose those of some manifests whose batches are made again where files are missing, sums with their halves.

        What networks have learned from may be cleared away once they are made.
        """
        learned: set[str] = set()
        if all(Path(path).exists() for path in self._products.networks()):
            learned |= {path for stage in LEARNED for path in self._products.learned_from(stage)}
        return [path for path in with_partners(manifests) if path not in learned]

    def sum_settings(self, target: str) -> list[str]:
        """List what the sums behind a target were made with."""
        return [
            str(Path(path).with_name("settings.json"))
            for path in self.manifests(target)
            if place_of(Path(path)).stage == "sums"
        ]

    def failures(self, target: str) -> str | list[str]:
        """Find the list of failures, which stands before the gate of the default target speaks."""
        return FAILURES if target == DEFAULT else []

    def own_stage(self, target: str) -> str:
        """Name the stage a target is there for, empty where that is the sums or what is denoised."""
        return OWN_STAGES.get(target, "")

    def _sums(self) -> list[str]:
        """List the sums of all batches."""
        return self._products.each_batch(SUMS)

    def _previews(self) -> list[str]:
        """List what is drawn, and what is shown in it."""
        pattern = "results/{dataset}/figures/previews/{method}/{part}/{batch}/manifest.tsv"
        drawn = self._products.each_batch(pattern, method=self._plan.methods, part=self._plan.parts)
        return [*self._products.counted(), *drawn]

    def _learned_from(self) -> list[str]:
        """List what networks learn from; what is cleared away after a training is not made again for this."""
        made = all(Path(path).exists() for path in self._products.networks())
        sums = [
            path
            for dataset in self._plan.filled()
            for path in filled(SUMS, dataset=dataset, batch=self._plan.batches_to_learn(dataset))
            if not made or Path(path).exists()
        ]
        return [*sums, *(path for stage in LEARNED for path in self._products.learned_from(stage))]

    def _scores(self) -> list[str]:
        """List all that scores rest on."""
        scored = self._products.scored
        return [
            *scored(SUMS, "real"),
            *scored(DENOISED, "real", method=self._plan.methods),
            *self._products.behind_scores(),
        ]

    def _picks(self) -> list[str]:
        """List what is picked, and what it is picked on."""
        pattern = "results/{dataset}/picks/{picker}/{method}/{part}/{batch}/manifest.tsv"
        wanted = {"method": self._plan.methods, "part": self._plan.parts}
        pickers = self._config["picking"]["pickers"]
        return [*self._products.counted(), *self._products.each_batch(pattern, picker=pickers, **wanted)]

    def _particles(self) -> list[str]:
        """List the particles that are cut out, and what stands before them."""
        wanted = {
            "picker": self._config["picking"]["pickers"][:1],
            "method": self._config["picking"]["extract_from"],
        }
        folder = "results/{dataset}/"
        patterns = (
            f"{folder}denoised/{{method}}/full/{{batch}}/manifest.tsv",
            f"{folder}picks/{{picker}}/{{method}}/full/{{batch}}/manifest.tsv",
            f"{folder}particles/{{picker}}/{{method}}/{{batch}}/manifest.tsv",
        )
        behind = [path for pattern in patterns for path in self._products.each_batch(pattern, **wanted)]
        return [*self._sums(), *behind]

    def _movies(self) -> list[str]:
        """List the simulated movies."""
        return self._products.simulated_movies("results/{dataset}/movies/frames/{batch}/manifest.tsv")
