"""Training, validation and test: fair to every class, never through a group, the same for one seed."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence

import pytest

from tlstudio.domain.errors import NotEnoughImages, WrongUsage
from tlstudio.domain.values import Split
from tlstudio.images.splits import LEAST_TRAINING, Units, check_fractions, divide, folds

TRIALS = range(60)


def random_data(seed: int, *, grouped: bool) -> tuple[list[str], list[int]]:
    """Labels of 2 to 6 classes of any size, and units of 1 to 9 images that may hold several classes."""
    rng = random.Random(seed)
    labels = [f"class {k}" for k in range(rng.randint(2, 6)) for _ in range(rng.randint(1, 90))]
    if grouped and rng.random() < 0.5:
        rng.shuffle(labels)
    if not grouped:
        return labels, list(range(len(labels)))
    units: list[int] = []
    while len(units) < len(labels):
        units += [len(units)] * rng.randint(1, 9)
    return labels, units[: len(labels)]


def counts(labels: Sequence[str], splits: Sequence[Split]) -> dict[str, Counter[Split]]:
    result: dict[str, Counter[Split]] = defaultdict(Counter)
    for label, split in zip(labels, splits, strict=True):
        result[label][split] += 1
    return result


@pytest.mark.parametrize("seed", TRIALS)
def test_each_class_has_its_shares_within_one_image(seed: int) -> None:
    labels, units = random_data(seed, grouped=False)
    splits = divide(labels, units, test=0.2, val=0.15, seed=seed)
    for found in counts(labels, splits).values():
        n = found.total()
        assert abs(found[Split.TEST] - 0.2 * n) <= 1
        assert abs(found[Split.VAL] - 0.15 * n) <= 1
        assert n < 4 or all(found[split] for split in Split)


@pytest.mark.parametrize("seed", TRIALS)
def test_no_group_is_divided_and_the_shares_stay_near(seed: int) -> None:
    labels, units = random_data(seed, grouped=True)
    splits = divide(labels, units, test=0.2, val=0.2, seed=seed)
    parts: dict[Hashable, set[Split]] = defaultdict(set)
    for unit, split in zip(units, splits, strict=True):
        parts[unit].add(split)
    assert all(len(p) == 1 for p in parts.values())
    # Half a group of nine for each class may be too many in a held-out part, one whole group too few.
    slack = 9 * len(set(labels))
    for split in (Split.TEST, Split.VAL):
        assert abs(splits.count(split) - 0.2 * len(labels)) <= slack


@pytest.mark.parametrize("seed", TRIALS)
def test_a_class_with_enough_groups_is_in_every_part(seed: int) -> None:
    rng = random.Random(seed)
    groups = [(k, g) for k in range(3) for g in range(rng.randint(3, 6)) for _ in range(rng.randint(1, 8))]
    labels = [f"class {k}" for k, _ in groups]
    splits = divide(labels, groups, test=0.2, val=0.15, seed=seed)
    for label, found in counts(labels, splits).items():
        assert set(found) == set(Split), label


def test_same_seed_same_split_and_another_seed_another() -> None:
    labels, units = random_data(3, grouped=True)
    first, again, other = (divide(labels, units, test=0.2, val=0.2, seed=s) for s in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (0, {}),
        (1, {Split.TRAIN: 1}),
        (2, {Split.TRAIN: 2}),
        (3, {Split.TRAIN: 2, Split.TEST: 1}),
        (4, {Split.TRAIN: 2, Split.TEST: 1, Split.VAL: 1}),
    ],
)
def test_tiny_classes_serve_training_first(n: int, expected: dict[Split, int]) -> None:
    assert Counter(divide(["a"] * n, range(n), test=0.2, val=0.15, seed=0)) == expected


@pytest.mark.parametrize(
    ("sizes", "parts"),
    [([5, 1, 1], [Split.TRAIN, Split.TEST, Split.VAL]), ([2, 1], [Split.TRAIN, Split.TEST]), ([9], [Split.TRAIN])],
)
def test_groups_serve_training_first_too(sizes: list[int], parts: list[Split]) -> None:
    units = [i for i, size in enumerate(sizes) for _ in range(size)]
    splits = divide(["a"] * len(units), units, test=0.2, val=0.15, seed=0)
    assert splits[0] is parts[0]
    assert {splits[units.index(i)] for i in range(len(sizes))} == set(parts)


@pytest.mark.parametrize("seed", TRIALS)
def test_every_class_that_can_be_trained_on_is(seed: int) -> None:
    labels, units = random_data(seed, grouped=False)
    found = counts(labels, divide(labels, units, test=0.45, val=0.45, seed=seed))
    assert LEAST_TRAINING == 2
    assert all(of[Split.TRAIN] >= min(2, of.total()) for of in found.values())


def test_no_share_no_image() -> None:
    assert set(divide(["a"] * 50, range(50), test=0.0, val=0.0, seed=0)) == {Split.TRAIN}
    assert set(divide(["a"] * 50, range(50), test=0.3, val=0.0, seed=0)) == {Split.TRAIN, Split.TEST}


def test_images_without_a_class_are_divided_too() -> None:
    splits = divide([None] * 20 + ["a"] * 20, range(40), test=0.2, val=0.2, seed=0)
    assert Counter(splits[:20])[Split.TEST] == 4


@pytest.mark.parametrize(("test", "val"), [(-0.1, 0.1), (0.1, -0.1), (0.95, 0.0), (0.0, 0.95), (0.5, 0.5)])
def test_shares_that_leave_nothing_to_learn_from(test: float, val: float) -> None:
    with pytest.raises(WrongUsage):
        check_fractions(test, val)


@pytest.mark.parametrize(("test", "val"), [(0.9, 0.0), (0.0, 0.9), (0.45, 0.45), (0.0, 0.0)])
def test_a_tenth_is_enough_to_learn_from(test: float, val: float) -> None:
    check_fractions(test, val)
    assert Split.TRAIN in divide(["a"] * 20, range(20), test=test, val=val, seed=0)


@pytest.mark.parametrize(("test", "val"), [(0.901, 0.0), (0.451, 0.45), (-0.001, 0.1), (float("nan"), 0.1)])
def test_less_than_a_tenth_is_refused_before_anything_is_divided(test: float, val: float) -> None:
    with pytest.raises(WrongUsage, match="10 %"):
        check_fractions(test, val)
    with pytest.raises(WrongUsage):
        divide(["a"] * 20, range(20), test=test, val=val, seed=0)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(
    ("sizes", "shares", "expected"),
    [
        # The large group first, and the single ones fill up what it leaves.
        ([1] * 10 + [10], (0.5, 0.0), {Split.TRAIN: [10], Split.TEST: [1] * 10}),
        # More than half of a group of 22 would be too many in a part that is to have 10.
        ([22, 4, 22, 4, 22, 4, 22], (0.1, 0.1), {Split.TRAIN: [22] * 4, Split.TEST: [4, 4], Split.VAL: [4]}),
        # Half of a group of 20 too many is just bearable.
        ([20] * 4 + [10] * 2, (0.1, 0.1), {Split.TRAIN: [20, 20, 10, 10], Split.TEST: [20], Split.VAL: [20]}),
        # The part that lacks the greatest share of what it is to have is served, not the largest part.
        ([1, 1, 1, 3, 4], (0.3, 0.0), {Split.TRAIN: [4, 1, 1, 1], Split.TEST: [3]}),
    ],
)
def test_groups_go_to_the_part_that_lacks_most(
    sizes: list[int], shares: tuple[float, float], expected: dict[Split, list[int]], seed: int
) -> None:
    units = [unit for unit, size in enumerate(sizes) for _ in range(size)]
    splits = divide(["a"] * len(units), units, test=shares[0], val=shares[1], seed=seed)
    found: dict[Split, list[int]] = defaultdict(list)
    for unit, size in enumerate(sizes):
        found[splits[units.index(unit)]].append(size)
    assert {split: sorted(dealt, reverse=True) for split, dealt in found.items()} == expected


@pytest.mark.parametrize("seed", range(5))
def test_a_unit_counts_for_the_class_that_most_of_its_images_have(seed: int) -> None:
    """Among the units of `b` the mixed one is the largest, and dealt first; so the only one of `a` alone is for training."""
    labels, units = ["a", "b", "b", "b", "a"], ["mixed"] * 3 + ["of b", "of a"]
    splits = divide(labels, units, test=0.5, val=0.0, seed=seed)
    assert splits == [Split.TRAIN] * 3 + [Split.TEST, Split.TRAIN]


@pytest.mark.parametrize("seed", range(20))
def test_joined_images_share_a_number_and_strangers_do_not(seed: int) -> None:
    rng = random.Random(seed)
    keys = [[rng.randint(0, 30) for _ in range(rng.randint(0, 2))] for _ in range(40)]
    units = Units(len(keys))
    for i, mine in enumerate(keys):
        for key in mine:
            units.join(i, key)
    found = units.all()
    # The same by repeated merging of sets: slow, and obviously right.
    expected = [{i} for i in range(len(keys))]
    for key in range(31):
        together = set().union(*(expected[i] for i, mine in enumerate(keys) if key in mine), set())
        for i in together:
            expected[i] = together
    for i in range(len(keys)):
        assert {j for j in range(len(keys)) if found[j] == found[i]} == expected[i]


@pytest.mark.parametrize("seed", TRIALS)
def test_folds_divide_no_group_and_share_every_class(seed: int) -> None:
    labels, units = random_data(seed, grouped=True)
    k = min(5, len(set(units)))
    if k < 2:
        pytest.skip("one group")
    found = folds(labels, units, k, seed)
    parts: dict[Hashable, set[int]] = defaultdict(set)
    for unit, fold in zip(units, found, strict=True):
        parts[unit].add(fold)
    assert all(len(p) == 1 for p in parts.values())
    assert set(found) == set(range(k))
    assert max(Counter(found).values()) - min(Counter(found).values()) <= 9 * len(set(labels))


@pytest.mark.parametrize("seed", range(20))
def test_folds_of_single_images_are_even(seed: int) -> None:
    labels, units = random_data(seed, grouped=False)
    found = folds(labels, units, 2, seed)
    for label in set(labels):
        counts = Counter(f for f, name in zip(found, labels, strict=True) if name == label)
        assert abs(counts[0] - counts[1]) <= 1
    assert folds(labels, units, 2, seed) == found
    assert len(labels) < 12 or folds(labels, units, 2, seed + 1) != found


def test_folds_that_can_not_be_made() -> None:
    with pytest.raises(WrongUsage):
        folds(["a", "b"], [0, 1], 1, 0)
    with pytest.raises(NotEnoughImages, match="5 folds"):
        folds(["a"] * 40, [i % 4 for i in range(40)], 5, 0)
    assert set(folds(["a", "b"], [0, 1], 2, 0)) == {0, 1}
    assert len(set(folds(["a"] * 40, [i % 5 for i in range(40)], 5, 0))) == 5


@pytest.mark.parametrize("seed", range(12))
def test_large_groups_are_dealt_first_and_rare_classes_level_the_folds(seed: int) -> None:
    sizes = [1] * 6 + [6]
    units = [unit for unit, size in enumerate(sizes) for _ in range(size)]
    assert sorted(Counter(folds(["a"] * 12, units, 2, seed)).values()) == [6, 6]
    labels = ["a"] * 3 + ["b"] * 3  # each class has one fold with two of its images, and not both the same
    found = folds(labels, range(6), 2, seed)
    assert sorted(Counter(found).values()) == [3, 3]
