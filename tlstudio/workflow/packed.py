"""Projects that hold their images as prepared pixels alone, because they were packed for training on another machine.

Everything that a training asks of such a project is answered by the pixel cache, which is whole. There are no files to be looked
at again, and there is one way to prepare pictures: the one they were packed with.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tlstudio.domain.errors import PackUnfit
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.storage import packs
from tlstudio.storage.project import Project


def mark_packed(project: Project, pack: str, digest: str, *, preprocess: PreprocessSpec, depth: str) -> None:
    """Makes a project one of prepared pixels. digest: of the list that they came with. depth: that was asked for, see
    TrainSettings; without any image of more than 8 bits it comes to nothing.
    """
    packs.mark(project, {"pack": pack, "digest": digest, "preprocess": preprocess.to_json(), "depth": depth})


def packed_as(project: Project) -> tuple[str, str] | None:
    """Which packed training a project was made from, and the digest of its list; None for an ordinary project."""
    told = packs.mark_of(project)
    return None if told is None else (str(told["pack"]), str(told["digest"]))


def packed_spec(project: Project, wanted: PreprocessSpec, depth: str) -> PreprocessSpec | None:
    """How the pictures of such a project are prepared; None for an ordinary project.

    wanted: what a training asks for, its depth aside. Raises PackUnfit where that is another way.
    """
    told: dict[str, Any] | None = packs.mark_of(project)
    if told is None:
        return None
    there = PreprocessSpec.from_json(told["preprocess"])
    if told["depth"] != depth or replace(wanted, depth=there.depth, low=there.low, high=there.high) != there:
        raise PackUnfit(
            f"The images were packed as pictures of {there.size} pixels for another training than this one.",
            remedy="Train the model that they were packed for, at its size, or pack them anew in the project.",
        )
    return there
