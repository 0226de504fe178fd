"""Files as a microscope's programs write them, with made-up values."""

from __future__ import annotations


def epu_xml(
    pixel_m: float = 1.06e-10,
    volts: float = 300000,
    dose_per_m2: float = 4.0e21,
    camera: str = "BioQuantum K3",
    width: int = 5760,
    height: int = 4092,
    fractions: int = 40,
) -> str:
    """Write the part of EPU's XML of an exposure that is read, with the namespaces it has."""
    arrays = "http://schemas.microsoft.com/2003/10/Serialization/Arrays"

    def pair(key: str, value: object) -> str:
        return f"<a:KeyValueOfstringanyType><a:Key>{key}</a:Key><a:Value>{value}</a:Value></a:KeyValueOfstringanyType>"

    return f"""<?xml version="1.0" encoding="utf-8"?>
<MicroscopeImage xmlns="http://schemas.datacontract.org/2004/07/Fei.SharedObjects">
<CustomData xmlns:a="{arrays}">{pair("Dose", dose_per_m2)}{pair("DetectorCommercialName", camera)}</CustomData>
<SpatialScale><pixelSize><x><numericValue>{pixel_m}</numericValue></x><y><numericValue>{pixel_m}</numericValue></y>
</pixelSize></SpatialScale>
<microscopeData><acquisition><camera>
<CameraSpecificInput xmlns:a="{arrays}"><a:KeyValueOfstringanyType><a:Key>FractionationSettings</a:Key>
<a:Value xmlns:b="fractions"><b:NumberOffractions>{fractions}</b:NumberOffractions></a:Value>
</a:KeyValueOfstringanyType></CameraSpecificInput>
<ReadoutArea xmlns:a="drawing"><a:height>{height}</a:height><a:width>{width}</a:width></ReadoutArea>
</camera></acquisition><gun><AccelerationVoltage>{volts}</AccelerationVoltage></gun></microscopeData>
</MicroscopeImage>
"""
