"""Writes a report: its sections in order, from what is known and measured."""

from __future__ import annotations

import tlstudio
from tlstudio.domain.results import SectionLine
from tlstudio.reports import words
from tlstudio.reports.content import Report, Section
from tlstudio.reports.material import Known, Material
from tlstudio.reports.sections import (
    data,
    figures,
    findings,
    limits,
    overview,
    privacy,
    publishing,
    training,
    usage,
)

CHAPTERS = (
    overview.CHAPTER,
    data.CHAPTER,
    figures.CHAPTER,
    training.CHAPTER,
    findings.CHAPTER,
    limits.CHAPTER,
    usage.CHAPTER,
    privacy.CHAPTER,
    publishing.CHAPTER,
)


def outline(known: Known) -> tuple[SectionLine, ...]:
    """The sections that a report would have, each with one line on what it holds."""
    return tuple(SectionLine(each.title, each.holds(known)) for each in CHAPTERS)


def compose(material: Material) -> Report:
    """The whole report. Needs at least one measured image."""
    known = material.known
    made = words.day(known.made)
    return Report(
        title=words.clean(known.project) or "Project",
        subtitle="Report on a trained image classifier",
        made=made,
        footer=f"Made on {made} with Transfer Learning Studio {tlstudio.__version__}, offline on one computer",
        sections=tuple(Section(c.key, c.title, c.holds(known), c.write(material)) for c in CHAPTERS),
    )
