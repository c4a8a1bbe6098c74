"""What the class panel asks for: new classes, other names, merging, deleting with the question what becomes of the images."""

from __future__ import annotations

from PySide6.QtCore import QObject

from tlstudio.gui.pages.labels.gallery import Gallery
from tlstudio.gui.pages.labels.panel import ClassPanel
from tlstudio.gui.pages.relabel import Relabeler
from tlstudio.gui.session import Session
from tlstudio.workflow import labeling


class ClassDeeds(QObject):
    """Between the panel and the engine."""

    def __init__(self, session: Session, panel: ClassPanel, gallery: Gallery, relabeler: Relabeler) -> None:
        super().__init__(panel)
        self._session, self._panel, self._gallery, self._relabeler = session, panel, gallery, relabeler
        panel.add_wanted.connect(self.add)
        panel.remove_wanted.connect(self.remove)
        panel.merge_wanted.connect(self.merge)
        panel.question.move_wanted.connect(self.merge)
        panel.question.let_go_wanted.connect(self.let_go)
        panel.buckets.classes.rename_wanted.connect(self.rename)

    def add(self, name: str) -> None:
        if self._relabeler.change_classes(lambda project: labeling.add_class(project, name)):
            self._panel.name_edit.clear()
            self._panel.buckets.select_label(name)

    def rename(self, old: str, new: str) -> None:
        if self._relabeler.change_classes(lambda project: labeling.rename_class(project, old, new)):
            self._panel.buckets.select_label(new)

    def merge(self, source: str, target: str) -> None:
        def then() -> None:
            self._panel.buckets.select_label(target)

        self._relabeler.move_class("merge", source, target, images=self._count(source), then=then)

    def remove(self, name: str) -> None:
        """An empty class goes at once; for one with images the user is asked first."""
        count = self._count(name)
        if not count:
            self._relabeler.change_classes(lambda project: labeling.remove_class(project, name))
        elif self._session.read_only.reason:
            self._session.toast.emit(self._session.read_only.reason, "", None)
        else:
            self._panel.ask(name, count, [other for other in self._gallery.names if other != name])

    def let_go(self, name: str) -> None:
        self._relabeler.move_class("remove", name, images=self._count(name), then=lambda: None)

    def _count(self, name: str) -> int:
        return next((c.count for c in self._gallery.classes if c.name == name), 0)
