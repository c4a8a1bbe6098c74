"""What the data check sees. Only kinds and numbers: the check's own sentences may name files, and a report must not."""

from __future__ import annotations

from tlstudio.domain.results import Finding, Severity
from tlstudio.reports import words
from tlstudio.reports.content import Block, Column, Paragraph, Table
from tlstudio.reports.material import Known, Material
from tlstudio.reports.sections.chapter import Chapter

WHAT = {
    "blank": "Blank images",
    "blurred": "Blurred images",
    "burned_in_text": "Images with text in the picture",
    "conflicting_labels": "Images under two different classes",
    "exact_duplicate": "Exact copies of other images",
    "imbalance": "Classes of very different size",
    "label_suspect": "Labels that may be wrong",
    "leak": "Images that share a group or a file across training, validation and test",
    "near_duplicate": "Nearly identical images",
    "outlier": "Images unlike the others",
    "shortcut": "Hints to the class outside what should matter",
    "small_class": "Classes with few images to learn from",
}
WORDS = {Severity.HIGH: "High", Severity.MEDIUM: "Medium", Severity.LOW: "Low"}
ORDER = tuple(WORDS)


def what(finding: Finding) -> str:
    """The kind in words; one that this version does not know yet by its name."""
    return WHAT.get(finding.kind, finding.kind.replace("_", " ").capitalize())


def _holds(known: Known) -> str:
    return "What could mislead the result, worst first."


def _write(material: Material) -> tuple[Block, ...]:
    intro = "The data check looks at the project as it is on the day of this report."
    if not material.findings:
        return (Paragraph(f"{intro} It found nothing that could mislead the result."),)
    found = sorted(material.findings, key=lambda f: ORDER.index(f.severity))
    rows = tuple((WORDS[f.severity], what(f), words.number(f.count), f.harm) for f in found)
    columns = (
        Column("Severity", 1.1),
        Column("What", 2.6),
        Column("How many", 1.1, True),
        Column("What it does to the result", 4),
    )
    return Paragraph(f"{intro} What it lists is in the images now."), Table(columns, rows)


CHAPTER = Chapter("findings", "What the data check found", _holds, _write)
