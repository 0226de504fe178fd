"""Local maxima of ring minus disc, parted by Otsu's threshold."""

from __future__ import annotations

from clearice.config.kind import Picker

PICKER = Picker()
