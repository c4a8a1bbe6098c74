"""What the comparison with simpler ways says, in sentences, and what to try."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tlstudio.domain.runs import Mode
from tlstudio.domain.transfer import Method, Transfer, Verdict
from tlstudio.evaluation.transfer import FEW_GROUPS, SIMPLE, WORTH, Comparison, is_loss, is_small, matters

AGAINST = {
    Method.MAJORITY: "for always giving the most frequent class",
    Method.THUMBNAILS: "for plain thumbnails",
    Method.UNTRAINED: "for the same network untrained",
    Method.PROBE: "for the first result",
}
POINTS = f"{100 * WORTH:g} points"
EASY = 0.95  # accuracy of thumbnails from which the classes count as easy to tell
FEW_OF_CLASS = 50  # training images of a class below which more of them usually help most
MOST_TO_ASK = 20_000  # images; nobody gathers more only to compare two figures


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What else decides what to advise.

    images: what was measured on, for people. mode: of the run. tuned: the model is not the first result itself. smallest:
    training images of the rarest class. input_size: pixels.
    """

    images: str
    mode: Mode
    tuned: bool
    smallest: int
    input_size: int


def tell(found: Comparison, around: Circumstances) -> Transfer:
    """The comparison with its answer in words."""
    return Transfer(
        images=around.images,
        n=found.n,
        groups=found.groups,
        baselines=tuple(found.baselines.values()),
        gains=(*found.gains.values(), *([] if found.pretraining is None else [found.pretraining])),
        margin=WORTH,
        balanced=found.balanced,
        verdict=found.verdict,
        sentence=_sentence(found, tuned=around.tuned),
        tuning=_tuning(found) if around.tuned else "",
        advice=tuple(_advice(found, around)),
        test=found.test,
        tuned=around.tuned,
    )


def _sentence(found: Comparison, *, tuned: bool) -> str:
    if found.verdict is Verdict.HELPS:
        return f"The pretrained model helps: {_against(found, found.rival())}{_pretraining(found, tuned=tuned)}."
    if found.few_groups:
        return f"Whether the pretrained model helps can't be told, groups are few: {_against(found, found.rival())}."
    if found.harmed:
        return f"Adjusting the pretrained model did harm: {_against(found, Method.PROBE)}."
    return _unclear_sentence(found) if found.verdict is Verdict.UNCLEAR else _negative_sentence(found, tuned=tuned)


def _negative_sentence(found: Comparison, *, tuned: bool) -> str:
    small = [m for m in SIMPLE if m in found.gains and is_small(found.gains[m])]
    if not small:
        figures = _first_against(found) if tuned else _against(found, Method.UNTRAINED)
        return f"The pretraining makes no difference that matters ({POINTS} or more): {figures}."
    rival = max(small, key=found.figure)
    if is_loss(found.gains[rival]):
        return f"The pretrained model does worse than doing without it: {_against(found, rival)}."
    return f"The pretrained model makes no difference that matters ({POINTS} or more): {_against(found, rival)}."


def _unclear_sentence(found: Comparison) -> str:
    figures = _against(found, found.rival())
    if found.unowed:
        told = f"The trained model is better than doing without it: {figures}. Whether that is owed to the pretraining"
        return f"{told} can't be told: {_first_against(found)}."
    if found.pretraining is None:
        return f"Whether the pretrained model helps can't be told without having it here: {figures}."
    asked = [*(found.gains[m] for m in SIMPLE if m in found.gains), found.pretraining]
    least = min((gain for gain in asked if not matters(gain)), key=lambda gain: gain.difference.low)
    if least.over is Method.UNTRAINED:
        figures = _first_against(found)
    if least.difference.low > 0:
        return f"The pretrained model is better, but whether by more than {POINTS} can't be told: {figures}."
    return f"Whether the pretrained model helps can't be told with so few images: {figures}."


def _pretraining(found: Comparison, *, tuned: bool) -> str:
    """What the untrained network reaches, as the end of a sentence."""
    if tuned:
        return f"; {_first_against(found)}"
    return f" and {_percent(found.figure(Method.UNTRAINED))} {AGAINST[Method.UNTRAINED]}"


def _first_against(found: Comparison) -> str:
    """The first result beside the untrained network."""
    ours, theirs = _percent(found.figure(Method.PROBE)), _percent(found.figure(Method.UNTRAINED))
    return f"before adjusting {ours} against {theirs} {AGAINST[Method.UNTRAINED]}"


def _against(found: Comparison, other: Method) -> str:
    lead = "averaged over the classes " if found.balanced else ""
    return f"{lead}{_percent(found.figure(Method.MODEL))} against {_percent(found.figure(other))} {AGAINST[other]}"


def _tuning(found: Comparison) -> str:
    """What adjusting brought over the first result."""
    gain = found.gains.get(Method.PROBE)
    if gain is None or found.harmed:
        return ""
    figures = f"{_percent(found.figure(Method.MODEL))} against {_percent(found.figure(Method.PROBE))}"
    if found.few_groups:
        return f"Whether adjusting it to your images helps can't be told either: {figures} for the first result."
    if matters(gain):
        too = " too" if found.verdict is Verdict.HELPS else ""
        return f"Adjusting it to your images helps{too}: {figures} for the first result."
    if is_small(gain):
        return f"Adjusting it to your images makes no difference that matters: {figures} for the first result."
    return f"Whether adjusting it to your images helps can't be told here: {figures} for the first result."


# --- what to try -------------------------------------------------------------------------------------------------------


def _advice(found: Comparison, around: Circumstances) -> Iterator[str]:
    """Only what these figures give a reason for, and what could change them."""
    if found.verdict is Verdict.HELPS:
        return
    if found.figure(Method.THUMBNAILS) >= EASY:
        yield "Colour and brightness alone already tell the classes apart. See on the Check page that no shortcut does it."
    yardsticks = [m for m in (*SIMPLE, Method.UNTRAINED) if m in found.baselines]
    if max(map(found.figure, yardsticks)) > 1 - WORTH:
        return  # nothing is left to be gained
    if found.few_groups:
        yield f"Hold more groups (patients, parts …) out: these images come from {found.groups:,}, and it takes {FEW_GROUPS}."
    elif found.harmed:
        yield from _after_harm(around)
    elif found.verdict is Verdict.NEGATIVE:
        yield from _without_gain(found, around)
    else:
        yield from _unclear(found, around)


def _after_harm(around: Circumstances) -> Iterator[str]:
    yield "Train again in the quick mode: it keeps the first result, which is better here."
    if around.mode is Mode.THOROUGH:
        yield "The balanced mode changes less of the pretrained model than the thorough one."
    yield "A lower learning rate in the advanced settings changes the pretrained model more gently."
    yield from _more_to_learn(around)


def _without_gain(found: Comparison, around: Circumstances) -> Iterator[str]:
    if not matters(found.gains[Method.MAJORITY]):
        yield "Nothing here tells the classes apart. Check the labels, and whether a person could tell them from the picture."
    elif found.figure(Method.THUMBNAILS) >= EASY:
        return
    if around.mode is Mode.QUICK:
        yield "Try the balanced mode, which adjusts the pretrained model to your images."
    yield "Try a pretrained model of another family: the Model page compares those on this machine on your images."
    yield f"Try an input larger than {around.input_size} pixels if what matters is small in the picture."
    yield from _more_to_learn(around)


def _unclear(found: Comparison, around: Circumstances) -> Iterator[str]:
    if found.unowed:
        yield "Try a pretrained model of another family: the Model page compares those on this machine on your images."
    elif found.needed is not None and found.n < found.needed <= MOST_TO_ASK:
        yield f"About {_rounded(found.needed)} images held out, instead of {found.n:,}, would show a difference of this size."
    elif found.groups < found.n:
        yield f"The images come from {found.groups:,} groups; more groups held out would tell."
    elif found.needed is not None:
        yield "Hold more images out, or add images."
    yield from _more_to_learn(around)


def _more_to_learn(around: Circumstances) -> Iterator[str]:
    if around.smallest < FEW_OF_CLASS:
        yield f"Add images: the rarest class has {around.smallest:,} to learn from, and more of them usually help most."


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")


def _rounded(n: int) -> str:
    """Two digits: more would be a lie."""
    step = 10 ** max(0, len(str(n)) - 2)
    return f"{-(-n // step) * step:,}"
