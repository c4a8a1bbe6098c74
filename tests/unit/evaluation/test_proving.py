"""What found images prove: the limit of Clopper and Pearson, its rule for images that are all found, and groups."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from tlstudio.evaluation.proving import DOUBT, images_needed, independent_images, proved_share


@pytest.mark.parametrize(("found", "n"), [(1, 1), (19, 20), (59, 59), (57, 60), (1, 30), (180, 200)])
def test_the_limit_is_where_so_many_hits_have_one_chance_in_twenty(found: int, n: int) -> None:
    limit = float(proved_share(found / n, n))
    assert binom.sf(found - 1, n, limit) == pytest.approx(0.05)


def test_what_is_never_found_proves_nothing() -> None:
    assert float(proved_share(0.0, 20.0)) == 0.0
    assert proved_share(np.array([0.0, 0.5, 1.0]), 20.0).tolist() == sorted(
        proved_share(np.array([0.0, 0.5, 1.0]), 20.0)
    )


def test_so_often_may_a_proof_be_wrong() -> None:
    assert DOUBT == 0.05


@pytest.mark.parametrize(("wanted", "needed"), [(0.9, 29), (0.95, 59), (0.99, 299), (0.5, 5), (0.05, 1), (1.0, None)])
def test_how_many_images_it_takes(wanted: float, needed: int | None) -> None:
    assert images_needed(wanted) == needed
    if needed is not None:
        assert proved_share(1.0, needed) >= wanted
        assert needed == 1 or proved_share(1.0, needed - 1) < wanted


@pytest.mark.parametrize(
    ("units", "worth"),
    [
        ([], 0.0),
        (["a", "b", "c"], 3.0),
        (["a"] * 5, 1.0),
        (["a", "a", "b", "b"], 2.0),
        (["a"] * 4 + ["b", "c"], 36 / 18),
        ([1, 2, 2], 9 / 5),
    ],
)
def test_images_of_one_group_are_taken_for_one(units: list[object], worth: float) -> None:
    assert independent_images(units) == pytest.approx(worth)
