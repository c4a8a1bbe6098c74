"""The command `check`: what could mislead the result, and what to do about it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tlstudio.cli.output import Output
from tlstudio.domain.findings import FIND, CheckResult, Finding

SEVERITIES = {"high": "look first", "medium": "worth a look", "low": "good to know"}


class _Changing(argparse.Action):
    """An option that makes the command one that changes the project."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        setattr(namespace, self.dest, values)
        namespace.changes = True


def check_options(p: argparse.ArgumentParser) -> None:
    p.add_argument("--project", type=Path, required=True, metavar="DIR")
    p.add_argument(
        "--quick", action="store_true", help="leave out wrong labels and text in the images, which take longer"
    )
    deed = p.add_mutually_exclusive_group()
    deed.add_argument(
        "--repair", action=_Changing, metavar="KIND[,KIND…]", help="repair these, each as one change in the journal"
    )
    deed.add_argument("--ignore", action=_Changing, metavar="KIND", help="set a finding aside, with --reason")
    deed.add_argument("--unignore", action=_Changing, metavar="KIND", help="let it count again")
    p.add_argument("--reason", default="", metavar="TEXT", help="why a finding may be ignored")


def check(options: argparse.Namespace, output: Output) -> None:
    found = _look(options, output)
    for done in found.repaired:
        output.text(f"{done.kind}: {done.sentence}.")
    told = [f for f in found.findings if not f.ignored]
    aside = [f for f in found.findings if f.ignored]
    if told:
        rows = [(f.kind, SEVERITIES[f.severity.value], _words(f)) for f in told]
        output.table(
            "Findings", ("Kind", "Severity", "What it is, and what it does to the result"), rows, keep_first=True
        )
    else:
        output.text("Nothing found that could mislead the result.")
    if aside:
        title = f"{len(aside):,} finding{'' if len(aside) == 1 else 's'} set aside"
        output.table(title, ("Kind", "What", "Why"), [(f.kind, f.title, f.reason) for f in aside], keep_first=True)
    output.result(found)


def _look(options: argparse.Namespace, output: Output) -> CheckResult:
    from tlstudio.workflow import checking, checking_by_kind

    quick = options.quick
    if options.repair is not None:
        kinds = [kind.strip() for kind in options.repair.split(",") if kind.strip()]
        return checking_by_kind.check_and_repair(options.project, kinds, output, quick=quick)
    if options.ignore is not None:
        return checking_by_kind.ignore(options.project, options.ignore, options.reason, output, quick=quick)
    if options.unignore is not None:
        return checking_by_kind.unignore(options.project, options.unignore, output, quick=quick)
    return checking.check(options.project, output, quick=quick)


def _words(finding: Finding) -> str:
    deed = "" if finding.repair is None else f"Repair it with --repair {finding.kind}."
    where = "Find them: tlstudio find-images FOLDER --project DIR." if finding.page == FIND else ""
    return "\n".join(text for text in (finding.title, finding.harm, finding.advice, deed, where) if text)
