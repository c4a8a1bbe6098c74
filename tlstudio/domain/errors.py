"""Failures that have a name, a cause and a way out.

Every error a user can meet is a `StudioError`: what happened, to which file, and what to do now. Anything else that escapes
is a defect of the program and goes to the log. `Cancelled` is neither: it derives from `BaseException`, so that no broad
`except Exception` swallows the user's wish to stop.
"""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any


class Cancelled(BaseException):
    """The user asked to stop; raised from a progress report."""


class StudioError(Exception):
    """A named failure.

    `what` says what happened, `path` to which file, `remedy` what to do now; each is a whole sentence for the user (path
    aside). Survives pickling, because failures cross from the worker process to the window.
    """

    exit_status = 1

    def __init__(self, what: str, *, remedy: str = "", path: str | Path | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.path = None if path is None else str(path)

    @property
    def kind(self) -> str:
        """The class name: what tests and JSON consumers compare."""
        return type(self).__name__

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.what, self.remedy, self.path)

    def __str__(self) -> str:
        where = f" ({self.path})" if self.path else ""
        return f"{self.what}{where} {self.remedy}".strip()


def _rebuild(kind: type[StudioError], what: str, remedy: str, path: str | None) -> StudioError:
    return kind(what, remedy=remedy, path=path)


class WrongUsage(StudioError):
    """The request itself makes no sense: an unknown class name, a fraction above 1 …"""

    exit_status = 2


# --- the data -------------------------------------------------------------


class ImageRefused(StudioError):
    """One file can't be used as an image; it costs that file alone."""


class NothingToImport(StudioError):
    """The folder holds no image that can be read."""


class NoClasses(NothingToImport):
    """There are images, and nothing says what they show."""


class AmbiguousSource(WrongUsage):
    """The source can be read in more than one way, and nobody said which is meant."""


class EncodingUnclear(WrongUsage):
    """A table's text, or the names in an archive, can be read in several code pages, and nobody said which is right."""


class GroupsNotStated(WrongUsage):
    """Names or headers suggest what belongs together, and nobody said whether it does."""


class ImagesChanged(StudioError):
    """Files of images hold something else than when they were imported, and nobody said which of the two counts."""


class ArchiveRefused(StudioError):
    """The ZIP file is damaged, or would fill the disk."""


class NotEnoughImages(StudioError):
    """One class only, or too few images in a class, to train or to measure."""


# --- the project ----------------------------------------------------------


class NotAProject(StudioError):
    """The folder is not a project, or its database can't be read."""


class ProjectDamaged(NotAProject):
    """The project's database is damaged, empty or gone; a backup can take its place."""


class ProjectTooNew(StudioError):
    """The project was written by a newer version of the program."""


class ProjectExists(StudioError):
    """A new project was asked for in a folder that already holds something."""


class ProjectBusy(StudioError):
    """Another window or command is writing to the project now."""


class RunNotFound(StudioError):
    """The run that was named does not exist, or there is no finished run yet."""


class RunNotReady(StudioError):
    """The run exists but can't do this: not finished, or its files are damaged."""


class NotMeasured(StudioError):
    """The run has yet to look at the images that this needs its word on."""


# --- the disk -------------------------------------------------------------


class DiskFull(StudioError):
    """No space left where the program wanted to write."""


class CantWrite(StudioError):
    """The folder or file is read-only, or the user has no right to write there."""


class FileTrouble(StudioError):
    """Any other trouble with a file: gone, on a disconnected drive, a reading error …"""


# --- models and bundles ---------------------------------------------------


class UnknownModel(StudioError):
    """No model card and no architecture has this name."""


class WeightsMissing(StudioError):
    """The pretrained weights are not on this machine."""


class WeightsRefused(StudioError):
    """The weights can't be used: a pickle, a damaged file, another architecture …"""


class NetworkRefused(StudioError, PermissionError):
    """A process wanted to reach the network without the user's having asked for it; `path` is the host.

    An OSError too, as libraries expect of a connection that fails.
    """


class DownloadFailed(StudioError):
    """The download stopped; what arrived is kept and the next try goes on from there."""


class BundleRefused(StudioError):
    """The file is missing, is not a bundle of this program, or is from a newer version."""


class CertificateFailed(StudioError):
    """The exported file and the trained model disagree, so the file is not handed out."""


# --- trainings on another machine -----------------------------------------


class PackRefused(StudioError):
    """The packed file is damaged, incomplete, none of this program, or from a newer version."""


class PackForeign(StudioError):
    """What came back belongs to another project, or to another packed training."""


class PackUnfit(WrongUsage):
    """The images were packed for another model or another way to prepare them than is asked for now."""


# --- the machine ----------------------------------------------------------


class OutOfMemory(StudioError):
    """The images don't fit into memory at the smallest batch."""


class DeviceFailed(StudioError):
    """The graphics processor or its driver gave up. What used it in this process can't be used again, by anything."""


class WorkerDied(StudioError):
    """The process that does the work ended unexpectedly; the window lives on."""


class MemoryFull(WorkerDied):
    """The system ended that process, most likely because the memory was full."""


class TooSlow(StudioError):
    """A part of the work was given up because it took longer than the user allows."""


class RankLost(StudioError):
    """One of several processes that train together has ended, or can't take part."""


class DeviceMissing(StudioError):
    """The chosen device (CUDA, MPS) is not on this machine."""


def from_os_error(error: OSError, path: str | Path | None = None) -> StudioError:
    """The named failure behind an operating-system error; `path` defaults to the error's own file name."""
    if isinstance(error, StudioError):  # it has its name already
        return error
    where = path if path is not None else error.filename
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull("The disk is full.", remedy="Free some space or choose another place.", path=where)
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return CantWrite(
            "The program is not allowed to write there.",
            remedy="Choose another folder, or ask for the right to write to this one.",
            path=where,
        )
    if error.errno == errno.ENOENT:
        return FileTrouble(
            "The file or folder is not there.",
            remedy="Check the name, or connect the drive it is on.",
            path=where,
        )
    reason = (error.strerror or str(error)).rstrip(".")
    return FileTrouble(
        f"The file can't be used: {reason}.", remedy="Check the drive it is on and try again.", path=where
    )


# What is said of memory that is full: by torch of a graphics processor and its libraries, Apple's, and a processor's; by the
# system, the C++ library and the loader of libraries.
_MEMORY = (
    *("out of memory", "alloc_failed", "can't allocate memory", "not enough memory"),
    *("cannot allocate memory", "bad_alloc", "bad allocation", "failed to map segment", "can't start new thread"),
    *("failed to allocate memory", "unable to allocate"),
)
# What it says of a graphics processor that is gone: its driver was reset or updated, or the computer slept.
_DEVICE = (
    *("cuda error", "cuda driver error", "cuda unknown error", "triton error [", "hip error", "command buffer"),
    *("cudnn error", "cudnn_status", "cublas_status", "cusolver_status"),
)


def memory_is_full(error: BaseException) -> bool:
    """Whether a library ran out of memory; torch has an error of its own for some devices only."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    if isinstance(error, StudioError) or not isinstance(error, Exception):
        return False
    text = str(error).lower()
    return any(words in text for words in _MEMORY)


def from_device_error(error: BaseException) -> StudioError | None:
    """The named failure behind what a library says of memory or a graphics processor; None for any other."""
    if memory_is_full(error):
        return OutOfMemory(
            "The memory is full.",
            remedy=(
                "Close other programs, or choose a smaller model or input size. Training can also be limited to small additions "
                "(LoRA)."
            ),
        )
    text = str(error).lower()
    if isinstance(error, RuntimeError) and any(words in text for words in _DEVICE):
        return DeviceFailed(
            "The graphics processor stopped working.",
            remedy=(
                "Nothing is lost: try again; a training goes on where it was. If it happens once more, update the driver, "
                "or train on the processor instead."
            ),
        )
    return None
