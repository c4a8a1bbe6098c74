"""The command `runs`: the trainings of a project, some of them side by side, and what one of them has told."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from tlstudio.cli.confusions import show_confusion
from tlstudio.cli.keeping import Subcommands
from tlstudio.cli.output import Output
from tlstudio.domain.run_comparison import RunComparison, side_by_side
from tlstudio.domain.runs import EpochRow, RunRow

MOST_EPOCHS = 20


def runs_command(sub: Subcommands[argparse.ArgumentParser], shared: argparse.ArgumentParser) -> None:
    """`runs list`, `runs compare` and `runs log`."""
    text = "the trainings of a project"
    inner = sub.add_parser("runs", help=text, description=text).add_subparsers(
        dest="what", required=True, metavar="list|compare|log"
    )
    for name, help_text, action, number in (
        ("list", "all of them, the newest first", list_, ""),
        ("compare", "some of them side by side: figures, and the settings that differ", compare, "+"),
        ("log", "what one of them, or the newest, has told: its log, and what its best model takes for what", log, "?"),
    ):
        p = inner.add_parser(name, parents=[shared], help=help_text, description=help_text)
        p.add_argument("--project", type=Path, required=True, metavar="DIR")
        p.set_defaults(action=action)
        if number:
            p.add_argument("runs", nargs=number, metavar="RUN")


def list_(options: argparse.Namespace, output: Output) -> None:
    from tlstudio.workflow.runs import list_runs

    found = list_runs(options.project)
    rows = [
        (
            run.id,
            f"{datetime.fromtimestamp(run.created_at):%Y-%m-%d %H:%M}",
            run.model,
            run.mode.value,
            _reached(run),
            f"{run.test_openings:,}" if run.test_openings else "–",
        )
        for run in found
    ]
    if rows:
        output.table("", ("Run", "When", "Model", "Mode", "Accuracy", "Test images opened"), rows, keep_first=True)
        output.text(
            "Accuracy: on images kept from training, corrected for having been chosen by them where anything was chosen."
        )
    else:
        output.say("This project has no trainings yet.")
    output.result(side_by_side(found))


def compare(options: argparse.Namespace, output: Output) -> None:
    from tlstudio.workflow.runs import compare as put_together

    found = put_together(options.project, options.runs)
    names = [run.id for run in found.runs]
    if not output.fits(("", *names), lines := _lines(found)):
        names = [f"({number})" for number in range(1, len(names) + 1)]
        output.table("", ("", "Run"), [(name, run.id) for name, run in zip(names, found.runs, strict=True)])
    output.table("", ("", *names), lines)
    step, rows = _curves(found.runs)
    if rows:
        every = f" (one of {step} is shown; --json has all)" if step > 1 else ""
        output.table(f"Accuracy and loss on images kept from training, by epoch{every}", ("Epoch", *names), rows)
    output.result(found)


def log(options: argparse.Namespace, output: Output) -> None:
    from tlstudio.workflow.runs import records

    found = records(options.project, options.runs)
    for line in found.log:
        output.text(f"{datetime.fromtimestamp(line.moment):%Y-%m-%d %H:%M:%S}  {line.text}")
    if not found.log:
        output.say("No log was kept of this training.")
    if found.confusion:
        show_confusion(
            "What is taken for what, among images kept from training", found.classes, found.confusion, output
        )
    output.result(found)


def _lines(found: RunComparison) -> list[tuple[str, ...]]:
    runs = found.runs
    lines = [
        ("Accuracy", *(_reached(run) for run in runs)),
        (
            "The same, not corrected for choosing by it",
            *("–" if r.measured is None else r.measured.percent() for r in runs),
        ),
        ("Test images opened", *(f"{run.test_openings:,}" for run in runs)),
        ("Balanced accuracy", *("–" if r.balanced_accuracy is None else f"{r.balanced_accuracy:.1%}" for r in runs)),
        ("Chosen", *(run.chosen or "–" for run in runs)),
        ("Epochs", *(f"{run.epochs or len(run.history):,}" for run in runs)),
        ("Time", *(f"{run.seconds:,.1f} s" for run in runs)),
    ]
    return lines + [(d.setting.replace("_", " "), *(str(value) for value in d.values)) for d in found.differences]


def _curves(runs: Sequence[RunRow]) -> tuple[int, list[tuple[str, ...]]]:
    """Every how many epochs, and a line for each; about MOST_EPOCHS, as the last one of a run is always among them."""
    courses = [{row.epoch: row for row in run.history} for run in runs]
    last = max((epoch for course in courses for epoch in course), default=0)
    step = -(-last // MOST_EPOCHS) or 1
    told = sorted({*range(step, last + 1, step), *(max(course) for course in courses if course)})
    return step, [(f"{epoch:,}", *(_course(course.get(epoch)) for course in courses)) for epoch in told]


def _course(row: EpochRow | None) -> str:
    return "" if row is None else f"{row.val_accuracy:.1%}, {row.val_loss:.2f}"


def _reached(run: RunRow) -> str:
    return run.state.value if run.accuracy is None else run.accuracy.percent()
