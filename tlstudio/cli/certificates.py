"""A certificate in the terminal."""

from __future__ import annotations

from tlstudio.cli.output import Output
from tlstudio.domain.certificate import Certificate, Decisions, FileKind, Nearness, Saving
from tlstudio.domain.operating import WINS


def show_certificate(seal: Certificate, output: Output) -> None:
    output.text(
        f"Certificate: {seal.images:,} held-out images, agreement {seal.agreement:.0%},"
        f" largest difference {seal.max_difference:.1e}"
    )
    if seal.accuracy is not None and seal.accuracy_trained is not None:
        kind = seal.precision if seal.kind is None else seal.kind.caption
        output.text(f"{kind}: accuracy {seal.accuracy:.1%}, in full precision {seal.accuracy_trained:.1%}")
    if seal.nearness is not None:
        _show_nearness(seal.nearness, output)
    if seal.saving is not None:
        _show_saving(seal.saving, output)
    if seal.kind is FileKind.HALF:
        output.text("Measured on this processor; untested on a graphics processor")
    if seal.decisions is not None:
        _show_decisions(seal.decisions, seal.images, output)


def _show_nearness(near: Nearness, output: Output) -> None:
    output.text(
        f"Another class: {near.differ:,} images (up to {near.may_differ:,} may); accuracy: {near.points};"
        f" the mark unfamiliar changes on {near.unfamiliar:,} (up to {near.may_be_unfamiliar:,} may)"
    )


def _show_saving(saving: Saving, output: Output) -> None:
    output.text(
        f"{saving.size:.2f} times the size of {saving.full_bytes / 1e6:.1f} MB; an image takes {saving.duration},"
        " measured on this computer"
    )


def _show_decisions(said: Decisions, images: int, output: Output) -> None:
    allowed = f" (up to {said.may_differ:,} may)" if said.may_differ else ""
    rule = f"At the threshold for {said.name} ({said.threshold:.3g})"
    if said.threshold >= WINS:
        rule = f"For {said.name}, given where it is the likeliest"
    output.text(
        f"{rule}: {said.differ:,} of {images:,} decisions differ{allowed},"
        f" {said.marks:,} more carry another mark, such as uncertain"
    )
    if said.positives:
        output.text(
            f"Found of {said.name}: {said.found:,} of {said.positives:,}, by the trained model {said.found_trained:,}"
        )
