"""The one place that decides whether two names mean the same micrograph.

A micrograph is called by its file's name without folder and suffix. Other programs decorate that name
(cryoSPARC, MotionCor, RELION, EPU), and tables of theirs hold the decorated one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache

_SUFFIX = re.compile(r"(\.(mrcs?|tiff?|eer|png|jpe?g|st|map|rec|hdf5?|h5|dm[34]|gz|bz2))+$", re.IGNORECASE)
"""Only these are cut: a dot in a name (ts_01_21.0) is part of it."""

_ILLEGAL = re.compile(r"[^A-Za-z0-9_.+-]")
_CRYOSPARC_UID = re.compile(r"^\d{21}_(?=.)")
_DECORATION = re.compile(
    r"[._-](patch|rigid|local|aligned|ali|motion[_-]?corrected|mc2?|dose[_-]?weighted|dw|dws|nodw|non[_-]?dw|"
    r"fractions|eer|evn|odd|even|frames|movie|mic|intg|denoised|autopick|manualpick)$",
    re.IGNORECASE,
)


class NoRows(ValueError):
    """Raised where a table has rows, but none of the micrograph that is looked for."""


@lru_cache(maxsize=1 << 17)
def micrograph_name(file: str) -> str:
    """Return the name of the micrograph in a file: no folder, no known suffix, nothing but ``A-Za-z0-9_.+-``."""
    name = file.strip().replace("\\", "/").rsplit("/", 1)[-1]
    return _ILLEGAL.sub("_", _SUFFIX.sub("", name))


@lru_cache(maxsize=1 << 17)
def bare_name(file: str) -> str:
    """Return a micrograph's name without the decorations of other programs.

    Cut are cryoSPARC's 21 digits in front, and behind, one by one, words such as ``_patch_aligned_doseweighted``,
    ``_aligned``, ``_DW``, ``_fractions``, ``_EVN``; a word is cut only whole and only at the end.
    """
    name = _CRYOSPARC_UID.sub("", micrograph_name(file))
    while True:
        shorter = _DECORATION.sub("", name)
        if not shorter or shorter == name:
            return name
        name = shorter


def rows_of(micrograph: str, names: Sequence[str], path: object, others: Collection[str] = ()) -> list[int]:
    """Find the rows of a table that are of one micrograph.

    Parameters
    ----------
    micrograph
        Its name in the sheet.
    names
        The file or micrograph that each row names.
    path
        The table, for the sentences.
    others
        Names of other micrographs: rows that name one of them exactly are not taken for this one.

    Returns
    -------
    list of int
        Indices of the rows, in order; empty only where the table has no row.

    Raises
    ------
    NoRows
        No row is of the micrograph, though there are rows.
    ValueError
        As for `same_micrograph`.
    """
    distinct = list(dict.fromkeys(names))
    wanted = same_micrograph(micrograph, distinct, path, others)
    if names and not wanted:
        raise NoRows(
            f"{path} has {len(names)} rows, but none of the micrograph {micrograph}: they name "
            f"{listed([micrograph_name(name) for name in distinct])}; write {micrograph} (decorations like _aligned_DW "
            "are understood), or give the table of this micrograph"
        )
    return [index for index, name in enumerate(names) if name in wanted]


def same_micrograph(
    micrograph: str, names: Sequence[str], where: object, others: Collection[str] = ()
) -> set[str]:
    """Find which names mean a micrograph.

    Those that are its name exactly; only where there is none, those that are it with or without decorations.

    Parameters
    ----------
    micrograph
        Its name in the sheet.
    names
        Different names of files or micrographs.
    where
        Where they stand, for the sentences.
    others
        Names of other micrographs: what is one of them exactly does not mean this one.

    Raises
    ------
    ValueError
        Two names that differ in decorations or folders could be meant, or a name could mean another micrograph
        as well.
    """
    exact = {name for name in names if micrograph_name(name) == micrograph}
    if exact:
        _check_folders(exact, micrograph, where)
        return exact
    bare, strangers = bare_name(micrograph), set(others) - {micrograph}
    wanted = {name for name in names if bare_name(name) == bare and micrograph_name(name) not in strangers}
    if not wanted:
        return set()
    meant = sorted({micrograph_name(name) for name in wanted})
    rivals = sorted(other for other in strangers if bare_name(other) == bare)
    if len(meant) > 1:
        raise ValueError(
            f"{where} names {listed(meant)}, each of which could be the micrograph {micrograph}; "
            f"keep one of them, or write {micrograph}"
        )
    if rivals:
        raise ValueError(
            f"{where} names {listed(meant)}, which could be the micrograph {micrograph} or {listed(rivals)}; "
            "write the name that stands in the sheet"
        )
    _check_folders(wanted, micrograph, where)
    return wanted


def _check_folders(names: Collection[str], micrograph: str, where: object) -> None:
    """Stop where files of one name lie in two folders: they may be two micrographs."""
    folders = {name.strip().replace("\\", "/").rpartition("/")[0] for name in names} - {""}
    if len(folders) > 1:
        raise ValueError(
            f"{where} names {micrograph} in the folders {listed(sorted(folders))}, which may be different micrographs; "
            "keep the rows of one folder"
        )


def listed(names: Sequence[str], most: int = 3) -> str:
    """List the first few of some names, and how many more there are."""
    shown = ", ".join(repr(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
