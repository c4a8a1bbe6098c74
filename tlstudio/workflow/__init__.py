"""What the user does, one function each. The command line and the window call only these.

Scripts take them from here: `from tlstudio import workflow`, then `workflow.train(…)`. Each is loaded when it is first asked for,
so that the import itself costs nothing. Every function takes a `reporter`, which is silent unless one is given.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tlstudio.domain.importing import ImportRequest as ImportRequest
    from tlstudio.domain.runs import Mode as Mode
    from tlstudio.domain.runs import TrainSettings as TrainSettings
    from tlstudio.domain.values import Split as Split
    from tlstudio.workflow.checking import check as check
    from tlstudio.workflow.evaluating import evaluate as evaluate
    from tlstudio.workflow.explaining import explain as explain
    from tlstudio.workflow.exporting import export as export
    from tlstudio.workflow.importing import import_images as import_images
    from tlstudio.workflow.packed_training import train_packed as train_packed
    from tlstudio.workflow.packing import pack as pack
    from tlstudio.workflow.predicting import predict as predict
    from tlstudio.workflow.recommending import recommend as recommend
    from tlstudio.workflow.reporting import report as report
    from tlstudio.workflow.runs import list_runs as list_runs
    from tlstudio.workflow.training import train as train
    from tlstudio.workflow.unpacking import unpack as unpack

_HOMES = {
    "ImportRequest": "tlstudio.domain.importing",
    "Mode": "tlstudio.domain.runs",
    "TrainSettings": "tlstudio.domain.runs",
    "Split": "tlstudio.domain.values",
    "check": "tlstudio.workflow.checking",
    "evaluate": "tlstudio.workflow.evaluating",
    "explain": "tlstudio.workflow.explaining",
    "export": "tlstudio.workflow.exporting",
    "import_images": "tlstudio.workflow.importing",
    "train_packed": "tlstudio.workflow.packed_training",
    "pack": "tlstudio.workflow.packing",
    "predict": "tlstudio.workflow.predicting",
    "recommend": "tlstudio.workflow.recommending",
    "report": "tlstudio.workflow.reporting",
    "list_runs": "tlstudio.workflow.runs",
    "train": "tlstudio.workflow.training",
    "unpack": "tlstudio.workflow.unpacking",
}


def __getattr__(name: str) -> Any:
    """A name of `_HOMES`, loaded now (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
