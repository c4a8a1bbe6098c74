"""The command `evaluate`, and how its figures are told."""

from __future__ import annotations

import argparse

from tlstudio.cli.confusions import show_confusion
from tlstudio.cli.output import Output
from tlstudio.domain.operating import PointFigures
from tlstudio.domain.transfer import Transfer
from tlstudio.domain.values import Interval


def evaluate(options: argparse.Namespace, output: Output) -> None:
    from tlstudio.domain.values import Split
    from tlstudio.workflow.evaluating import evaluate as measure

    if options.folds is None:
        found = measure(options.project, options.run, Split(options.split), output, sensitivity=options.sensitivity)
    else:
        from tlstudio.workflow.folding import cross_validate

        found = cross_validate(options.project, options.run, options.folds, output)
    output.text(
        f"Accuracy {found.accuracy.percent()} on {found.n:,} {found.images}. In brackets: where it lies over very many images"
        " like these (95 % interval); the next 100 can have fewer or more right."
    )
    if found.folds:
        output.text(
            "The models of the folds share most of their training images, so the intervals can be a little too narrow."
        )
    if found.test_use is not None:
        output.text(found.test_use.sentence)
    if found.corrected is not None:
        output.text(f"The model was chosen by these images; corrected for that: {found.corrected.percent()}")
    output.text(
        f"Balanced accuracy {percent(found.balanced_accuracy)}, area under the ROC curve {_number(found.auroc)}"
    )
    before = "" if found.temperature == 1.0 else f", {found.ece_before:.1%} before calibration"
    output.text(
        " ".join(filter(None, (f"Calibration error {found.ece:.1%}{before}.", found.chance_told, found.calibration)))
    )
    rows = [
        (name, str(c.n), percent(c.sensitivity), percent(c.specificity), percent(c.ppv))
        for name, c in found.per_class.items()
    ]
    output.table("", ("Class", "Images", "Sensitivity", "Specificity", "Predictive value"), rows)
    show_confusion("Labeled (rows) and predicted (columns)", found.classes, found.confusion, output)
    if found.operating_point is not None:
        _show_point(found.operating_point, output)
    if found.transfer is not None:
        _show_transfer(found.transfer, output)
    output.result(found)


def _show_transfer(found: Transfer, output: Output) -> None:
    rows = [(b.method.caption, b.accuracy.percent(), b.balanced_accuracy.percent()) for b in found.told_apart()]
    output.table("Does the pretrained model help?", ("", "Accuracy", "Balanced accuracy"), rows)
    for sentence in (found.sentence, found.tuning, *found.advice):
        if sentence:
            output.text(sentence)


def _show_point(figures: PointFigures, output: Output) -> None:
    point = figures.point
    given = (
        "where it is the likeliest"
        if point.idle
        else f"from {point.threshold * 100:.3g} % on, or where it is the likeliest"
    )
    alone = "" if point.idle else f", {figures.found_alone:,} without the threshold"
    rows = [
        ("Wanted", f"a sensitivity of {point.wanted:.4g}"),
        ("Given", given),
        ("Found", f"{figures.found:,} of {figures.positives:,}{alone}: sensitivity {percent(figures.sensitivity)}"),
        (
            "False alarms",
            f"{figures.false_alarms:,} of {figures.n - figures.positives:,}: specificity {percent(figures.specificity)}",
        ),
        (f"{point.name}, when it says so", percent(figures.ppv)),
        (f"Not {point.name}, when it says so", percent(figures.npv)),
    ]
    output.table(f"Not to be missed: {point.name}", ("", ""), rows)
    for sentence in (figures.choice, *figures.cautions):
        output.text(sentence)


def percent(value: Interval | None) -> str:
    return "–" if value is None else value.percent()


def _number(value: Interval | None) -> str:
    return "–" if value is None else f"{value.value:.3f} ({value.low:.3f} to {value.high:.3f})"
