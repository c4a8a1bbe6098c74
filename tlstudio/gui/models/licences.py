"""Licences in words: what the user may do with a pretrained model."""

from __future__ import annotations

from tlstudio.domain.cards import ModelCard

_NAMES = {
    "apache-2.0": "Apache 2.0",
    "mit": "MIT",
    "bsd-3-clause": "BSD",
    "cc-by-nc-4.0": "CC BY-NC 4.0",
    "dinov3-license": "DINOv3 licence",
    "fastvit-license": "Apple FastViT licence",
}
_FREE = {"apache-2.0", "mit", "bsd-3-clause"}


class Text:
    """What a licence allows."""

    free = "free to use, also in products"
    read = "read it before you use the model"


def name(card: ModelCard) -> str:
    """`Apache 2.0`; an unknown identifier as it is."""
    return _NAMES.get(card.license.lower(), card.license or "no licence named")


def short(card: ModelCard) -> str:
    """One line for a card: the name and, where it restricts, the first clause of why."""
    if card.license.lower() in _FREE:
        return name(card)
    if card.license_note.lower().startswith("not for commercial"):
        return f"{name(card)}: not for commercial use"
    return f"{name(card)}: {Text.read}"


def full(card: ModelCard) -> str:
    """All that is known, for the moment before the download."""
    if card.license_note:
        return f"{name(card)}. {card.license_note}"
    return f"{name(card)}: {Text.free if card.license.lower() in _FREE else Text.read}."
