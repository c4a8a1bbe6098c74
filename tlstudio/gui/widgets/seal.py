"""The certificate of an exported model: a seal that opens to the facts behind it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QLabel, QSizePolicy, QVBoxLayout

from tlstudio.domain.bundle import BundleInfo
from tlstudio.domain.certificate import Certificate, Decisions, FileKind
from tlstudio.domain.operating import WINS
from tlstudio.gui import icons, theme
from tlstudio.gui.messages import day, listing, number, percent, probability, size
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.overlay import Popover

FACTS_WIDTH = 560


class Text:
    PASSED = "Checked: same answers as the trained model"
    MISSING = "Not certified"
    OPEN = "{}. Show the facts."
    TITLE = "What was checked"
    INTRO = (
        "Before this file was handed out, it looked at images that it had not learned from, and its answers were compared "
        "with those of the trained model."
    )
    INTRO_KNOWN = (
        "Before this file was handed out, its answers were compared with those of the trained model, on images that it had "
        "learned from, because there are no others."
    )
    NO_CERTIFICATE = "This file carries no certificate. Export the model again to get one."
    IMAGES, AGREEMENT, DIFFERENCE = "Images compared", "Same answer", "Largest difference"
    MADE, MODEL, LICENCE, CLASSES, VERSIONS = "Made", "Pretrained model", "Its licence", "Classes", "Made with"
    SPLITS: ClassVar = {"test": "test images", "val": "validation images", "train": "training images"}
    PRECISION, KIND = "Kind of file", "{}: {}"
    ACCURACY, COMPARED = "Accuracy", "{} on these images, {} in full precision"
    LOST = "{}: {}"
    CHANGED, IMAGES_MAY = "Another class", "{} of {} images; up to {} may"
    UNFAMILIAR = "Another mark “unfamiliar”"
    SIZE, TIMES = "Size", "{:.2f} times that in full precision, {} instead of {}"
    TIME, MEASURED = "Time for an image", "{}, on the computer that exported it"
    CLOSE = "Checked: nearly the same answers as the trained model"
    POINTS = "{} percentage points"
    THRESHOLD, FLAGGED = "Must not be missed", "{}, flagged from {} on, and where it is the most likely"
    LIKELIEST = "{}, flagged where it is the most likely"
    DECISIONS, ALL_ALIKE = "With this rule", "Same decision on all {} images"
    ALIKE = "Same decision on {} of {} images; up to {} may differ"
    MARKS = "{}; {} with another mark, such as uncertain"
    FOUND, OF, BY_TRAINED = "Flagged", "{} of {} images of {}", "{} of {} images of {}; {} by the trained model"
    UNFAMILIAR = "Unfamiliar"
    SEAL = "Seal"
    UNKNOWN = "not stated"


def facts(info: BundleInfo) -> list[tuple[str, str]]:
    """What the seal stands for, as (name, value) lines for reading."""
    lines: list[tuple[str, str]] = []
    from tlstudio.gui.models.model_titles import title_of

    certificate = info.certificate
    if certificate is not None:
        lines += [
            (Text.IMAGES, f"{number(certificate.images)} {Text.SPLITS.get(certificate.split, certificate.split)}"),
            (Text.AGREEMENT, percent(certificate.agreement, 0 if certificate.agreement == 1 else 2)),
            (Text.DIFFERENCE, Text.POINTS.format(_points(certificate))),
        ]
        if certificate.accuracy is not None and certificate.accuracy_trained is not None:
            lines += _reduced(certificate, certificate.accuracy, certificate.accuracy_trained)
    for name, threshold in (info.operating_point or {}).items():
        rule = Text.LIKELIEST if threshold >= WINS else Text.FLAGGED
        lines.append((Text.THRESHOLD, rule.format(name, probability(threshold))))
    if certificate is not None and certificate.decisions is not None:
        lines += _decisions(certificate.decisions, certificate.images)
    if info.novelty is not None:
        lines.append((Text.UNFAMILIAR, " ".join(filter(None, (info.novelty.promise, info.novelty.notices)))))
    backbone = info.backbone
    lines += [
        (Text.SEAL, info.seal_sentence),
        (Text.MADE, _date(info.created_at)),
        (Text.MODEL, title_of(str(backbone.get("model") or Text.UNKNOWN))),
        (Text.LICENCE, str(backbone.get("license") or Text.UNKNOWN)),
        (Text.CLASSES, listing(list(info.classes), 6)),
        (Text.VERSIONS, ", ".join(f"{name} {version}" for name, version in info.versions.items()) or Text.UNKNOWN),
    ]
    return lines


def _reduced(seal: Certificate, accuracy: float, trained: float) -> list[tuple[str, str]]:
    """What fewer bits cost and save."""
    kind, near, saving = seal.kind, seal.nearness, seal.saving
    said = Text.COMPARED.format(percent(accuracy, 1), percent(trained, 1))
    lines = [
        (Text.PRECISION, seal.precision if kind is None else Text.KIND.format(kind.caption, kind.meaning)),
        (Text.ACCURACY, said if near is None else Text.LOST.format(said, near.points)),
    ]
    if near is not None:
        images = number(seal.images)
        lines += [
            (Text.CHANGED, Text.IMAGES_MAY.format(number(near.differ), images, number(near.may_differ))),
            (Text.UNFAMILIAR, Text.IMAGES_MAY.format(number(near.unfamiliar), images, number(near.may_be_unfamiliar))),
        ]
    if saving is not None:
        lines += [
            (Text.SIZE, Text.TIMES.format(saving.size, size(saving.bytes), size(saving.full_bytes))),
            (Text.TIME, Text.MEASURED.format(saving.duration)),
        ]
    return lines


def _decisions(said: Decisions, images: int) -> list[tuple[str, str]]:
    """What the threshold makes of the images compared, on both sides."""
    alike = Text.ALL_ALIKE.format(number(images))
    if said.differ:
        alike = Text.ALIKE.format(number(images - said.differ), number(images), number(said.may_differ))
    lines = [(Text.DECISIONS, Text.MARKS.format(alike, number(said.marks)) if said.marks else alike)]
    if said.positives:
        same = said.found == said.found_trained
        counts = (number(said.found), number(said.positives), said.name, number(said.found_trained))
        lines.append((Text.FOUND, (Text.OF if same else Text.BY_TRAINED).format(*counts)))
    return lines


def _points(certificate: Certificate) -> str:
    """A probability difference in percentage points, with as many digits as it takes to see it."""
    points = certificate.max_difference * 100
    return "0" if points == 0 else f"{points:.6f}".rstrip("0").rstrip(".") if points >= 1e-6 else "under 0.000001"


def _date(text: str) -> str:
    try:
        return day(datetime.fromisoformat(text).timestamp())
    except ValueError:
        return text or Text.UNKNOWN


def _introduction(certificate: Certificate | None) -> str:
    if certificate is None:
        return Text.NO_CERTIFICATE
    return Text.INTRO_KNOWN if certificate.split == "train" else Text.INTRO


def _verdict(info: BundleInfo | None) -> str:
    certificate = None if info is None else info.certificate
    if certificate is None or not certificate.passed:
        return Text.MISSING
    return Text.PASSED if certificate.kind is FileKind.FULL else Text.CLOSE


class Seal(QAbstractButton):
    """Hidden until there is a model file to speak of."""

    def __init__(self, name: str) -> None:
        super().__init__()
        named(self, name, Text.TITLE)
        self.info: BundleInfo | None = None
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.clicked.connect(self._open)
        self.hide()

    def show_info(self, info: BundleInfo | None) -> None:
        self.info = info
        self.setVisible(info is not None)
        self.setText(_verdict(self.info))
        self.setAccessibleName(Text.OPEN.format(self.text()))
        self.updateGeometry()
        self.update()

    @property
    def passed(self) -> bool:
        return self.info is not None and self.info.certificate is not None and self.info.certificate.passed

    def sizeHint(self) -> QSize:
        width = QFontMetrics(theme.font(semibold=True)).horizontalAdvance(self.text())
        return QSize(theme.M + 22 + theme.S + width + theme.M + 16 + theme.S, theme.HIT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = theme.colour("good" if self.passed else "caution")
        edge = 2 if self.hasFocus() else 1
        painter.setPen(QPen(theme.colour("accent") if self.hasFocus() else ink, edge))
        painter.setBrush(theme.colour("hover" if self.underMouse() else "surface"))
        area = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.drawRoundedRect(area, area.height() / 2, area.height() / 2)
        top = area.center().y()
        icons.paint(painter, "seal" if self.passed else "caution", QRectF(theme.M, top - 10, 20, 20), ink)
        painter.setFont(theme.font(semibold=True))
        painter.setPen(ink)
        words = QRectF(theme.M + 22 + theme.S, 0, area.width(), self.height())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, self.text())
        icons.paint(painter, "chevron-down", QRectF(area.right() - theme.S - 16, top - 7, 14, 14), ink)

    def _open(self) -> None:
        if self.info is not None:
            Facts(self, self.info).open()


class Facts(Popover):
    """The lines behind the seal."""

    def __init__(self, seal: Seal, info: BundleInfo) -> None:
        super().__init__(seal, FACTS_WIDTH)
        named(self, "use.certificate", Text.TITLE)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.L, theme.M, theme.L, theme.L)
        column.setSpacing(theme.M)
        heading = QLabel(Text.TITLE)
        heading.setProperty("role", "card-title")
        intro = QLabel(_introduction(info.certificate))
        intro.setProperty("role", "muted")
        intro.setWordWrap(True)
        column.addWidget(heading)
        column.addWidget(intro)
        column.addLayout(self._lines(info))

    @staticmethod
    def _lines(info: BundleInfo) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.L)
        grid.setVerticalSpacing(theme.S)
        grid.setColumnStretch(1, 1)
        for row, (name, value) in enumerate(facts(info)):
            caption, words = QLabel(name), QLabel(value)
            caption.setProperty("role", "muted")
            words.setWordWrap(True)
            words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(caption, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(words, row, 1)
        return grid
