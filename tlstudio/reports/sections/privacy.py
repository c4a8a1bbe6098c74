"""What the report holds of the images, and under which terms the pretrained weights may be used."""

from __future__ import annotations

from tlstudio.reports import words
from tlstudio.reports.content import Block, Bullets, Heading
from tlstudio.reports.material import Known, Material
from tlstudio.reports.sections.chapter import Chapter
from tlstudio.reports.sections.training import title_of


def _holds(known: Known) -> str:
    return f"No pictures, no file names; the licence of {title_of(known.training)}."


def _write(material: Material) -> tuple[Block, ...]:
    training = material.known.training
    license_name = training.license or "a licence that its folder does not name"
    terms = [
        f"The model contains weights of {title_of(training)} ({license_name}). Their terms hold for the trained model, too."
    ]
    card = training.card
    if card is not None and card.license_note:
        terms.append(card.license_note)
    if card is not None and card.source:
        terms.append(f"The full terms are on the page of {card.source} at huggingface.co.")
    if training.run.mode.value == "quick":
        terms.append("Quick training left these weights as they were and added one layer.")
    names = words.count(len(training.run.classes), "class", "classes")
    return (
        Bullets(
            (
                "This report was made on the computer that holds the project. Training and measuring happen there, too: the"
                " program sends no image and no result anywhere.",
                f"The report holds numbers, the name of the project and the names of {names}. It holds no pictures, no names of"
                " files, folders, patients or groups. Check that the names themselves give nobody away.",
                "The trained model itself is made from the images. Treat its file as you treat them until somebody who knows"
                " the rules has said that it may be passed on.",
            )
        ),
        Heading("Licences"),
        Bullets(tuple(terms)),
    )


CHAPTER = Chapter("privacy", "Privacy and licences", _holds, _write)
