"""What makes these images unlike those that the pretrained model has learned from, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tlstudio.domain.findings import Finding, Severity
from tlstudio.quality.evidence import Evidence, paths
from tlstudio.quality.shortcuts import GREY

MOSTLY = 0.9  # share of the images from which a property counts as that of the collection
ENLARGED = 0.5  # shorter edge over input size: below this, most of what the model sees was made up by enlarging
SHRUNK = 4.0  # above this, what is smaller than about 4 pixels is lost
LARGER = 2  # how much larger an input is advised at most; beyond that time and memory explode
# Median distance in standard deviations (training/familiarity.py) from which images count as unlike the pretraining images. It
# lies between what was measured on two backbones only, an 8-bit MobileNetV2 of ImageNet and a small network, three times on
# 32 images of each kind: crops of two photographs 0.31 to 0.38, chest radiographs 0.37 to 0.46, digits enlarged from 8 x 8 pixels
# 0.50 to 0.62, magnetic tiles 0.53 to 0.61; pure noise 0.69 to 0.76, black pictures 0.79 to 0.86. Tiles and radiographs transfer
# well, so they must lie below. The gap is narrow and other backbones may need another limit: hence a hint and no verdict.
FAR = 0.65


@dataclass(frozen=True, slots=True)
class Pretrained:
    """title: for people. input_size: edge in pixels that it is used with. distance: as `distance_from_pretraining` gives it."""

    title: str
    input_size: int
    distance: float | None = None


def mismatches(evidence: Evidence, model: Pretrained) -> list[Finding]:
    """What is true of most of these images; each finding is about the collection, so it has no repair."""
    found = (_grey(evidence, model), _resolution(evidence, model), _far(evidence, model))
    return [finding for finding in found if finding is not None]


def _grey(evidence: Evidence, model: Pretrained) -> Finding | None:
    seen = [i for i in evidence.images if i.content in evidence.measures]
    grey = [i for i in seen if evidence.measures[i.content].chroma <= GREY]
    if not seen or len(grey) < MOSTLY * len(seen):
        return None
    return Finding(
        "grey",
        Severity.LOW,
        len(grey),
        paths(grey),
        f"Your images are grey, and {model.title} has learned from colour photographs",
        "A part of what the pretrained model knows, everything about colour, is of no use here.",
        advice="Training works all the same; the balanced and the thorough mode can adjust the model to grey images.",
        page="model",
    )


def _resolution(evidence: Evidence, model: Pretrained) -> Finding | None:
    edges = [min(i.width, i.height) for i in evidence.images]
    if not edges:
        return None
    usual = float(np.median(edges))
    share = usual / model.input_size
    if share < ENLARGED:
        small = [i for i in evidence.images if min(i.width, i.height) < ENLARGED * model.input_size]
        return Finding(
            "resolution",
            Severity.MEDIUM,
            len(small),
            paths(small),
            f"Your images are small: usually {usual:.0f} pixels high or wide, and the model looks at {model.input_size}",
            "They are enlarged for the model, which makes them soft and unlike the sharp photographs it has learned from.",
            advice="Import larger originals where you have them, or choose a smaller input size in the advanced settings of the"
            " Model page.",
            page="model",
            detail="small",
        )
    if share > SHRUNK:
        large = [i for i in evidence.images if min(i.width, i.height) > SHRUNK * model.input_size]
        return Finding(
            "resolution",
            Severity.LOW,
            len(large),
            paths(large),
            f"Your images are large: usually {usual:,.0f} pixels high or wide, and the model looks at {model.input_size}",
            f"Details smaller than about {share:.0f} pixels are lost when they are made smaller for the model.",
            advice=f"If such details matter, choose an input size of up to {LARGER * model.input_size} in the advanced settings"
            " of the Model page, or cut the part that matters out of the images.",
            page="model",
            detail="large",
        )
    return None


def _far(evidence: Evidence, model: Pretrained) -> Finding | None:
    if not evidence.images or model.distance is None or model.distance < FAR:
        return None
    return Finding(
        "unlike_pretraining",
        Severity.MEDIUM,
        len(evidence.images),
        paths(evidence.images),
        f"To {model.title} your images look unlike the photographs that it has learned from",
        "What a pretrained model knows helps less the more the images differ from those, and it may not help at all.",
        advice="After training, see on the Inspect page whether it helps. If not, try a model of another family, or the thorough"
        " mode, which adjusts the whole model.",
        page="model",
    )
