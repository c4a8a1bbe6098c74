"""What the comparison with simpler ways says, and that it says no more than the figures do."""

from __future__ import annotations

import numpy as np
import pytest

from tlstudio.domain.runs import Mode
from tlstudio.domain.transfer import Gain, Method, Transfer, Verdict
from tlstudio.domain.values import Interval
from tlstudio.evaluation import transfer, transfer_words
from tlstudio.evaluation.transfer import Comparison, compare, is_loss, is_small, matters
from tlstudio.evaluation.transfer_words import Circumstances, tell

AROUND = Circumstances("test images", Mode.BALANCED, tuned=True, smallest=200, input_size=224)
QUICK = Circumstances("test images", Mode.QUICK, tuned=False, smallest=200, input_size=224)
WAYS = (Method.THUMBNAILS, Method.UNTRAINED, Method.PROBE, Method.MODEL)


def figures(n: int, *, tuned: bool = True, grouped: int = 1, seed: int = 0, **right: float) -> Comparison:
    """n images of two classes of equal size, where each way is right for the share given; without one the way is missing."""
    truth = np.arange(n) % 2
    rng = np.random.default_rng(seed)
    said = {Method.MAJORITY: np.zeros(n, np.int64)}
    for method in WAYS:
        wrong = np.zeros(n, bool)
        share = right.get(method.value, right["thumbnails"] if method is Method.UNTRAINED else 0.0)
        wrong[rng.permutation(n)[: round(n * (1 - share))]] = True
        if method.value in right or method is Method.UNTRAINED:
            said[method] = np.where(wrong, 1 - truth, truth)
    if right.get("untrained", 0.0) < 0:
        del said[Method.UNTRAINED]
    return compare(truth, said, [i // grouped for i in range(n)], tuned=tuned)


def judged(n: int, *, around: Circumstances = AROUND, grouped: int = 1, **right: float) -> Transfer:
    return tell(figures(n, tuned=around.tuned, grouped=grouped, **right), around)


def quick(n: int, *, grouped: int = 1, thumbnails: float, untrained: float, model: float) -> Transfer:
    """A run that is the first result itself."""
    truth = np.arange(n) % 2
    rng = np.random.default_rng(0)
    said = {Method.MAJORITY: np.zeros(n, np.int64)}
    for method, share in zip(WAYS[:3], (thumbnails, untrained, model), strict=True):
        wrong = np.zeros(n, bool)
        wrong[rng.permutation(n)[: round(n * (1 - share))]] = True
        said[method] = np.where(wrong, 1 - truth, truth)
    said[Method.MODEL] = said[Method.PROBE]
    return tell(compare(truth, said, [i // grouped for i in range(n)], tuned=False), QUICK)


# --- the margin ---


@pytest.mark.parametrize(
    ("low", "high", "p", "expected"),
    [
        (0.021, 0.2, 0.049, (True, False, False)),
        (0.02, 0.2, 0.01, (False, False, False)),
        (0.021, 0.2, 0.05, (False, False, False)),
        (-0.01, 0.0199, 0.5, (False, True, False)),
        (-0.01, 0.02, 0.5, (False, False, False)),
        (-0.2, -0.021, 0.049, (False, True, True)),
        (-0.2, -0.02, 0.01, (False, True, False)),
        (-0.2, -0.021, 0.05, (False, True, False)),
    ],
)
def test_a_difference_matters_from_two_points_on(low: float, high: float, p: float, expected: tuple[bool, ...]) -> None:
    assert transfer.WORTH == 0.02
    gain = Gain(Method.THUMBNAILS, Interval((low + high) / 2, low, high), p)
    assert (matters(gain), is_small(gain), is_loss(gain)) == expected


def test_a_clear_gain_helps() -> None:
    found = judged(400, thumbnails=0.71, untrained=0.74, probe=0.90, model=0.94)
    assert found.verdict is Verdict.HELPS
    assert found.sentence == (
        "The pretrained model helps: 94 % against 71 % for plain thumbnails; before adjusting 90 % against 74 % for the same"
        " network untrained."
    )
    assert found.advice == () and found.margin == 0.02
    assert found.test.startswith("McNemar")
    assert [b.method for b in found.baselines] == list(Method)
    over = [(g.of, g.over) for g in found.gains]
    assert over[-1] == (Method.PROBE, Method.UNTRAINED)
    assert over[:-1] == [(Method.MODEL, m) for m in Method if m is not Method.MODEL]


def test_of_a_first_result_both_yardsticks_are_told() -> None:
    found = quick(400, thumbnails=0.71, untrained=0.74, model=0.9)
    assert found.verdict is Verdict.HELPS and found.tuning == ""
    assert found.sentence.endswith("90 % against 71 % for plain thumbnails and 74 % for the same network untrained.")


def test_a_network_that_has_learned_nothing_never_helps() -> None:
    """62 % against 47 % for thumbnails: what random weights reach."""
    found = quick(1000, thumbnails=0.47, untrained=0.62, model=0.62)
    assert found.verdict is not Verdict.HELPS
    found = quick(8000, thumbnails=0.47, untrained=0.62, model=0.62)
    assert found.verdict is Verdict.NEGATIVE
    assert found.sentence == (
        "The pretraining makes no difference that matters (2 points or more): 62 % against 62 % for the same network untrained."
    )


def test_what_training_reaches_is_not_owed_to_the_pretraining() -> None:
    found = judged(4000, thumbnails=0.47, untrained=0.62, probe=0.62, model=0.94)
    assert found.verdict is Verdict.UNCLEAR
    assert "The trained model is better than doing without it: 94 % against 50 %" in found.sentence
    assert found.sentence.endswith("can't be told: before adjusting 62 % against 62 % for the same network untrained.")
    assert found.advice[0].startswith("Try a pretrained model of another family")


def test_equal_figures_with_many_images_are_no_difference_that_matters() -> None:
    found = judged(20_000, thumbnails=0.95, untrained=0.95, probe=0.953, model=0.953)
    assert found.verdict is Verdict.NEGATIVE
    assert found.sentence.startswith(
        "The pretrained model makes no difference that matters (2 points or more): 95 % against 95 %"
    )


def test_the_better_of_the_simple_ways_is_the_yardstick() -> None:
    found = judged(400, thumbnails=0.4, probe=0.9, model=0.94)
    assert "94 % against 50 % for always giving the most frequent class" in found.sentence
    assert figures(400, thumbnails=0.4, probe=0.9, model=0.94).rival() is Method.MAJORITY


def test_no_gain_is_said_and_helped() -> None:
    found = judged(3000, thumbnails=0.80, probe=0.80, model=0.79)
    assert found.verdict is Verdict.NEGATIVE
    assert "makes no difference that matters" in found.sentence
    assert found.advice == (
        "Try a pretrained model of another family: the Model page compares those on this machine on your images.",
        "Try an input larger than 224 pixels if what matters is small in the picture.",
    )
    assert quick(3000, thumbnails=0.80, untrained=0.7, model=0.79).advice[0].startswith("Try the balanced mode")


def test_a_loss_is_called_one() -> None:
    found = judged(400, thumbnails=0.90, probe=0.70, model=0.72)
    assert found.verdict is Verdict.NEGATIVE
    assert (
        found.sentence
        == "The pretrained model does worse than doing without it: 72 % against 90 % for plain thumbnails."
    )


def test_where_no_simple_way_is_beaten_the_better_one_is_named() -> None:
    found = judged(8000, thumbnails=0.45, untrained=0.3, probe=0.46, model=0.46)
    assert found.verdict is Verdict.NEGATIVE
    assert "46 % against 50 % for always giving the most frequent class" in found.sentence
    found = judged(8000, thumbnails=0.53, untrained=0.3, probe=0.5, model=0.5)
    assert "50 % against 53 % for plain thumbnails" in found.sentence


# --- where nothing can be gained ---


@pytest.mark.parametrize("n", [20, 600])
def test_where_thumbnails_tell_all_nothing_is_advised_but_to_look_for_a_shortcut(n: int) -> None:
    found = judged(n, thumbnails=1.0, untrained=1.0, probe=1.0, model=1.0)
    assert found.verdict is (Verdict.UNCLEAR if n == 20 else Verdict.NEGATIVE)
    assert len(found.advice) == 1 and "shortcut" in found.advice[0]


@pytest.mark.parametrize(("thumbnails", "suspected"), [(0.95, True), (0.94, False)])
def test_a_shortcut_is_suspected_from_95_percent_on(thumbnails: float, suspected: bool) -> None:
    assert transfer_words.EASY == 0.95
    found = judged(6000, thumbnails=thumbnails, untrained=0.9, probe=0.95, model=0.95)
    assert any("shortcut" in each for each in found.advice) is suspected
    assert any("another family" in each for each in found.advice) is not suspected


@pytest.mark.parametrize(("untrained", "some"), [(0.981, False), (0.98, True)])
def test_beyond_98_percent_nothing_is_left_to_gain(untrained: float, some: bool) -> None:
    found = judged(2000, thumbnails=0.6, untrained=untrained, probe=0.99, model=0.99)
    assert found.verdict is not Verdict.HELPS
    assert bool(found.advice) is some


def test_where_nothing_learns_the_labels_are_suspected() -> None:
    found = judged(6000, thumbnails=0.5, probe=0.5, model=0.5)
    assert found.verdict is Verdict.NEGATIVE
    assert "Check the labels" in found.advice[0]


# --- adjusting ---


@pytest.mark.parametrize("mode", [Mode.BALANCED, Mode.THOROUGH])
def test_adjusting_that_loses_to_the_first_result_is_harm(mode: Mode) -> None:
    around = Circumstances("test images", mode, tuned=True, smallest=20, input_size=224)
    found = judged(400, around=around, thumbnails=0.5, probe=0.95, model=0.80)
    assert found.verdict is Verdict.NEGATIVE and found.tuning == ""
    assert found.sentence == "Adjusting the pretrained model did harm: 80 % against 95 % for the first result."
    assert "quick mode" in found.advice[0]
    assert any("balanced mode" in each for each in found.advice) is (mode is Mode.THOROUGH)
    assert any("20 to learn from" in each for each in found.advice)


@pytest.mark.parametrize(("smallest", "asked"), [(49, True), (50, False)])
def test_more_images_are_asked_for_below_50_of_a_class(smallest: int, asked: bool) -> None:
    assert transfer_words.FEW_OF_CLASS == 50
    around = Circumstances("test images", Mode.BALANCED, tuned=True, smallest=smallest, input_size=224)
    found = judged(400, around=around, thumbnails=0.5, probe=0.95, model=0.80)
    assert any("to learn from" in each for each in found.advice) is asked


def test_a_small_loss_to_the_first_result_is_no_harm() -> None:
    found = judged(20_000, thumbnails=0.5, probe=0.95, model=0.94)
    assert found.verdict is Verdict.HELPS
    assert (
        found.tuning
        == "Adjusting it to your images makes no difference that matters: 94 % against 95 % for the first result."
    )


def test_a_run_that_is_the_first_result_can_not_lose_to_it() -> None:
    found = quick(400, thumbnails=0.5, untrained=0.5, model=0.80)
    assert found.verdict is Verdict.HELPS and found.tuning == ""
    assert [b.method for b in found.told_apart()] == [*list(Method)[:3], Method.MODEL]


def test_what_adjusting_brought_is_told_apart() -> None:
    assert "helps too: 94 %" in judged(900, thumbnails=0.5, probe=0.80, model=0.94).tuning
    unsure = judged(900, thumbnails=0.93, untrained=0.5, probe=0.80, model=0.94)
    assert unsure.verdict is not Verdict.HELPS and "images helps: 94 %" in unsure.tuning
    assert "can't be told here" in judged(100, thumbnails=0.5, probe=0.92, model=0.93).tuning


# --- too few ---


def test_few_images_can_not_tell_and_say_how_many_could() -> None:
    found = judged(20, thumbnails=0.75, untrained=0.3, probe=0.9, model=0.9)
    assert found.verdict is Verdict.UNCLEAR
    assert found.sentence.startswith(
        "Whether the pretrained model helps can't be told with so few images: 90 % against 75 %"
    )
    assert "instead of 20" in found.advice[0]


def test_better_but_perhaps_not_by_enough_is_said_so() -> None:
    found = judged(2000, thumbnails=0.90, untrained=0.5, probe=0.93, model=0.93)
    assert found.verdict is Verdict.UNCLEAR
    assert found.sentence.startswith(
        "The pretrained model is better, but whether by more than 2 points can't be told: 93 %"
    )


def test_of_what_is_undecided_the_least_gain_is_told() -> None:
    lead = "Whether the pretrained model helps can't be told with so few images: "
    found = judged(2000, thumbnails=0.92, untrained=0.90, probe=0.93, model=0.93)
    assert found.verdict is Verdict.UNCLEAR
    assert found.sentence == f"{lead}93 % against 92 % for plain thumbnails."
    found = judged(2000, thumbnails=0.90, untrained=0.92, probe=0.93, model=0.93)
    assert found.verdict is Verdict.UNCLEAR
    assert found.sentence == f"{lead}before adjusting 93 % against 92 % for the same network untrained."


def test_an_untrained_network_that_may_be_as_good_is_what_is_told() -> None:
    found = judged(100, thumbnails=0.5, untrained=0.8, probe=0.86, model=0.9)
    assert found.verdict is Verdict.UNCLEAR and "before adjusting 86 % against 80 %" in found.sentence


def test_the_images_needed_are_those_of_connor() -> None:
    """40 of 200 differ one way, 20 the other: a tenth, eight points beyond the margin; the variance is 0.3 - 0.01."""
    ours = np.repeat([True, False, True], [40, 20, 140])
    theirs = np.repeat([False, True, True], [40, 20, 140])
    assert transfer._images_needed(ours, theirs) == int(np.ceil((2.8 / 0.08) ** 2 * 0.29)) == 356
    same = np.ones(50, bool)
    assert transfer._images_needed(same, same) == int(np.ceil((2.8 / 0.02) ** 2 / 50)) == 392
    two = np.repeat([True, True], [2, 98])
    assert transfer._images_needed(two, np.repeat([False, True], [2, 98])) is None, "on the margin itself"
    near = np.repeat([False, True], [5, 195])
    assert transfer._images_needed(np.ones(200, bool), near) is not None, "half a point from it"
    nearer = np.arange(2_000) >= 31
    assert transfer._images_needed(np.ones(2_000, bool), nearer) is None, "less than half a point from it"


def test_as_many_images_are_needed_as_the_hardest_question_asks_for() -> None:
    """Eight points over the thumbnails and five over the untrained network, both undecided."""
    found = figures(300, thumbnails=0.70, untrained=0.75, probe=0.80, model=0.78)
    assert found.verdict is Verdict.UNCLEAR and not matters(found.gains[Method.THUMBNAILS])
    assert found.needed is not None and found.needed > 2_000
    without = figures(300, thumbnails=0.70, untrained=-1, probe=0.80, model=0.78)
    assert without.needed is not None and without.needed < 1_000


def test_what_is_decided_asks_for_no_more_images() -> None:
    """The first result is ahead of the untrained network by a tenth everywhere, which ten groups show; what the model gains on
    thumbnails, it gains and loses in whole groups."""
    image = np.arange(400)
    truth, group, place = image % 2, image // 40, image % 40
    wrong = {
        Method.MAJORITY: truth == 1,
        Method.THUMBNAILS: group < 5,
        Method.UNTRAINED: place < 4,
        Method.PROBE: image < 0,
        Method.MODEL: group == 9,
    }
    said = {method: np.where(each, 1 - truth, truth) for method, each in wrong.items()}
    found = compare(truth, said, list(group), tuned=True)
    assert not matters(found.gains[Method.THUMBNAILS])
    assert found.pretraining is not None and matters(found.pretraining)
    assert found.needed == transfer._images_needed(~wrong[Method.MODEL], ~wrong[Method.THUMBNAILS]) == 24
    assert transfer._images_needed(~wrong[Method.PROBE], ~wrong[Method.UNTRAINED]) == 111


@pytest.mark.parametrize(("needed", "told"), [(21, True), (20, False), (20_000, True), (20_001, False)])
def test_only_what_could_be_gathered_is_asked_for(needed: int, told: bool) -> None:
    found = figures(20, thumbnails=0.75, untrained=0.3, probe=0.9, model=0.9)
    asked = Comparison(**{**{f: getattr(found, f) for f in Comparison.__dataclass_fields__}, "needed": needed})
    advice = tell(asked, AROUND).advice
    assert any("instead of 20" in each for each in advice) is told
    assert told or advice[0] == "Hold more images out, or add images."


@pytest.mark.parametrize(("n", "rounded"), [(9, "9"), (99, "99"), (101, "110"), (1_501, "1,600"), (19_900, "20,000")])
def test_numbers_of_images_are_rounded_up_to_two_digits(n: int, rounded: str) -> None:
    assert transfer_words._rounded(n) == rounded


@pytest.mark.parametrize(("grouped", "few"), [(40, True), (34, False)])
def test_fewer_than_six_groups_can_not_tell(grouped: int, few: bool) -> None:
    assert transfer.FEW_GROUPS == 6
    found = judged(200, grouped=grouped, thumbnails=0.5, untrained=0.5, probe=0.95, model=0.95)
    assert "permutation" in found.test
    assert ("groups are few" in found.sentence) is few
    assert found.verdict is (Verdict.UNCLEAR if few else Verdict.HELPS)
    assert figures(200, grouped=grouped, thumbnails=0.5, untrained=0.5, probe=0.95, model=0.95).few_groups is few
    if few:
        assert found.advice == ("Hold more groups (patients, parts …) out: these images come from 5, and it takes 6.",)
        assert "can't be told either" in found.tuning


def test_few_groups_tell_no_harm_and_no_equality_either() -> None:
    assert judged(200, grouped=50, thumbnails=0.5, probe=0.95, model=0.6).verdict is Verdict.UNCLEAR
    assert judged(3000, grouped=1000, thumbnails=0.80, probe=0.80, model=0.80).verdict is Verdict.UNCLEAR


def test_groups_that_would_not_do_are_asked_for() -> None:
    found = judged(200, grouped=20, thumbnails=0.7, untrained=0.7, probe=0.78, model=0.8)
    assert found.verdict is Verdict.UNCLEAR
    assert "instead of 200" in found.advice[0] or "10 groups; more groups" in found.advice[0]


# --- kinds of figures ---


@pytest.mark.parametrize(("most", "balanced"), [(300, False), (301, True)])
def test_more_than_three_quarters_of_one_class_are_lopsided(most: int, balanced: bool) -> None:
    truth = np.repeat([0, 1], [most, 400 - most])
    said = dict.fromkeys((Method.MAJORITY, Method.THUMBNAILS, Method.MODEL), 0 * truth)
    assert compare(truth, said, list(range(400)), tuned=False).balanced is balanced


def test_a_lopsided_set_is_judged_by_all_classes_alike() -> None:
    truth = np.repeat([0, 1], [380, 20])
    model = truth.copy()
    model[:20] = 1  # as often wrong as the most frequent class, but it finds the rare one
    nothing = np.zeros(400, np.int64)
    said = dict.fromkeys((Method.MAJORITY, Method.THUMBNAILS, Method.UNTRAINED), nothing)
    both = {Method.PROBE: model, Method.MODEL: model}
    found = tell(compare(truth, {**said, **both}, list(range(400)), tuned=False), QUICK)
    assert found.balanced and found.verdict is Verdict.HELPS and found.test.startswith("permutation")
    assert "averaged over the classes 97 % against 50 %" in found.sentence


def test_without_the_pretrained_model_the_rest_is_still_compared_and_no_help_claimed() -> None:
    found = judged(100, thumbnails=0.5, model=1.0)
    assert found.of(Method.PROBE) is None and found.tuning == ""
    assert found.verdict is Verdict.UNCLEAR
    assert found.sentence.startswith("Whether the pretrained model helps can't be told without having it here: 100 %")


def test_figures_of_a_class_that_does_not_occur_are_not_counted() -> None:
    truth = np.zeros(30, np.int64)
    said = dict.fromkeys((Method.MAJORITY, Method.THUMBNAILS, Method.MODEL), truth)
    found = compare(truth, said, list(range(30)), tuned=False).baselines[Method.MODEL]
    assert found.balanced_accuracy.value == found.accuracy.value == 1.0


def test_it_is_read_as_it_was_written() -> None:
    found = judged(50, thumbnails=0.7, probe=0.8, model=0.9)
    assert Transfer.from_json(found.baselines_json(), found.to_json()) == found
    earlier = {key: value for key, value in found.to_json().items() if key != "margin"}
    with pytest.raises(KeyError):
        Transfer.from_json(found.baselines_json(), earlier)
