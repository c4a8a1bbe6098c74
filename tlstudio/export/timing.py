"""How long two files take to answer one image, side by side, so that what else the computer does meets both alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from scipy.stats import binom

from tlstudio.domain.values import Interval

PAIRS = 41  # runs of both files; an odd number, so that the median is one of them
WARM_UP = 5  # pairs before that count for nothing
THREADS = 1
WARNINGS_OFF = 3  # onnxruntime's severity "error"


def times_as_long(
    full: Path, reduced: Path, pixels: npt.NDArray[np.uint8], stopping: Callable[[], object] | None = None
) -> Interval:
    """How many times as long `reduced` takes as `full` for one image on the processor, and the 95 % interval of that median.

    Each pair runs both, one at once after the other, and turns their order round from pair to pair. pixels: uint8 (1, size, size,
    3). stopping: called before every pair; what it raises ends the measurement.
    """
    sessions = [_session(file) for file in (full, reduced)]
    ratios = []
    for pair in range(WARM_UP + PAIRS):
        if stopping is not None:
            stopping()
        order = (0, 1) if pair % 2 == 0 else (1, 0)
        seconds = {k: _seconds(sessions[k], pixels) for k in order}
        if pair >= WARM_UP:
            ratios.append(seconds[1] / seconds[0])
    return median_interval(ratios)


def median_interval(values: Sequence[float]) -> Interval:
    """The median and its 95 % interval between two of the values, whatever their distribution (the sign test turned round).

    With fewer than six values no two of them make one of 95 %; then it reaches from the least to the largest.
    """
    ordered, n = sorted(values), len(values)
    rank = 1  # of the limits, counted from either end
    while 2 * binom.cdf(rank, n, 0.5) <= 0.05:
        rank += 1
    return Interval(float(np.median(ordered)), ordered[rank - 1], ordered[n - rank])


def _session(file: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = WARNINGS_OFF
    options.intra_op_num_threads = THREADS
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def _seconds(session: Any, pixels: npt.NDArray[np.uint8]) -> float:
    start = time.perf_counter()
    session.run(["probabilities", "novelty"], {"image": pixels})
    return time.perf_counter() - start
