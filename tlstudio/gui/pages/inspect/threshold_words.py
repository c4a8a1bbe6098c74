"""What a threshold does to the held-out images, in sentences that say no more than the figures do."""

from __future__ import annotations

from tlstudio.domain.operating import LEFT_OUT, OperatingPoint, PointFigures
from tlstudio.domain.values import Split
from tlstudio.domain.wording import isolated
from tlstudio.gui import messages


class Text:
    """Sentences about a threshold."""

    found = "Of {images} of {name}, {found} {are} found"
    alone = " ({alone} without the threshold)"
    none_here = "No image of {name} is among these images"
    alarms = "of {others}, {alarms} {raise_} a false alarm"
    measured = "On {images}"
    chosen = "Chosen on the validation images."
    chosen_left_out = "Chosen on training images, from while they were left out of training."
    unmeasured = "{images} are not counted: they can't be read, or came after the model was measured."
    kept = "Kept: {name}, {wanted}, flagged {rule}. Files that you export from now on follow it."
    from_on, likeliest = "from {threshold} on", "where it is the most likely"
    kept_old = " An earlier version chose it and did not ask how sure its effect is: keep it again."
    kept_none = "No threshold is kept: each image gets its most likely class."


def in_words(figures: PointFigures) -> str:
    """`Of 40 images of crack, 38 are found (35 without the threshold); of 160 others, 12 raise a false alarm.`"""
    name, others, alarms = figures.point.name, figures.n - figures.positives, figures.false_alarms
    first = Text.none_here.format(name=isolated(name))
    if figures.positives:
        first = Text.found.format(
            images=messages.count(figures.positives, "image"),
            name=name,
            found=messages.number(figures.found),
            are="is" if figures.found == 1 else "are",
        )
        if not figures.point.idle:
            first += Text.alone.format(alone=messages.number(figures.found_alone))
    if not others:
        return f"{first}."
    second = Text.alarms.format(
        others=messages.count(others, "other"),
        alarms=messages.number(alarms),
        raise_="raises" if alarms == 1 else "raise",
    )
    return f"{first}; {second}."


def measured_on(figures: PointFigures, split: Split) -> str:
    """`On 200 test images. Chosen on the validation images.`"""
    images = messages.count(figures.n, f"{split.caption.lower()} image")
    chosen = Text.chosen_left_out if figures.point.chosen_on == LEFT_OUT else Text.chosen
    return f"{Text.measured.format(images=images)}. {chosen}"


def choice(figures: PointFigures) -> str:
    """What the images that the threshold was chosen on prove."""
    return _held(figures.choice)


def _held(sentence: str) -> str:
    """With each percent sign held to its number."""
    return sentence.replace(" %", "\N{NO-BREAK SPACE}%")


def cautions(figures: PointFigures, unmeasured: int) -> list[str]:
    """What the user should know before believing the figures."""
    told = [_held(sentence) for sentence in figures.cautions]
    if unmeasured:
        told.append(Text.unmeasured.format(images=messages.count(unmeasured, "image")))
    return told


def kept(point: OperatingPoint | None) -> str:
    if point is None:
        return Text.kept_none
    wanted = messages.percent(point.wanted, 0 if round(point.wanted * 100, 6).is_integer() else 1)
    told = Text.kept.format(name=isolated(point.name), wanted=wanted, rule=rule(point))
    return told + Text.kept_old if point.reached is None else told


def rule(point: OperatingPoint) -> str:
    """Where an image is flagged: `from 3.4 % on`, `where it is the most likely`."""
    if point.idle:
        return Text.likeliest
    return Text.from_on.format(threshold=messages.probability(point.threshold))


def tone(point: OperatingPoint) -> str:
    """Whether what is said of the choice is good news: only where the wish is proved to be reached."""
    return "good" if point.reached else "caution"
