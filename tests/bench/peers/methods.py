"""Every method by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from tests.bench.peers import fastai_peer, sklearn_peer, studio, timm_peer
from tests.bench.peers.data import Cell
from tests.bench.peers.method import Outcome
from tests.bench.peers.results import BARE, RATE


def chosen(modes: Sequence[str], peers: Sequence[str], rates: Sequence[float]) -> dict[str, Callable[[Cell], Outcome]]:
    """The methods in the order in which they are measured: the quick ones first, so that a killed benchmark has most."""
    known: dict[str, Callable[[Cell], Outcome]] = {
        BARE: studio.forward,
        "quick": studio.quick,
        "sklearn": sklearn_peer.probe,
        "fastai": fastai_peer.fine_tune,
        "balanced": studio.balanced,
        "thorough": studio.thorough,
        "fastai-20": partial(fastai_peer.fine_tune, epochs=20),
    }
    methods = {name: run for name, run in known.items() if name in (BARE, *modes, *peers)}
    if "timm" in peers:
        methods |= {f"{RATE}{rate:.0e}": partial(timm_peer.fine_tune, rate=rate) for rate in rates}
    return methods
