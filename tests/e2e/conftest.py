"""What the tests of whole commands share."""

from __future__ import annotations

import pytest

from tests.conftest import TEST_MODEL, TEST_WEIGHTS
from tlstudio.catalog import weights


@pytest.fixture(autouse=True)
def _vetted(_home: None) -> None:
    """Commands in processes of their own would vet the weights of the tests in each home anew, which takes seconds."""
    weights.remember_vetted(TEST_WEIGHTS / TEST_MODEL, sound=True)
