"""Rehearsals: where a handful of images would have to decide what training is worth, more of them are asked.

A few validation images can't tell a better model from a lucky one. So the training is first rehearsed: with one half of the
training images, judged on the other, and the other way round, at the same settings. What each kind of candidate (the probe, the
moving average, the way half back …) said of the half that it had not seen decides whether anything may take the probe's place,
and what. Then all images are learned from in the same way, and the kind that convinced is taken. It is the cross-validated choice
of the super learner (van der Laan, Polley and Hubbard 2007, doi 10.2202/1544-6115.1309).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tlstudio.domain.events import EpochDone, Event, PassingReporter, Reporter, StepDone
from tlstudio.domain.planning import REHEARSALS, rehearses
from tlstudio.domain.runs import TrainSettings
from tlstudio.domain.safe_text import parse_json
from tlstudio.evaluation.contest import sureness
from tlstudio.images import splits
from tlstudio.storage import files
from tlstudio.storage.clocks import working
from tlstudio.storage.files import remove_leftovers
from tlstudio.training import candidates, checkpoint, keeping
from tlstudio.training.augment import Augmentation
from tlstudio.training.candidates import PROBE, Candidate
from tlstudio.training.choosing import Evidence, choose, joined, likeliest_first
from tlstudio.workflow.run_data import Sample

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What one brought: the evidence of the half that was left out, what may be mirrored there, and how long it went on.

    seconds: that it took. unstable: the loss stopped being a number again and again, so that it says nothing of what was tried.
    """

    evidence: Evidence
    flip: bool
    flip_vertical: bool
    epochs: int
    seconds: float = 0.0
    unstable: bool = False


def halves_for(settings: TrainSettings, train: Sequence[Sample], val: Sequence[Sample]) -> list[Ints]:
    """The rows that each rehearsal leaves out; none where there is nothing to rehearse for, or no way to halve the images."""
    return halves(train, settings.seed) if rehearses(settings, len(train), len(val)) else []


def halves(train: Sequence[Sample], seed: int) -> list[Ints]:
    """The rows that each rehearsal leaves out, groups staying together; none where a class would be missing from the rest."""
    units = [s.unit for s in train]
    if len(set(units)) < REHEARSALS:
        return []
    dealt = np.array(splits.folds([str(s.label) for s in train], units, REHEARSALS, seed))
    labels = np.array([s.label for s in train])
    left_out = [np.flatnonzero(dealt == part) for part in range(REHEARSALS)]
    whole = all(set(labels[dealt != part]) == set(labels) for part in range(REHEARSALS))
    return left_out if whole else []


def evidence_of(rehearsals: Sequence[Rehearsal]) -> Evidence:
    return joined([each.evidence for each in rehearsals])


def likeliest(evidence: Evidence, *, balanced: bool) -> str:
    """The kind of candidate that convinces; the probe where none does, and training in earnest would be for nothing."""
    truth, units = evidence.truth, evidence.units
    sure = sureness(evidence.said[PROBE].argmax(axis=1) == truth)
    scores = {k: candidates.score(said, truth, balanced=balanced, sure=sure) for k, said in evidence.said.items()}
    rivals = [Candidate(kind, {}, scores[kind]) for kind in likeliest_first(scores, len(truth))]
    return choose(Candidate(PROBE, {}, scores[PROBE]), rivals, truth, units=units).taken.name


def hopeless(evidence: Evidence, *, balanced: bool) -> bool:
    """Whether no kind of candidate was better than the probe in anything: another rehearsal would be for nothing."""
    scores = {k: candidates.score(said, evidence.truth, balanced=balanced) for k, said in evidence.said.items()}
    probe = scores.pop(PROBE)
    sound = [rival for rival in scores.values() if rival.sound]
    return all(rival.share <= probe.share and rival.loss >= probe.loss for rival in sound)


def agreed(rehearsals: Sequence[Rehearsal], look: Augmentation) -> Augmentation:
    """`look` with the mirrors that every rehearsal allows."""
    flip, upside = all(r.flip for r in rehearsals), all(r.flip_vertical for r in rehearsals)
    return replace(look, flip=flip, flip_vertical=upside)


# --- kept, so that a killed training does not rehearse twice ---


def place(folder: Path, number: int) -> Path:
    """The folder of a rehearsal's checkpoint, within that of the run."""
    return folder / f"rehearsal-{number}"


def keep(folder: Path, number: int, done: Rehearsal, origin: str) -> None:
    """Writes what it brought, and removes its checkpoint. origin: tells its images and pretrained weights from any others."""
    data = {name: getattr(done, name) for name in ("flip", "flip_vertical", "epochs", "seconds", "unstable")}
    told = {**data, "origin": origin, "evidence": done.evidence.to_json()}
    files.write_json(folder / f"rehearsal-{number}.json", told)
    _clear(place(folder, number))


def kept(folder: Path, number: int, origin: str) -> Rehearsal | None:
    """What `keep` wrote of this origin; None where there is nothing, or nothing that can be read: it is rehearsed again then."""
    try:
        data = parse_json(files.read_text(folder / f"rehearsal-{number}.json"))
        if data["origin"] != origin:
            return None
        evidence, seconds = Evidence.from_json(data["evidence"]), float(data["seconds"])
        flips = bool(data["flip"]), bool(data["flip_vertical"])
        return Rehearsal(evidence, *flips, int(data["epochs"]), seconds, bool(data["unstable"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def begun_without(folder: Path) -> bool:
    """Whether a run was begun by a version that did not rehearse, or by the user's wish: it goes on as it began."""
    return checkpoint.there(folder) and not any(folder.glob("rehearsal-*"))


def remove(folder: Path) -> None:
    """Removes what a finished run needs no more."""
    for number in range(1, REHEARSALS + 1):
        _clear(place(folder, number))
        with suppress(OSError):
            (folder / f"rehearsal-{number}.json").unlink(missing_ok=True)


def _clear(folder: Path) -> None:
    keeping.remove(folder)
    remove_leftovers(folder)
    with suppress(OSError):
        folder.rmdir()


# --- told as one course ---


class PartOfCourse(PassingReporter):
    """A reporter that tells one part of a training as what it is: epochs before it and after it, and time for those after it.

    before: epochs of the parts that are done. parts_after: parts still to come, of as many epochs. work_after: what they cost,
    this part being 1.
    """

    def __init__(self, inner: Reporter, *, before: int = 0, parts_after: int = 0, work_after: float = 0.0) -> None:
        super().__init__(inner)
        self._before = before
        self._parts_after = parts_after
        self._work_after = work_after
        self._begun = working()

    def report(self, event: Event) -> None:
        super().report(self._placed(event))

    def _placed(self, event: Event) -> Event:
        if not isinstance(event, StepDone | EpochDone):
            return event
        left = event.seconds_left
        if left is not None:
            left += self._work_after * (working() - self._begun + left)
        epochs = self._before + event.epochs * (1 + self._parts_after)
        placed = replace(event, epoch=self._before + event.epoch, epochs=epochs, seconds_left=left)
        # What comes with parts to follow is a rehearsal; the last part is in earnest.
        return replace(placed, rehearsal=self._parts_after > 0) if isinstance(placed, EpochDone) else placed
