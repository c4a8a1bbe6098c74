"""What the tests of the workflows share: trainings that are compared with one random network each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="module")
def _few_random_networks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every training ends with a comparison, and drawing several random networks for it takes longer than all the rest.

    test_transfer.py is about them and has all.
    """
    from tlstudio.training import untrained

    with pytest.MonkeyPatch.context() as patch:
        if not request.module.__name__.endswith("test_transfer"):
            patch.setattr(untrained, "SEEDS", untrained.SEEDS[:1])
        yield
