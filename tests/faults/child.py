"""Tries every case with its calls failing, one at a time; run with the shim before the C library.

    LD_PRELOAD=shim.so python -m tests.faults.child light|torch ENOSPC|EIO FOLDER MOST

MOST: calls of a case that are failed, spread evenly over all that it makes; 0 for every one. Prints one JSON line for each case:
how many calls it makes, what came of their failures, and what was wrong.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import shutil
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.cases import Case, cases
from tlstudio.domain.errors import CantWrite, DiskFull, FileTrouble, StudioError
from tlstudio.storage import holding

NAMED = (DiskFull, CantWrite, FileTrouble)


class Shim:
    """The library that stands before the C library in this process."""

    def __init__(self) -> None:
        self._lib = ctypes.CDLL(None)
        self._lib.faults_disarm.restype = ctypes.c_long
        self._lib.faults_what.restype = ctypes.c_char_p

    def arm(self, folder: Path, n: int, number: int) -> None:
        self._lib.faults_arm(os.fsencode(folder), ctypes.c_long(n), number)

    def disarm(self) -> int:
        return int(self._lib.faults_disarm())

    def fill_disk(self) -> None:
        """Once a call has failed for want of room, the system says that there is none."""
        real = shutil.disk_usage

        def usage(path: object) -> object:
            found = real(path)  # type: ignore[call-overload]
            return found._replace(free=0) if self.hit else found

        shutil.disk_usage = usage  # type: ignore[assignment]

    @property
    def hit(self) -> bool:
        return bool(self._lib.faults_hit())

    @property
    def what(self) -> str:
        return os.fsdecode(self._lib.faults_what())


@dataclass
class Outcome:
    calls: int = 0
    tried: int = 0
    failed: Counter[str] = field(default_factory=Counter)  # by the name of the failure
    tolerated: int = 0
    problems: list[str] = field(default_factory=list)


def try_case(case: Case, number: int, work: Path, shim: Shim, most: int) -> Outcome:
    """Calls of the deed fail, one at a time, each time on a fresh copy."""
    template, folder = work / "template", work / "try"
    shutil.rmtree(template, ignore_errors=True)
    template.mkdir(parents=True)
    case.prepare(template)
    before = case.state(template)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder)
    shim.arm(folder, 0, number)
    case.deed(folder)
    outcome = Outcome(calls=shim.disarm())
    after = case.state(folder)
    for n in spread(outcome.calls, most):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(template, folder)
        error: BaseException | None = None
        shim.arm(folder, n, number)
        try:
            case.deed(folder)
        except Exception as caught:
            error = caught
        shim.disarm()
        holding._held.clear()
        if not shim.hit:  # the deed makes a few calls more or less, as with the length of a name
            outcome.problems += [f"without a failure: {error!r}"] if error is not None else []
            continue
        what = shim.what
        shim.arm(Path("/nowhere"), 0, 0)
        outcome.tried += 1
        _judge(Trial(case, folder, error, what, number), before, after, outcome)
    return outcome


def spread(calls: int, most: int) -> list[int]:
    """Numbers of calls from the first to the last, all of them or `most` evenly apart."""
    if not 0 < most < calls:
        return list(range(1, calls + 1))
    return sorted({1 + round(i * (calls - 1) / (most - 1)) for i in range(most)})


@dataclass
class Trial:
    """One failing call: where, and what came of it."""

    case: Case
    folder: Path
    error: BaseException | None
    what: str
    number: int


def _judge(trial: Trial, before: object, after: object, outcome: Outcome) -> None:
    """The failure has a name, what was there is as it was, nothing is left, and the next try succeeds."""
    case, folder, error, what, number = trial.case, trial.folder, trial.error, trial.what, trial.number
    call, _, place = what.partition(" ")
    synced_folder = call == "fsync" and (folder / place.lstrip("/")).is_dir()
    if error is None:
        outcome.tolerated += 1
        allowed = [after, before] if case.kept_quiet else [after]
    else:
        outcome.failed[type(error).__name__] += 1
        # The new name may be there although it could not be made durable: then it stands for what is whole.
        allowed = [before, after] if synced_folder or case.late else [before]
        if not isinstance(error, NAMED):
            outcome.problems.append(f"{what}: {type(error).__name__}: {error}")
        elif number == errno.ENOSPC and call in ("open", "write", "mkdir") and not isinstance(error, DiskFull):
            outcome.problems.append(f"{what}: a full disk is called {type(error).__name__}: {error}")
    try:
        state = case.state(folder)
    except (StudioError, AssertionError, sqlite3.Error, OSError) as broken:
        outcome.problems.append(f"{what}: what was there is damaged: {broken!r}")
        return
    if state not in allowed:
        there = "the old" if state == before else "the new" if state == after else "neither the old nor the new"
        outcome.problems.append(f"{what}: {'failed' if error else 'succeeded'}, and what is there is {there}")
    outcome.problems += [f"{what}: {problem}" for problem in _leftovers(folder)]
    if error is not None and state == before:
        try:
            case.deed(folder)
        except Exception as again:
            outcome.problems.append(f"{what}: the next try fails: {again!r}")
    holding._held.clear()


def _leftovers(folder: Path) -> list[str]:
    found = [f"left behind: {path.relative_to(folder)}" for path in folder.rglob("*.part*")]
    for path in folder.rglob("*.db"):
        if "damaged" in path.name:
            continue
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            try:
                answer = db.execute("PRAGMA integrity_check").fetchone()[0]
            except sqlite3.DatabaseError as error:
                answer = str(error)
        if answer != "ok" and "malformed" not in answer and "not a database" not in answer:
            found.append(f"{path.name}: {answer}")
    return found


def main() -> None:
    names, error, place, most = sys.argv[1:5]
    shim = Shim()
    if error == "ENOSPC":
        shim.fill_disk()
    for name, case in cases(names).items():
        found = try_case(case, getattr(errno, error), Path(place), shim, int(most))
        found.problems = sorted(set(found.problems))
        print(json.dumps({"case": name, **vars(found)}), flush=True)
    os._exit(0)  # threads of holders that were given up must not be waited for


if __name__ == "__main__":
    main()
