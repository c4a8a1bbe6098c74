"""Amounts in words, for whoever says them: the window, the terminal, a sentence of the engine."""

from __future__ import annotations


def size(amount: int) -> str:
    """`14 MB`, `1.2 GB`: decimal units, as drives and download pages count."""
    if amount < 1000:
        return f"{amount} byte" if amount == 1 else f"{amount} bytes"
    for unit, factor in (("kB", 10**3), ("MB", 10**6), ("GB", 10**9)):
        if amount < factor * 1000 or unit == "GB":
            value = amount / factor
            return f"{value:.1f} {unit}" if value < 10 else f"{value:,.0f} {unit}"
    raise AssertionError
