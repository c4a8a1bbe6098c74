"""The command line: parses, calls one workflow function, prints. No logic of its own."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tlstudio.cli.keeping import surroundings
from tlstudio.cli.output import Interrupts, Output
from tlstudio.cli.parser import parse
from tlstudio.cli.usage import Misused, need_sense
from tlstudio.domain.errors import Cancelled, StudioError, WrongUsage, from_device_error

log = logging.getLogger("tlstudio.cli")

CANCELLED = 130


def run(arguments: Sequence[str], open_window: Callable[[Path | None], int]) -> int:
    """Runs one command and returns its exit status: 0 done, 1 a named failure, 2 wrong usage, 130 cancelled.

    open_window: what `gui` calls with the project to show; handed in, because this room must not know the window's.
    """
    try:
        options = parse(arguments)
    except Misused as error:
        with Output(json_lines="--json" in arguments) as output:
            output.failure(str(error), error.remedy, None, kind=WrongUsage("").kind)
        return WrongUsage.exit_status
    options.open_window = open_window
    from tlstudio.storage.log import start_logging

    start_logging(options.command)
    with Output(json_lines=options.json) as output, Interrupts(output), _refusals_told(output):
        return _run(options, output)


def _run(options: argparse.Namespace, output: Output) -> int:
    try:
        need_sense(options)
        with surroundings(options, output):
            return int(options.action(options, output) or 0)
    except (Cancelled, KeyboardInterrupt):
        output.failure("Cancelled.", "", None, kind="Cancelled")
        return CANCELLED
    except StudioError as error:
        output.failure(error.what, error.remedy, error.path, kind=error.kind)
        return error.exit_status
    except BrokenPipeError:
        return 1  # whoever read our output has gone; there is nobody left to tell
    except Exception as error:
        from tlstudio.storage.places import log_file

        log.exception("command %s", options.command)
        named = from_device_error(error)
        if named is not None:
            output.failure(named.what, named.remedy, named.path, kind=named.kind)
            return named.exit_status
        remedy = f"The details are in {log_file()}. Your data are as they were."
        output.failure("Something went wrong in the program itself.", remedy, None, kind=type(error).__name__)
        return 1


@contextmanager
def _refusals_told(output: Output) -> Iterator[None]:
    """Says at the end what any process of the program was refused to reach meanwhile."""
    from tlstudio.storage import silence

    place = silence.mark()
    try:
        yield
    finally:
        hosts = silence.refused_since(place)
        if hosts:
            output.say(silence.sentence(hosts))
