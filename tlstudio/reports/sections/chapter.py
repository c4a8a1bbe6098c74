"""What the modules of this folder have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tlstudio.reports.content import Block
from tlstudio.reports.material import Known, Material


@dataclass(frozen=True, slots=True)
class Chapter:
    """A section before it is written. holds: one line on what will be in it, known before anything is measured."""

    key: str
    title: str
    holds: Callable[[Known], str]
    write: Callable[[Material], tuple[Block, ...]]
