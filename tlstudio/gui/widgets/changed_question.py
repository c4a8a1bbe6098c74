"""A message that can ask what is done about images whose files were exchanged after the import."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton

from tlstudio.domain.errors import ImagesChanged, StudioError
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.inline_message import InlineMessage


class Text:
    """Words of the buttons."""

    take, keep = "Take the new ones", "Keep the old ones"


class ChangedQuestion(InlineMessage):
    """settle: the user has said what is done about the changed images: `take` or `keep`. name: `page.message`."""

    settle = Signal(str)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        page = name.split(".", 1)[0]
        self.take_button = named(QPushButton(Text.take, self), f"{page}.take_changed", Text.take)
        self.keep_button = named(QPushButton(Text.keep, self), f"{page}.keep_changed", Text.keep)
        for button, choice in ((self.take_button, "take"), (self.keep_button, "keep")):
            self.add_button(button).hide()
            button.clicked.connect(lambda _=False, choice=choice: self.settle.emit(choice))

    @property
    def asking(self) -> bool:
        return not (self.isHidden() or self.take_button.isHidden())

    def say(self, what: str, remedy: str = "", tone: str = "bad") -> None:
        self._offer(False)
        super().say(what, remedy, tone)

    def tell(self, error: StudioError) -> None:
        """Asks where it is about changed images; any other failure is told as it is."""
        super().tell(error)
        if isinstance(error, ImagesChanged):
            self.say(error.what, error.remedy, "caution")
            self._offer(True)

    def _offer(self, asking: bool) -> None:
        self.take_button.setVisible(asking)
        self.keep_button.setVisible(asking)
