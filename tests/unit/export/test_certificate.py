"""What counts as equal, and what counts as close enough for 8-bit numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tlstudio.domain.bundle import BundleInfo
from tlstudio.domain.certificate import Certificate, FileKind, Saving
from tlstudio.domain.errors import CertificateFailed
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.export import certificate
from tlstudio.export.certificate import (
    LARGEST_DIFFERENCE,
    MAY_LOSE,
    NO_LONGER,
    SHORT,
    SMALL,
    TIE,
    Examination,
    answers_of,
    certify,
    certify_reduced,
    closeness,
    compare,
    is_worth_it,
)
from tlstudio.inference.predictor import Prediction, Status, judge


def table(best: list[int], lead: float = 0.5) -> np.ndarray:
    """Probabilities of three classes whose top class leads by `lead`."""
    rows = np.full((len(best), 3), (1 - lead) / 3)
    rows[np.arange(len(best)), best] += lead
    return rows


def test_equal_tables_pass() -> None:
    seal = compare(table([0, 1, 2]), table([0, 1, 2]), "test")
    assert (seal.passed, seal.agreement, seal.max_difference, seal.precision) == (True, 1.0, 0.0, "float32")


def test_nothing_compared_is_nothing_proven() -> None:
    nothing = np.empty((0, 3))
    seal = compare(nothing, nothing, "test")
    assert (seal.passed, seal.images, seal.agreement, seal.max_difference) == (False, 0, 0.0, 1.0)
    assert closeness(seal) == 0.0


@pytest.mark.parametrize(("by", "passed"), [(0.99e-4, True), (1.01e-4, False), (-0.99e-4, True), (-1.01e-4, False)])
def test_no_probability_may_differ_by_more_than_a_ten_thousandth(by: float, passed: bool) -> None:
    assert LARGEST_DIFFERENCE == 1e-4
    expected = table([0, 1, 2])
    found = expected.copy()
    found[1, 2] += by
    seal = compare(found, expected, "val")
    assert seal.passed is passed
    assert seal.max_difference == pytest.approx(abs(by))
    assert (seal.images, seal.split) == (3, "val")


def test_one_other_class_among_many_is_not_equal() -> None:
    expected = np.array([[0.5, 0.5 - 1.02e-4, 1.02e-4]] * 50)
    found = expected.copy()
    found[7, :2] = found[7, 1::-1]
    found[7] = (found[7] + expected[7]) / 2 + [-1e-6, 1e-6, 0]
    seal = compare(found, expected, "test")
    assert seal.max_difference <= LARGEST_DIFFERENCE
    assert (seal.agreement, seal.passed) == (0.98, False)


@pytest.mark.parametrize(("lead", "agrees"), [(0.99e-4, True), (1.01e-4, False)])
def test_a_tie_is_a_lead_below_a_ten_thousandth(lead: float, agrees: bool) -> None:
    """Of the trained model's answer; the third class is far behind."""
    assert TIE == 1e-4
    expected = np.array([[0.45 + lead / 2, 0.45 - lead / 2, 0.1]])
    found = np.array([[0.45 - lead / 2, 0.45 + lead / 2, 0.1]])
    assert (compare(found, expected, "test").agreement == 1.0) is agrees
    # In which column the leading ones stand is of no matter.
    assert (compare(found[:, [0, 2, 1]], expected[:, [0, 2, 1]], "test").agreement == 1.0) is agrees


def test_at_the_limits_themselves() -> None:
    """A difference of just a ten-thousandth is allowed; a lead of just that is none that may fall either way."""
    expected, found = np.array([[0.9, 2e-4, 0.0]]), np.array([[0.9, 1e-4, 0.0]])
    assert compare(found, expected, "test").passed
    lead = np.array([[2e-4, 1e-4, 0.0]])
    assert compare(lead[:, [1, 0, 2]], lead, "test").agreement == 0.0
    by = examined(chances(2e-4), info=replace(INFO, operating_point={"crack": 1e-4}))
    said = certify(answers(chances(0.9e-4), by), by)
    assert said.decisions is not None
    assert said.decisions.differ == 1


def test_a_model_of_one_class_has_no_ties() -> None:
    one = np.ones((2, 1))
    assert compare(one, one, "test").passed


# --- files with fewer bits ---

INFO = BundleInfo(("crack", "good", "dent"), PreprocessSpec(32), {}, "ab12", {}, operating_point={"crack": 0.2})
PLAIN = replace(INFO, operating_point=None)
SAVING = Saving(30, 100, 0.6, 0.55, 0.65, 41, 1)
ALLOWED = {FileKind.INT8: 50, FileKind.STORED_SMALL: 20, FileKind.HALF: 10}  # of 1,000 images


def reduced(kind: FileKind, differ: int, lost: int = 0, n: int = 100, saving: Saving = SAVING) -> Certificate:
    """Of n images `differ` get another class than from the trained model; `lost` of them were right before, the others wrong."""
    trained, found = table([0] * n), table([1] * differ + [0] * (n - differ))
    truth = [0] * lost + [2] * (differ - lost) + [0] * (n - differ)
    by = examined(trained, truth, PLAIN)
    return certify_reduced(kind, answers(found, by), by, saving)


@pytest.mark.parametrize("kind", ALLOWED)
def test_how_many_images_may_get_another_class(kind: FileKind) -> None:
    may = ALLOWED[kind]
    inside, outside = reduced(kind, may, n=1000), reduced(kind, may + 1, n=1000)
    assert (inside.passed, outside.passed) == (True, False)
    assert inside.nearness is not None
    assert (inside.nearness.differ, inside.nearness.may_differ, inside.nearness.may_be_unfamiliar) == (may, may, may)
    assert inside.agreement == pytest.approx(1 - may / 1000)
    assert inside.precision == kind.value
    assert inside.saving == SAVING


@pytest.mark.parametrize("kind", ALLOWED)
def test_one_of_few_images_may_get_another_class(kind: FileKind) -> None:
    assert reduced(kind, 1, n=8).passed
    assert not reduced(kind, 2, n=8).passed


@pytest.mark.parametrize("kind", ALLOWED)
def test_at_most_one_point_of_accuracy_may_be_lost(kind: FileKind) -> None:
    assert MAY_LOSE == 0.01
    assert reduced(kind, 1, 1).passed
    assert not reduced(kind, 1, 1, n=99).passed
    assert not reduced(kind, 1, 1, n=8).passed
    seal = reduced(FileKind.INT8, 4, 2, n=200)
    assert seal.passed
    assert not reduced(FileKind.INT8, 4, 3, n=200).passed
    assert (seal.accuracy, seal.accuracy_trained) == (0.98, 0.99)
    assert seal.nearness is not None
    assert (seal.nearness.loss, seal.nearness.may_lose) == (pytest.approx(0.01), 0.01)
    assert seal.nearness.low == pytest.approx(-0.00946, abs=1e-5)  # of Bonett and Price, 2 lost and none won of 200
    assert seal.nearness.high == pytest.approx(0.02926, abs=1e-5)


def test_what_is_won_makes_up_for_what_is_lost() -> None:
    by = examined(table([0] * 100), [0] * 98 + [1] * 2, PLAIN)
    seal = certify_reduced(FileKind.INT8, answers(table([1] * 3 + [0] * 95 + [1] * 2), by), by, SAVING)
    assert seal.nearness is not None
    assert (seal.nearness.loss, seal.nearness.differ, seal.passed) == (pytest.approx(0.01), 5, True)
    better = certify_reduced(FileKind.INT8, answers(table([0] * 98 + [1] * 2), by), by, SAVING)
    assert better.nearness is not None
    assert better.nearness.loss == pytest.approx(-0.02)


def test_images_of_one_group_say_less() -> None:
    by = examined(table([0] * 100), [0] * 100, PLAIN)
    seal = certify_reduced(FileKind.INT8, answers(by.expected, by), by, SAVING)
    grouped = replace(by, units=[k // 10 for k in range(100)])
    less = certify_reduced(FileKind.INT8, answers(by.expected, by), grouped, SAVING)
    assert seal.nearness is not None
    assert less.nearness is not None
    assert less.nearness.high > 2 * seal.nearness.high


@pytest.mark.parametrize("kind", ALLOWED)
def test_how_many_images_may_become_unfamiliar(kind: FileKind) -> None:
    info = replace(PLAIN, novelty_threshold=2.0)
    for more, passed in ((0, True), (1, False)):
        strange = ALLOWED[kind] + more
        by = examined(table([0] * 1000), info=info)
        full = answers(by.expected, by)
        mine = [*answers(by.expected, by, novelty=3.0)[:strange], *full[strange:]]
        for found, side in (
            (mine, by.after(full)),
            (full, by.after(mine)),
        ):  # unfamiliar to the file only; to the model only
            seal = certify_reduced(kind, found, side, SAVING)
            assert seal.nearness is not None
            assert (seal.nearness.unfamiliar, seal.nearness.differ, seal.passed) == (strange, 0, passed)
            assert closeness(seal) == 1 - strange / 1000


@pytest.mark.parametrize(
    ("size", "high", "int8", "stored", "half"),
    [
        (500, 1.0, True, True, True),  # half the size, as fast
        (501, 1.0, False, False, True),
        (999, 0.7, True, True, True),  # as large, faster
        (999, 0.71, False, False, True),
        (300, 1.01, False, True, True),  # small and slower: only what is not made for speed
        (1000, 0.5, True, True, False),
    ],
)
def test_what_is_worth_it(size: int, high: float, int8: bool, stored: bool, half: bool) -> None:
    assert (SMALL, SHORT, NO_LONGER) == (0.5, 0.7, 1.0)
    saving = Saving(size, 1000, high - 0.1, high - 0.2, high, 41, 1)
    wanted = {FileKind.INT8: int8, FileKind.STORED_SMALL: stored, FileKind.HALF: half}
    assert {kind: is_worth_it(kind, saving) for kind in wanted} == wanted
    assert {kind: reduced(kind, 0, saving=saving).passed for kind in wanted} == wanted


# --- at the operating point ---


def chances(*cracks: float) -> np.ndarray:
    """Probabilities of which the first is given; the rest is good's."""
    return np.array([[p, 0.9 * (1 - p), 0.1 * (1 - p)] for p in cracks])


def examined(expected: np.ndarray, truth: list[int] | None = None, info: BundleInfo = INFO) -> Examination:
    paths = [Path(f"{i}.png") for i in range(len(expected))]
    return Examination(paths, expected, np.array(truth or [0] * len(expected), np.int64), "test", info)


def answers(found: np.ndarray, by: Examination, novelty: float = 0.0) -> list[Prediction]:
    """What the runner says to a file with these probabilities."""
    return [judge(by.info, path, row, novelty) for path, row in zip(by.paths, found.tolist(), strict=True)]


def test_equal_answers_decide_alike() -> None:
    by = examined(chances(0.05, 0.15, 0.3, 0.9), [1, 0, 0, 0])
    said = certify(answers(by.expected, by), by)
    assert said.passed
    assert said.decisions is not None
    assert (said.decisions.name, said.decisions.threshold) == ("crack", 0.2)
    assert (said.decisions.differ, said.decisions.may_differ, said.decisions.marks) == (0, 0, 0)
    assert (said.decisions.positives, said.decisions.found, said.decisions.found_trained) == (3, 2, 2)


def test_without_a_threshold_nothing_is_said_of_it() -> None:
    by = examined(chances(0.1, 0.9), info=replace(INFO, operating_point=None))
    said = certify(answers(by.expected, by), by)
    assert said.passed
    assert said.decisions is None
    assert closeness(said) == 1.0


def test_the_same_top_class_may_be_another_decision() -> None:
    """Good is the likeliest in both, and yet one of them flags the image."""
    by = examined(chances(0.19, 0.6))
    other = answers(chances(0.21, 0.6), by)
    said = certify(other, by)
    assert said.agreement == 1.0
    assert said.decisions is not None
    assert (said.decisions.differ, said.decisions.found, said.decisions.found_trained) == (1, 2, 1)
    assert not said.passed
    assert not said.decisions.held
    assert closeness(said) == 0.5


@pytest.mark.parametrize(
    ("trained", "found"),
    [
        (chances(0.2 + 5e-5), chances(0.2 - 4e-5)),  # at the threshold
        (chances(0.2 - 5e-5), chances(0.2 + 4e-5)),
        (np.array([[0.1, 0.45, 0.45]]), np.array([[0.1, 0.45 - 2e-5, 0.45 + 2e-5]])),  # between the others
    ],
)
def test_ties_may_fall_either_way(trained: np.ndarray, found: np.ndarray) -> None:
    by = examined(trained)
    said = certify(answers(found, by), by)
    assert said.decisions is not None
    assert said.decisions.differ == 0
    assert said.passed


@pytest.mark.parametrize("threshold", [0.5, 0.9999])
@pytest.mark.parametrize(("lead", "differ"), [(8e-5, 0), (1.2e-4, 1)])
def test_where_the_class_wins_a_tie_may_fall_either_way(threshold: float, lead: float, differ: int) -> None:
    """Under the threshold the likeliest class decides, so there a lead under 1e-4 is a tie, and the threshold is none."""
    info = replace(INFO, operating_point={"crack": threshold})
    by = examined(np.array([[0.4 + lead, 0.4, 0.2 - lead]]), info=info)
    said = certify(answers(np.array([[0.4, 0.4 + 1e-6, 0.2 - 1e-6]]), by), by)
    assert said.decisions is not None
    assert said.decisions.differ == differ


def test_a_probability_at_the_threshold_is_no_tie_where_the_class_wins() -> None:
    by = examined(np.array([[0.45, 0.3, 0.25]]), info=replace(INFO, operating_point={"crack": 0.45}))
    said = certify(answers(np.array([[0.3, 0.45, 0.25]]), by), by)
    assert said.decisions is not None
    assert (said.decisions.differ, said.decisions.found, said.decisions.found_trained) == (1, 0, 1)


@pytest.mark.parametrize(("lead", "differ"), [(0.99e-4, 0), (1.01e-4, 1)])
def test_a_tie_at_the_threshold_is_a_ten_thousandth(lead: float, differ: int) -> None:
    for side in (1, -1):
        by = examined(chances(0.2 + side * lead))
        said = certify(answers(chances(0.2 - side * 1e-6), by), by)
        assert said.decisions is not None
        assert said.decisions.differ == differ


def test_a_tie_may_miss_but_only_at_the_threshold() -> None:
    """Two cracks that only the model flags: one of them by a hair."""
    by = examined(chances(0.2 + 5e-5, 0.3, 0.9), [0, 0, 0])
    said = certify(answers(chances(0.2 - 4e-5, 0.1, 0.9), by), by).decisions
    assert said is not None
    assert (said.found_trained, said.found, said.may_miss, said.differ) == (3, 1, 1, 1)
    other = examined(chances(0.2 + 5e-5), [1])
    excused = certify(answers(chances(0.2 - 4e-5), other), other).decisions
    assert excused is not None
    assert (excused.positives, excused.may_miss) == (0, 0)


def test_a_tie_between_the_others_excuses_no_flag() -> None:
    by = examined(np.array([[0.1, 0.45, 0.45]]))
    said = certify(answers(np.array([[0.3, 0.35, 0.35]]), by), by)
    assert said.decisions is not None
    assert said.decisions.differ == 1


@pytest.mark.parametrize(("differ", "lost", "passed"), [(10, 0, True), (11, 0, False), (2, 1, True), (2, 2, False)])
def test_fewer_bits_may_decide_a_little_differently(differ: int, lost: int, passed: bool) -> None:
    """Of 200 images, 100 of them cracks, `differ` are decided otherwise; `lost` of these are cracks that are flagged no more."""
    expected = chances(*[0.3] * 100, *[0.1] * 100)
    found = chances(*[0.1] * lost, *[0.3] * (100 - lost), *[0.3] * (differ - lost), *[0.1] * (100 - differ + lost))
    by = examined(expected, [0] * 100 + [1] * 100)
    said = certify_reduced(FileKind.INT8, answers(found, by), by, SAVING)
    assert said.agreement == 1.0
    assert said.decisions is not None
    assert (said.decisions.differ, said.decisions.may_differ) == (differ, 10)
    assert (said.decisions.found_trained - said.decisions.found, said.decisions.may_miss) == (lost, 1)
    assert said.passed is passed


def test_of_few_images_that_must_not_be_missed_none_may_be() -> None:
    by = examined(chances(*[0.3] * 99, 0.1), [0] * 99 + [1])
    said = certify_reduced(FileKind.INT8, answers(chances(0.1, *[0.3] * 98, 0.1), by), by, SAVING)
    assert said.decisions is not None
    assert (said.decisions.positives, said.decisions.may_miss, said.decisions.differ) == (99, 0, 1)
    assert not said.passed


def test_another_mark_is_counted_and_allowed() -> None:
    """The same class, but the trained model is sure of it; and what only the smaller file finds unfamiliar."""
    by = examined(chances(0.26, 0.9), [0, 0], replace(INFO, novelty_threshold=2.0))
    sure = certify_reduced(FileKind.INT8, answers(chances(0.4, 0.9), by), by, SAVING)
    assert sure.decisions is not None
    assert (sure.decisions.differ, sure.decisions.marks, sure.passed) == (0, 1, True)
    after = by.after(answers(by.expected, by, novelty=1.0))
    strange = certify_reduced(FileKind.INT8, answers(by.expected, by, novelty=3.0), after, SAVING)
    assert strange.decisions is not None
    assert (strange.decisions.differ, strange.decisions.marks, strange.passed) == (0, 2, False)


def test_without_the_full_files_novelty_the_files_own_counts_for_both() -> None:
    by = examined(chances(0.4, 0.9), info=replace(INFO, novelty_threshold=2.0))
    said = certify(answers(by.expected, by, novelty=3.0), by)
    assert said.decisions is not None
    assert said.decisions.marks == 0


# --- asking the file ---


def test_every_image_is_asked_for_and_told(monkeypatch: pytest.MonkeyPatch, recorder: Callable) -> None:
    by = examined(chances(0.1, 0.9))
    rows = answers(by.expected, by)
    asked = []

    def predict(bundle: str, paths: list[Path], *, waiting: object, whatever: bool) -> list[Prediction]:
        assert whatever
        asked.append((bundle, list(paths)))
        return rows

    monkeypatch.setattr(certificate, "Bundle", lambda file, own: str(file))
    monkeypatch.setattr(certificate, "predict_files", predict)
    watch = recorder()
    assert answers_of(Path("m.onnx"), by, watch) == rows
    assert asked == [("m.onnx", [Path("0.png"), Path("1.png")])]
    assert [(e.done, e.total) for e in watch.events] == [(1, 2), (2, 2)]
    rows[1] = replace(rows[1], status=Status.REFUSED)
    with pytest.raises(CertificateFailed, match="can't be read any more") as refused:
        answers_of(Path("m.onnx"), by, watch)
    assert refused.value.path == "1.png"
