"""What a run says of many images, in columns: a window that keeps twenty thousand of them must not grow by their objects."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import overload


@dataclass(frozen=True, slots=True)
class ImagePrediction:
    """What a run says of one image of the project. probabilities: in the run's class order, sum 1."""

    image: int
    path: Path
    content: str
    label: str
    predicted: str
    probabilities: tuple[float, ...]

    @property
    def confidence(self) -> float:
        return max(self.probabilities)

    @property
    def correct(self) -> bool:
        return self.label == self.predicted


@dataclass(frozen=True, slots=True)
class _Texts:
    """Many short texts in one. ends: where each of them ends in it."""

    joined: str
    ends: array[int]

    @staticmethod
    def of(texts: Sequence[str]) -> _Texts:
        ends, end = array("q"), 0
        for text in texts:
            end += len(text)
            ends.append(end)
        return _Texts("".join(texts), ends)

    def __getitem__(self, place: int) -> str:
        return self.joined[self.ends[place - 1] if place else 0 : self.ends[place]]


@dataclass(frozen=True, slots=True)
class Predictions(Sequence[ImagePrediction]):
    """A sequence of ImagePrediction, each made when it is asked for.

    images: their ids. labels, predicted: places in `names`. chances: probabilities row by row, `width` of each.
    """

    images: array[int] = field(default_factory=lambda: array("q"))
    names: tuple[str, ...] = ()
    labels: array[int] = field(default_factory=lambda: array("i"))
    predicted: array[int] = field(default_factory=lambda: array("i"))
    chances: array[float] = field(default_factory=lambda: array("d"))
    width: int = 0
    paths: _Texts = field(default_factory=lambda: _Texts.of(()))
    contents: _Texts = field(default_factory=lambda: _Texts.of(()))

    @staticmethod
    def of(predictions: Iterable[ImagePrediction]) -> Predictions:
        """These predictions in columns; all of them tell about equally many classes."""
        rows = list(predictions)
        names = tuple(dict.fromkeys(name for row in rows for name in (row.label, row.predicted)))
        number = {name: place for place, name in enumerate(names)}
        chances = array("d")
        for row in rows:
            chances.extend(row.probabilities)
        return Predictions(
            array("q", [row.image for row in rows]),
            names,
            array("i", [number[row.label] for row in rows]),
            array("i", [number[row.predicted] for row in rows]),
            chances,
            len(rows[0].probabilities) if rows else 0,
            _Texts.of([str(row.path) for row in rows]),
            _Texts.of([row.content for row in rows]),
        )

    def __len__(self) -> int:
        return len(self.images)

    @overload
    def __getitem__(self, place: int) -> ImagePrediction: ...
    @overload
    def __getitem__(self, place: slice) -> list[ImagePrediction]: ...
    def __getitem__(self, place: int | slice) -> ImagePrediction | list[ImagePrediction]:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        number = range(len(self))[place]
        return ImagePrediction(
            self.images[number],
            Path(self.paths[number]),
            self.contents[number],
            self.names[self.labels[number]],
            self.names[self.predicted[number]],
            tuple(self._row(number)),
        )

    def __iter__(self) -> Iterator[ImagePrediction]:
        return map(self.__getitem__, range(len(self)))

    def wrong(self) -> list[int]:
        """The places of the wrong answers, those the run was surest of first."""
        pairs = enumerate(zip(self.labels, self.predicted, strict=True))
        return self._surest(place for place, (label, predicted) in pairs if label != predicted)

    def taken_for(self, label: str, predicted: str) -> list[int]:
        """The places of the images of one class that are taken for another, or for what they are; the surest first."""
        if label not in self.names or predicted not in self.names:
            return []
        wanted = (self.names.index(label), self.names.index(predicted))
        pairs = enumerate(zip(self.labels, self.predicted, strict=True))
        return self._surest(place for place, pair in pairs if pair == wanted)

    def _surest(self, places: Iterable[int]) -> list[int]:
        return sorted(places, key=lambda place: -max(self._row(place)))

    def _row(self, place: int) -> array[float]:
        return self.chances[place * self.width : (place + 1) * self.width]
