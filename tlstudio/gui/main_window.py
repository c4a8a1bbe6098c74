"""The frame of the program: the rail of steps, the page, the messages, and the strip with the work under way.

The window stands before most of the program is loaded: only `furnish` and what comes after it imports the parts. Even Qt's
own namespace of constants takes a quarter of the time that an empty window needs.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QVBoxLayout, QWidget

from tlstudio.gui.first_fit import FirstFit
from tlstudio.gui.later import later
from tlstudio.gui.preferences import settings

if TYPE_CHECKING:
    from PySide6.QtGui import (
        QAction,
        QCloseEvent,
        QDragEnterEvent,
        QDragLeaveEvent,
        QDropEvent,
        QResizeEvent,
        QShowEvent,
    )

    from tlstudio.gui.dropping import Dropped
    from tlstudio.gui.job_bridge import Job, JobBridge
    from tlstudio.gui.page_stack import PageStack
    from tlstudio.gui.session import Session
    from tlstudio.gui.widgets.command_palette import CommandPalette
    from tlstudio.gui.widgets.drop_overlay import DropOverlay
    from tlstudio.gui.widgets.job_strip import JobStrip
    from tlstudio.gui.widgets.message_bar import MessageBar, Toast
    from tlstudio.gui.widgets.rail import Rail


class Text:
    PROGRAM = "Transfer Learning Studio"
    TITLE = "{} – Transfer Learning Studio"
    SINGLE_IMAGES = "These are single images. Drop the folder that holds one sub-folder per class."


class MainWindow(QMainWindow):
    """Puts the parts together and moves between pages. What a page does is the page's business."""

    body: QWidget
    bridge: JobBridge
    session: Session
    rail: Rail
    messages: MessageBar
    stack: PageStack
    strip: JobStrip
    toast: Toast
    command_list: list[QAction]

    def __init__(self) -> None:
        """An empty frame at its place; `furnish` fills it."""
        super().__init__()
        self.setObjectName("window")
        self.setWindowTitle(Text.PROGRAM)
        self.setMinimumSize(880, 600)
        self._settings = settings()
        self._furnished = False
        saved = self._settings.value("window/geometry")
        if saved is None or not self.restoreGeometry(saved):
            room = self.screen().availableSize()
            self.resize(min(1280, room.width()), min(800, room.height()))
        self._first_fit = FirstFit(self)

    def furnish(self) -> None:
        """Builds everything that is seen, shows the start page, and has the rest loaded when nothing else is to do."""
        from tlstudio.gui import commands
        from tlstudio.gui.collecting import Collector
        from tlstudio.gui.job_bridge import JobBridge
        from tlstudio.gui.page_stack import STEPS, PageStack
        from tlstudio.gui.pages.base import named
        from tlstudio.gui.session import Session
        from tlstudio.gui.widgets.job_strip import JobStrip
        from tlstudio.gui.widgets.message_bar import MessageBar, Toast
        from tlstudio.gui.widgets.rail import Rail

        named(self, "window", Text.PROGRAM)
        self.setAcceptDrops(True)
        self.collector = Collector(self)
        self.bridge = JobBridge(self)
        self.session = Session(self.bridge, self)
        self.rail = Rail(list(STEPS))
        self.messages = MessageBar()
        self.stack = PageStack(self.session)
        self.strip = JobStrip(self.bridge)
        self._lay_out()
        self.toast = Toast(self.stack)
        self.command_list = commands.build(self)
        self._connect()
        self._furnished = True
        self._fit_rail()
        self.stack.go("start")
        later(self, self._after_first_picture)

    def _lay_out(self) -> None:
        from tlstudio.gui import theme

        body = self.body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(self.rail)
        right = QVBoxLayout()
        right.setSpacing(0)
        message_frame = QHBoxLayout()
        message_frame.setContentsMargins(theme.XL, theme.M, theme.XL, 0)
        message_frame.addWidget(self.messages)
        right.addLayout(message_frame)
        right.addWidget(self.stack, 1)
        row.addLayout(right, 1)
        column.addLayout(row, 1)
        column.addWidget(self.strip)
        self.setCentralWidget(body)

    def _connect(self) -> None:
        from tlstudio.gui import commands

        session = self.session
        self.rail.chosen.connect(self.go)
        self.stack.shown.connect(self._page_shown)
        self.stack.loaded.connect(lambda _: self.refresh_rail())
        self.bridge.job_ended.connect(self._job_ended)
        session.go_to.connect(self.go)
        session.say.connect(self.messages.say)
        session.offer.connect(self.messages.say)
        session.toast.connect(self.toast.say)
        session.project_changed.connect(self._project_changed)
        session.data_changed.connect(self._data_changed)
        session.runs_changed.connect(self.refresh_rail)
        session.steps_changed.connect(self.refresh_rail)
        session.open_wanted.connect(self.open_path)
        session.choose_wanted.connect(lambda: commands.choose_folder(self))
        session.commands_wanted.connect(self.open_commands)
        session.help_wanted.connect(self.open_help)

    # --- moving about ---

    def go(self, key: str) -> None:
        """Shows a page, or says why it can't be shown yet."""
        blocked = self.stack.page(key).blocked()
        if blocked:
            self.toast.say(blocked, "", None)
        else:
            self.stack.go(key)

    def open_path(self, path: Path) -> None:
        """Opens a project, a folder of images or a model file: from the command line or another page."""
        from tlstudio.gui import dropping

        self.take(dropping.look_at(path))

    def take(self, dropped: Dropped) -> None:
        """Something that was dropped or chosen: the page that is shown may want it, or it has a page of its own."""
        from tlstudio.gui.dropping import Kind

        current = self.stack.current
        if current.wants(dropped):
            current.receive(dropped)
        elif dropped.kind is Kind.PROJECT:
            self.open_project(dropped.path)
        elif dropped.kind is Kind.FILES:
            self.messages.say(Text.SINGLE_IMAGES, "caution")
        else:
            key = "use" if dropped.kind is Kind.BUNDLE else "images"
            self.stack.go(key).receive(dropped)

    def open_project(self, folder: Path) -> None:
        self.session.open_project(folder)

    def _project_changed(self) -> None:
        summary = self.session.summary
        self.setWindowTitle(Text.TITLE.format(summary.name) if summary else Text.PROGRAM)
        self.messages.hide()
        self.toast.hide()  # its Undo would take back something of another project
        self.refresh_rail()
        if summary is None:
            self.stack.go("start")
            return
        key = str(self._settings.value(self._place_key(), "images"))
        known = key in self.rail.steps and not self.stack.page(key).blocked()
        self.stack.go(key if known else "images")

    def _data_changed(self) -> None:
        self.refresh_rail()
        self.stack.current.enter()

    def _job_ended(self, job: Job) -> None:
        if job.title:
            self.refresh_rail()

    def _page_shown(self, key: str) -> None:
        self.refresh_rail()
        if self.session.project is not None and key != "start":
            self._settings.setValue(self._place_key(), key)

    def refresh_rail(self) -> None:
        """Asks every loaded page for its state; a page that is still to be loaded can't be done."""
        from tlstudio.gui.messages import Text as Words
        from tlstudio.gui.widgets.rail import StepState

        summary = self.session.summary
        self.rail.show_project(summary.name if summary else "", on_start=self.stack.key == "start")
        for key, step in self.rail.steps.items():
            page = self.stack.if_loaded(key)
            if page is None:
                free = key in ("images", "use") or summary is not None
                state = StepState(blocked="" if free else Words.NO_PROJECT)
            else:
                state = StepState(page.done(), page.waiting(), page.blocked())
            step.show_state(state, here=key == self.stack.key)

    # --- overlays, made when they are first needed ---

    @cached_property
    def palette_box(self) -> CommandPalette:
        from tlstudio.gui.widgets.command_palette import CommandPalette

        return CommandPalette(self.body)

    @cached_property
    def drop_overlay(self) -> DropOverlay:
        from tlstudio.gui.widgets.drop_overlay import DropOverlay

        return DropOverlay(self.body)

    def open_commands(self) -> None:
        self.palette_box.open([*self.stack.current.commands(), *self.command_list])

    def open_help(self) -> None:
        from tlstudio.gui.widgets.help_bubble import show_bubble

        page = self.stack.current
        show_bubble(page.help_button, page.title, page.help or page.sentence)

    # --- the keyboard ---

    def focusNextPrevChild(self, following: bool) -> bool:
        """Tab goes on as ever. But when the control with the keyboard vanishes or is greyed, Qt would take whatever comes next,
        such as the button that ends a training: then the keyboard stays beside where it was.
        """
        focused = self.focusWidget()
        if not self._furnished or focused is None or (focused.isVisible() and focused.isEnabled()):
            return super().focusNextPrevChild(following)
        from tlstudio.gui.widgets.stop_button import rest

        rest(focused)
        return True

    # --- drops ---

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        from tlstudio.gui import dropping

        dropped = dropping.read(event.mimeData())
        if dropped is None:
            event.ignore()
            return
        on_use = self.stack.key == "use" and dropped.kind in (dropping.Kind.FOLDER, dropping.Kind.FILES)
        self.drop_overlay.show_for(dropped, predicting=on_use)
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.drop_overlay.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        from tlstudio.gui import dropping

        self.drop_overlay.hide()
        dropped = dropping.read(event.mimeData())
        if dropped is not None:
            event.acceptProposedAction()
            # After the drop: the other program's drag must not wait for our work.
            later(self, lambda: self.take(dropped))

    # --- life ---

    def _after_first_picture(self) -> None:
        """What the first picture does not need: the workers, the other pages, the name of the device."""
        self.bridge.start()
        self.stack.load_when_idle()
        self.bridge.submit("device").finished.connect(self.strip.show_device)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._first_fit.begin()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._furnished:
            self._fit_rail()

    def _fit_rail(self) -> None:
        from tlstudio.gui import theme

        self.rail.collapse(self.width() < theme.COLLAPSE_BELOW)
        self.refresh_rail()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._furnished:
            from tlstudio.gui import closing

            if not closing.may_close(self, self.bridge):
                event.ignore()
                return
        self._settings.setValue("window/geometry", self.saveGeometry())
        self._settings.sync()
        self.hide()
        if self._furnished:
            self.bridge.close()
        event.accept()

    def _place_key(self) -> str:
        """Where the last place in this project is remembered; hashed, because settings keys can't hold a path."""
        import hashlib

        return f"places/{hashlib.sha256(str(self.session.project).encode()).hexdigest()[:16]}"
