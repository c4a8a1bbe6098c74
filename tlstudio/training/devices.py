"""Which processor trains, and what it is good at."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import psutil
import torch

from tlstudio.domain.errors import DeviceMissing
from tlstudio.domain.events import Memory


def choose(wanted: str) -> torch.device:
    """The device for `auto`, `cpu`, `cuda` or `mps`. Raises DeviceMissing for one that is not there."""
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if wanted == "auto":
        wanted = "cuda" if cuda else "mps" if mps else "cpu"
    if (wanted == "cuda" and not cuda) or (wanted == "mps" and not mps):
        raise DeviceMissing(
            f"This computer has no graphics processor that can be used ({wanted}).",
            remedy="Choose “auto” or “cpu”; training works on the processor too, only slower.",
        )
    if wanted == "cuda":
        # Without autocast, full precision means it: TF32's 10-bit mantissa would differ from the exported file.
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cuda.matmul.allow_tf32 = False
    if wanted == "cpu" and "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(psutil.cpu_count(logical=False) or 1)
    return torch.device(wanted)


def describe(device: torch.device) -> str:
    """For people: `GPU NVIDIA RTX 4070`, `GPU Apple`, `Processor, 8 cores`."""
    if device.type == "cuda":
        return f"GPU {torch.cuda.get_device_name(device)}"
    if device.type == "mps":
        return "GPU Apple"
    cores = psutil.cpu_count(logical=False) or 1
    return f"Processor, {cores} core{'s' if cores > 1 else ''}"


def mixed_precision(device: torch.device) -> AbstractContextManager[object]:
    """Autocast on CUDA, to bfloat16 where the card has it, else float16; nothing elsewhere, where it does not pay."""
    if device.type != "cuda":
        return nullcontext()
    kind = torch.bfloat16 if _has_bfloat16() else torch.float16
    return torch.autocast("cuda", dtype=kind)


def loss_scaler(device: torch.device) -> torch.amp.GradScaler:
    """Scales the loss where gradients are float16; does nothing elsewhere."""
    return torch.amp.GradScaler("cuda", enabled=device.type == "cuda" and not _has_bfloat16())


def _has_bfloat16() -> bool:
    """True where the card computes bfloat16 itself; emulated, it would only be slow."""
    return bool(torch.cuda.is_bf16_supported(including_emulation=False))


@contextmanager
def chance_kept() -> Iterator[None]:
    """What happens within uses up none of the random numbers of what goes on after it."""
    # A card that nothing has used yet has no state to be kept, and asking for it would wake the card.
    cards = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()  # type: ignore[no-untyped-call]
    with torch.random.fork_rng(devices=cards):
        yield


def start_watching_memory(device: torch.device) -> None:
    """From here on `memory` tells the most that was needed: what an earlier run of this process needed does not count."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def memory(device: torch.device) -> Memory:
    """What this process holds now, and the most that its tensors have needed of a graphics processor. Costs microseconds."""
    process = int(psutil.Process().memory_info().rss)
    if device.type == "cuda":
        total = int(torch.cuda.get_device_properties(device).total_memory)
        return Memory(process, int(torch.cuda.max_memory_allocated(device)), total)
    return Memory(process)


def free(device: torch.device) -> int:
    """Bytes of memory that a training can still get there."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def wait(device: torch.device) -> None:
    """Until the device has done everything that it was told to do."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def release(device: torch.device) -> None:
    """Gives memory of a graphics processor that nothing needs any more back to other programs."""
    if device.type != "cpu":
        gc.collect()  # what refers to itself, as an error's traceback does, would keep its tensors
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def release_all() -> None:
    """`release` for whatever graphics processor this process has used; nothing, and at no cost, where it has used none."""
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        release(torch.device("cuda"))
    elif torch.backends.mps.is_available():
        release(torch.device("mps"))
