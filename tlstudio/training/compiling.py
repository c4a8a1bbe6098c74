"""Compiling a network for the device (torch.compile), where what that saves repays the time that it takes."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys

import torch

from tlstudio.domain.events import Note, Reporter
from tlstudio.training import ranks
from tlstudio.training.recipe import Recipe
from tlstudio.training.schedule import Stopwatch
from tlstudio.training.steps import Stepper

# Compiling takes one or two minutes and saves a tenth to two fifths of each step (PyTorch 2: Ansel et al. 2024, doi
# 10.1145/3620665.3640366). It pays from so many seconds of steps on. A processor's are not asked, so that the same seed gives the
# same model there: so many pixels count instead, 30,000 views of 224 x 224.
REPAID = 900.0
REPAID_PIXELS = 30_000 * 224 * 224
LEAST_TIME = 300.0  # of a time limit must be left, whatever the user wishes: the rest is for training
BEGUN = "Compiling the model for this device, so that the rest goes faster."
VAIN = "That brings nothing here, so the training goes on as before."


class Compiling:
    """Asked before each epoch, does it once at most.

    edge: of the images in pixels. pixels: of all views of the training. done: steps take another time since.
    """

    def __init__(self, stepper: Stepper, recipe: Recipe, device: torch.device, *, edge: int, pixels: float) -> None:
        self.done = False
        self._stepper = stepper
        self._wish = recipe.compile
        self._limited = recipe.budget is not None
        self._by_time = device.type != "cpu" or self._limited
        self._edges = [edge, recipe.small_edge] if recipe.small_edge else [edge]
        self._pixels = pixels
        # Torch's compiler starts processes by Python's name, which in a packaged program is the program itself.
        # Of several processes the slowest decides, and the others don't compile.
        never = self._wish is False or getattr(sys, "frozen", False) or ranks.leading()
        self._settled = never or (self._wish is None and not possible(device))

    def consider(self, seconds_left: float, reporter: Reporter) -> float:
        """The seconds that it took; 0 where nothing was done. seconds_left: of steps; 0 while that is not known.

        Raises OutOfMemory where one image is too much.
        """
        if self._settled or reporter.stop_requested() or not self._wanted(seconds_left):
            return 0.0
        self._settled = True
        reporter.report(Note(BEGUN))
        watch = Stopwatch()
        self.done = self._stepper.compile(self._edges, slower_too=bool(self._wish) or not self._by_time)
        seconds = watch.lap()  # a pause happens within a report and is nobody's time
        if not self.done:
            reporter.report(Note(VAIN))
        return seconds

    def _wanted(self, seconds_left: float) -> bool:
        if self._limited and seconds_left < LEAST_TIME:
            return False
        repaid = seconds_left >= REPAID if self._by_time else self._pixels >= REPAID_PIXELS
        return bool(self._wish) or repaid


def possible(device: torch.device) -> bool:
    """Whether this machine has what it takes: Triton and a C compiler for a graphics processor, a C++ compiler for the other.

    macOS has a stand-in under the compiler's name that asks the user to install one, so only one that is named is taken there.
    """
    if device.type == "cuda":
        tools = ["cl"] if sys.platform == "win32" else ["gcc", "clang", "cc"]
        return importlib.util.find_spec("triton") is not None and _found("CC", tools)
    tools = {"win32": ["cl"], "darwin": []}.get(sys.platform, ["g++"])
    return device.type == "cpu" and _found("CXX", tools)


def _found(variable: str, tools: list[str]) -> bool:
    named = os.environ.get(variable)
    return any(shutil.which(tool) for tool in ([named] if named else tools))
