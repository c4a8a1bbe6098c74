"""How to use the model well."""

from __future__ import annotations

from tlstudio.reports import words
from tlstudio.reports.content import Block, Bullets, Paragraph
from tlstudio.reports.material import Known, Material
from tlstudio.reports.sections.chapter import Chapter


def _holds(known: Known) -> str:
    return "What to do before and while the model is used."


def _write(material: Material) -> tuple[Block, ...]:
    classes = material.known.training.run.classes
    few = f", {words.listed([words.quoted(c) for c in classes])}" if len(classes) <= 4 else ""
    return (
        Paragraph(
            "Export the model from the program as one file. It works offline on another computer and says of each image the"
            " class, its confidence, and whether the image is unlike those it learned from."
        ),
        Bullets(
            (
                f"Use it for images that show one of its classes{few}, taken in the same way as the images here.",
                "Before you rely on it, try it on new images that you know the answer to, from the place where it will be used."
                " 100 or more tell a lot.",
                "Don't rely on answers that are marked “unfamiliar” or “uncertain”. Look at those images yourself.",
                "Let a person who can judge the image decide wherever a wrong answer can do harm.",
                "Measure again after anything changes: devices, settings, the kind of cases, how often each class occurs.",
                "This report is a measurement, not an approval. Whether the model may be used for diagnosis, for safety or for"
                " decisions about people is for the rules of your field to say.",
            )
        ),
    )


CHAPTER = Chapter("usage", "How to use it", _holds, _write)
