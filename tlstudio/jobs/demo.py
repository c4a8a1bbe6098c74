"""The whole way on the sample data, as a user would walk it; predictions are made by a separate process, without torch."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import SILENT, Note, Reporter
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.domain.safe_text import from_cell
from tlstudio.domain.transfer import Baseline, Method
from tlstudio.domain.values import Interval, Split
from tlstudio.storage import files, images, runs
from tlstudio.storage.project import Project
from tlstudio.workflow.evaluating import evaluate
from tlstudio.workflow.exporting import export
from tlstudio.workflow.models import LIGHT
from tlstudio.workflow.samples import SAMPLES, SampleSet, import_sample
from tlstudio.workflow.training import train

# Windows allows 32,767 characters in a command; this many paths of the usual greatest length, 260, fit.
PATHS_AT_ONCE = 100
EPOCHS = 5  # of a training that has more than the first result: it is to be seen, not waited for


@dataclass(frozen=True, slots=True)
class DemoRow:
    """One sample's results and where its files are.

    simpler: what simpler ways reach on the same held-out images, simplest first; what transfer gives is the distance to them.
    predicted: share of held-out files that the separate process got right.
    """

    title: str
    images: int
    refused: int
    classes: int
    mode: Mode
    accuracy: Interval
    balanced_accuracy: Interval
    simpler: tuple[Baseline, ...]
    certificate_images: int
    largest_difference: float
    predicted: float
    seconds: float
    project: Path
    bundle: Path
    predictions: Path


@dataclass(frozen=True, slots=True)
class DemoResult:
    rows: tuple[DemoRow, ...]
    seconds: float
    folder: Path


def run_demo(out: Path, reporter: Reporter = SILENT) -> DemoResult:
    """Imports, trains, evaluates, exports and predicts both samples below `out`; a second call trains anew in the same place."""
    started = time.monotonic()
    rows = tuple(_one(which, out / which.key, reporter) for which in SAMPLES)
    return DemoResult(rows, time.monotonic() - started, out)


def _one(which: SampleSet, folder: Path, reporter: Reporter) -> DemoRow:
    started = time.monotonic()
    reporter.report(Note(f"{which.title}: making and importing the images."))
    place = folder / "project"
    import_sample(which, folder / "images", place, reporter)
    epochs = 0 if which.mode is Mode.QUICK else EPOCHS
    result = train(place, TrainSettings(LIGHT, which.mode, epochs=epochs), reporter=reporter)
    reporter.report(Note("Measuring on the held-out images."))
    evaluation = evaluate(place, result.run, Split.TEST, reporter)
    compared = evaluation.transfer.told_apart() if evaluation.transfer else ()
    bundle = place / "exports" / f"{which.key}.onnx"
    exported = export(place, bundle, result.run, reporter)
    reporter.report(Note("Predicting the held-out images offline, in a separate process."))
    table = place / "exports" / f"{which.key}-predictions.csv"
    share = _predict_apart(Project.open(place), bundle, table)
    project = Project.open(place)
    counts = images.counts(project)
    return DemoRow(
        title=which.title,
        images=counts.images,
        refused=counts.refused,
        classes=len(runs.get_run(project, result.run).classes),
        mode=which.mode,
        accuracy=evaluation.accuracy,
        balanced_accuracy=evaluation.balanced_accuracy,
        simpler=tuple(b for b in compared if b.method is not Method.MODEL),
        certificate_images=exported.certificate.images,
        largest_difference=exported.certificate.max_difference,
        predicted=share,
        seconds=time.monotonic() - started,
        project=place,
        bundle=bundle,
        predictions=table,
    )


def _predict_apart(project: Project, bundle: Path, table: Path) -> float:
    """Runs `tlstudio predict` on the test files, some at a time, into one table; returns the share whose label it gives."""
    rows = images.list_images(project, split=Split.TEST, labeled=True)
    truth = {str(r.path): r.label for r in rows}
    paths = list(truth)
    parts: list[list[list[str]]] = []
    with tempfile.TemporaryDirectory(prefix="tlstudio-") as folder:
        for start in range(0, max(1, len(paths)), PATHS_AT_ONCE):
            part = Path(folder) / f"{start}.csv"
            _predict_some(bundle, paths[start : start + PATHS_AT_ONCE], part)
            with part.open(encoding="utf-8-sig", newline="") as file:
                parts.append(list(csv.reader(file)))
    text = io.StringIO()
    header = parts[0][0]
    lines = [line for part_lines in parts for line in part_lines[1:]]
    csv.writer(text, lineterminator="\n").writerows([header, *lines])
    files.write_bytes(table, text.getvalue().encode("utf-8-sig"))
    file_column, label_column = header.index("file"), header.index("label")
    hits = [truth[from_cell(line[file_column])] == from_cell(line[label_column]) for line in lines]
    return sum(hits) / max(1, len(hits))


def _predict_some(bundle: Path, paths: list[str], table: Path) -> None:
    command = [sys.executable, "-m", "tlstudio", "predict", str(bundle), *paths, "--csv", str(table), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise StudioError(
            f"The separate prediction failed: {done.stderr.strip()[-300:]}",
            remedy="Run `tlstudio doctor`.",
            path=bundle,
        )
