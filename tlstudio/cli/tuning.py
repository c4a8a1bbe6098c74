"""What helps to set up a training: the parts of a model, and the learning rate that suits."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from tlstudio.cli.output import Output
from tlstudio.domain.layers import rate_shares
from tlstudio.domain.rates import RateCurve, plain
from tlstudio.domain.runs import Mode, TrainSettings

LINES = 25  # of the curve that people see; --json has every step
WIDTH = 32  # characters of the largest loss


def models_layers(options: argparse.Namespace, output: Output) -> None:
    from tlstudio.workflow.model_layers import layers_of

    found = layers_of(options.model, output)
    modes = (Mode.BALANCED, Mode.THOROUGH)
    shares = [rate_shares(found, TrainSettings(found.model, mode)) for mode in modes]
    rows = [
        (group.name, f"{group.parameters:,}", f"{found.share(i):.1%}", *(_moves(share[i]) for share in shares))
        for i, group in enumerate(found.groups)
    ]
    columns = ("Part", "Parameters", "Share", *(mode.value.capitalize() for mode in modes))
    output.table(f"{found.model}, from the image to the classes", columns, rows, keep_first=True)
    output.text("A percentage is the rate that a part is trained with, of that of the classes.")
    if found.fixed_statistics:
        output.text("The running averages of its batch normalisation stay as they are in every mode.")
    output.result(found)


def _moves(share: float) -> str:
    return f"trained, {share:.0%}" if share else "stays"


def find_rate(project: Path, settings: TrainSettings, output: Output) -> None:
    """The curve as lines, the suggestion marked, and what it means."""
    from tlstudio.workflow.rate_finding import find_rate as find

    found = find(project, settings, output)
    output.table("", ("Rate", "Loss", "", ""), _lines(found))
    output.text(found.sentence)
    output.text(f"Without a wish, training takes {plain(found.usual)}.")
    output.result(found)


def _lines(found: RateCurve) -> list[tuple[str, ...]]:
    """Steps spread over the curve, the one nearest to the suggestion among them. A full bar: the loss is far above its start."""
    low, high = min(found.losses), 1.5 * found.start
    shown = set(range(0, len(found.rates), max(1, len(found.rates) // LINES)))
    best = None
    if found.suggested is not None:
        best = min(range(len(found.rates)), key=lambda i: abs(math.log(found.rates[i] / (found.suggested or 1.0))))
        shown.add(best)
    return [
        (
            plain(found.rates[i]),
            f"{found.losses[i]:.3f}",
            "█" * (1 + round(WIDTH * min(1.0, (found.losses[i] - low) / max(1e-9, high - low)))),
            "◀ suggested" if i == best else "",
        )
        for i in sorted(shown)
    ]
