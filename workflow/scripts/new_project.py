"""Start a project: a folder with the sheet, the dataset's row and the settings, from files and what they say."""

import logging
from pathlib import Path

from clearice.config.acquisition import settle
from clearice.config.listing import append_rows, name_rows
from clearice.config.sheet import SHEET_COLUMNS
from clearice.files.acquisition import check_suffixes, look_at_some
from clearice.files.atomic import write_text
from clearice.files.found import found_files
from clearice.files.tables import write_table
from clearice.run import project
from clearice.run.project_report import report
from clearice.run.step import run

log = logging.getLogger(__name__)


def new_project(
    *,
    movies: list[str] | None = None,
    even: list[str] | None = None,
    odd: list[str] | None = None,
    singles: list[str] | None = None,
    dataset: str | None = None,
    folder: Path | None = None,
    pixel_size_A: float | None = None,
    voltage_kV: float | None = None,
    spherical_aberration_mm: float | None = None,
    amplitude_contrast: float | None = None,
    dose_per_frame_e_per_A2: float | None = None,
    dose_e_per_A2: float | None = None,
    particle_diameter_A: float | None = None,
    structures: str | None = None,
    detector: str | None = None,
    gain: str | None = None,
    defects: str | None = None,
    quality: str = "quick",
    batch_size: int = 50,
) -> None:
    """Write a project for what the globs `movies`, or `even` and `odd`, or `singles` find. Quote the globs.

    What is not given is read from headers, SerialEM's .mdoc and EPU's XML of the first, middle and last file.
    The folder is runs/<dataset>, the dataset named like the folder of the files; a second dataset is appended
    to a project that is there.
    """
    given = {name: value for name, value in locals().items() if name in project.COLUMNS}
    kinds = (("movie", movies), ("even", even), ("odd", odd), ("single", singles))
    found = {kind: found_files(patterns or []) for kind, patterns in kinds}
    name = dataset or project.name_for([path for some in found.values() for path in some])
    home = folder or Path("runs") / name
    datasets, sheet = project.existing_tables(home, name)
    named = name_rows(name, project.all_seen_from(home, found))
    paths = [path for some in found.values() for path in some]
    check_suffixes(paths)
    known = settle(project.given_values(home, name, given), look_at_some(paths), movies=bool(movies))
    row = project.dataset_row(name, known.values, home / project.DATASETS)
    new = append_rows(sheet, named, batch_size=batch_size, validation_fraction=0.1, test_fraction=0.1, seed=0)
    methods = None if datasets else project.methods_for(known.values, new)
    if methods is not None:
        write_text(home / project.SETTINGS, project.settings_text(quality, methods))
    write_table(home / project.SHEET, [*sheet, *new], SHEET_COLUMNS)
    write_table(home / project.DATASETS, [*datasets, row], project.columns_of([*datasets, row]))
    log.info("%s", report(home, name, known, new, methods))


run(new_project, globals())
