"""A project's folder: its three files, what stands in them, and where their paths hold."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clearice.config.acquisition import Value, text_of
from clearice.config.checks import SIMULATED
from clearice.config.experiment import missing_columns
from clearice.config.layers import QUALITIES
from clearice.config.sheet import Row, check_datasets, check_sheet, kind_of, parse_structures
from clearice.config.tables import DatasetRow
from clearice.files.tables import read_table

DATASETS, SHEET, SETTINGS = "datasets.tsv", "micrographs.tsv", "mine.yaml"

COLUMNS = (
    "dataset",
    "pixel_size_A",
    "voltage_kV",
    "spherical_aberration_mm",
    "amplitude_contrast",
    "dose_per_frame_e_per_A2",
    "dose_e_per_A2",
    "detector",
    "structures",
    "particle_diameter_A",
    "gain",
    "defects",
)
"""Columns of a new datasets table: what only the user knows."""

SCORED = "particle_diameter_A"
"""The column that scores and picks need, as well as a simulation."""

LEARN = {"train": 2, "validation": 1}
"""Rows of each split that a training on even and odd sums takes at least."""

# The settings of a project: a line for each key. What is not here stands in config/config.yaml.
TEMPLATE = """\
# The settings of this project, laid over config/config.yaml: what is not here has its default there.
datasets: {datasets}         # one row per dataset: pixel size, voltage, dose, particle
micrographs: {sheet}   # one row per movie, pair of sums or micrograph
quality: {quality}  # quick (a first look), standard or paper: how much is spent on simulating and training
run:
  methods: [{methods}]  # more of them, and your own: config/README.md
"""


def legal_name(text: str) -> str:
    """Make a dataset's name of a folder's: letters, digits, _ and -, a letter first."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_-")
    return name if name[:1].isalpha() else f"dataset_{name}".rstrip("_")


def existing_tables(folder: Path, dataset: str) -> tuple[list[Row], list[Row]]:
    """Read the datasets and the sheet of a project that is there; nothing where there is none.

    Raises
    ------
    ValueError
        The folder is a file; or the project has that dataset already, lacks one of its files, or has a table that
        is not in order.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file, not the folder of a project; give another --folder")
    paths = [folder / name for name in (DATASETS, SHEET, SETTINGS)]
    there = [path for path in paths if path.exists()]
    if not there:
        return [], []
    if len(there) < len(paths):
        missing = next(path for path in paths if path not in there)
        raise ValueError(
            f"{there[0]} is there, but {missing} is not; give another --folder, or repair this one"
        )
    datasets, sheet = read_table(paths[0]), read_table(paths[1])
    if datasets:
        check_sheet(sheet, check_datasets(datasets, str(paths[0])), str(paths[1]))
    if dataset in {row.get("dataset") for row in datasets}:
        raise ValueError(
            f"{paths[0]} has the dataset {dataset!r} already; nothing was written. Give another --dataset or --folder, "
            f"or, in {folder}, add movies with list_micrographs.py --dataset {dataset} --sheet {SHEET}"
        )
    return datasets, sheet


def name_for(paths: Sequence[str]) -> str:
    """Name a dataset like the folder of its first file.

    Raises
    ------
    ValueError
        There is no file.
    """
    if not paths:
        raise ValueError("no file matches; give quoted globs to --movies, --singles, or --even and --odd")
    return legal_name(Path(os.path.abspath(paths[0])).parent.name)  # noqa: PTH100


def seen_from(folder: Path, path: str) -> str:
    """Write a path so that it holds where Snakemake runs: from `folder`, or else from the root."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 (resolve would follow the links of a data archive)
    home = Path(os.path.abspath(folder))  # noqa: PTH100
    return (absolute.relative_to(home) if absolute.is_relative_to(home) else absolute).as_posix()


def all_seen_from(folder: Path, found: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Write the paths of all files that were found so that they hold in `folder`."""
    return {kind: [seen_from(folder, path) for path in paths] for kind, paths in found.items()}


def given_values(folder: Path, dataset: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Write the paths among the values that were given so that they hold in `folder`.

    Raises
    ------
    ValueError
        A file is missing, or the weight of a structure is no number.
    """
    values = {column: value for column, value in given.items() if column != "dataset"}
    for column in ("gain", "defects"):
        if values.get(column):
            values[column] = _file_seen_from(folder, values[column], column)
    detector, structures = values.get("detector"), values.get("structures")
    if detector and Path(detector).suffix == ".star":
        values["detector"] = _file_seen_from(folder, detector, "detector")
    if structures and structures != "auto":
        values["structures"] = ",".join(
            f"{_file_seen_from(folder, path, 'structures')}:{weight:g}"
            for path, weight in parse_structures(structures, dataset).items()
        )
    return values


def dataset_row(dataset: str, values: Mapping[str, Value], table: Path) -> Row:
    """Make a row of the datasets table.

    Raises
    ------
    ValueError
        One line for each value that cannot be.
    """
    row = {"dataset": dataset, **{column: text_of(value) for column, value in values.items()}}
    check_datasets([row], str(table))
    return row


def columns_of(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """List the columns of a datasets table that holds these rows, in the order of the shipped one."""
    used = {*COLUMNS, *(name for row in rows for name in row)}
    return [name for name in DatasetRow.model_fields if name in used]


def methods_for(values: Mapping[str, Value], rows: Sequence[Row]) -> list[str]:
    """Choose the methods that can be run with what is known of a dataset."""
    splits = Counter(row["split"] for row in rows)
    halves = rows and all(kind_of(row) != "single" for row in rows)
    methods = ["raw", "lowpass_20A"]
    if halves and all(splits[name] >= least for name, least in LEARN.items()):
        methods.append("n2n")
    if not unknown_columns(values):
        methods.append("nt2c")
    return methods


def unknown_columns(values: Mapping[str, Value]) -> dict[str, str]:
    """List the columns that only the user can fill and that are empty, with what needs them."""
    row = {name: values.get(name) for name in DatasetRow.model_fields}
    return {
        column: "nt2c, scores and picks" if column == SCORED else "nt2c"
        for column in missing_columns(row, SIMULATED)
    }


def settings_text(quality: str, methods: Sequence[str]) -> str:
    """Write the settings of a project as YAML, each with what it means.

    Raises
    ------
    ValueError
        There is no such quality.
    """
    if quality not in QUALITIES:
        raise ValueError(f"--quality is {quality!r}, but must be one of {', '.join(QUALITIES)}")
    return TEMPLATE.format(datasets=DATASETS, sheet=SHEET, quality=quality, methods=", ".join(methods))


def _file_seen_from(folder: Path, path: str, flag: str) -> str:
    """Write the path of a file that was given so that it holds in `folder`, if there is such a file."""
    if not Path(path).is_file():
        raise ValueError(f"--{flag} names {path}, but there is no such file")
    return seen_from(folder, path)
