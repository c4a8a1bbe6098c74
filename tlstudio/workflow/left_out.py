"""What a run says of images it was not fitted to, kept with it: its temperature comes from them, and so do its thresholds.

left-out.json is written when the training ends: the validation images or, in a project without any, training images that were
left out in turn or held back. predictions-<split>.json is written by `evaluate`. Imports no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tlstudio.domain.errors import RunNotReady, from_os_error
from tlstudio.domain.operating import LEFT_OUT, VALIDATION
from tlstudio.domain.runs import RunRow
from tlstudio.domain.safe_text import parse_json
from tlstudio.domain.values import Split
from tlstudio.evaluation.calibration import Calibration, fit_temperature, tempered
from tlstudio.storage import files
from tlstudio.storage.project import Project
from tlstudio.workflow.run_data import Sample

NAME = "left-out.json"

Chances = dict[str, tuple[float, ...]]  # calibrated probabilities in the run's class order, by content


def calibrate(
    folder: Path,
    judged: Sequence[Sample],
    probabilities: npt.NDArray[np.float64],
    part: str,
    *,
    said: npt.NDArray[np.int64] | None = None,
) -> Calibration:
    """Fits the temperature to `judged` and keeps their calibrated probabilities, (n, classes), in the run's folder.

    part: VALIDATION, or LEFT_OUT for images of the training part. said: classes, (n,), by what would have been chosen without the
    image, where the model was chosen by these; kept beside them.
    """
    truth = np.array([s.label for s in judged], dtype=np.int64)
    found = fit_temperature(probabilities, truth, [s.unit for s in judged])
    calibrated = tempered(probabilities, found.temperature)
    rows = [{"content": s.content, "probabilities": p.tolist()} for s, p in zip(judged, calibrated, strict=True)]
    if said is not None:
        rows = [{**row, "said": int(label)} for row, label in zip(rows, said, strict=True)]
    files.write_json(folder / NAME, {"part": part, "calibration": asdict(found), "images": rows})
    return found


def calibration_of(project: Project, run: RunRow) -> Calibration | None:
    """How the run's temperature came about; None for a run of an earlier version. Raises RunNotReady for a damaged file."""
    data = _read(project.run_folder(run.id) / NAME)
    try:
        return None if data is None else Calibration(**data["calibration"])
    except (KeyError, TypeError) as error:
        raise _damaged(project.run_folder(run.id) / NAME) from error


def said_unchosen(project: Project, run: RunRow) -> dict[str, int]:
    """The class that the run's figure counts for each of its images, by content; empty where nothing was chosen by them."""
    path = project.run_folder(run.id) / NAME
    data = _read(path)
    try:
        return {} if data is None else {str(r["content"]): int(r["said"]) for r in data["images"] if "said" in r}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(path) from error


def left_out_chances(project: Project, run: RunRow) -> Chances:
    """Of training images, from while they were left out; empty where the run had validation images, or kept none."""
    return _chances(project.run_folder(run.id) / NAME, "images", part=LEFT_OUT)


def measured_chances(project: Project, run: RunRow, split: Split) -> Chances:
    """Of the images of a split, as far as the run has looked at them."""
    folder = project.run_folder(run.id)
    found = _chances(folder / NAME, "images", part=VALIDATION) if split is Split.VAL else {}
    return {**found, **_chances(folder / f"predictions-{split.value}.json", "predictions")}


def _chances(path: Path, key: str, part: str = "") -> Chances:
    """`part`: what the file must be about, where it says so."""
    data = _read(path)
    try:
        if data is None or data.get("part", "") != part:
            return {}
        return {str(row["content"]): tuple(float(p) for p in row["probabilities"]) for row in data[key]}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(path) from error


def _read(path: Path) -> Any:
    """None where there is no such file."""
    try:
        return parse_json(files.read_text(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise from_os_error(error, path) from error
    except ValueError as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> RunNotReady:
    return RunNotReady(
        "What this run said of its images is damaged.", remedy="Delete this file and measure the run again.", path=path
    )
