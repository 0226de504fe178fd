"""Compare the pixel size in a header with that of the datasets table."""

from __future__ import annotations

from clearice.image.units import HEADER, UNKNOWN_PIXEL_SIZES_A, same_pixel_size


def check_pixel_size(found_A: float, expected_A: float, what: str) -> None:
    """Refuse an input whose header contradicts the sheet by more than 1 %.

    Headers that say 0, or exactly 1 A, say nothing: many programs write 1 when they do not know the size.

    Parameters
    ----------
    found_A, expected_A
        Pixel size in the header and in the datasets table, in A.
    what
        Name of the file in the error.

    Raises
    ------
    ValueError
        They contradict each other.
    """
    if found_A in UNKNOWN_PIXEL_SIZES_A or same_pixel_size(found_A, expected_A, HEADER):
        return
    raise ValueError(
        f"{what} has {found_A:g} A/px in its header, but the datasets table says {expected_A:g}; "
        "correct the table (for super-resolution movies it is the size of the small pixels) or the header, or, where "
        "the table's is the calibrated one, set trust_table to true in it"
    )


def pixel_size_note(found_A: float, expected_A: float, what: str, *, trust: bool) -> str:
    """Compare a pixel size with that of the table, as `check_pixel_size`; a difference may be trusted.

    Parameters
    ----------
    found_A, expected_A, what
        As in `check_pixel_size`.
    trust
        Whether the table holds whatever the header says.

    Returns
    -------
    str
        The difference that is trusted, as a note; empty where there is none.
    """
    try:
        check_pixel_size(found_A, expected_A, what)
    except ValueError:
        if not trust:
            raise
        return f"the header says {found_A:g} A/px, the datasets table, which is trusted, {expected_A:g}"
    return ""
