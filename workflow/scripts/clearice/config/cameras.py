"""Cameras whose modulation transfer is known, by the names a user writes."""

from __future__ import annotations

PERFECT = "perfect"
"""The camera whose MTF and DQE are 1."""

# By kV: MTF at 0, 0.05 ... 0.5 cycles/px, DQE at 0, noise exponent. The MTFs are those RELION, Gatan and
# Thermo Fisher give out (as copied in ttsim3d). DQE at 0: K2 Ruskin et al. 2013, Falcon 3 InSilicoTEM;
# those of K3, Falcon 4 and DE-20 are round numbers of the field, read in no source: give detector_dqe0
# where it matters. The noise exponents of the integrating cameras (0.8) are a guess within the 0.6 to 1 of
# the literature.
CAMERAS: dict[str, dict[int, tuple[str, float, float]]] = {
    "K2": {
        300: ("1 .927 .899 .855 .798 .733 .664 .593 .522 .454 .388", 0.79, 0.0),
        200: ("1 .984 .957 .921 .878 .829 .776 .720 .662 .603 .545", 0.79, 0.0),
    },
    "K2-Gatan": {300: ("1 .988 .966 .937 .900 .858 .812 .763 .712 .660 .607", 0.79, 0.0)},
    "K3": {
        300: ("1 .985 .971 .951 .924 .889 .846 .797 .745 .690 .636", 0.87, 0.0),
        200: ("1 .976 .953 .926 .894 .855 .810 .760 .706 .650 .594", 0.87, 0.0),
    },
    "K3-CDS": {300: ("1 .995 .982 .964 .941 .914 .882 .847 .808 .766 .721", 0.92, 0.0)},
    "Falcon2": {300: ("1 .799 .601 .423 .301 .219 .160 .117 .088 .067 .052", 0.41, 0.8)},
    "Falcon3": {
        300: ("1 .970 .900 .805 .692 .572 .461 .352 .251 .181 .152", 0.89, 0.0),
        200: ("1 .958 .876 .781 .665 .552 .436 .323 .242 .164 .135", 0.89, 0.0),
    },
    "Falcon4": {
        300: ("1 .962 .892 .784 .667 .535 .411 .305 .213 .141 .093", 0.90, 0.0),
        200: ("1 .941 .845 .728 .606 .475 .354 .252 .168 .106 .072", 0.90, 0.0),
    },
    "DE-20": {300: ("1 .912 .826 .737 .652 .570 .488 .409 .333 .265 .204", 0.35, 0.8)},
}
