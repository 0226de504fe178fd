"""What a reader must know beside the numbers: counts and sentences on methods, micrographs and nulls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from clearice.reporting.records import COUNTED, FAILED, OK, SKIPPED, Record
from clearice.run.places import Kind

Records = Mapping[str, Sequence[Record]]


def counts_of_micrographs(records: Records) -> list[dict[str, str]]:
    """Count the micrographs of every dataset, counted stage, and part or method by their status."""
    counts: dict[tuple[str, str, str], Counter[str]] = {}
    for stage in COUNTED:
        for one in records[stage]:
            counts.setdefault((one.place.dataset, stage, _part_or_method(one)), Counter())[one.status] += 1
    return [
        {
            "dataset": dataset,
            "stage": stage,
            "name": name,
            **{status: str(count[status]) for status in (OK, FAILED, SKIPPED)},
        }
        for (dataset, stage, name), count in counts.items()
    ]


def notes_on_micrographs(records: Records) -> list[str]:
    """Write of micrographs that are ok what must be known: filled pixels, and regions without pairs."""
    return [
        f"{one.place.dataset}, {_part_or_method(one) or stage}, {one.micrograph}: {one.reason}"
        for stage in (*COUNTED, "regions")
        for one in records[stage]
        if one.status == OK and one.reason and one.place.kind is not Kind.SIMULATED
    ]


def notes_on_nulls(nulls: Sequence[Record], whole_field: str) -> dict[str, dict[str, list[str]]]:
    """Write for each dataset and part from how many whole fields pure noise has its spectrum.

    Parameters
    ----------
    nulls
        Records of pure noise.
    whole_field
        How the reason of one begins that has its spectrum from a whole field.
    """
    whole: dict[tuple[str, str], list[bool]] = {}
    for one in nulls:
        if one.status == OK:
            key = (one.place.dataset, one.place.part)
            whole.setdefault(key, []).append(one.reason.startswith(whole_field))
    notes: dict[str, dict[str, list[str]]] = {}
    for (dataset, part), each in whole.items():
        if any(each):
            others = "" if all(each) else ", that of the others that of their particle-free boxes"
            notes.setdefault(dataset, {})[part] = [
                f"Null test: {sum(each)} of {len(each)} noise fields have the {whole_field}, for want of known "
                f"coordinates or of free places{others}. The former are stricter: read null_sd and null picks paired."
            ]
    return notes


def notes_on_pairings(
    methods: Sequence[str], pairings: Mapping[str, str], bias: Mapping[str, str]
) -> list[str]:
    """Write the bias of every method that chooses which pairs it learns from.

    Parameters
    ----------
    methods
        Methods shown.
    pairings
        Pairing by method, of those that choose one.
    bias
        Bias by pairing.
    """
    return [
        f"method {name} learns from pairs of the kind {pairings[name]}: {bias[pairings[name]]}"
        for name in methods
        if name in pairings and bias[pairings[name]]
    ]


def _part_or_method(record: Record) -> str:
    """Return what a count is of: a method, or else a part; empty for what has neither."""
    return record.place.method or record.place.part
