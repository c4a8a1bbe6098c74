"""For those who must publish or be audited: what reporting guidelines ask, what of it is here, and what only people can add.

The report follows model cards (Mitchell et al. 2019) and datasheets (Gebru et al. 2021); the items are those of CLAIM 2024
(Tejani et al., Radiology: Artificial Intelligence 6:e240300) and TRIPOD+AI (Collins et al. 2024, BMJ 385:e078378).
"""

from __future__ import annotations

from tlstudio.reports.content import Block, Bullets, Column, Heading, Paragraph, Table
from tlstudio.reports.material import Known, Material
from tlstudio.reports.sections import data, figures, findings, limits, training
from tlstudio.reports.sections.chapter import Chapter

HERE = (
    ("Preparing the images: size, resizing, those left out", data.CHAPTER.title),
    ("Numbers of images and how they were divided, at which level", data.CHAPTER.title),
    ("Model, where its weights come from, settings, software", training.CHAPTER.title),
    ("How the final model was chosen", training.CHAPTER.title),
    ("Measures of performance with their uncertainty", figures.CHAPTER.title),
    ("Calibration", figures.CHAPTER.title),
    ("Failures: which classes are mistaken for which", figures.CHAPTER.title),
    ("Quality of the data", findings.CHAPTER.title),
    ("Limits of the study", limits.CHAPTER.title),
)
TO_ADD = (
    "Purpose: which question the model answers, for whom, and where in the course of work.",
    "Source: where, when and with which devices the images were taken, and whether all cases were taken or some chosen.",
    "Cases: who or what was included and excluded; for people, age, sex and whatever else bears on fairness.",
    "Labels: who gave them, with what training, by which reference standard, and how far two people agree.",
    "Protection: how images were made anonymous, approval by an ethics committee, consent.",
    "Size: why this number of images is enough.",
    "Other places: figures on images from another site or time, and in groups of people that matter.",
    "Openness: registration, protocol, funding, conflicts of interest, and whether data, code and model can be had.",
)


def _holds(known: Known) -> str:
    return "What guidelines ask for, where it stands here, and what you need to add."


def _write(material: Material) -> tuple[Block, ...]:
    return (
        Paragraph(
            "Guidelines for reports on such models (in medicine CLAIM 2024 and TRIPOD+AI; in general model cards and datasheets)"
            " ask for the following. The program knows one part of it; the other part only you can tell."
        ),
        Table((Column("Asked for", 3), Column("Section of this report", 2)), HERE),
        Heading("For you to add"),
        Bullets(TO_ADD),
    )


CHAPTER = Chapter("publishing", "For a publication or an audit", _holds, _write)
