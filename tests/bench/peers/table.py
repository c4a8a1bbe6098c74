"""The result as Markdown, put between two markers of a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tlstudio.storage.files import replacing

BEGIN, END = "<!-- peers: begin -->", "<!-- peers: end -->"

TITLES = {
    "quick": "quick",
    "balanced": "balanced",
    "thorough": "thorough",
    "fastai": "fastai, `fine_tune(5)`",
    "fastai-20": "fastai, `fine_tune(20)`",
    "sklearn": "scikit-learn probe",
    "timm@1e-04": "timm loop, rate 1e-4",
    "timm": "timm loop, best of {rates} rates",
}


def markdown(result: dict[str, Any]) -> str:
    """Three tables: test error, the same with every class counting alike, and seconds. The lowest error of a row is bold."""
    summary = result["summary"]
    shown = [name for name in TITLES if any("error" in cell["methods"].get(name, {}) for cell in summary["cells"])]
    rates = len(result["settings"]["rates"])
    titles = [TITLES[name].format(rates=rates) for name in shown]
    lines = ["Test error in %, the mean of all seeds (with its 95 % interval):", ""]
    lines += _table(summary["cells"], shown, titles, _errors)
    if summary["overall"]["cells"] > 1:
        mean = [summary["overall"]["error"].get(name) for name in shown]
        lines.append("| mean | | | " + " | ".join("–" if m is None else f"{100 * m:.1f}" for m in mean) + " |")
    lines += ["", "Balanced test error in %, every class counting the same:", ""]
    lines += _table(summary["cells"], shown, titles, _balanced)
    lines += ["", "Seconds of training:", "", *_table(summary["cells"], shown, titles, _seconds), "", told(result)]
    return "\n".join(lines)


def _table(
    cells: Sequence[dict[str, Any]],
    shown: Sequence[str],
    titles: Sequence[str],
    write: Callable[[dict[str, Any], Sequence[str]], list[str]],
) -> list[str]:
    lines = [f"| images | trained on | tested on | {' | '.join(titles)} |", "|---" * (len(shown) + 3) + "|"]
    for cell in cells:
        cut = "" if cell["per_class"] == "all" else f", {cell['per_class']} a class"
        row = [f"{cell['data']}{cut}", f"{cell['train']:,}", f"{cell['test']:,}", *write(cell["methods"], shown)]
        lines.append(f"| {' | '.join(row)} |")
    return lines


def _errors(methods: dict[str, Any], shown: Sequence[str]) -> list[str]:
    least = min((methods[name]["error"] for name in shown if name in methods), default=None)
    texts = []
    for name in shown:
        if name not in methods:
            texts.append("–")
            continue
        error, accuracy = methods[name]["error"], methods[name]["accuracy"]
        text = f"{100 * error:.1f}"
        text = f"**{text}**" if error == least else text
        if accuracy["low"] is not None:
            text += f" ({100 * (1 - accuracy['high']):.1f} to {100 * (1 - accuracy['low']):.1f})"
        texts.append(text)
    return texts


def _balanced(methods: dict[str, Any], shown: Sequence[str]) -> list[str]:
    errors = [1 - methods[name]["balanced_accuracy"] if name in methods else None for name in shown]
    least = min((e for e in errors if e is not None), default=None)
    texts = ["–" if e is None else f"{100 * e:.1f}" for e in errors]
    return [f"**{text}**" if e is not None and e == least else text for e, text in zip(errors, texts, strict=True)]


def _seconds(methods: dict[str, Any], shown: Sequence[str]) -> list[str]:
    return [_rounded(methods[name]["seconds"]) if name in methods else "–" for name in shown]


def _rounded(seconds: float) -> str:
    return f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}"


def told(result: dict[str, Any]) -> str:
    """What the reader has to know beside the numbers."""
    settings = result["settings"]
    text = (
        f"Weights {settings['weights']}, {settings['device']}, {settings['threads']} threads, {settings['seeds']} seeds; "
        f"measured {settings['date']}."
    )
    if result["missing"]:
        text += f" Cut short: {len(result['missing'])} of {result['planned']} trainings are missing."
    if settings["epochs_limit"]:
        text += f" No method was given more than {settings['epochs_limit']} epochs."
    return text


def write_between(file: Path, text: str) -> None:
    """Puts the text between the markers, in place of what is there. Raises SystemExit where the file has no markers."""
    old = file.read_text(encoding="utf-8")
    if old.count(BEGIN) != 1 or old.count(END) != 1 or old.index(BEGIN) > old.index(END):
        raise SystemExit(f"{file} needs a line “{BEGIN}” and after it a line “{END}”, each once.")
    before, after = old[: old.index(BEGIN) + len(BEGIN)], old[old.index(END) :]
    with replacing(file) as temporary:
        temporary.write_text(f"{before}\n\n{text}\n\n{after}", encoding="utf-8")
