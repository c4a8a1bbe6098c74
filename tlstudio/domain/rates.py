"""What the search for a learning rate finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RateCurve:
    """The loss of a training whose rate rises from step to step.

    rates: peak rates of the head, rising. losses: mean loss in nats at each of them, smoothed. start: the loss before the first
    step. limit: the rate at which it is back at the start, after it fell. suggested: the rate to train with, well below it. Both
    are None where the loss hardly fell, or the search ended before it rose again. usual: the rate that a training with the same
    settings takes by itself. diverged: the search ended early, because the loss rose far above its least.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    start: float
    limit: float | None
    suggested: float | None
    usual: float
    diverged: bool

    @property
    def sentence(self) -> str:
        """What it means, for people."""
        if self.limit is None or self.suggested is None:
            return "The curve names no rate: the loss does not fall and rise again clearly. The usual rate is a good choice."
        return (
            f"A rate of about {plain(self.suggested)} learns quickly and stays calm here, well below {plain(self.limit)}, from"
            " which on the loss is higher than where it began."
        )


def plain(rate: float) -> str:
    """A rate to two digits, without an exponent: `0.0014`, `0.000032`."""
    return f"{float(f'{rate:.1e}'):.8f}".rstrip("0").rstrip(".")
