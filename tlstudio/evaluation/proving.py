"""How large a share found images prove, and how many images such a proof takes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv

Floats = npt.NDArray[np.float64]

DOUBT = 0.05  # how often a share that is said to be proved may be lower


def proved_share(share: Floats | float, worth: float) -> Floats:
    """The share that is proved, with 95 % certainty, by finding `share` (0 … 1) of images worth so many independent ones.

    The one-sided lower limit of Clopper and Pearson (1934, Biometrika 26:404), for a number of trials that need not be whole.
    """
    found = np.asarray(share, dtype=np.float64) * worth
    return np.where(found > 0, betaincinv(np.maximum(found, 1e-12), worth - found + 1, DOUBT), 0.0)


def independent_images(units: Sequence[Hashable]) -> float:
    """How many independent images these are worth at least, where units[i] is the group of image i.

    n over the design effect of Kish (1965) for images of one group that are all alike. How alike the images of a group are in the
    misses can't be estimated from the few that there are, and a patient of whom all are missed may not have been met yet.
    """
    sizes = Counter(units).values()
    return sum(sizes) ** 2 / sum(size**2 for size in sizes) if units else 0.0


def images_needed(wanted: float) -> int | None:
    """How many independent images of the class it takes, all of them found, to prove a sensitivity; None where no number does."""
    return None if wanted >= 1.0 else math.ceil(math.log(DOUBT) / math.log(wanted))
