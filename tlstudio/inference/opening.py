"""What a model file must be before it is used: whole, complete in itself, described, sealed where it says so, and sane.

The file is read once; what is hashed, looked at and opened are the same bytes, whatever happens to the file meanwhile.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import psutil

from tlstudio.catalog.config import NAME
from tlstudio.catalog.layouts import is_architecture
from tlstudio.domain.bundle import BundleInfo
from tlstudio.domain.certificate import FileKind
from tlstudio.domain.errors import BundleRefused, from_os_error, memory_is_full
from tlstudio.inference import trial, wire
from tlstudio.storage import files

WARNINGS_OFF = 4  # onnxruntime's severity "fatal"; what goes wrong comes as an exception
LARGEST = 2**31 - 1  # bytes that a protocol buffer can have
OUTPUTS = ("probabilities", "novelty")
OTHER = "Choose a .onnx file exported by Transfer Learning Studio."
AGAIN = "Copy the file again from where it came from, or export the model again."

Answers = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]


def read_file(path: Path) -> bytes:
    """The bytes of a model file. Raises BundleRefused for what is missing, no ordinary file, or too large.

    A link that somebody names is followed to its file, as people keep `current.onnx`: what is hashed, vetted and opened are these
    bytes, and onnxruntime sees no path. What a model itself refers to is never followed; see `read_description`.
    """
    try:
        with files.open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size > LARGEST:
                raise BundleRefused("The file is too large to be a model of this program.", remedy=OTHER, path=path)
            return file.read(size + 1)
    except FileNotFoundError as error:
        raise BundleRefused(
            "The model file is not there.", remedy="Check the name, or export the model again.", path=path
        ) from error
    except MemoryError as error:
        raise BundleRefused(
            "The model does not fit into memory.", remedy="Close other programs and try again.", path=path
        ) from error
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENXIO, errno.ELOOP):
            raise BundleRefused("This is not an ordinary file.", remedy=OTHER, path=path) from error
        raise from_os_error(error, path) from error


def read_description(data: bytes, path: Path) -> BundleInfo:
    """What the file says of itself. Raises BundleRefused for a foreign or changed file, or one of a newer version."""
    try:
        text, complete = wire.description(data), wire.is_complete(data)
    except (ValueError, MemoryError) as error:
        raise not_a_model(path) from error
    if text is None:
        raise BundleRefused(
            "This model was not exported by Transfer Learning Studio: it does not say how to prepare images.",
            remedy=OTHER,
            path=path,
        )
    if not complete:
        raise BundleRefused(
            "This model keeps numbers in other files, which no model of this program does.", remedy=OTHER, path=path
        )
    info = BundleInfo.loads(text, path)
    _check_backbone(info, path)
    if info.sealed and wire.digest(data) != info.graph_sha256:
        raise BundleRefused(
            "The model inside this file was changed after the export: its seal is broken.", remedy=AGAIN, path=path
        )
    return info


def make_session(data: bytes, path: Path) -> onnxruntime.InferenceSession:
    """onnxruntime on the processor: the same answer on every machine. Raises BundleRefused for what it can't open."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = WARNINGS_OFF
    options.intra_op_num_threads = psutil.cpu_count(logical=False) or 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # be polite to other programs
    options.enable_cpu_mem_arena = False  # keeps memory flat while batches come and go
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exception classes have no common base that is exported
        if memory_is_full(error):
            raise BundleRefused(
                "The model does not fit into memory.", remedy="Close other programs and try again.", path=path
            ) from error
        raise not_a_model(path) from error


def check_answers(session: onnxruntime.InferenceSession, info: BundleInfo, path: Path) -> Answers:
    """Has the model answer its trial, and returns what it says. Raises BundleRefused for answers that are none, or other ones."""
    size = info.preprocess.size
    (expected,) = [each.shape[1:] for each in session.get_inputs() if each.name == "image"] or [None]
    fits = expected is not None and all(
        not isinstance(e, int) or e == w for e, w in zip(expected, (size, size, 3), strict=False)
    )
    if not fits or len(session.get_inputs()) != 1:
        raise _insane(path)
    try:
        probabilities, novelty = run(session, trial.trial_pictures(size))
    except Exception as error:  # whatever the graph makes onnxruntime raise
        raise _insane(path) from error
    if not trial.usable(probabilities, novelty, 2, len(info.classes)).all():
        raise _insane(path)
    kind = FileKind.FULL if info.certificate is None else info.certificate.kind
    if info.trial is not None and not trial.passes(info.trial, probabilities, novelty, kind):
        raise BundleRefused(
            "On this computer the model does not answer its test pictures as it did when it was exported.",
            remedy="Copy the file again from where it came from. If it happens again, another computer may read it.",
            path=path,
        )
    return probabilities, novelty


def run(session: onnxruntime.InferenceSession, pixels: npt.NDArray[np.uint8]) -> Answers:
    """uint8 (batch, size, size, 3) -> probabilities and novelty, in whatever shapes the graph gives them."""
    found = session.run(list(OUTPUTS), {"image": pixels})
    probabilities, novelty = (np.asarray(values, np.float32) for values in found)
    return probabilities, novelty


def not_a_model(path: Path) -> BundleRefused:
    return BundleRefused("The file is not a model that this program can open.", remedy=OTHER, path=path)


def _insane(path: Path) -> BundleRefused:
    return BundleRefused(
        "The model does not give answers that can be used: they are no probabilities of its classes.",
        remedy=AGAIN,
        path=path,
    )


def _check_backbone(info: BundleInfo, path: Path) -> None:
    """The network it was made from is named as timm names it, if at all; addresses and folders are no names."""
    model = info.backbone.get("model")
    if model is None:
        return
    named = isinstance(model, str) and NAME.fullmatch(model) is not None
    if not named or not is_architecture(str(model).split(".", 1)[0]):
        raise BundleRefused(
            "This model says that it was made from a network that this program does not know.",
            remedy="Install the newest version of Transfer Learning Studio, or export the model again.",
            path=path,
        )
