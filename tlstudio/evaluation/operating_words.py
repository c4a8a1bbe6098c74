"""What is known of a threshold, in sentences that say no more than the images prove."""

from __future__ import annotations

import math

from tlstudio.domain.operating import VALIDATION, WINS, OperatingPoint, PointFigures
from tlstudio.domain.values import Split
from tlstudio.evaluation.proving import images_needed, proved_share


def choice_in_words(point: OperatingPoint) -> str:
    """What the images that a threshold was chosen on prove, and how many it would take where they prove too little."""
    if point.found is None or point.independent is None or point.shown is None:
        told = "An earlier version chose this threshold and did not ask how sure its effect is: choose it again."
        over = f" It changes nothing, because from {_percent(WINS)} on the class is given anyway."
        return told + over if point.idle else told
    counted = "all" if point.found == point.images else f"{point.found:,} of"
    found = f"the {_images(1, point.name)}" if point.images == 1 else f"{counted} {_images(point.images, point.name)}"
    proof = f"which shows with 95 % certainty that at least {_least(point.shown)} of such images are found."
    if point.reached and point.idle:
        return f"No threshold is needed: without one the model finds {found} that it was tried on, {proof}"
    if point.reached:
        return f"It finds {found} that it was chosen on, {proof}"
    subject = "Without a threshold the model finds" if point.idle else "It finds"
    those = "That one" if point.images == 1 else "These"
    few = _too_few(those, point.images, point.independent, point.wanted)
    return f"{subject} {found} that it was chosen on. {few} A lower wish takes fewer."


def cautions(figures: PointFigures, split: Split, worth: float) -> tuple[str, ...]:
    """What the user should know before believing the figures. worth: so many independent images of the class there are here."""
    point, told = figures.point, []
    same = split is Split.VAL and point.chosen_on == VALIDATION
    if not figures.positives:
        told.append(f"There is no image of {point.name} here, so nothing shows how many are found.")
    elif not same or point.shown is None:  # else the choice says it
        told += _shown_here(figures, worth)
    if figures.flagged == figures.n > figures.positives:
        told.append("Every image is flagged: at this sensitivity the model does not tell this class from the others.")
    if same:
        told.append("The threshold was chosen on these very images, so the figures are a little too good.")
    return tuple(told)


def _shown_here(figures: PointFigures, worth: float) -> list[str]:
    """Nothing where the images here prove the wish, as those that the threshold was chosen on should."""
    name, wanted = figures.point.name, figures.point.wanted
    shown = float(proved_share(figures.found / figures.positives, worth))
    if shown >= wanted:
        return []
    if figures.found == figures.positives:
        return [_too_few(_images(figures.positives, name), figures.positives, worth, wanted)]
    told = f"Here it is shown, with 95 % certainty, that at least {_least(shown)} of {name} are found;"
    told += f" you want {_percent(wanted)}."
    if proved_share(1.0, worth) < wanted:
        told += f" {_too_few('These', figures.positives, worth, wanted)}"
    return [told]


def _too_few(those: str, images: int, worth: float, wanted: float) -> str:
    """`20 images of crack can show 86 % at most, with 95 % certainty. It takes 59 to show 95 %.` those: the images in words."""
    alike = worth < images
    counted = f"{those} count like {worth:,.3g}, because of their groups, and" if alike else those
    most = f"{counted} can show {_least(float(proved_share(1.0, worth)))} at most, with 95 % certainty."
    needed = images_needed(wanted)
    if needed is None:
        return f"{most} No number of images can show that none is ever missed."
    return f"{most} It takes {needed:,}{' independent ones' if alike else ''} to show {_percent(wanted)}."


def _images(number: int, name: str) -> str:
    return f"{number:,} image{'' if number == 1 else 's'} of {name}"


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"


def _least(share: float) -> str:
    """A lower limit in percent, never rounded up."""
    return f"{math.floor(share * 1000) / 10:g} %"
