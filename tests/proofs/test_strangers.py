"""A small version of the proof: the bundled model, digits and surfaces, and pictures of nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.proofs.sets import drawn_sets, halves, read_set
from tests.proofs.strangers import backbone, measure
from tests.proofs.table import Trial


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return drawn_sets(tmp_path_factory.mktemp("sets"))


def test_strangers_are_noticed(folders: list[Path]) -> None:
    network = backbone(Trial())
    sets = [read_set(folder, network.spec.preprocess, 260) for folder in folders]
    proofs = list(measure(network, sets, 2))
    assert len(proofs) == 3 * len(sets) + 1
    for proof in proofs:
        if "new images" in proof.claim:  # few: one or two of them decide
            assert proof.measured <= 0.04, proof
        else:
            assert proof.measured >= (proof.at_least or 0) - 0.03, proof


def test_no_group_is_on_both_sides(folders: list[Path]) -> None:
    surfaces = read_set(folders[1], backbone(Trial()).spec.preprocess, 100)
    assert len(set(surfaces.groups)) < len(surfaces.groups)
    inside, outside = halves(surfaces.groups, 0.7, seed=0)
    assert not {surfaces.groups[i] for i in inside} & {surfaces.groups[i] for i in outside}
    assert len(inside) + len(outside) == len(surfaces.groups)
