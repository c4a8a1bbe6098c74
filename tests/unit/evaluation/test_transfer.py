"""What the comparison with simpler ways says, and that it says no more than the figures do."""

from __future__ import annotations

import numpy as np
import pytest

from tlstudio.domain.runs import Mode
from tlstudio.domain.transfer import Method, Transfer, Verdict
from tlstudio.evaluation.transfer import compare
from tlstudio.evaluation.transfer_words import Circumstances, tell

AROUND = Circumstances("test images", Mode.BALANCED, tuned=True, smallest=200, input_size=224)


def judged(n: int, *, tuned: bool = True, around: Circumstances = AROUND, grouped: int = 1, **right: float) -> Transfer:
    """A comparison on n images of two classes of equal size, where each way is right for the share given."""
    truth = np.arange(n) % 2
    rng = np.random.default_rng(0)
    said = {Method.MAJORITY: np.zeros(n, np.int64)}
    for method in (Method.THUMBNAILS, Method.PROBE, Method.MODEL):
        wrong = np.zeros(n, bool)
        wrong[rng.permutation(n)[: round(n * (1 - right[method.value]))]] = True
        said[method] = np.where(wrong, 1 - truth, truth)
    units = [i // grouped for i in range(n)]
    return tell(compare(truth, said, units, tuned=tuned), around)


def test_a_clear_gain_helps() -> None:
    found = judged(400, thumbnails=0.71, probe=0.90, model=0.94)
    assert found.verdict is Verdict.HELPS
    assert found.sentence == "The pretrained model helps: 94 % against 71 % for plain thumbnails."
    assert found.advice == ()
    assert found.test.startswith("McNemar")
    assert [b.method for b in found.baselines] == list(Method)


def test_the_better_of_the_simple_ways_is_the_yardstick() -> None:
    found = judged(400, thumbnails=0.4, probe=0.9, model=0.94)
    assert found.sentence.endswith("against 50 % for always giving the most frequent class.")


def test_no_gain_is_said_and_helped() -> None:
    found = judged(3000, thumbnails=0.80, probe=0.80, model=0.79)
    assert found.verdict is Verdict.NEGATIVE
    assert "brings no real gain" in found.sentence
    assert any("another family" in each for each in found.advice)
    assert any("224 pixels" in each for each in found.advice)


def test_a_loss_is_called_one() -> None:
    found = judged(400, thumbnails=0.90, probe=0.70, model=0.72)
    assert found.verdict is Verdict.NEGATIVE
    assert (
        found.sentence
        == "The pretrained model does worse than doing without it: 72 % against 90 % for plain thumbnails."
    )


def test_where_thumbnails_tell_all_a_shortcut_is_suspected() -> None:
    found = judged(600, thumbnails=1.0, probe=1.0, model=1.0)
    assert found.verdict is Verdict.NEGATIVE
    assert any("shortcut" in each for each in found.advice)


def test_where_nothing_learns_the_labels_are_suspected() -> None:
    found = judged(6000, thumbnails=0.5, probe=0.5, model=0.5)
    assert found.verdict is Verdict.NEGATIVE
    assert "Check the labels" in found.advice[0]


@pytest.mark.parametrize("mode", [Mode.BALANCED, Mode.THOROUGH])
def test_adjusting_that_loses_to_the_first_result_is_harm(mode: Mode) -> None:
    around = Circumstances("test images", mode, tuned=True, smallest=20, input_size=224)
    found = judged(400, around=around, thumbnails=0.5, probe=0.95, model=0.80)
    assert found.verdict is Verdict.NEGATIVE
    assert found.sentence == "Adjusting the pretrained model did harm: 80 % against 95 % for the first result."
    assert "quick mode" in found.advice[0]
    assert any("balanced mode" in each for each in found.advice) is (mode is Mode.THOROUGH)
    assert any("20 to learn from" in each for each in found.advice)


def test_a_run_that_is_the_first_result_can_not_lose_to_it() -> None:
    quick = Circumstances("test images", Mode.QUICK, tuned=False, smallest=200, input_size=224)
    found = judged(400, tuned=False, around=quick, thumbnails=0.5, probe=0.95, model=0.80)
    assert found.verdict is Verdict.HELPS and found.tuning == ""
    assert [b.method for b in found.told_apart()] == [Method.MAJORITY, Method.THUMBNAILS, Method.MODEL]


def test_few_images_can_not_tell_and_say_how_many_could() -> None:
    found = judged(20, thumbnails=0.75, probe=0.8, model=0.9)
    assert found.verdict is Verdict.UNCLEAR
    assert "can't be told with so few images" in found.sentence
    assert "instead of 20" in found.advice[0]


def test_few_groups_can_not_tell_what_many_images_could() -> None:
    assert judged(200, thumbnails=0.6, probe=0.8, model=0.9).verdict is Verdict.HELPS
    found = judged(200, grouped=50, thumbnails=0.6, probe=0.8, model=0.9)
    assert found.verdict is Verdict.UNCLEAR and "permutation" in found.test


def test_what_adjusting_brought_is_told_apart() -> None:
    assert "helps too" in judged(900, thumbnails=0.5, probe=0.80, model=0.94).tuning
    unsure = judged(900, thumbnails=0.93, probe=0.80, model=0.94)
    assert unsure.verdict is not Verdict.HELPS and "images helps: 94 %" in unsure.tuning
    assert "can't be told here" in judged(100, thumbnails=0.5, probe=0.92, model=0.93).tuning


def test_a_lopsided_set_is_judged_by_all_classes_alike() -> None:
    truth = np.repeat([0, 1], [380, 20])
    model = truth.copy()
    model[:20] = 1  # as often wrong as the most frequent class, but it finds the rare one
    said = {
        Method.MAJORITY: np.zeros(400, np.int64),
        Method.THUMBNAILS: np.zeros(400, np.int64),
        Method.PROBE: model,
        Method.MODEL: model,
    }
    found = tell(compare(truth, said, list(range(400)), tuned=False), AROUND)
    assert found.balanced and found.verdict is Verdict.HELPS
    assert "averaged over the classes 97 % against 50 %" in found.sentence


def test_without_the_pretrained_model_the_rest_is_still_compared() -> None:
    truth = np.arange(100) % 2
    said = {Method.MAJORITY: 0 * truth, Method.THUMBNAILS: 0 * truth, Method.MODEL: truth}
    found = tell(compare(truth, said, list(range(100)), tuned=True), AROUND)
    assert found.verdict is Verdict.HELPS and found.of(Method.PROBE) is None and found.tuning == ""


def test_it_is_read_as_it_was_written() -> None:
    found = judged(50, thumbnails=0.7, probe=0.8, model=0.9)
    assert Transfer.from_json(found.baselines_json(), found.to_json()) == found
