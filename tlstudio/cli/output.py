"""What a command says: tables and progress bars for people, or one JSON object a line for programs."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from types import FrameType, TracebackType
from typing import IO, Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from tlstudio.domain.errors import Cancelled
from tlstudio.domain.events import Event, Predicted, Progress, StepDone, sentence, to_plain
from tlstudio.domain.safe_text import json_text, visible
from tlstudio.domain.wording import directed

CELL_FRAME = 3  # characters of a table beside what stands in a cell
APART = 0.5  # seconds between two lines of progress with --json


class Output:
    """The reporter of the command line. People's text goes to stderr with `--json`, else results go to stdout."""

    def __init__(self, *, json_lines: bool) -> None:
        self.json_lines = json_lines
        self.interrupted = False  # by Ctrl+C
        self.answered = False  # the task has heard of it
        self.finish = False  # whether what can stop with the best so far shall do so
        self._errors = _own_stderr()
        self._err = Console(file=self._errors, highlight=False, soft_wrap=True)
        self._out = Console(file=sys.stdout, highlight=False, soft_wrap=True)
        self._bars: Bars | None = None
        self._task: Any = None
        self._stage = ""
        self._told = 0.0

    # --- the reporter ---

    def report(self, event: Event) -> None:
        """Shows an event; raises Cancelled once the user pressed Ctrl+C."""
        self.check_cancelled()
        if self.json_lines:
            if not isinstance(event, Progress) or self._is_due(event):
                self._json(event.to_json() if not isinstance(event, Predicted) else {"event": "predicted", **event.row})
        else:
            self._show(event)

    def _is_due(self, event: Progress) -> bool:
        """Whether a program wants to hear of it: the begin and the end of a stage, and a few times a second in between."""
        stage, now = event.stage.split(",", maxsplit=1)[0], time.monotonic()
        if stage == self._stage and event.done != event.total and now - self._told < APART:
            return False
        self._stage, self._told = stage, now
        return True

    def check_cancelled(self) -> None:
        if self.interrupted:
            self.answered = True
            raise Cancelled

    def stop_requested(self) -> bool:
        self.check_cancelled()
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
            counting = TextColumn("{task.fields[counted]}", markup=False)
            columns = (TextColumn("{task.description}", markup=False), BarColumn(), counting, TimeRemainingColumn())
            self._bars = Bars(*columns, console=self._err, transient=True)
            self._bars.start()
            self._task = self._bars.add_task(stage, total=None, counted="")
        if stage.split(",", maxsplit=1)[0] != self._stage:
            self._stage = stage.split(",", maxsplit=1)[0]
            self._bars.reset(self._task)
        told = directed(visible(stage))
        self._bars.update(self._task, description=told, completed=done, total=total or None, counted=counted)

    # --- words and results ---

    def say(self, text: str) -> None:
        """A sentence for people."""
        self._print(self._err, text)

    def table(
        self,
        title: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        keep_first: bool = False,
    ) -> None:
        """A table for people, on stdout; nothing with `--json`. keep_first: the first column is never broken over lines."""
        if self.json_lines:
            return
        self._end_bars()
        # As Text: square brackets in a name are no markup.
        table = Table(title=Text(visible(title)) if title else None, title_justify="left", header_style="bold")
        for number, name in enumerate(columns):
            table.add_column(Text(visible(name)), overflow="fold", no_wrap=keep_first and number == 0)
        for row in rows:
            table.add_row(*(Text(visible(each)) for each in row))
        self._out.print(_Directed(table) if self._out.is_terminal else table)

    def fits(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
        """Whether a table can be shown without breaking anything over lines."""
        widths = (max(cell_len(cell) for cell in column) for column in zip(columns, *rows, strict=True))
        return sum(width + CELL_FRAME for width in widths) + 1 <= self._out.width

    def result(self, value: Any) -> None:
        """The last line with `--json`; nothing for people, who got a table."""
        if self.json_lines:
            self._json({"event": "result", **to_plain(value)})

    def text(self, text: str) -> None:
        """A line of the result for people, on stdout."""
        if not self.json_lines:
            self._end_bars()
            self._print(self._out, text)

    def failure(self, what: str, remedy: str, path: str | None, *, kind: str) -> None:
        """What happened, to which file, what now."""
        self._end_bars()
        if self.json_lines:
            self._json({"event": "failed", "kind": kind, "what": what, "path": path, "remedy": remedy})
        for line in (what, path, remedy):
            if line:
                self._print(self._err, visible(line))

    def _print(self, console: Console, text: str) -> None:
        """The signs that set names apart are for terminals: in a file or a pipe they would stand in the way of a search."""
        told = directed(text) if console.is_terminal else visible(text, lines=True)
        console.print(told, markup=False)

    def _json(self, data: dict[str, Any]) -> None:
        sys.stdout.write(json_text(data) + "\n")
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


class _Directed:
    """A table in which names that are read from right to left leave the columns beside them where they are.

    They are set apart once it is laid out: the signs take no room, and a name that was broken over lines is whole in none.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for part in console.render(self._table, options):
            yield Segment(directed(part.text), part.style, part.control)


def _own_stderr() -> IO[str]:
    """A copy of standard error: the original is silenced while damaged images are decoded."""
    try:
        return os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace", buffering=1)
    except OSError:
        return sys.stderr


class Interrupts:
    """The first Ctrl+C, or the system's wish that the program ends (SIGTERM), asks the task to end in good order when it next
    looks, and insists when it does not; the second one ends the program.

    A task that is deep in a library looks at nothing for a while. After PATIENCE_SECONDS it gets the same Cancelled wherever it
    is: every file is written whole or not at all, and every change of a project is one transaction.
    """

    PATIENCE_SECONDS = 0.3

    def __init__(self, output: Output) -> None:
        self._output = output
        self._insisting = self._over = False
        self._timer: threading.Timer | None = None

    def __enter__(self) -> None:
        self._before = {number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True  # what was sent a moment ago comes too late
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
        for number, before in self._before.items():
            signal.signal(number, before)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._insisting:
            self._insisting = False
            if not self._output.answered and not self._over:
                self._output.check_cancelled()
        elif self._output.interrupted:
            raise KeyboardInterrupt
        else:
            self._output.interrupted = True
            self._timer = threading.Timer(self.PATIENCE_SECONDS, self._insist)
            self._timer.daemon = True
            self._timer.start()

    def _insist(self) -> None:
        """Runs beside the task, which only its own thread can be made to leave."""
        if not self._output.answered and not self._over:
            self._insisting = True
            if hasattr(signal, "pthread_kill"):  # also ends the waiting for a lock, which the other way does not
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            else:
                _thread.interrupt_main()
