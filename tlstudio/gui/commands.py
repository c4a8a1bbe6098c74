"""The window's commands: one list for shortcuts, the command palette and the tests."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QApplication

from tlstudio.gui import dropping, preferences, theme
from tlstudio.gui.page_stack import STEPS
from tlstudio.storage import places

if TYPE_CHECKING:
    from PySide6.QtWidgets import QFileDialog

    from tlstudio.gui.main_window import MainWindow


class Text:
    GO_TO = "Go to {}"
    START = "Go to the start page"
    OPEN = "Open a folder of images or a project"
    BACKUPS = "Backups of this project"
    USE_MODEL = "Use a model"
    COMMANDS = "Show all commands"
    HELP = "Help for this page"
    LIGHT = "Light ground"
    DARK = "Dark ground"
    SYSTEM = "Follow the system's light or dark ground"
    NOTIFY = "Notify me when long work is done"
    NOTIFY_NOT = "Stop notifying me when long work is done"
    LOG = "Open the log's folder"
    CLOSE = "Close the program"
    CHOOSE_FOLDER = "Choose a folder of images or a project"
    CHOOSE_MODEL = "Choose a model"
    MODELS = "Models (*.onnx)"


def build(window: MainWindow) -> list[QAction]:
    """Makes the actions, gives them to the window and returns them in the order of the palette."""
    actions = [
        _action(window, "start", Text.START, ["Alt+0", "Ctrl+0"], lambda: window.go("start")),
        *(
            _action(window, key, Text.GO_TO.format(name), [f"Alt+{i}", f"Ctrl+{i}"], partial(window.go, key))
            for i, (key, name, _) in enumerate(STEPS, 1)
        ),
        _action(window, "open", Text.OPEN, ["Ctrl+O"], lambda: choose_folder(window)),
        _action(window, "use_model", Text.USE_MODEL, ["Ctrl+M"], lambda: choose_bundle(window)),
        _action(window, "backups", Text.BACKUPS, [], lambda: show_backups(window, window.session.project)),
        _action(window, "help_page", Text.HELP, ["F1"], window.open_help),
        _action(window, "light", Text.LIGHT, [], lambda: _colour("light")),
        _action(window, "dark", Text.DARK, [], lambda: _colour("dark")),
        _action(window, "system", Text.SYSTEM, [], lambda: _colour("system")),
        _notifications(window),
        _action(window, "log", Text.LOG, [], open_log_folder),
        _action(window, "close", Text.CLOSE, ["Ctrl+Q"], window.close),
    ]
    window.session.backups_wanted.connect(partial(show_backups, window))
    window.addAction(_action(window, "commands", Text.COMMANDS, ["Ctrl+K"], window.open_commands))
    return actions


def _action(window: MainWindow, name: str, text: str, keys: list[str], do: Callable[[], object]) -> QAction:
    action = QAction(text, window)
    action.setObjectName(f"command.{name}")
    action.setShortcuts([QKeySequence(key) for key in keys])
    action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
    action.triggered.connect(lambda _=False: do())
    window.addAction(action)
    return action


def _notifications(window: MainWindow) -> QAction:
    """Turns the notifications on or off; its words say which."""

    def words() -> str:
        return Text.NOTIFY_NOT if preferences.notifications() else Text.NOTIFY

    def turn() -> None:
        preferences.set_notifications(not preferences.notifications())
        action.setText(words())

    action = _action(window, "notifications", words(), [], turn)
    return action


def choose_folder(window: MainWindow) -> None:
    """Asks for a folder without holding up the window, and opens it as a project or as images."""
    from PySide6.QtWidgets import QFileDialog

    dialog = QFileDialog(window, Text.CHOOSE_FOLDER)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    _ask(dialog, "window.choose_folder", window)


def show_backups(window: MainWindow, folder: Path | None) -> None:
    """Opens the list of backups of a project, open or not."""
    from tlstudio.gui.messages import Text as Words
    from tlstudio.gui.widgets.backup_list import BackupsDialog

    if folder is None:
        window.toast.say(Words.NO_PROJECT, "", None)
    else:
        BackupsDialog(window, window.session, folder).open()


def choose_bundle(window: MainWindow) -> None:
    from PySide6.QtWidgets import QFileDialog

    dialog = QFileDialog(window, Text.CHOOSE_MODEL)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilter(Text.MODELS)
    _ask(dialog, "window.choose_model", window)


def _ask(dialog: QFileDialog, name: str, window: MainWindow) -> None:
    dialog.setObjectName(name)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(lambda file: window.take(dropping.look_at(Path(file))))
    dialog.open()


def _colour(scheme: str) -> None:
    application = QApplication.instance()
    if isinstance(application, QApplication):
        theme.apply(application, scheme)


def open_log_folder() -> None:
    from PySide6.QtCore import QUrl
    from PySide6.QtGui import QDesktopServices

    folder = places.log_file().parent
    folder.mkdir(parents=True, exist_ok=True)
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
