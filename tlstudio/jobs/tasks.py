"""Every task that runs in a worker process, by name. Names, not functions, so that asking for one imports nothing heavy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from tlstudio.domain.errors import WrongUsage
from tlstudio.jobs.messages import Lane


@dataclass(frozen=True, slots=True)
class Task:
    """`module:function` of the workflow room and the lane it runs in. The function takes keywords and `reporter`.

    patient: a heavy task that waits for a training to end: it measures speeds, speaks of the device, takes the whole computer, or
    nobody asked for it.
    """

    target: str
    lane: Lane
    patient: bool = False

    def load(self) -> Callable[..., Any]:
        module, function = self.target.split(":")
        loaded: Callable[..., Any] = getattr(import_module(module), function)
        return loaded


def _light(target: str) -> Task:
    return Task(f"tlstudio.workflow.{target}", Lane.LIGHT)


def _heavy(target: str, *, patient: bool = False) -> Task:
    return Task(f"tlstudio.workflow.{target}", Lane.HEAVY, patient)


TASKS: dict[str, Task] = {
    "preview_import": _light("previewing:preview_import"),
    "import": _light("importing:import_images"),
    "find_images": _light("finding_images:find_images"),
    "take_changed": _light("replaced:take_changed"),
    "check": _light("checking:check_quickly"),
    "view_image": _light("viewing:view_image"),
    "view_deep": _light("viewing:view_deep"),
    "add_files": _light("adding_files:add_files"),
    "edit_many": _light("labeling_many:edit_many"),
    "match_files": _light("matching:match_files"),
    "look_up_files": _light("matching:look_up_files"),
    "compare_labels": _light("agreement:compare"),
    "download_model": _light("models:download_model"),
    "add_model": _light("models:add_model"),
    "predict": _light("predicting:predict"),
    "read_bundle": _light("predicting:read_bundle"),
    "find_export": _light("exports:find_export"),
    "make_sample": _light("samples:make_sample"),
    "thresholds": _light("operating:thresholds"),
    "keep_threshold": _light("operating:keep_threshold"),
    "drop_threshold": _light("operating:drop_threshold"),
    "look_after": _light("keeping:look_after"),
    "back_up": _light("keeping:back_up"),
    "list_backups": _light("keeping:list_backups"),
    "restore_backup": _light("keeping:restore_backup"),
    "report_outline": _light("reporting:outline"),
    "check_closely": _heavy("checking:check", patient=True),
    "train": _heavy("training:train", patient=True),
    "keep_first": _heavy("first_results:keep_first"),
    "evaluate": _heavy("evaluating:evaluate"),
    "explain": _heavy("explaining:explain_image"),
    "export": _heavy("exporting:export"),
    "report": _heavy("reporting:report"),
    "pack": _heavy("packing:pack"),
    "unpack": _heavy("unpacking:unpack"),
    "suggest": _heavy("suggesting:suggest"),
    "find_rate": _heavy("rate_finding:find_rate", patient=True),
    "model_layers": _heavy("model_layers:layers_of"),
    "measure_speed": _heavy("recommending:measure_speed", patient=True),
    "recommend": _heavy("recommending:recommend", patient=True),
    "device": _heavy("doctoring:device_sentence", patient=True),
}


def task(name: str) -> Task:
    """The task of that name. Raises WrongUsage for an unknown one."""
    try:
        return TASKS[name]
    except KeyError:
        raise WrongUsage(f"There is no task called “{name}”.") from None


def lane_of(name: str, *, training: bool = False) -> Lane:
    """Where a task runs. training: the heavy lane is taken by one, so that what can do so goes beside it."""
    found = task(name)
    return Lane.BESIDE if training and found.lane is Lane.HEAVY and not found.patient else found.lane
