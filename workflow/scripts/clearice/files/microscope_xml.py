"""Read the XML that EPU (Thermo Fisher) writes beside every exposure; never one that declares entities."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from clearice.files.compressed import is_compressed
from clearice.files.facts import Fact, detector_named, number, pixel_size_of_frames, read_bounded

A_PER_M = 1e10
LARGEST_BYTES = 2 << 20
"""EPU writes some fifty thousand."""

_FRACTIONS = re.compile(r"_(fractions|eer)$", re.IGNORECASE)


class _Builder(ElementTree.TreeBuilder):
    """Builds a tree, and refuses the declarations with which a small file unfolds into gigabytes."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        """Refuse a document type."""
        raise ValueError(f"it declares a document type ({name}), which EPU never writes")


def read_xml(path: Path) -> ElementTree.Element:
    """Read an XML document without document type and entities.

    Raises
    ------
    ValueError
        The file is empty, far too large, no XML, or declares a document type.
    OSError
        It is missing or cannot be read.
    """
    data = read_bounded(path, "XML file of a microscope", LARGEST_BYTES)
    parser = ElementTree.XMLParser(target=_Builder())
    try:
        parser.feed(data)
        root: ElementTree.Element = parser.close()
    except (ElementTree.ParseError, LookupError, ValueError) as trouble:
        raise ValueError(f"{path} is no XML file that is read ({trouble}); replace it") from None
    return root


def xml_beside(image: Path) -> Path | None:
    """Find EPU's XML of a movie (its name less ``_Fractions``) or of an image; None where there is none."""
    name = Path(image.stem).stem if is_compressed(image) else image.stem
    for stem in dict.fromkeys((_FRACTIONS.sub("", name), name)):
        path = image.with_name(f"{stem}.xml")
        if path.is_file():
            return path
    return None


def facts_of_xml(
    path: Path, image: str, shape: tuple[int, int], frames: int
) -> tuple[list[Fact], list[str]] | None:
    """Collect what EPU's XML says of a movie or an image.

    EPU writes SI units: metres a pixel, volts, electrons a square metre.

    Parameters
    ----------
    path
        The XML file.
    image
        Name of the movie's file.
    shape, frames
        Shape (h, w) and number of its frames.

    Returns
    -------
    tuple or None
        Facts, and sentences on what was not taken; None where the file is another program's.

    Raises
    ------
    ValueError, OSError
        As of `read_xml`.
    """
    root = read_xml(path)
    if root.tag.rpartition("}")[2] != "MicroscopeImage":
        return None
    keyed = _keyed(root)
    notes, facts = [], []

    def take(column: str, value: float | str | None, key: str) -> None:
        if value:
            facts.append(Fact(column, value, f"{path.name}: {key}"))

    size_m = number(root.findtext(".//{*}pixelSize/{*}x/{*}numericValue"))
    if size_m:
        size = _readout(root)
        pixel_size_A = pixel_size_of_frames(size_m * A_PER_M, size, shape)
        if pixel_size_A is None and size is not None:
            notes.append(
                f"{path.name}: pixelSize is that of an image of {size[0]:g} x {size[1]:g} px, the frames have "
                f"{shape[1]} x {shape[0]}: not taken"
            )
        elif pixel_size_A != size_m * A_PER_M:
            notes.append(
                f"{path.name}: pixelSize {size_m * A_PER_M:.4g} A is that of an image coarser or finer than the frames "
                "by a whole factor, and was converted: check it"
            )
        take("pixel_size_A", pixel_size_A, "pixelSize")
    volts = number(root.findtext(".//{*}AccelerationVoltage"))
    take("voltage_kV", volts / 1000 if volts else None, "AccelerationVoltage")
    dose_per_m2 = number(keyed.get("Dose"))
    take("dose_e_per_A2", dose_per_m2 / A_PER_M**2 if dose_per_m2 else None, "Dose")
    camera = keyed.get("DetectorCommercialName") or next(
        (text for key, text in keyed.items() if key.endswith("].CommercialName")), None
    )
    take("detector", detector_named(camera), f"camera {camera}")
    if camera and not detector_named(camera):
        notes.append(f"{path.name}: the camera {camera!r} is none that is known by name; give --detector")
    fractions = number(root.findtext(".//{*}NumberOffractions"))
    if fractions and frames > 1 and fractions != frames:
        notes.append(f"{path.name}: it has {fractions:g} fractions, but {image} has {frames} frames")
    return facts, notes


def _keyed(root: ElementTree.Element) -> dict[str, str]:
    """Collect the pairs of a key and a plain value."""
    found: dict[str, str] = {}
    for pair in root.iterfind(".//{*}KeyValueOfstringanyType"):
        key, value = pair.findtext("{*}Key"), pair.findtext("{*}Value")
        if key and value and value.strip():
            found.setdefault(key.strip(), value.strip())
    return found


def _readout(root: ElementTree.Element) -> tuple[float, float] | None:
    """Return the sides of the camera's image in pixels."""
    width, height = (
        number(root.findtext(f".//{{*}}ReadoutArea/{{*}}{side}")) for side in ("width", "height")
    )
    return (width, height) if width and height and width > 0 and height > 0 else None
