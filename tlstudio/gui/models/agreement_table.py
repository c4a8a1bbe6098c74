"""How two people agree on each class, as a table."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Qt

from tlstudio.domain.labels import Agreement, ClassAgreement
from tlstudio.domain.wording import isolated
from tlstudio.gui import messages
from tlstudio.gui.models.rows import Index, RowsModel


class Text:
    """Heads and tips of the table."""

    heads = ("Class", "You", "{name}", "Agreement")
    tips = (
        "",
        "Images that you give this class.",
        "Images that {name} gives this class.",
        "Of the images that either of you gives this class, how many both do, with its 95 % interval.",
    )


class AgreementTable(RowsModel[tuple[str, ClassAgreement]]):
    """One row a class, in the user's order."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(len(Text.heads), parent)
        self._name = ""

    def show_agreement(self, agreement: Agreement) -> None:
        self.beginResetModel()
        self._rows = list(agreement.per_class.items())
        self._name = agreement.annotator
        self.endResetModel()

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        words = {Qt.ItemDataRole.DisplayRole: Text.heads, Qt.ItemDataRole.ToolTipRole: Text.tips}.get(
            Qt.ItemDataRole(role)
        )
        return None if words is None else words[section].format(name=self._name)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        name, figures = self._rows[index.row()]
        cells = (name, messages.number(figures.mine), messages.number(figures.theirs), figures.agreement.percent())
        words = cells[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return words
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{isolated(name)}, {self.headerData(index.column(), Qt.Orientation.Horizontal)}: {words}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return Text.tips[index.column()].format(name=self._name) or name
        return None
