"""What is asked of a command before it starts: options that it has, values that are possible, and nothing that does nothing."""

from __future__ import annotations

import argparse
import difflib
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.runs import LIMITS, Mode, TrainSettings, least_asked, usual, without_effect
from tlstudio.storage.processes import shares_work

MOST_SEED = 2**32 - 1
NEWEST = "newest"  # the run that --resume means where it names none
MOST_MEANT = 3  # commands or models that a mistaken name may have meant


class Misused(Exception):
    """Wrong options. remedy: where it is told how the command is called."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


class Parser(argparse.ArgumentParser):
    """A parser that raises Misused instead of ending the process, and takes no shortened names of options."""

    def __init__(self, **options: object) -> None:
        super().__init__(**{"allow_abbrev": False, **options})  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        raise Misused(f"{message[:1].upper()}{message[1:]}.", f"“{self.prog} --help” tells how it is called.")


def given(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> frozenset[str]:
    """Which options of the chosen command are among the arguments, by the names that their values have."""
    said = {argument.split("=", 1)[0] for argument in _until_dashes(arguments) if argument.startswith("-")}
    found: set[str] = set()
    for action in parser._actions:  # argparse has no public way to ask
        if isinstance(action, argparse._SubParsersAction):
            chosen = next((a for a in arguments if a in action.choices), None)
            found |= given(action.choices[chosen], arguments[arguments.index(chosen) + 1 :]) if chosen else frozenset()
        elif said.intersection(action.option_strings):
            found.add(action.dest)
    return frozenset(found)


def _until_dashes(arguments: Sequence[str]) -> Sequence[str]:
    return arguments[: arguments.index("--")] if "--" in arguments else arguments


# --- values ------------------------------------------------------------------------------------------------------------


def number(least: float, most: float = math.inf, *, whole: bool = False) -> Callable[[str], float]:
    """A type of an option: a number from `least` to `most`, both included; a whole one if that is wanted."""

    def read(text: str) -> float:
        try:
            value = int(text) if whole else float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"“{text}” is not a {'whole ' if whole else ''}number") from None
        if not least <= value <= most:  # also where it is no number
            reach = f"at least {_plain(least)}" if math.isinf(most) else f"{_plain(least)} to {_plain(most)}"
            raise argparse.ArgumentTypeError(f"{text} is not possible; use {reach}")
        return value

    return read


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def seed(text: str) -> float:
    """A type of an option: what a random generator can begin with."""
    return number(0, MOST_SEED, whole=True)(text)


def setting(name: str) -> Callable[[str], float]:
    """The type of the option for a setting of a training that is a number: what can be wished for."""
    limits = {each: (least, most) for each, least, most in LIMITS}
    _, most = limits[name]
    return number(least_asked(name), most, whole=isinstance(usual(name), int))


# --- what goes together ------------------------------------------------------------------------------------------------


def need_sense(options: argparse.Namespace) -> None:
    """Raises WrongUsage for options that have no effect beside the others, before anything starts."""
    said: frozenset[str] = options.given
    if shares_work() and (options.command != "train" or getattr(options, "find_rate", False)):
        raise WrongUsage(
            "Several processes can share a training, and nothing else.", remedy="Start this without torchrun."
        )
    match options.command:
        case "train" if options.packed is not None:
            _packed(options, said)
        case "train":
            _train(options, said)
        case "pack":
            _need_effect(options, said)
        case "evaluate" if options.folds is not None and "split" in said:
            raise WrongUsage(
                "--folds measures on images left out in turn, so there is no split to choose.", remedy="Leave one out."
            )
        case "check" if "reason" in said and options.ignore is None:
            raise WrongUsage("--reason says why a finding is set aside.", remedy="Name the finding with --ignore.")
        case "labels" if options.what == "export" and options.link and options.format in ("csv", "cvat"):
            raise WrongUsage(
                f"--link makes links to images, and the form {options.format} holds none.",
                remedy="Leave it out, or use --format folders or huggingface.",
            )


def _train(options: argparse.Namespace, said: frozenset[str]) -> None:
    if away := said & {"out", "work"}:
        raise WrongUsage(f"{_options(away)} belongs to --packed.", remedy="A run of a project is kept in the project.")
    if options.finish and not options.resume:
        raise WrongUsage("Only a run that was interrupted can be finished.", remedy="Name it with --resume.")
    if options.keep_first and options.find_rate:
        raise WrongUsage("--find-rate trains nothing, so there is no first result to keep.", remedy="Leave one out.")
    if not options.resume:
        _need_effect(options, said)


def _packed(options: argparse.Namespace, said: frozenset[str]) -> None:
    """Whether settings have an effect shows when the file is read, which has some of its own."""
    if useless := said & {"changed", "find_rate"}:
        raise WrongUsage(f"{_options(useless)} needs a project, not a packed training.", remedy="Leave it out.")
    if options.resume not in (None, NEWEST):
        raise WrongUsage("A packed training is one run, so none is to be named.", remedy="Use --resume alone.")
    if options.finish and not options.resume:
        raise WrongUsage("Only a run that was interrupted can be finished.", remedy="Use --resume, too.")


def _need_effect(options: argparse.Namespace, said: frozenset[str]) -> None:
    settings = said & set(TrainSettings.__dataclass_fields__)
    useless = without_effect(Mode(options.mode), settings, adapter=options.adapter)
    if useless:
        raise WrongUsage(
            f"{_options(useless)} would have no effect: {useless_because(options)}.", remedy="Leave it out."
        )


def useless_because(options: argparse.Namespace) -> str:
    if options.mode == Mode.QUICK.value:
        return "quick training fits only the last layer to what the model sees"
    return "there is no adapter without --adapter lora"


def _options(names: frozenset[str]) -> str:
    return ", ".join("--" + name.replace("_", "-") for name in sorted(names))


def need_command(word: str, commands: Sequence[str]) -> None:
    """Raises Misused where the first word of a call is neither a command nor something that the window could open."""
    if Path(word).exists() or any(sign in word for sign in "/\\"):
        return
    meant = difflib.get_close_matches(word, commands, MOST_MEANT)
    advice = f" Did you mean {' or '.join(f'“{each}”' for each in meant)}?" if meant else ""
    raise Misused(
        f"There is no command “{word}”, and no project folder of that name here.{advice}",
        "“tlstudio --help” names all.",
    )
