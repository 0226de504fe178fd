"""The settings a job takes, one mapping each; every function's parameters are named like wildcards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clearice.config.base import gather, in_order
from clearice.config.evaluation import NullSettings, RegionSettings, ScoreSettings
from clearice.config.inference import InferenceStep
from clearice.config.picking import ExtractSettings, PickSettings
from clearice.config.registry import all_pickers
from clearice.config.reporting import PreviewSettings, ReportSettings
from clearice.config.sheet import parse_structures
from clearice.config.simulation import SimulateStep
from clearice.config.sizes import AUTO
from clearice.config.tables import ExportSettings, ExposureSettings, SumSettings
from clearice.config.variants import (
    highpass_of,
    kind_of_method,
    model_owner,
    pairings_of,
    scale_of,
    stage_settings,
)
from clearice.run.plan import Plan
from clearice.run.products import Products

Settings = dict[str, Any]


class JobSettings:
    """The settings that jobs take, in the order of their names: Snakemake compares them by their text."""

    def __init__(self, plan: Plan, products: Products) -> None:
        self._plan, self._config, self._products = plan, plan.config, products

    def sums(self, dataset: str) -> Settings:
        """Return what the sums of a dataset are made with."""
        return gather(SumSettings, self._plan.datasets[dataset])

    def all_sums(self) -> dict[str, Settings]:
        """Return what the sums of every dataset must have been made with."""
        return {name: self.sums(name) for name in self._plan.datasets}

    def exposures(self, dataset: str) -> Settings:
        """Return what second exposures are read with."""
        return gather(ExposureSettings, self._plan.datasets[dataset])

    def export(self, dataset: str) -> Settings:
        """Return what a table of sums for RELION says."""
        return gather(ExportSettings, self._plan.datasets[dataset])

    def stage(self, dataset: str, stage: str, variant: str) -> Settings:
        """Return what the step of a stage takes for a dataset, or for a group of datasets."""
        return stage_settings(self._plan.config_of(dataset), variant, stage)

    def simulation(self, dataset: str, batch: str) -> Settings:
        """Return what a simulation of micrographs takes."""
        config = self._plan.config_of(dataset)
        section = {name: value for name, value in config["simulation"].items() if "movie" not in name}
        return self._simulation(dataset, self._products.simulated_in(batch), section, config["physics"])

    def simulated_movies(self, dataset: str, batch: str) -> Settings:
        """Return what a simulation of movies takes: the same physics, with frames, in the pixels of the dataset.

        They are read back like movies of the dataset, so their counts are never inverted; where sizes are taken,
        the fields keep their size in A.
        """
        config, given = self._plan.config_of(dataset), self._config["simulation"]
        section = dict(config["simulation"])
        if given["pixel_size_A"] == AUTO:
            row = self._plan.datasets[dataset]
            own_A = row["pixel_size_A"] * row["sum_binning"]
            scale = (section["pixel_size_A"] or own_A) / own_A
            sides = [side for side in ("height_px", "width_px") if given[side] == AUTO]
            section |= {side: round(scale * section[side]) for side in sides} | {"pixel_size_A": own_A}
        frames = {"frames": section["movie_frames"], "drift_A": section["movie_drift_A"]}
        physics = {**config["physics"], **frames}
        number = self._products.movie_sizes[batch]
        return self._simulation(dataset, number, section, physics, of_frames=True)

    def method(self, method: str, dataset: str) -> Settings:
        """Return the entry of a method, with the sign of its particles where its kind asks for that."""
        own = dict(self._plan.config_of(dataset)["methods"][method])
        if "sign" in kind_of_method(self._config, method).needs:
            own["particles_are_dark"] = self._config["picking"]["particles_are_dark"]
        found: Settings = in_order(own)
        return found

    def threads(self, method: str) -> int:
        """Return how many threads a filter makes use of."""
        return kind_of_method(self._config, method).threads

    def inference(self, method: str, dataset: str) -> Settings:
        """Return how the network of a method is applied to a dataset, or that of its group."""
        config = self._plan.config_of(model_owner(self._config, method, dataset))
        of_network = {"rescale_to_A": scale_of(config, method), "highpass_A": highpass_of(config, method)}
        return gather(InferenceStep, of_network, config["inference"])

    def regions(self, dataset: str) -> Settings:
        """Return what boxes are chosen with."""
        return gather(
            RegionSettings, self._plan.datasets[dataset], self._plan.config_of(dataset)["evaluation"]
        )

    def null(self) -> Settings:
        """Return what pure noise is made with."""
        return gather(NullSettings, self._config["evaluation"])

    def scores(self) -> Settings:
        """Return the band in which images are compared."""
        return gather(ScoreSettings, self._config["evaluation"])

    def picks(self, dataset: str, picker: str) -> Settings:
        """Return what a picker takes."""
        own = {"picker": picker, "own": self._config["pickers"].get(picker, {})}
        return gather(
            PickSettings, own, self._plan.datasets[dataset], self._plan.config_of(dataset)["picking"]
        )

    def templates(self, dataset: str, picker: str) -> Settings:
        """Return what the projections are made with that a picker compares with."""
        model = all_pickers()[picker].templates
        if model is None:
            raise ValueError(f"picker {picker!r} compares with no templates, so there are none to make")
        own = self._config["pickers"][picker]
        return gather(model, own, self._plan.datasets[dataset], self._plan.config_of(dataset)["physics"])

    def extraction(self, dataset: str) -> Settings:
        """Return what particles are cut out with."""
        return gather(ExtractSettings, self._plan.datasets[dataset], self._plan.config_of(dataset)["picking"])

    def previews(self) -> Settings:
        """Return how pictures are drawn."""
        return gather(PreviewSettings, self._config["previews"])

    def taken(self) -> Settings:
        """Return by dataset what is taken where the user leaves a choice: name, value, and why."""
        return {
            dataset: [{"name": one.name, "value": one.value, "why": one.why} for one in each]
            for dataset, each in sorted(self._plan.taken().items())
        }

    def report(self) -> Settings:
        """Return what the report shows."""
        methods = self._products.scored_methods
        own = {
            "run_methods": list(self._plan.methods),
            "shown_methods": methods,
            "pairings": dict(sorted(pairings_of(self._config, methods).items())),
        }
        return gather(ReportSettings, own, self._config["evaluation"], self._config["previews"])

    def _weights(self, dataset: str) -> list[float]:
        """List the weights of the atomic models of a dataset."""
        return list(parse_structures(self._plan.simulated_row(dataset)["structures"], dataset).values())

    def _simulation(
        self,
        dataset: str,
        number: int,
        section: Mapping[str, Any],
        physics: Mapping[str, Any],
        *,
        of_frames: bool = False,
    ) -> Settings:
        """Collect what a simulation takes of the datasets table and of the config."""
        row = self._plan.simulated_row(dataset)
        own = {
            "weights": self._weights(dataset),
            "number": number,
            "pixel_size_A": section["pixel_size_A"] or row["pixel_size_A"] * row["sum_binning"],
            "detector_pixel_size_A": row["pixel_size_A"],
            "physics": physics,
            "particles_are_dark": of_frames or self._config["picking"]["particles_are_dark"],
            "seed": self._config["seed"],
        }
        return gather(SimulateStep, own, section, row)
