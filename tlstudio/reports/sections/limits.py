"""What the figures can't tell. Each limit is one function that speaks only when it is true; they are listed at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tlstudio.domain.findings import Severity
from tlstudio.domain.runs import Mode
from tlstudio.domain.values import Split
from tlstudio.reports import words
from tlstudio.reports.content import Block, Bullets, Paragraph
from tlstudio.reports.material import Known, Material
from tlstudio.reports.sections.chapter import Chapter
from tlstudio.reports.sections.figures import most_frequent
from tlstudio.reports.sections.findings import harm, what

FEW_IMAGES = 100  # measured images below which any share is told roughly only
FEW_OF_CLASS = 20  # images of a class below which its own figures, or what is learned of it, are mostly luck
FEW_GROUPS = 30
WIDE = 0.2  # width of the accuracy's interval from which it is called wide


@dataclass(frozen=True, slots=True)
class Limit:
    """short: one line for the first page. text: the whole of it."""

    short: str
    text: str


def learned_before(material: Material) -> Iterator[Limit]:
    """Images that were moved to the measured part after the training."""
    if material.seen:
        split = material.evaluation.split
        told = f"{words.number(material.seen)} of the {words.images(material.evaluation.n, split)}"
        yield Limit(
            f"The model has learned from {told}.",
            f"The model has learned from {told}: they, or copies of them, were among its training images. The figures come out"
            " too good. Train again with the parts as they are now.",
        )


def no_test(material: Material) -> Iterator[Limit]:
    """Measured on validation images."""
    if material.evaluation.split is Split.VAL:
        quick = material.known.training.run.mode is Mode.QUICK
        why = (
            "Where several trainings were compared by them, the best of them looks a little too good."
            if quick
            else "These also helped to choose the best epoch, so the figures are a little too good."
        )
        corrected = material.evaluation.corrected
        if corrected is not None:
            why += f" Corrected for that the accuracy is {words.interval(corrected)}."
        yield Limit(
            "Measured on validation images, because there are no test images.",
            f"No test images were kept apart, so the figures come from validation images. {why}",
        )


def compared_before(material: Material) -> Iterator[Limit]:
    """Test images by which more than one training was judged."""
    use = material.evaluation.test_use
    if use is not None and use.compared:
        told = f"used {words.number(use.times)} times to compare {words.number(use.trainings)} trainings"
        yield Limit(
            f"The test images have been {told}.",
            f"The test images have been {told}. The best of several looks a little better on the images they are compared by than"
            " it is on others. For a figure that is free of that, measure on images by which nothing has been compared yet.",
        )


def no_better(material: Material) -> Iterator[Limit]:
    """Not shown to be better than naming the most frequent class each time."""
    name, share = most_frequent(material.evaluation)
    if material.evaluation.accuracy.low <= share:
        yield Limit(
            f"Not shown to be better than always answering {words.quoted(name)}.",
            f"Always answering {words.quoted(name)} would be right for {words.percent(share)} of the"
            f" {words.images(material.evaluation.n, material.evaluation.split)}, and the model's accuracy is"
            f" {words.interval(material.evaluation.accuracy)}. These images don't show that it does better.",
        )


def few_images(material: Material) -> Iterator[Limit]:
    found = material.evaluation
    span = f"The true accuracy may lie anywhere from {words.percent(found.accuracy.low)} to {words.percent(found.accuracy.high)}."
    if found.n < FEW_IMAGES:
        held = words.images(found.n, found.split)
        yield Limit(
            f"Only {held}.",
            f"Only {held} were measured. {span} More images that are kept apart make this range narrower.",
        )
    elif found.accuracy.high - found.accuracy.low > WIDE:
        yield Limit(
            "The interval of the accuracy is wide.", f"{span} More images, or more groups, make this range narrower."
        )


def groups(material: Material) -> Iterator[Limit]:
    images, found = material.known.images, material.evaluation
    if not images.groups:
        yield Limit(
            "It is not known which images belong together.",
            "It is not known which images show the same patient, part or batch. If some do, and lie on both sides of the"
            " division, the figures are too good and the intervals too narrow.",
        )
        return
    alone = images.total - images.grouped
    if alone:
        yield Limit(
            f"For {words.count(alone, 'image')} no group is known.",
            f"For {words.number(alone)} of {words.count(images.total, 'image')} it is not known which patient, part or batch they"
            " show. Each counts as a group of its own.",
        )
    if found.groups < min(FEW_GROUPS, found.n):
        held = words.count(found.groups, "group")
        yield Limit(
            f"Only {held} were measured.",
            f"The {words.images(found.n, found.split)} come from only {held}. How the model does on another patient, part or"
            " batch is therefore known roughly.",
        )


def torn_copies(material: Material) -> Iterator[Limit]:
    """Copies and near-duplicates on both sides of a division that came with the images."""
    told = material.known.images.torn_copies
    if told:
        yield Limit("Copies or near-duplicates lie in more than one part.", told)


def rare_classes(material: Material) -> Iterator[Limit]:
    """Classes that were measured on few images, or on none."""
    found = material.evaluation
    few = [name for name, c in found.per_class.items() if 0 < c.n < FEW_OF_CLASS]
    none = [name for name, c in found.per_class.items() if c.n == 0]
    if few:
        told = [f"{words.quoted(name)} ({words.number(found.per_class[name].n)})" for name in few]
        first = told if len(told) <= 12 else [*told[:11], f"{words.number(len(told) - 11)} more"]
        yield Limit(
            f"{words.count(len(few), 'class', 'classes')} measured on fewer than {FEW_OF_CLASS} images.",
            f"Measured on fewer than {FEW_OF_CLASS} images: {words.listed(first)}. A single image more or less changes the"
            " figures of such a class by several percentage points.",
        )
    if none:
        yield Limit(
            f"{words.count(len(none), 'class', 'classes')} not measured at all.",
            f"No {found.split.caption.lower()} image is labeled {words.some(none)}. Whether the model recognises"
            f" {'it' if len(none) == 1 else 'them'} is unknown.",
        )


def poorly_learned(material: Material) -> Iterator[Limit]:
    known = material.known
    counts = {name: known.images.classes.get(name, {}).get(Split.TRAIN, 0) for name in known.training.run.classes}
    small = [f"{words.quoted(name)} ({words.number(n)})" for name, n in counts.items() if n < FEW_OF_CLASS]
    if small:
        first = small if len(small) <= 12 else [*small[:11], f"{words.number(len(small) - 11)} more"]
        yield Limit(
            f"{words.count(len(small), 'class', 'classes')} with fewer than {FEW_OF_CLASS} images to learn from.",
            f"Fewer than {FEW_OF_CLASS} training images: {words.listed(first)}. With so few, another training may turn out"
            " noticeably better or worse.",
        )


def never_answered(material: Material) -> Iterator[Limit]:
    found = material.evaluation
    never = [
        name
        for k, name in enumerate(found.classes)
        if found.per_class[name].n and not any(row[k] for row in found.confusion)
    ]
    if never:
        yield Limit(
            f"Never answered: {words.some(never, 4)}.",
            f"For none of the {words.images(found.n, found.split)} does the model answer {words.some(never)}.",
        )


def left_out(material: Material) -> Iterator[Limit]:
    """Images that should have been measured and were not."""
    split = material.evaluation.split.caption.lower()
    excluded = material.known.images.excluded.get(material.evaluation.split, 0)
    if excluded:
        told = f"{words.count(excluded, f'{split} image')} that a person left out by hand"
        yield Limit(
            f"Left out: {told}.",
            f"{told} are not in the figures. If they are hard cases that will come up again, the figures are too good.",
        )
    if material.unknown:
        told = f"{words.count(material.unknown, f'{split} image')} of classes that the model does not know"
        yield Limit(f"Left out: {told}.", f"{told} are not in the figures, because no answer to them could be right.")
    if material.unreadable:
        told = f"{words.count(material.unreadable, f'{split} image')} that can't be read any more"
        yield Limit(f"Left out: {told}.", f"{told} are not in the figures.")


def findings(material: Material) -> Iterator[Limit]:
    """What the data check calls severe."""
    for finding in material.findings:
        if finding.severity is Severity.HIGH and not finding.ignored:
            told = f"{what(finding)} ({words.number(finding.count)})"
            text = f"{told}: found by the data check and not repaired. {harm(finding)}"
            yield Limit(f"Not repaired: {told}.", text.strip())


def only_like_these(material: Material) -> Iterator[Limit]:
    yield Limit(
        "The figures hold only for images like these.",
        "The figures hold only for images like these: taken in the same way, with the same devices, of the same kinds of cases."
        " All measured images are from this project; how the model does on images from elsewhere is unknown. The labels count"
        " as the truth; where they are wrong, the figures are, too.",
    )


LIMITS: tuple[Callable[[Material], Iterator[Limit]], ...] = (
    learned_before,
    no_test,
    compared_before,
    no_better,
    findings,
    few_images,
    groups,
    torn_copies,
    rare_classes,
    poorly_learned,
    never_answered,
    left_out,
    only_like_these,
)


def limits(material: Material) -> tuple[Limit, ...]:
    """All that is true, what weighs most first."""
    return tuple(limit for tell in LIMITS for limit in tell(material))


def _holds(known: Known) -> str:
    return "Where the figures are uncertain, and what they do not cover."


def _write(material: Material) -> tuple[Block, ...]:
    told = "What follows is true of this model and these images; read it before relying on the figures."
    return Paragraph(told), Bullets(tuple(limit.text for limit in limits(material)))


CHAPTER = Chapter("limits", "What these figures can't tell", _holds, _write)
