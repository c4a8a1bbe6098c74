"""The data check: what could make the result worse, or look better than it is."""

from __future__ import annotations

from pathlib import Path

from tlstudio.domain.events import SILENT, Progress, Reporter
from tlstudio.domain.results import CheckResult
from tlstudio.images.inspect import grey_spread
from tlstudio.quality.findings import Evidence, all_findings
from tlstudio.storage import images
from tlstudio.storage.project import Project
from tlstudio.workflow.browsing import thumbnail


def check(project: Path, reporter: Reporter = SILENT) -> CheckResult:
    """Looks at every image of the project and returns the findings, most harmful first."""
    found = images.list_images(Project.open(project))
    spread: dict[str, float] = {}
    for done, image in enumerate(found, start=1):
        value = grey_spread(thumbnail(project, image.content))
        if value is not None:
            spread[image.content] = value
        reporter.report(Progress("Checking images", done, len(found)))
    return CheckResult(all_findings(Evidence(found, spread)))
