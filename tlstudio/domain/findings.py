"""What the data check saw, what it can do to the result, and what can be done about it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tlstudio.domain.events import Event

# Every kind of finding, as JSON and the command line name it.
KINDS = (
    "changed", "leak", "torn_groups", "conflicting_labels", "shortcut", "mixed_colour", "label_suspect", "burned_in_text",
    "similar_classes", "small_class", "imbalance",
    "near_duplicate", "exact_duplicate", "blank", "saturated", "blurred", "tiny", "outlier", "unreadable",
    "unlike_pretraining", "resolution", "grey", "no_groups",
)  # fmt: skip
FIND = "find"  # in place of a page: missing images are looked for in a folder that the user names
SLOW_KINDS = frozenset(
    {"label_suspect", "burned_in_text", "unlike_pretraining", "resolution", "grey"}
)  # a quick check leaves these out, or tells what is known of them


class Severity(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Repair(StrEnum):
    """What one click does about a finding; each is one change in the journal and can be taken back, but for TAKE_NEW: the old
    pictures are nowhere any more.
    """

    LEAVE_COPIES_OUT = "leave_copies_out"  # all but one of each set are left out
    LEAVE_OUT = "leave_out"  # every image of the finding is left out
    KEEP_TOGETHER = "keep_together"  # each set comes to one side of the split
    REGROUP = "regroup"  # each set is one group from now on, on one side of the split
    MERGE_CLASSES = "merge_classes"  # each set of classes becomes one, under the name that most images carry
    LOOK_AGAIN = "look_again"  # the images are marked, for the user to look at
    TAKE_NEW = "take_new"  # what the files hold by now takes the place of what was imported


@dataclass(frozen=True, slots=True)
class Finding:
    """Something the data check saw.

    files: worst first. title: what and how many. harm: one sentence on what it does to the result. sets: the same files in
    the sets that belong together (copies, a group), where that matters. notes: a word on each of the files, where there is
    one to say, such as the class that it looks like. repair: None where no click is right; advice then says
    what to do, and page is the key of the page where it is done, empty where there is none. detail: what tells findings of one
    kind apart, such as the property of a shortcut. single: set aside file by file, so that new ones are told alone. states: of
    each file, in which state it was seen, where another state is another finding. reason: why the user set the finding aside,
    empty while it counts.
    """

    kind: str
    severity: Severity
    count: int
    files: tuple[str, ...]
    title: str
    harm: str
    sets: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()
    repair: Repair | None = None
    advice: str = ""
    page: str = ""
    detail: str = ""
    single: bool = False
    states: tuple[str, ...] = ()
    reason: str = ""

    @property
    def ignored(self) -> bool:
        return bool(self.reason)

    def dismissal_keys(self) -> tuple[str, ...]:
        """What names exactly this finding when it is set aside: other files, or more of them, are another finding."""
        if self.states:
            return tuple(changed_key(file, state) for file, state in zip(self.files, self.states, strict=True))
        if self.single:
            return tuple(_digest(self.detail, file) for file in self.files)
        return (_digest(self.detail, *sorted(set(self.files))),)

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "severity": self.severity.value,
            "count": self.count,
            "files": list(self.files),
            "title": self.title,
            "harm": self.harm,
            "repair": None if self.repair is None else self.repair.value,
            "ignored": self.ignored,
        }


def merged_names(finding: Finding) -> dict[str, str]:
    """{class: the class that it becomes} by a finding of similar classes; names are single lines, the first of a set is kept."""
    sets = [names.split("\n") for names in finding.detail.split("\n\n")]
    return {name: names[0] for names in sets for name in names[1:]}


def changed_key(file: str, state: str) -> str:
    """Names a file in the state that was seen."""
    return _digest(file, state)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a repair did. images: how many it touched. sentence: for people, such as `3 copies left out`."""

    kind: str
    images: int
    sentence: str

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "images": self.images, "sentence": self.sentence}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """findings: those that count, most harmful first, then those set aside. repaired: what was repaired on the way."""

    findings: tuple[Finding, ...]
    repaired: tuple[Repaired, ...] = ()

    def to_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {"findings": [f.to_json() for f in self.findings]}
        if self.repaired:
            told["repaired"] = [r.to_json() for r in self.repaired]
        return told


@dataclass(frozen=True, slots=True)
class FirstFindings(Event):
    """What can be seen quickly; what takes longer is still under way."""

    findings: tuple[Finding, ...]
