"""Keeping projects safe on the command line: the command `backups`, and what surrounds every command that changes a project."""

from __future__ import annotations

import argparse
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path

from tlstudio.cli.output import Output
from tlstudio.storage.processes import follows

Subcommands = argparse._SubParsersAction  # argparse has no public name for it


def changes_project(p: argparse.ArgumentParser) -> None:
    """Marks a command as one that changes the project of its option --project."""
    p.set_defaults(changes=True)


def surroundings(options: argparse.Namespace, output: Output) -> AbstractContextManager[None]:
    """Holds and backs up the project around a command that changes it; nothing around the others.

    `evaluate` only reads, unless it is told to keep a threshold with the run; `train` changes nothing where it only looks for
    a rate, or trains what was packed elsewhere, nor in any but the first of several processes that share it.
    """
    there = getattr(options, "project", None) is not None and not getattr(options, "find_rate", False)
    changes = getattr(options, "changes", False) and there and not follows()
    if not changes and getattr(options, "sensitivity", None) is None:
        return nullcontext()
    from tlstudio.workflow.keeping import changing

    return changing(options.project, f"tlstudio {options.command}", output.say)


def backups_command(sub: Subcommands[argparse.ArgumentParser], shared: argparse.ArgumentParser) -> None:
    """`backups list` and `backups restore`."""
    text = "backups of a project's labels and classes"
    inner = sub.add_parser("backups", help=text, description=text).add_subparsers(
        dest="what", required=True, metavar="list|restore"
    )
    for name, help_text, action in (
        ("list", "when they were made, and what they hold", list_),
        ("restore", "put one in the project's place; what is there now becomes one more backup", restore),
    ):
        p = inner.add_parser(name, parents=[shared], help=help_text, description=help_text)
        p.add_argument("--project", type=Path, required=True, metavar="DIR")
        p.set_defaults(action=action)
    p.add_argument("name", nargs="?", metavar="NAME", help="or how it begins; default: the newest that is whole")


def list_(options: argparse.Namespace, output: Output) -> None:
    from tlstudio.workflow.keeping import list_backups

    found = list_backups(options.project)
    rows = [
        (
            b.name,
            f"{datetime.fromtimestamp(b.made_at):%Y-%m-%d %H:%M}",
            *((f"{b.images:,}", f"{b.classes:,}", f"{b.labels:,}") if not b.damaged else ("damaged", "", "")),
        )
        for b in found
    ]
    if rows:
        output.table("Backups", ("Name", "Made", "Images", "Classes", "Labels"), rows, keep_first=True)
    else:
        output.text("There are no backups in this folder.")
    output.result({"backups": found})


def restore(options: argparse.Namespace, output: Output) -> None:
    from tlstudio.workflow.keeping import restore_backup

    done = restore_backup(options.project, options.name, output)
    output.text(f"Restored: {done.backup.sentence()}")
    if done.kept is not None:
        output.text(f"What was there before is kept as {done.kept}.")
    output.result(done)
