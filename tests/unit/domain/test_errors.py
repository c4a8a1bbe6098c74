"""Failures keep their words on the way from the worker to the window, and system errors get a name."""

from __future__ import annotations

import errno
import pickle

import pytest

from tlstudio.domain import errors
from tlstudio.domain.errors import (
    Cancelled,
    CantWrite,
    DeviceFailed,
    DiskFull,
    FileTrouble,
    OutOfMemory,
    StudioError,
    WrongUsage,
    from_device_error,
    from_os_error,
)


def every_failure() -> list[type[StudioError]]:
    return [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, StudioError)]


@pytest.mark.parametrize("kind", every_failure(), ids=lambda kind: kind.__name__)
def test_every_failure_survives_pickling(kind: type[StudioError]) -> None:
    sent = kind("It broke.", remedy="Mend it.", path="/some/file")
    got = pickle.loads(pickle.dumps(sent))
    assert type(got) is kind
    assert (got.what, got.remedy, got.path, str(got)) == (sent.what, sent.remedy, sent.path, str(sent))
    assert got.kind == kind.__name__


def test_text_names_file_and_remedy_and_leaves_out_what_is_missing() -> None:
    assert str(StudioError("It broke.", remedy="Mend it.", path="a.png")) == "It broke. (a.png) Mend it."
    assert str(StudioError("It broke.")) == "It broke."


def test_wrong_usage_has_its_own_exit_status() -> None:
    assert WrongUsage("No.").exit_status == 2
    assert StudioError("No.").exit_status == 1


def test_cancelling_passes_a_broad_handler() -> None:
    def task() -> None:
        try:
            raise Cancelled
        except Exception:
            pytest.fail("a broad handler swallowed the wish to stop")

    with pytest.raises(Cancelled):
        task()


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EROFS, CantWrite),
        (errno.EACCES, CantWrite),
        (errno.EPERM, CantWrite),
        (errno.ENOENT, FileTrouble),
        (errno.EIO, FileTrouble),
        (errno.EISDIR, FileTrouble),
    ],
)
def test_system_errors_become_named_failures(number: int, kind: type[StudioError]) -> None:
    failure = from_os_error(OSError(number, "as the system says it", "/some/file"))
    assert type(failure) is kind
    assert failure.path == "/some/file"
    assert failure.remedy


def test_system_error_takes_the_path_it_is_told_and_keeps_an_unknown_reason() -> None:
    failure = from_os_error(OSError(errno.EIO, "Input/output error"), "/drive/picture.png")
    assert failure.path == "/drive/picture.png"
    assert "Input/output error" in failure.what
    assert from_os_error(OSError("no number at all")).what.count("no number at all") == 1


@pytest.mark.parametrize(
    "said",
    [
        RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB."),
        RuntimeError("MPS backend out of memory (MPS allocated: 8.87 GB)."),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried."),
        RuntimeError("[enforce fail at alloc_cpu.cpp] data. DefaultCPUAllocator: not enough memory: you tried."),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        MemoryError(),
        type("OutOfMemoryError", (RuntimeError,), {})(),
    ],
)
def test_full_memory_has_a_name_on_every_device(said: Exception) -> None:
    assert isinstance(from_device_error(said), OutOfMemory)


@pytest.mark.parametrize(
    "words",
    [
        "CUDA error: an illegal memory access was encountered",
        "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED",
        "CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`",
        "CUDA error: unspecified launch failure",
        "CUDA driver error: unknown error",
        "Triton Error [CUDA]: an illegal memory access was encountered",
    ],
)
def test_a_graphics_processor_that_gave_up_has_a_name(words: str) -> None:
    named = from_device_error(RuntimeError(words))
    assert isinstance(named, DeviceFailed)
    assert "Nothing is lost" in named.remedy


@pytest.mark.parametrize("other", [RuntimeError("shapes differ"), ValueError("CUDA error"), OSError("out of memory")])
def test_a_defect_stays_a_defect(other: Exception) -> None:
    assert from_device_error(other) is None
