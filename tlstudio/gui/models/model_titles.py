"""The names people know of models, by id."""

from __future__ import annotations

from functools import lru_cache

from tlstudio.domain.errors import StudioError
from tlstudio.workflow import models


def title_of(model: str) -> str:
    """`MobileNetV2` for `mobilenetv2_100.ra_in1k`; the id itself where there is no card."""
    return _titles().get(model, model)


@lru_cache(maxsize=1)
def _titles() -> dict[str, str]:
    try:
        return {status.card.id: status.card.title for status in models.model_statuses(at_once=True)}
    except StudioError:
        return {}
