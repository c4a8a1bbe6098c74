"""Kills the program at random moments, again and again on one project, and looks whether anything that was acknowledged is gone.

    python -m tests.bench.kills [KILLS] [--seed N]

A child imports, labels, relabels, edits classes, takes back, does again, writes notes and makes backups, in an order that the
seed decides; it says "done" only after a call has returned. It is killed with SIGKILL at a random moment, sometimes while it
opens the project. Then the database must be whole, and must hold exactly what the same calls make of a copy of
what was there before: all that were acknowledged, and at most the one more that was under way. POSIX only. Decoding happens in
the child itself: what is tried here is what is kept, not the pool of decoders.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.values import Refusal, Split
from tlstudio.storage import classes, images, journal, labels
from tlstudio.storage.database import connected
from tlstudio.storage.images import NewImage
from tlstudio.storage.journal import Edit
from tlstudio.storage.project import Project
from tlstudio.workflow import importing, keeping

WHILE_OPENING = 0.15  # of the kills
MOST_BEFORE = 5  # changes that are acknowledged before the others
LONGEST = 0.05  # seconds from there until the kill: about as long as a change takes
LONGEST_OPENING = 0.3
OPS_AT_ONCE = 400

# Everything the user can change, without times and what is computed from the pixels.
STATE = (
    "SELECT value FROM meta WHERE key = 'name'",
    "SELECT id, name, position, removed FROM classes ORDER BY id",
    "SELECT id, path, content, class_id, group_name, split, excluded, unsure, note, columns FROM images ORDER BY id",
    "SELECT id, kind, author, of_change, undone, discarded, title FROM changes ORDER BY id",
    "SELECT change_id, image_id, before_class, after_class FROM label_events ORDER BY id",
    "SELECT change_id, image_id, field, before, after FROM field_events ORDER BY id",
    "SELECT change_id, class_id, field, before, after FROM class_events ORDER BY id",
    "SELECT path, reason FROM refusals ORDER BY rowid",
)


def fingerprint(project: Project) -> str:
    seen = hashlib.sha256()
    with project.read() as db:
        for query in STATE:
            for row in db.execute(query):
                seen.update(repr(tuple(row)).encode())
            seen.update(b"--")
    return seen.hexdigest()


# --- what the user does ---


class InThisProcess:
    """Stands in for the pool of decoding processes."""

    def in_order(self, function: Callable[[Any], Any], items: Iterable[Any], **_: object) -> Iterator[tuple[Any, Any]]:
        for item in items:
            yield item, function(item)


@dataclass
class Deed:
    """One call, decided by the seed, its number and what is in the project."""

    project: Project
    sources: Path
    number: int
    rng: random.Random
    ids: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def do(self) -> str:
        """Does it and returns its kind."""
        with self.project.read() as db:
            self.ids = [row[0] for row in db.execute("SELECT id FROM images ORDER BY id")]
            self.names = [row[0] for row in db.execute("SELECT name FROM classes WHERE NOT removed ORDER BY id")]
        kind = self.rng.choices(list(DEEDS), [weight for weight, _ in DEEDS.values()])[0]
        with suppress(WrongUsage):  # such as renaming to a name that is taken: refused before anything is written
            DEEDS[kind][1](self)
        return kind

    def some(self, most: int = 12) -> list[int]:
        return self.rng.sample(self.ids, min(len(self.ids), self.rng.randint(1, most)))

    def label(self) -> None:
        labels.set_label(self.project, self.some(), self.rng.choice([*self.names, None]), "ann")

    def fields(self) -> None:
        edit = Edit(
            f"Edit {self.number}",
            moves=[(i, None) for i in self.some(2)],
            fields=[
                *((i, "note", f"note {self.number} of {i}") for i in self.some()),
                *((i, "excluded", self.rng.randint(0, 1)) for i in self.some()),
                *((i, "split", self.rng.choice(list(Split)).value) for i in self.some(3)),
            ],
        )
        journal.record(self.project, edit, "ben")

    def undo(self) -> None:
        journal.undo(self.project, "ann")

    def redo(self) -> None:
        journal.redo(self.project, "ann")

    def add_class(self) -> None:
        classes.add_class(self.project, f"class {self.number}", "ann")

    def rename_class(self) -> None:
        classes.rename_class(self.project, self.rng.choice(self.names), f"renamed {self.number}", "ann")

    def merge_class(self) -> None:
        if len(self.names) > 3:
            classes.merge_class(self.project, *self.rng.sample(self.names, 2), "ann")

    def remove_class(self) -> None:
        if len(self.names) > 3:
            classes.remove_class(self.project, self.rng.choice(self.names), "ann", with_images=True)

    def save_name(self) -> None:
        self.project.set_meta("name", f"Project {self.number}")

    def add_images(self) -> None:
        new = [
            NewImage(
                f"/pictures/{self.number}-{i}.png", f"{self.number:032x}{i:032x}", 40, 32, 1000, label, None, split
            )
            for i, label, split in zip(range(40), self.names * 40, list(Split) * 40, strict=False)
        ]
        images.add_images(self.project, new, [Refusal(f"/pictures/{self.number}-bad.png", "It is empty.")])

    def import_images(self) -> None:
        source = self.sources / str(self.number)
        if not source.exists():
            made = source.with_name(f"{self.number}.{os.getpid()}")
            for name in self.rng.sample(("cat", "dog", "bird"), 2):
                (made / name).mkdir(parents=True)
                for i in range(3):
                    Image.frombytes("RGB", (24, 20), self.rng.randbytes(24 * 20 * 3)).save(made / name / f"{i}.png")
            made.rename(source)
        importing.import_images(ImportRequest(source=source, project=self.project.folder, copy=False))

    def back_up(self) -> None:
        self.project.back_up()


DEEDS: dict[str, tuple[int, Callable[[Deed], None]]] = {
    "label": (30, Deed.label),
    "fields": (14, Deed.fields),
    "undo": (16, Deed.undo),
    "redo": (6, Deed.redo),
    "add class": (4, Deed.add_class),
    "rename class": (6, Deed.rename_class),
    "merge classes": (3, Deed.merge_class),
    "remove class": (3, Deed.remove_class),
    "save name": (4, Deed.save_name),
    "add images": (6, Deed.add_images),
    "import": (6, Deed.import_images),
    "back up": (4, Deed.back_up),
}


def do(folder: Path, sources: Path, seed: int, number: int) -> str:
    return Deed(Project(folder), sources, number, random.Random(f"{seed} {number}")).do()


# --- the children ---


def nursery(folder: Path, sources: Path, seed: int) -> None:
    """Loads the program once and forks a child for every number that it reads; each goes on from that number until it dies."""
    importing.DECODERS = InThisProcess()  # type: ignore[assignment]
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            child(folder, sources, seed, int(line))
        os.write(1, f"born {pid}\n".encode())
        status = os.waitpid(pid, 0)[1]
        os.write(1, f"gone {os.waitstatus_to_exitcode(status)}\n".encode())


def child(folder: Path, sources: Path, seed: int, first: int) -> None:
    try:
        os.write(1, b"open\n")
        with keeping.changing(folder, "the child"):
            os.write(1, b"opened\n")
            for number in range(first, first + OPS_AT_ONCE):
                kind = do(folder, sources, seed, number)
                os.write(1, f"done {number} {kind}\n".encode())
        os._exit(0)
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
        os._exit(1)


# --- the killer ---


@dataclass
class Found:
    """What came of it."""

    kills: int = 0
    acknowledged: Counter[str] = field(default_factory=Counter)
    under_way: int = 0  # kills that fell into a change which then turned out to be complete
    while_opening: int = 0
    lost: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Killer:
    """One project, one nursery, many kills."""

    def __init__(self, work: Path, seed: int) -> None:
        self.folder, self.sources = work / "project", work / "sources"
        self.reference = work / "reference"
        self.seed = seed
        self.rng = random.Random(seed)
        self.next = 0
        self.found = Found()
        self.sources.mkdir()
        project = Project.create(self.folder, "Kills")
        new = [
            NewImage(f"/pictures/{i}.png", f"{i:064x}", 40, 32, 1000, name, None, Split.TRAIN)
            for i, name in zip(range(60), ("cat", "dog", "bird", "fish") * 15, strict=True)
        ]
        images.add_images(project, new, [])

    def run(self, kills: int) -> Found:
        started = time.monotonic()
        command = [sys.executable, "-m", "tests.bench.kills", "--nursery", str(self.folder), str(self.sources)]
        with subprocess.Popen(
            [*command, "--seed", str(self.seed)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            for _ in range(kills):
                self._one(process)
            assert process.stdin is not None
            process.stdin.close()
        with keeping.changing(self.folder, "the next start"):
            pass
        self.found.left = sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*.part*"))
        self.found.seconds = time.monotonic() - started
        return self.found

    def _one(self, process: subprocess.Popen[str]) -> None:
        shutil.rmtree(self.reference, ignore_errors=True)
        shutil.copytree(self.folder, self.reference, ignore=shutil.ignore_patterns("backups", "cache", ".*"))
        done = self._kill(process)
        self.found.kills += 1
        self.found.acknowledged.update(done)
        self.found.while_opening += not done
        self._judge(len(done))

    def _kill(self, process: subprocess.Popen[str]) -> list[str]:
        """Lets a child work for a while and kills it; returns the kinds of the deeds that it has acknowledged."""
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{self.next}\n")
        process.stdin.flush()
        opening = self.rng.random() < WHILE_OPENING
        wanted = 0 if opening else self.rng.randint(0, MOST_BEFORE)
        pid, reached = 0, False
        done: list[str] = []
        while not (pid and reached and len(done) >= wanted):
            word, _, rest = process.stdout.readline().strip().partition(" ")
            if word in ("gone", ""):
                raise RuntimeError(f"the child ended by itself with status {rest}")
            pid = int(rest) if word == "born" else pid
            reached = reached or word == ("open" if opening else "opened")
            done += [rest] if word == "done" else []
        time.sleep(self.rng.uniform(0.0, LONGEST_OPENING if opening else LONGEST))
        os.kill(pid, signal.SIGKILL)
        for line in process.stdout:
            word, _, rest = line.strip().partition(" ")
            if word == "gone":
                if rest != str(-signal.SIGKILL):
                    raise RuntimeError(f"the child ended by itself with status {rest}")
                break
            done += [rest] if word == "done" else []
        numbers = [int(rest.split(" ", 1)[0]) for rest in done]
        assert numbers == list(range(self.next, self.next + len(done)))
        return [rest.split(" ", 1)[1] for rest in done]

    def _judge(self, acknowledged: int) -> None:
        """The database is whole, and holds what was acknowledged and at most one deed more."""
        project = Project(self.folder)
        with connected(project.database) as db:
            whole = [row[0] for row in db.execute("PRAGMA integrity_check")]
            strangers = db.execute("PRAGMA foreign_key_check").fetchall()
        if whole != ["ok"] or strangers:
            self.found.lost.append(f"kill {self.found.kills}: {whole} {strangers}")
        now = fingerprint(project)
        for number in range(self.next, self.next + acknowledged):
            do(self.reference, self.sources, self.seed, number)
        self.next += acknowledged
        if now == fingerprint(Project(self.reference)):
            return
        do(self.reference, self.sources, self.seed, self.next)
        if now != fingerprint(Project(self.reference)):
            self.found.lost.append(f"kill {self.found.kills}: not what was acknowledged up to deed {self.next}")
        self.next += 1
        self.found.under_way += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kills", type=int, nargs="?", default=240)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--nursery", type=Path, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.nursery:
        nursery(*options.nursery, options.seed)
        return
    importing.DECODERS = InThisProcess()  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as work:
        found = Killer(Path(work), options.seed).run(options.kills)
    deeds = ", ".join(f"{n} {kind}" for kind, n in found.acknowledged.most_common())
    print(
        f"{found.kills} kills, {sum(found.acknowledged.values())} acknowledged changes ({deeds}) in {found.seconds:.0f} s"
    )
    print(
        f"{found.while_opening} kills fell into the opening, {found.under_way} changes were complete though not acknowledged"
    )
    print("\n".join(found.lost) or "nothing was lost, every database was whole")
    print(f"left behind: {', '.join(found.left) or 'nothing'}")
    sys.exit(1 if found.lost or found.left else 0)


if __name__ == "__main__":
    main()
