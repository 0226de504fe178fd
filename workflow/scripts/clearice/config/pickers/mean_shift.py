"""NT2C's direct mean shift: modes of the foreground (Li et al. 2022, Fig. S3).

It draws its foreground on each image anew, so it finds as much in pure noise of any amplitude: scores do not
compare.
"""

from __future__ import annotations

from clearice.config.kind import Picker

PICKER = Picker(scores_compare=False)
