"""A training on another machine: `pack`, `train --packed`, `unpack`."""

from __future__ import annotations

import argparse
from pathlib import Path

from tlstudio.cli.output import Output
from tlstudio.domain.runs import TrainSettings
from tlstudio.domain.wording import argument, size


def unpack_options(p: argparse.ArgumentParser) -> None:
    """The options of `unpack`."""
    p.add_argument("packed", type=Path, metavar="FILE", help="what “tlstudio train --packed” has written")
    p.add_argument("--project", type=Path, required=True, metavar="DIR", help="the one that it was packed from")


def packed_options(p: argparse.ArgumentParser) -> None:
    """The options of `train` where what is trained comes from a project or from a packed file."""
    ways = p.add_mutually_exclusive_group(required=True)
    ways.add_argument("--project", type=Path, metavar="DIR")
    ways.add_argument(
        "--packed", type=Path, metavar="FILE", help="what “tlstudio pack” has written; no project is needed"
    )
    p.add_argument("--out", type=Path, metavar="FILE", help="with --packed: the result, for “tlstudio unpack”")
    p.add_argument(
        "--work",
        type=Path,
        metavar="DIR",
        help="with --packed: where it is trained, and kept; default: beside the result",
    )


def pack(options: argparse.Namespace, output: Output, settings: TrainSettings) -> None:
    from tlstudio.workflow.packing import pack as write

    done = write(
        options.project, options.out, settings, output, with_weights=options.with_weights, changed=options.changed
    )
    rows = [
        ("File", f"{done.file} ({size(done.bytes)})"),
        ("Images", f"{done.images:,} of {done.size} pixels, without the test images"),
        ("Classes", ", ".join(done.classes)),
        ("Groups", f"{done.groups:,}, as numbers" if done.groups else "none"),
        ("Model", f"{done.model}, {'in the file' if done.weights else 'to be there on the other machine'}"),
    ]
    output.table("", ("", ""), rows)
    output.text(f"There: tlstudio train --packed {argument(done.file.name)}")
    output.result(done)


def train_packed(options: argparse.Namespace, output: Output) -> None:
    from tlstudio.workflow.packed_training import train_packed as fit

    # What was packed counts, but for what is said now.
    wishes = {name: value for name, value in vars(options).items() if name in TrainSettings.__dataclass_fields__}
    output.finish = options.finish
    done = fit(
        options.packed,
        options.out,
        {name: value for name, value in wishes.items() if name in options.given},
        resume=bool(options.resume),
        work=options.work,
        reporter=output,
        keep_first=options.keep_first,
    )
    reached = done.result
    rows = [
        ("Run", reached.run),
        ("Model", f"{reached.model}, {reached.mode.value}"),
        ("Accuracy on images kept from it", reached.accuracy.percent()),
        ("Chosen", f"{reached.chosen}. {reached.reason}"),
        ("Time", f"{reached.seconds:.1f} s"),
        ("File", f"{done.file} ({size(done.bytes)})"),
    ]
    output.table("", ("", ""), rows)
    output.text(f"At home: tlstudio unpack {argument(done.file.name)} --project DIR")
    output.result(done)


def unpack(options: argparse.Namespace, output: Output) -> None:
    from tlstudio.workflow.unpacking import unpack as take_in

    done = take_in(options.packed, options.project, output)
    if done.already:
        output.text(f"The run {done.run} is in this project already.")
    else:
        output.text(f"The run {done.run} is in this project now, like any other.")
    output.text(f"It was trained on: {done.machine.sentence()}")
    output.result(done)
