"""What one page asks another to show: images to look at on the Labels page, the model of a training on the Use page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tlstudio.gui.session import Session

_KEY, _RUN = "images_wish", "run_wish"


@dataclass(frozen=True)
class ImagesWish:
    """Show only these images; `title` says which ones they are."""

    title: str
    paths: frozenset[str]


def show_images(session: Session, title: str, paths: Iterable[str | Path]) -> None:
    """Opens the Labels page with these images alone."""
    session.setProperty(_KEY, ImagesWish(title, frozenset(map(str, paths))))
    session.go_to.emit("labels")


def take_images_wish(session: Session) -> ImagesWish | None:
    """The wish, once."""
    wish = session.property(_KEY)
    session.setProperty(_KEY, None)
    return wish if isinstance(wish, ImagesWish) else None


def use_run(session: Session, run: str) -> None:
    """Opens the Use page with the model of this training, whatever was shown there."""
    session.run_id = run
    session.runs_changed.emit()
    session.setProperty(_RUN, run)
    session.go_to.emit("use")


def take_run_wish(session: Session) -> str:
    """The wish, once; empty without one."""
    wish = session.property(_RUN)
    session.setProperty(_RUN, None)
    return wish if isinstance(wish, str) else ""
