"""Attackers' inputs, made when they are needed: what is attempted, and what the program may answer.

A topic is a module with `attacks() -> list[Attack]` and `attempt(attack, folder) -> str`, which lets the program loose on one of
them in an empty folder and says what is wrong with its answer; empty where nothing is. `TOPICS` lists them; `python -m
tests.bench.attack` tries all of a topic, the tests some of each kind. A topic whose attacks can't be told apart before they are
made is a module with `tally(folder, every) -> Tally` instead, and is named in `WHOLE` too.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from tlstudio.domain.errors import StudioError

SECONDS = 20.0  # in which a refusal has to come
# Each adds its own name here; the module is tests.hostile.<topic>.
TOPICS = ("bundles", "weights", "projects", "sources", "files", "kills", "calls")
WHOLE = ("kills", "calls")


@dataclass(frozen=True)
class Attack:
    """make: puts the input into a folder and returns what the user would name. may_pass: it is odd, and harm comes of nothing."""

    name: str
    kind: str
    make: Callable[[Path], Path]
    may_pass: bool = False


@dataclass
class Tally:
    """What came of a topic's attacks."""

    attempted: int = 0
    refused: int = 0
    passed: int = 0
    defects: list[str] = field(default_factory=list)


def attacks_of(topic: str) -> list[Attack]:
    """All attacks of a topic; each has a name of its own."""
    found: list[Attack] = import_module(f"tests.hostile.{topic}").attacks()
    assert len({attack.name for attack in found}) == len(found), "two attacks of one name"
    return found


def one_of_each_kind(topic: str) -> list[Attack]:
    """The first of each kind."""
    return list({attack.kind: attack for attack in reversed(attacks_of(topic))}.values())


def judge(deed: Callable[[], object], attack: Attack) -> tuple[bool, str]:
    """Whether the deed was refused, and what is wrong with the way it ended."""
    started, refused, wrong = time.monotonic(), False, ""
    try:
        deed()
    except StudioError as error:
        refused = True
        if not error.what.endswith(".") or not error.remedy:
            wrong = "refused without a sentence"
    except Exception as error:
        wrong = f"a defect: {type(error).__name__}: {error}"[:300]
    seconds = time.monotonic() - started
    if not wrong and not refused and not attack.may_pass:
        wrong = "accepted"
    if not wrong and seconds > SECONDS:
        wrong = f"took {seconds:.0f} s"
    return refused, wrong


def attempt(topic: str, attack: Attack, folder: Path) -> tuple[bool, str]:
    """Lets the program loose on it: whether it was refused, and what is wrong."""
    found: tuple[bool, str] = import_module(f"tests.hostile.{topic}").attempt(attack, folder)
    return found


def tally_of(topic: str, folder: Path, every: int) -> Tally:
    """What comes of all of a topic of `WHOLE`, or of a share of it."""
    found: Tally = import_module(f"tests.hostile.{topic}").tally(folder, every)
    return found
