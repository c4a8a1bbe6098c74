"""What a command says: tables and progress bars for people, or one JSON object a line for programs."""

from __future__ import annotations

import json
import math
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType, TracebackType
from typing import IO, Any

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table

from tlstudio.domain.errors import Cancelled
from tlstudio.domain.events import Event, Predicted, Progress, StepDone, sentence, to_plain


class Output:
    """The reporter of the command line. People's text goes to stderr with `--json`, else results go to stdout."""

    def __init__(self, *, json_lines: bool) -> None:
        self.json_lines = json_lines
        self.interrupted = False
        self.finish = False  # whether what can stop with the best so far shall do so
        self._errors = _own_stderr()
        self._err = Console(file=self._errors, highlight=False, soft_wrap=True)
        self._out = Console(file=sys.stdout, highlight=False, soft_wrap=True)
        self._bars: Bars | None = None
        self._task: Any = None
        self._stage = ""

    # --- the reporter ---

    def report(self, event: Event) -> None:
        """Shows an event; raises Cancelled once the user pressed Ctrl+C."""
        if self.interrupted:
            raise Cancelled
        if self.json_lines:
            self._json(event.to_json() if not isinstance(event, Predicted) else {"event": "predicted", **event.row})
        else:
            self._show(event)

    def stop_requested(self) -> bool:
        """Whether to end with the best so far; raises Cancelled once the user pressed Ctrl+C."""
        if self.interrupted:
            raise Cancelled
        return self.finish

    def _show(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._progress(event.stage, event.done, event.total, event.counted())
        elif isinstance(event, StepDone):
            done, total = (event.epoch - 1) * event.steps + event.step, event.epochs * event.steps
            self._progress(f"Training, loss {event.loss:.3f}", done, total, f"{done:,} of {total:,}")
        elif sentence(event):
            self.say(sentence(event))

    def _progress(self, stage: str, done: int, total: int, counted: str) -> None:
        if not self._err.is_terminal:
            return
        if self._bars is None:
            counting = TextColumn("{task.fields[counted]}")
            columns = (TextColumn("{task.description}"), BarColumn(), counting, TimeRemainingColumn())
            self._bars = Bars(*columns, console=self._err, transient=True)
            self._bars.start()
            self._task = self._bars.add_task(stage, total=None, counted="")
        if stage.split(",", maxsplit=1)[0] != self._stage:
            self._stage = stage.split(",", maxsplit=1)[0]
            self._bars.reset(self._task)
        self._bars.update(self._task, description=stage, completed=done, total=total or None, counted=counted)

    # --- words and results ---

    def say(self, text: str) -> None:
        """A sentence for people."""
        self._err.print(text, markup=False)

    def table(
        self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, keep_first: bool = False
    ) -> None:
        """A table for people, on stdout; nothing with `--json`. keep_first: the first column is never broken over lines."""
        if self.json_lines:
            return
        self._end_bars()
        table = Table(title=title or None, title_justify="left", header_style="bold")
        for number, name in enumerate(columns):
            table.add_column(name, overflow="fold", no_wrap=keep_first and number == 0)
        for row in rows:
            table.add_row(*row)
        self._out.print(table)

    def result(self, value: Any) -> None:
        """The last line with `--json`; nothing for people, who got a table."""
        if self.json_lines:
            self._json({"event": "result", **to_plain(value)})

    def text(self, text: str) -> None:
        """A line of the result for people, on stdout."""
        if not self.json_lines:
            self._end_bars()
            self._out.print(text, markup=False)

    def failure(self, what: str, remedy: str, path: str | None, *, kind: str) -> None:
        """What happened, to which file, what now."""
        self._end_bars()
        if self.json_lines:
            self._json({"event": "failed", "kind": kind, "what": what, "path": path, "remedy": remedy})
        for line in (what, path, remedy):
            if line:
                self._err.print(line, markup=False)

    def _json(self, data: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(_numbers(data), ensure_ascii=False, allow_nan=False) + "\n")
        sys.stdout.flush()

    def _end_bars(self) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def __enter__(self) -> Output:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8")  # names of files and classes, whatever the console's code page
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_bars()
        if self._errors is not sys.stderr:
            self._errors.close()


def _numbers(value: Any) -> Any:
    """The same with null for what is no number: JSON has no word for it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _numbers(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_numbers(each) for each in value]
    return value


def _own_stderr() -> IO[str]:
    """A copy of standard error: the original is silenced while damaged images are decoded."""
    try:
        return os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace", buffering=1)
    except OSError:
        return sys.stderr


class Interrupts:
    """The first Ctrl+C asks the task to end in good order at its next report, the second one ends the program."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGINT, self._on_signal)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._output.interrupted:
            raise KeyboardInterrupt
        self._output.interrupted = True
