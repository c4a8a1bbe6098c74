"""Choosing, keeping and removing a run's operating point, from predictions kept with the run. Imports no torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tlstudio.domain.errors import NotEnoughImages, NotMeasured, RunNotReady, WrongUsage, from_os_error
from tlstudio.domain.events import SILENT, Reporter
from tlstudio.domain.operating import LEFT_OUT, VALIDATION, OperatingPoint, ThresholdChoices, Wish
from tlstudio.domain.runs import RunRow
from tlstudio.domain.safe_text import parse_json
from tlstudio.domain.values import ImageRow, Split
from tlstudio.evaluation.operating import find_point, measure_point, threshold_curve
from tlstudio.storage import files, images, runs
from tlstudio.storage.project import Project
from tlstudio.workflow.held_out import held_out
from tlstudio.workflow.left_out import Chances, left_out_chances, measured_chances
from tlstudio.workflow.run_data import units_of

NAME = "operating-point.json"
WANTED = tuple(percent / 100 for percent in range(50, 101))  # what the window offers


# --- for the window: each of these runs in the worker, without torch -----------------


def thresholds(project: Path, run: str, name: str, split: Split, reporter: Reporter = SILENT) -> ThresholdChoices:
    """What each wanted sensitivity for class `name` does on the images of `split`.

    Raises WrongUsage for an unknown class, NotEnoughImages without images to choose on or to measure on, and NotMeasured where
    the run has yet to look at them.
    """
    opened = Project.open(project)
    row = runs.choose_run(opened, run)
    positive = class_number(row, name)
    chosen_on, choosing = _choosing(opened, row, name)
    choose = _seen(row, choosing, _chances_for(opened, row, chosen_on), Split.VAL)
    rows = held_out(opened, row, split)
    shown = _seen(row, rows, measured_chances(opened, row, split), split)
    return ThresholdChoices(
        run=row.id,
        name=name,
        split=split,
        curve=threshold_curve(shown.truth, shown.probabilities, positive),
        steps=tuple(
            measure_point(
                _point(choose, row, Wish(name, wanted), chosen_on),
                positive,
                shown.truth,
                shown.probabilities,
                split,
                units=shown.units,
            )
            for wanted in WANTED
        ),
        kept=kept_point(opened, row),
        unmeasured=len(rows) - len(shown.truth),
    )


def keep_threshold(project: Path, run: str, name: str, wanted: float, reporter: Reporter = SILENT) -> OperatingPoint:
    """Chooses the threshold for a wanted sensitivity and keeps it with the run; raises as `thresholds` does."""
    opened = Project.open(project)
    row = runs.choose_run(opened, run)
    point = choose_point(opened, row, Wish(name, wanted))
    keep_point(opened, row, point)
    return point


def drop_threshold(project: Path, run: str, reporter: Reporter = SILENT) -> None:
    """Removes the run's operating point: the most likely class wins again."""
    opened = Project.open(project)
    keep_point(opened, runs.choose_run(opened, run), None)


# --- choosing ----------------------------------------------------------------------


def class_number(run: RunRow, name: str) -> int:
    """The class's place in the run's order. Raises WrongUsage, listing the classes, for an unknown one."""
    if name not in run.classes:
        raise WrongUsage(
            f"The model has no class called “{name}”.", remedy=f"Choose one of these: {', '.join(run.classes)}."
        )
    return run.classes.index(name)


def check_wish(project: Project, run: RunRow, wish: Wish) -> None:
    """Raises what `choose_point` would raise for want of a class or of images, before anything is computed."""
    _choosing(project, run, wish.name)


def unmeasured(project: Project, run: RunRow) -> bool:
    """Whether the run has yet to look at some of the validation images before a threshold can be chosen on them."""
    known = measured_chances(project, run, Split.VAL)
    return any(row.content not in known for row in _validation(project, run))


def choose_point(project: Project, run: RunRow, wish: Wish, fresh: Chances | None = None) -> OperatingPoint:
    """The operating point that the wish asks for, chosen on the validation images, else on those left out in training.

    fresh: probabilities of validation images just made, which need not be read. Raises as `thresholds` does.
    """
    chosen_on, rows = _choosing(project, run, wish.name)
    chances = fresh if fresh is not None and chosen_on == VALIDATION else _chances_for(project, run, chosen_on)
    return _point(_seen(run, rows, chances, Split.VAL), run, wish, chosen_on)


@dataclass(frozen=True, slots=True)
class _Seen:
    """Images with what the run says of them: truth (n,), probabilities (n, classes), units (n)."""

    truth: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float64]
    units: list[str]


def _seen(run: RunRow, rows: Sequence[ImageRow], chances: Chances, split: Split) -> _Seen:
    """Images that the run has not looked at, or could not read, are left out. Raises NotMeasured when that leaves none."""
    known = [row for row in rows if row.content in chances]
    if not known:
        part = split.caption.lower()
        raise NotMeasured(
            f"The model has not looked at the {part} images yet.", remedy=f"Measure it on the {part} images first."
        )
    number = {name: i for i, name in enumerate(run.classes)}
    truth = np.array([number[str(row.label)] for row in known], dtype=np.int64)
    return _Seen(truth, np.array([chances[row.content] for row in known]), units_of(known))


def _point(seen: _Seen, run: RunRow, wish: Wish, chosen_on: str) -> OperatingPoint:
    positive = run.classes.index(wish.name)
    return find_point(seen.truth, seen.probabilities, positive, wish, chosen_on, units=seen.units)


def _choosing(project: Project, run: RunRow, name: str) -> tuple[str, list[ImageRow]]:
    """Where the images to choose on come from, and they. Raises WrongUsage, or NotEnoughImages when none is of the class."""
    class_number(run, name)
    rows = _validation(project, run)
    if rows:
        if any(row.label == name for row in rows):
            return VALIDATION, rows
        raise NotEnoughImages(
            f"None of the validation images is {name}, so no threshold for it can be chosen.",
            remedy="Choose another class, or import the images again with a larger share for validation.",
        )
    chances = left_out_chances(project, run)
    labeled = {r.content: r for r in images.list_images(project, labeled=True) if r.label in run.classes}
    rows = [row for content, row in labeled.items() if content in chances]
    if any(row.label == name for row in rows):
        return LEFT_OUT, rows
    raise NotEnoughImages(
        f"There are no images of {name} that this run did not learn from, so no threshold can be chosen.",
        remedy="Import the images again with a share for validation, and train again.",
    )


def _validation(project: Project, run: RunRow) -> list[ImageRow]:
    try:
        return held_out(project, run, Split.VAL)
    except NotEnoughImages:
        return []


def _chances_for(project: Project, run: RunRow, chosen_on: str) -> Chances:
    if chosen_on == VALIDATION:
        return measured_chances(project, run, Split.VAL)
    return left_out_chances(project, run)


# --- measuring and keeping ------------------------------------------------------------


def kept_point(project: Project, run: RunRow) -> OperatingPoint | None:
    """The operating point kept with the run, its class called as it is now. Raises RunNotReady for a damaged file."""
    path = project.run_folder(run.id) / NAME
    try:
        data = parse_json(files.read_text(path))
        number, threshold = int(data["class"]), float(data["threshold"])
        if not (0 <= number < len(run.classes) and 0.0 <= threshold <= 1.0):
            raise ValueError("no such class or threshold")
        wish = Wish(run.classes[number], float(data["wanted"]))
        point = OperatingPoint(
            wish.name, wish.sensitivity, threshold, str(data["chosen_on"]), int(data["images"]), *_proof(data)
        )
    except FileNotFoundError:
        return None
    except OSError as error:
        raise from_os_error(error, path) from error
    except (ValueError, KeyError, TypeError, WrongUsage) as error:
        raise RunNotReady(
            "The threshold kept with this run is damaged.", remedy="Choose it again, or remove it.", path=path
        ) from error
    return point


def _proof(data: dict[str, Any]) -> tuple[int, float, float] | tuple[None, None, None]:
    """What the images it was chosen on prove; earlier versions did not ask."""
    if "shown" not in data:
        return None, None, None
    found, independent, shown = int(data["found"]), float(data["independent"]), float(data["shown"])
    if not (0 <= found <= int(data["images"]) and 0.0 < independent < math.inf and 0.0 <= shown <= 1.0):
        raise ValueError("no such proof")
    return found, independent, shown


def keep_point(project: Project, run: RunRow, point: OperatingPoint | None) -> None:
    """Puts the operating point into the run's folder in place of an earlier one; None removes it."""
    path = project.run_folder(run.id) / NAME
    if point is None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise from_os_error(error, path) from error
        return
    told = asdict(point)
    del told["name"]
    # The class by its place: its name may change.
    files.write_json(path, {"class": run.classes.index(point.name), **{k: v for k, v in told.items() if v is not None}})
