"""Rows that are made from pictures once and kept in the project's cache, by content."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from tlstudio.domain.errors import ProjectBusy
from tlstudio.storage.rowstore import RowStore

Row = npt.NDArray[np.generic]


def keep_rows(
    store: RowStore, keys: Iterable[str], results: Callable[[list[str]], Iterable[tuple[str, Row | None]]]
) -> dict[str, Row]:
    """The rows of `keys`; those that the store lacks are made by `results` and kept. None as a row: it could not be made.

    Where somebody else is writing the same rows just now, they are made for this once and not kept.
    """
    wanted = list(keys)
    missing = store.missing(wanted)
    made: dict[str, Row] = {}
    if missing:
        try:
            with store.writer(len(missing)) as writer:
                for key, row in results(missing):
                    if row is not None:
                        writer.append(key, row)
        except ProjectBusy:
            made = {key: row for key, row in results(missing) if row is not None}
    there = [key for key in wanted if key in store.keys]
    kept = dict(zip(there, store.take(there), strict=True)) if there else {}
    return {**kept, **made}
