"""Translating a network for the device (torch.compile), where what that saves repays the time that it takes."""

from __future__ import annotations

import importlib.util
import shutil

import torch

from tlstudio.domain.events import Note, Reporter
from tlstudio.training.recipe import Recipe
from tlstudio.training.steps import Stepper

# A translation takes one or two minutes and saves a tenth to two fifths of each step (PyTorch 2: Ansel et al. 2024, doi
# 10.1145/3620665.3640366). It pays from so many seconds of training on. A processor's are not asked, so that the same seed gives
# the same model there: so many pixels count instead, 30,000 images of 224 x 224.
REPAID = 900.0
REPAID_PIXELS = 30_000 * 224 * 224
COMPILERS = ("c++", "g++", "clang++", "cl")
BEGUN = "Translating the model for this device, so that the rest goes faster."
VAIN = "That brings nothing here, so the training goes on as before."


class Compiling:
    """Asked before each epoch, does it once at most. pixels: of all views of the training; 0 where the time decides."""

    def __init__(self, stepper: Stepper, recipe: Recipe, device: torch.device, *, edge: int, pixels: float) -> None:
        self._stepper = stepper
        self._wish = recipe.compile
        self._by_time = device.type != "cpu" or recipe.budget is not None
        self._edges = [edge, recipe.small_edge] if recipe.small_edge else [edge]
        self._pixels = pixels
        self._settled = self._wish is False or (self._wish is None and not possible(device))

    def consider(self, seconds_left: float, reporter: Reporter) -> bool:
        """Whether steps take another time from now on. seconds_left: of the training; 0 while that is not known."""
        if self._settled or not (self._wish or self._repaid(seconds_left)):
            return False
        self._settled = True
        reporter.report(Note(BEGUN))
        if self._stepper.compile(self._edges, slower_too=not self._by_time):
            return True
        reporter.report(Note(VAIN))
        return False

    def _repaid(self, seconds_left: float) -> bool:
        return seconds_left >= REPAID if self._by_time else self._pixels >= REPAID_PIXELS


def possible(device: torch.device) -> bool:
    """Whether this machine has what it takes: Triton for a graphics processor, a C++ compiler for the other."""
    if device.type == "cuda":
        return importlib.util.find_spec("triton") is not None
    return device.type == "cpu" and any(shutil.which(name) for name in COMPILERS)
