"""Checking, and dealing with what was found by its kind: for the command line, where findings have no buttons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.events import SILENT, Reporter
from tlstudio.domain.findings import KINDS, SLOW_KINDS, CheckResult, Finding
from tlstudio.workflow.checking import check
from tlstudio.workflow.checking_repairs import consider_again, repair, set_aside


def check_and_repair(
    project: Path, kinds: Sequence[str], reporter: Reporter = SILENT, *, quick: bool = False
) -> CheckResult:
    """Repairs every finding of these kinds, one change each, and checks again. A kind that was not found needs no repair.

    Raises WrongUsage, before anything is changed, for a kind that there is not or that no click repairs.
    """
    found = [_found(project, kind, reporter, counting=True) for kind in kinds]
    for finding in (each for findings in found for each in findings):
        if finding.repair is None:
            raise WrongUsage(f"“{finding.kind}” can't be repaired with one command.", remedy=finding.advice)
    repaired = tuple(repair(project, finding, reporter) for findings in found for finding in findings)
    return replace(check(project, reporter, quick=quick), repaired=repaired)


def ignore(project: Path, kind: str, reason: str, reporter: Reporter = SILENT, *, quick: bool = False) -> CheckResult:
    """Sets what was found of a kind aside, and checks again. Raises WrongUsage where nothing was, or without a reason."""
    found = _found(project, kind, reporter, counting=True)
    if not found:
        raise WrongUsage(f"There is no finding “{kind}” to ignore.")
    for finding in found:
        set_aside(project, finding, reason)
    return check(project, reporter, quick=quick)


def unignore(project: Path, kind: str, reporter: Reporter = SILENT, *, quick: bool = False) -> CheckResult:
    """Lets what was set aside of a kind count again, and checks. Raises WrongUsage where nothing is set aside."""
    found = _found(project, kind, reporter, counting=False)
    if not found:
        raise WrongUsage(f"No finding “{kind}” is set aside.")
    for finding in found:
        consider_again(project, finding)
    return check(project, reporter, quick=quick)


def _found(project: Path, kind: str, reporter: Reporter, *, counting: bool) -> list[Finding]:
    """Findings of a kind that count, or that are set aside."""
    if kind not in KINDS:
        raise WrongUsage(f"There is no kind of finding called “{kind}”.", remedy=f"There are: {', '.join(KINDS)}.")
    found = check(project, reporter, quick=kind not in SLOW_KINDS).findings
    return [finding for finding in found if finding.kind == kind and finding.ignored != counting]
