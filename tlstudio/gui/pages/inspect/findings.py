"""What the figures of an evaluation mean, in sentences that say no more than the figures do."""

from __future__ import annotations

from tlstudio.domain.predictions import ImagePrediction
from tlstudio.domain.results import Evaluation
from tlstudio.domain.values import Interval, Split
from tlstudio.domain.wording import isolated
from tlstudio.gui import messages

FEW = 100


class Text:
    """Sentences about an evaluation."""

    of_100 = (
        "Over very many images like these, {low} to {high} of 100 would be right. The next 100 can have fewer or more."
    )
    of_100_same = (
        "Over very many images like these, about {value} of 100 would be right. The next 100 can have fewer or more."
    )
    few = "Only {images} are held out, so the true figure may lie anywhere in this range. More held-out images make it narrower."
    groups = "The range counts {groups} independent groups, because images of one group resemble each other."
    validation = (
        "These images also helped to choose the best epoch, so this is a little too good. Trust the test images more."
    )
    calibration = "{error:.1f} % (by\N{NO-BREAK SPACE}chance\N{NO-BREAK SPACE}{chance:.1f}\N{NO-BREAK SPACE}%)"
    off = "The confidence is off by more than chance explains (calibration error {error:.1f} %)."
    corrected = "Corrected for that it is {accuracy}."
    mistake = "→ {predicted} · {share}"


def in_words(evaluation: Evaluation) -> str:
    """What the interval says: the accuracy over many images, not how many of the next hundred will be right."""
    low, high = round(evaluation.accuracy.low * 100), round(evaluation.accuracy.high * 100)
    if low == high:
        return Text.of_100_same.format(value=low)
    return Text.of_100.format(low=low, high=high)


def cautions(evaluation: Evaluation) -> list[str]:
    """What the user should know before believing the figure."""
    found = []
    if evaluation.split is Split.VAL:
        told = evaluation.corrected
        more = [] if told is None else [Text.corrected.format(accuracy=told.percent())]
        found.append(" ".join([Text.validation, *more]))
    if evaluation.test_use is not None:
        found.append(evaluation.test_use.sentence)
    if evaluation.n < FEW:
        found.append(Text.few.format(images=messages.count(evaluation.n, "image")))
    if 0 < evaluation.groups < evaluation.n:
        found.append(Text.groups.format(groups=messages.number(evaluation.groups)))
    if evaluation.confidence_off:
        found.append(Text.off.format(error=100 * evaluation.ece))
    return found


def calibration(evaluation: Evaluation) -> str:
    """The calibration error beside that of a right model; nothing where the latter is not known."""
    if evaluation.ece_chance is None:
        return ""
    return Text.calibration.format(error=100 * evaluation.ece, chance=100 * evaluation.ece_chance)


def mistake_words(prediction: ImagePrediction) -> str:
    """`→ scratch · 97 %`: what the model took it for; the chip on the picture says what it is."""
    share = messages.percent(prediction.confidence)
    return Text.mistake.format(predicted=isolated(prediction.predicted), share=share)


def figure(interval: Interval | None, *, share: bool = True) -> str:
    """`89 % (85 to 92)`, or `0.97 (0.95 to 0.99)` for figures that are no share; a dash where it can't be measured."""
    if interval is None:
        return "–"
    if share:
        return interval.percent()
    return f"{interval.value:.2f} ({interval.low:.2f} to {interval.high:.2f})"
