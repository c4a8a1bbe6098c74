"""A training that is done on another machine: what is packed for it, what comes back, and where it was."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MOST_VERSIONS, LONGEST_TEXT = 32, 200  # of what a stranger's file says of the machine


@dataclass(frozen=True, slots=True)
class PackResult:
    """The answer of `pack`. pack: names the packed training, in the project and in all that comes of it. size: edge of the packed
    pictures in pixels. groups: how many there are among them, as numbers.
    """

    file: Path
    bytes: int
    pack: str
    model: str
    images: int
    size: int
    classes: tuple[str, ...]
    groups: int
    weights: bool


@dataclass(frozen=True, slots=True)
class Machine:
    """What a training was done on. Names nothing that identifies a computer or a person.

    device: as people know it, such as “NVIDIA H200”. system: operating system and kind of processor. versions: of this program,
    Python and libraries, by name.
    """

    device: str
    system: str
    versions: dict[str, str] = field(default_factory=dict)

    def sentence(self) -> str:
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return f"{self.device}, {self.system}; {versions}"

    @staticmethod
    def from_json(data: dict[str, Any]) -> Machine:
        """Raises ValueError for what is no such description."""
        device, system, versions = data.get("device"), data.get("system"), data.get("versions")
        if not isinstance(versions, dict) or len(versions) > MOST_VERSIONS:
            raise ValueError("no description of a machine")
        texts = (device, system, *versions, *versions.values())
        if not all(isinstance(text, str) and len(text) <= LONGEST_TEXT for text in texts):
            raise ValueError("no description of a machine")
        return Machine(str(device), str(system), dict(versions))


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """That a run was trained on another machine. packed_at, back_at: seconds since 1970."""

    pack: str
    machine: Machine
    packed_at: float
    back_at: float


@dataclass(frozen=True, slots=True)
class Drift:
    """What became of the packed images in the project since: labels that are others or gone, files whose content was taken anew,
    and images that are left out, moved to another part or are not there any more.
    """

    labels: int = 0
    contents: int = 0
    gone: int = 0
    moved: int = 0

    def sentence(self) -> str:
        """For people; empty where nothing has changed."""
        told = (
            (self.labels, "label", "changed"),
            (self.contents, "image", "been exchanged"),
            (self.gone, "image", "been left out or removed"),
            (self.moved, "image", "been moved to another part"),
        )
        said = ", ".join(
            f"{n:,} {what} has {became}" if n == 1 else f"{n:,} {what}s have {became}" for n, what, became in told if n
        )
        return f"{said} since it was packed." if said else ""


@dataclass(frozen=True, slots=True)
class UnpackResult:
    """The answer of `unpack`. runs: those that the file brought, the training itself first. already: they were in the project
    before, and nothing was done.
    """

    runs: tuple[str, ...]
    already: bool
    drift: Drift
    machine: Machine

    @property
    def run(self) -> str:
        return self.runs[0]

    def to_json(self) -> dict[str, Any]:
        return {
            "run": self.run,
            "runs": list(self.runs),
            "already": self.already,
            "changed": {
                "labels": self.drift.labels,
                "contents": self.drift.contents,
                "gone": self.drift.gone,
                "moved": self.drift.moved,
            },
            "machine": {
                "device": self.machine.device,
                "system": self.machine.system,
                "versions": self.machine.versions,
            },
        }
