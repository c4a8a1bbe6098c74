"""The pages of the window, loaded by name when they are first needed."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QStackedWidget

from tlstudio.gui.pages import PAGES
from tlstudio.gui.pages.base import Page, named
from tlstudio.gui.session import Session

STEPS: tuple[tuple[str, str, str], ...] = (
    # key, name in the rail, icon
    ("images", "Images", "images"),
    ("labels", "Labels", "labels"),
    ("check", "Check", "check"),
    ("model", "Model", "model"),
    ("train", "Train", "train"),
    ("inspect", "Inspect", "inspect"),
    ("use", "Use", "use"),
)
BETWEEN_LOADS_MS = 30


class PageStack(QStackedWidget):
    """Shows one page at a time. `shown` carries its key after it was entered, `loaded` each page that came into being."""

    shown = Signal(str)
    loaded = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        named(self, "window.pages", "Pages")
        self._session = session
        self._pages: dict[str, Page] = {}
        self.key = ""
        self._idle = QTimer(self, interval=BETWEEN_LOADS_MS)
        self._idle.timeout.connect(self._load_next)

    def page(self, key: str) -> Page:
        """The page of that key, loaded if need be."""
        if key not in self._pages:
            module, name = PAGES[key].split(":")
            page_class: type[Page] = getattr(import_module(module), name)
            page = page_class(self._session)
            self._pages[key] = page
            self.addWidget(page)
            self.loaded.emit(key)
        return self._pages[key]

    def if_loaded(self, key: str) -> Page | None:
        return self._pages.get(key)

    def pages(self) -> Iterator[Page]:
        yield from self._pages.values()

    @property
    def current(self) -> Page:
        return self.page(self.key)

    def go(self, key: str) -> Page:
        """Leaves the page that is shown and enters another, or the same one anew."""
        page = self.page(key)
        before = self.if_loaded(self.key)
        if before is not None and before is not page:
            before.leave()
        self.key = key
        self.setCurrentWidget(page)
        # The keyboard goes on from the top of the page, not from the step that was clicked.
        page.setFocus(Qt.FocusReason.OtherFocusReason)
        page.enter()
        self.shown.emit(key)
        return page

    def load_when_idle(self) -> None:
        """Loads the other pages one by one once the window is painted, so that the rail knows every step's state."""
        self._idle.start()

    def _load_next(self) -> None:
        missing = next((key for key in PAGES if key not in self._pages), None)
        if missing is None:
            self._idle.stop()
        else:
            self.page(missing)
