"""Does the pretrained model help? Its figures beside those of simpler ways, on the same images."""

from __future__ import annotations

from tlstudio.domain.transfer import Baseline, Transfer, Verdict
from tlstudio.reports import charts, words
from tlstudio.reports.content import Block, Bullets, Heading, Paragraph, Share, Shares
from tlstudio.reports.material import Material

TONES = {Verdict.HELPS: "good", Verdict.NEGATIVE: "caution", Verdict.UNCLEAR: "plain"}


def comparison(material: Material) -> list[Block]:
    """Nothing where the run was not compared."""
    found = material.evaluation.transfer
    if found is None:
        return []
    blocks: list[Block] = [
        Heading("Does the pretrained model help?"),
        Paragraph(_held(found.sentence), TONES[found.verdict]),
        Paragraph(_held(_basis(found))),
        Shares("Way", ("Accuracy", "Balanced accuracy"), tuple(_row(b, found.n) for b in found.told_apart())),
    ]
    if found.tuning:
        blocks.append(Paragraph(_held(found.tuning)))
    if found.advice:
        blocks += [Paragraph("What may help:"), Bullets(tuple(map(_held, found.advice)))]
    return blocks


def _row(baseline: Baseline, n: int) -> tuple[str, tuple[Share, ...]]:
    figures = (baseline.accuracy, baseline.balanced_accuracy)
    return baseline.method.caption, tuple(Share(share, n, charts.bar(share)) for share in figures)


def _basis(found: Transfer) -> str:
    first = "" if not found.tuned else " First result: the same on what the unchanged pretrained model sees."
    return (
        "All ways have learned from the same images and are measured on the same ones. Most frequent class: always the answer"
        " that is most frequent among the training images. Plain thumbnails: a simple classifier on pictures of 16 by 16 pixels,"
        " without a pretrained model. Same network, untrained: a simple classifier on what the same network sees that has learned"
        f" nothing.{first} A difference matters from {100 * found.margin:g} points on; it counts as shown where its whole 95 %"
        f" interval lies beyond that and chance alone would make one as large fewer than 1 time in 20 ({found.test})."
    )


def _held(text: str) -> str:
    """The sign held to its number."""
    return text.replace(" %", f"{words.NBSP}%")
