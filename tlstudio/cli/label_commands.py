"""The commands under `labels`: suggestions of a model, and another person's labels."""

from __future__ import annotations

import argparse
from pathlib import Path

from tlstudio.cli.data import export_command
from tlstudio.cli.keeping import Subcommands, changes_project
from tlstudio.cli.output import Output
from tlstudio.cli.usage import number

MOST_ROWS = 50


def labels_command(sub: Subcommands[argparse.ArgumentParser], shared: argparse.ArgumentParser) -> None:
    """`labels suggest`, `labels accept`, `labels compare` and `labels export`."""
    text = "suggestions for images without a class, and another person's labels"
    labels = sub.add_parser("labels", help=text, description=text)
    inner = labels.add_subparsers(dest="what", required=True, metavar="suggest|accept|compare|export")
    text = "suggest a class for every image without one, those first that teach the model most"
    p = inner.add_parser("suggest", parents=[shared], help=text, description=text)
    p.add_argument("--project", type=Path, required=True, metavar="DIR")
    p.add_argument("--run", metavar="RUN", help="default: the newest finished run")
    p.set_defaults(action=suggest)
    changes_project(p)
    text = "take over suggestions as labels, as one change that can be undone"
    p = inner.add_parser("accept", parents=[shared], help=text, description=text)
    p.add_argument("--project", type=Path, required=True, metavar="DIR")
    p.add_argument("--class", dest="label", metavar="NAME", help="only those of this class")
    p.add_argument("--at-least", type=number(0, 1), metavar="P", help="only those with this confidence, 0 to 1")
    p.add_argument("files", type=Path, nargs="*", metavar="IMAGE", help="only those of these images")
    p.set_defaults(action=accept)
    changes_project(p)
    text = "compare your labels with another person's for the same images"
    p = inner.add_parser("compare", parents=[shared], help=text, description=text)
    p.add_argument("--project", type=Path, required=True, metavar="DIR")
    p.add_argument(
        "--with", dest="table", type=Path, required=True, metavar="CSV", help="a table with a column file and one class"
    )
    p.add_argument("--name", default="", metavar="ANNOTATOR", help="who made it; default: the table's file name")
    p.set_defaults(action=compare)
    changes_project(p)
    export_command(inner, shared)


def suggest(options: argparse.Namespace, output: Output) -> None:
    from tlstudio.workflow.suggesting import suggest as ask

    found = ask(options.project, options.run, output)
    rows = [(str(s.priority), s.file.name, s.label, f"{s.confidence:.0%}") for s in found.suggestions[:MOST_ROWS]]
    if rows:
        output.table("Label these first", ("", "File", "Suggested class", "Confidence"), rows)
    left = len(found.suggestions) - len(rows)
    if left:
        output.text(f"… and {left:,} more; use --json to get them all.")
    output.text(
        f"{len(found.suggestions):,} suggestions, learned from {found.learned_from:,} labeled images."
        " None is a label until you accept it, here with “labels accept” or on the Labels page."
    )
    if found.held_back:
        output.text(f"{found.held_back:,} test images get no suggestion: their labels have to be yours alone.")
    if found.refused:
        output.table(
            "Files that can't be read any more", ("File", "Reason"), [(r.path, r.reason) for r in found.refused]
        )
    output.result(found)


def accept(options: argparse.Namespace, output: Output) -> None:
    from tlstudio.workflow.accepting import accept as take_over

    done = take_over(options.project, options.files, options.label, options.at_least)
    rows = [(s.file.name, s.label, f"{s.confidence:.0%}") for s in done.images[:MOST_ROWS]]
    if rows:
        output.table("Labeled now", ("File", "Class", "Confidence"), rows)
    if left := done.accepted - len(rows):
        output.text(f"… and {left:,} more; use --json to get them all.")
    output.text(f"{done.accepted:,} suggestions became labels; {done.waiting:,} are waiting.")
    output.result(done)


def compare(options: argparse.Namespace, output: Output) -> None:
    from tlstudio.evaluation.agreement import in_words
    from tlstudio.workflow.agreement import compare as measure

    found = measure(options.project, options.table, options.name, output)
    output.text(f"You and {found.annotator} agree on {found.agreement.percent()} of {found.n:,} images.")
    if found.kappa is not None:
        k = found.kappa
        words = in_words(k.value)
        output.text(f"Beyond chance (Cohen's kappa): {k.value:.2f} ({k.low:.2f} to {k.high:.2f}), {words} agreement.")
    rows = [
        (name, str(c.mine), str(c.theirs), str(c.both), c.agreement.percent()) for name, c in found.per_class.items()
    ]
    output.table("", ("Class", "You", found.annotator, "Both", "Agreement where either says so"), rows)
    if found.disagreements:
        shown = [(d.file.name, d.mine, d.theirs) for d in found.disagreements[:MOST_ROWS]]
        output.table("Labeled differently", ("File", "You", found.annotator), shown)
        left = len(found.disagreements) - len(shown)
        if left:
            output.text(f"… and {left:,} more; use --json to get them all.")
    if found.unused:
        output.table(
            "Rows that were not used", ("", "File", "Reason"), [(u.where, u.file, u.reason) for u in found.unused]
        )
    output.result(found)
