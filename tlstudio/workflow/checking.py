"""The data check: what could make the result worse, or look better than it is.

What can be told from labels, headers and small pictures comes at once; looking for text in the pictures and for wrong labels
takes longer and follows. Torch is loaded only for the last.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import SILENT, Note, Reporter
from tlstudio.domain.findings import CheckResult, Finding, FirstFindings
from tlstudio.quality.evidence import Evidence
from tlstudio.quality.findings import all_findings, burned_in_text, set_aside
from tlstudio.storage import dismissals
from tlstudio.storage.project import Project
from tlstudio.workflow.checking_evidence import gather
from tlstudio.workflow.checking_text import contents_with_text, known_texts


def check(project: Path, reporter: Reporter = SILENT, *, quick: bool = False) -> CheckResult:
    """Looks at every image of the project that is not left out; findings come most harmful first, those set aside at the end.

    What is seen quickly is reported as FirstFindings on the way. quick: that is all. Labels that can't be judged (one class
    only, too few images, no model) cost that part alone, and a Note says why.
    """
    opened = Project.open(project)
    evidence = gather(opened, reporter)
    first = _told(opened, _first(opened, evidence))
    reporter.report(FirstFindings(first))
    if quick:
        return CheckResult(first)
    evidence = replace(evidence, text=contents_with_text(opened, evidence, reporter))
    findings = _with_text(all_findings(evidence), evidence)
    findings += [*_suspects(opened, evidence, reporter), *_unsuited(opened, evidence, reporter)]
    return CheckResult(_told(opened, findings))


def check_quickly(project: Path, reporter: Reporter = SILENT) -> CheckResult:
    """`check` without what takes long; loads no torch."""
    return check(project, reporter, quick=True)


def _first(project: Project, evidence: Evidence) -> list[Finding]:
    return _with_text(all_findings(evidence), replace(evidence, text=known_texts(project, evidence)))


def _with_text(findings: tuple[Finding, ...], evidence: Evidence) -> list[Finding]:
    text = burned_in_text(evidence)
    return [*findings, text] if text is not None else [*findings]


def _told(project: Project, findings: list[Finding]) -> tuple[Finding, ...]:
    return set_aside(findings, dismissals.list_reasons(project))


def _suspects(project: Project, evidence: Evidence, reporter: Reporter) -> list[Finding]:
    from tlstudio.workflow.checking_suspects import label_suspects  # loads torch

    try:
        found = label_suspects(project, evidence, reporter)
    except StudioError as error:
        reporter.report(Note(f"Labels were not checked for mistakes. {error.what} {error.remedy}".strip()))
        return []
    return [] if found is None else [found]


def _unsuited(project: Project, evidence: Evidence, reporter: Reporter) -> list[Finding]:
    from tlstudio.workflow.checking_model import model_findings  # loads torch

    try:
        return model_findings(project, evidence, reporter)
    except StudioError as error:
        reporter.report(Note(f"The images were not compared with those of the pretrained model. {error.what}"))
        return []
