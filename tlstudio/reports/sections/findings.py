"""What the data check sees. Only kinds and numbers: the check's own sentences may name files, and a report must not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tlstudio.domain.findings import Finding, Severity
from tlstudio.reports import words
from tlstudio.reports.content import Block, Column, Heading, Paragraph, Table
from tlstudio.reports.material import Known, Material
from tlstudio.reports.sections.chapter import Chapter

WHAT = {
    "blank": "Blank images",
    "blurred": "Blurred images",
    "burned_in_text": "Images with text in the picture",
    "conflicting_labels": "Images under two different classes",
    "grey": "Grey images, where the pretrained model has learned from colour photographs",
    "exact_duplicate": "Exact copies of other images",
    "imbalance": "Classes of very different size",
    "label_suspect": "Labels that may be wrong",
    "leak": "Images that belong together, spread over training, validation and test",
    "mixed_colour": "Colour images in one class, grey ones in another",
    "near_duplicate": "Nearly identical images",
    "outlier": "Images unlike the others",
    "resolution": "Images much smaller or larger than the model looks at",
    "saturated": "Overexposed or underexposed images",
    "shortcut": "Hints to the class outside what should matter",
    "small_class": "Classes with few images to learn from",
    "tiny": "Very small images",
    "unlike_pretraining": "Images unlike those that the pretrained model has learned from",
    "unreadable": "Files that can't be read",
}
WORDS = {Severity.HIGH: "High", Severity.MEDIUM: "Medium", Severity.LOW: "Low"}
ORDER = tuple(WORDS)


def what(finding: Finding) -> str:
    """The kind in words; one that this version does not know yet by its name."""
    return WHAT.get(finding.kind, finding.kind.replace("_", " ").capitalize())


def harm(finding: Finding) -> str:
    """What it does to the result; empty should that sentence ever name one of the files."""
    names = {Path(file).name for file in finding.files}
    return "" if any(name and name in finding.harm for name in names) else finding.harm


def _holds(known: Known) -> str:
    return "What could mislead the result, worst first."


def _write(material: Material) -> tuple[Block, ...]:
    intro = "The data check looks at the project as it is on the day of this report."
    counting = [f for f in material.findings if not f.ignored]
    aside = [f for f in material.findings if f.ignored]
    blocks: list[Block] = []
    if counting:
        blocks += [Paragraph(f"{intro} What it lists is in the images now."), _table(counting)]
    else:
        blocks.append(Paragraph(f"{intro} It found nothing that could mislead the result."))
    if aside:
        told = "A person has looked at these and set them aside; the reasons are kept in the project."
        blocks += [Heading("Set aside"), Paragraph(told), _table(aside)]
    return tuple(blocks)


def _table(findings: Sequence[Finding]) -> Table:
    found = sorted(findings, key=lambda f: ORDER.index(f.severity))
    rows = tuple((WORDS[f.severity], what(f), words.number(f.count), harm(f)) for f in found)
    columns = (
        Column("Severity", 1.1),
        Column("What", 2.6),
        Column("How many", 1.1, True),
        Column("What it does to the result", 4),
    )
    return Table(columns, rows)


CHAPTER = Chapter("findings", "What the data check found", _holds, _write)
