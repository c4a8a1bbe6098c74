"""What the command line takes, and what it refuses before anything starts."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from tlstudio.cli import parser, run, usage
from tlstudio.cli.confusions import MOST_PAIRS, show_confusion
from tlstudio.cli.output import APART, Output
from tlstudio.cli.parser import COMMANDS, NUMBERS, parse
from tlstudio.cli.usage import Misused, need_sense, number, seed, setting
from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.events import Progress
from tlstudio.domain.runs import LIMITS, TrainSettings, least_asked, usual


def call(*arguments: object) -> int:
    return run([str(a) for a in arguments], lambda project: 99)


def test_a_mistaken_command_is_named(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("evalute") == 2
    assert "“evaluate”" in capfd.readouterr().err
    assert call("evalute", "--json") == 2
    failed = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert (failed["event"], failed["kind"]) == ("failed", "WrongUsage")
    (tmp_path / "evalute").mkdir()
    assert call("evalute") == 99, "a folder of that name is a project to open"
    assert call(tmp_path / "not there yet") == 99, "the window says what is wrong with a place"
    assert call() == 99


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_option_is_told_as_a_line_of_json(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert call(command, "--nosuch", "--json") == 2
    said = capfd.readouterr()
    failed = json.loads(said.out.splitlines()[-1])
    assert failed["kind"] == "WrongUsage" and failed["what"].endswith(".") and "--help" in failed["remedy"]


@pytest.mark.parametrize(
    "words",
    [
        "train --project p --minutes 0",
        "train --project p --epochs 0",
        "train --project p --layers -1",
        "train --project p --batch-size 0",
        "train --project p --learning-rate 0",
        "train --project p --input-size 7",
        "train --project p --input-size 2049",
        "train --project p --epochs 1.5",
        "train --project p --dropout nan",
        "train --project p --seed -1",
        "evaluate --project p --folds 1",
        "import s --project p --test-fraction 0.91",
        "import s --project p --seed 4294967296",
        "models recommend --project p --time-limit 0",
        "labels accept --project p --at-least 1.01",
        "train --proj p",
    ],
)
def test_values_that_make_no_sense(words: str) -> None:
    with pytest.raises(Misused):
        parse(words.split())


@pytest.mark.parametrize(
    "words",
    [
        "train --project p --mode quick --adapter lora",
        "train --project p --mode quick --epochs 5",
        "train --project p --adapter-rank 4",
        "train --project p --finish",
        "train --project p --find-rate --keep-first",
        "train --project p --out o",
        "train --packed f --changed keep",
        "train --packed f --find-rate",
        "train --packed f --resume r",
        "train --packed f --finish",
        "pack --project p --out o --mode quick --epochs 5",
        "evaluate --project p --folds 3 --split val",
        "check --project p --reason why",
        "labels export --project p --out o --format csv --link",
    ],
)
def test_options_that_would_do_nothing(words: str) -> None:
    with pytest.raises(WrongUsage):
        need_sense(parse(words.split()))


@pytest.mark.parametrize(
    "words",
    [
        "train --project p --mode quick --input-size 8 --seed 4294967295 --depth dataset",
        "train --project p --minutes 0.1 --epochs 1 --layers 0 --patience 0 --dropout 0",
        "train --project p --adapter lora --adapter-rank 4",
        "train --project p --resume r --mode quick --epochs 5",
        "train --packed f --out o --work w --mode quick --epochs 5",
        "pack --project p --out o --with-weights --mode quick --seed 3",
        "evaluate --project p --folds 2",
        "evaluate --project p --split val",
        "check --project p --ignore copies --reason why",
        "labels export --project p --out o --format folders --link",
        "import s --project p --test-fraction 0 --val-fraction 0.9",
    ],
)
def test_options_that_go_together(words: str) -> None:
    options = parse(words.split())
    need_sense(options)
    assert options.given == {word[2:].replace("-", "_") for word in words.split() if word.startswith("--")}


def test_what_was_said_is_known_apart_from_what_is_usual() -> None:
    assert parse(["train", "--project", "p", "--epochs=3", "--no-flips"]).given == {"project", "epochs", "flips"}
    assert parse(["labels", "export", "--project", "p", "--out", "o"]).given == {"project", "out"}
    assert parse(["predict", "b", "--csv", "c", "--", "--json"]).given == {"csv"}


def test_every_setting_that_is_a_number_is_an_option_with_its_limits() -> None:
    options = vars(parse(["train", "--project", "p"]))
    for name, _, most in LIMITS:
        assert options[name] == usual(name), name
        assert setting(name)(str(most)) == most
        assert setting(name)(str(least_asked(name))) == least_asked(name)
        with pytest.raises(argparse.ArgumentTypeError):
            setting(name)(str(most * 2))
        with pytest.raises(argparse.ArgumentTypeError):
            setting(name)(str(least_asked(name) - 1))
    assert set(NUMBERS) <= set(TrainSettings.__dataclass_fields__)
    assert isinstance(setting("epochs")("3"), int) and isinstance(seed("3"), int)


def test_numbers_say_what_is_possible() -> None:
    for text in ("0", "nan", "x", ""):
        with pytest.raises(argparse.ArgumentTypeError):
            number(1)(text)
    with pytest.raises(argparse.ArgumentTypeError, match="use 1 to 10,000"):
        number(1, 10_000)("10001")
    with pytest.raises(argparse.ArgumentTypeError, match=r"use at least 0\.1"):
        number(0.1)("0")


def test_progress_is_told_a_few_times_a_second(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr("tlstudio.cli.output.time.monotonic", lambda: clock[0])
    with Output(json_lines=True) as output:
        for n in range(1, 20_001):
            clock[0] += 0.001
            output.report(Progress("Reading images", n, 20_000))
        output.report(Progress("Next", 1, 2))
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told[0]["done"] == 1 and told[-2]["done"] == 20_000 and told[-1]["stage"] == "Next"
    assert len(told) == pytest.approx(20 / APART, abs=3)


def test_a_matrix_that_does_not_fit_tells_the_most_frequent_mistakes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    names = [f"class {n}" for n in range(200)]
    counts = [[0] * 200 for _ in names]
    for n in range(200):
        counts[n][n] = 5
        counts[n][(n + 1) % 200] = 200 - n
    with Output(json_lines=False) as output:
        show_confusion("Mixed up", names, counts, output)
        show_confusion("Small", ["a", "b"], [[3, 1], [0, 4]], output)
        show_confusion("None", names, [[int(i == j) for j in range(200)] for i in range(200)], output)
    said = capsys.readouterr().out
    told = [line.split("│")[1].strip() for line in said.split("Small")[0].splitlines() if line.startswith("│")]
    assert told == names[:MOST_PAIRS]
    assert f"{200 - MOST_PAIRS} more" in said
    assert "│ a       │ 3 │ 1 │" in said
    assert "no class was taken for another" in said
    assert all(len(line) <= 80 for line in said.splitlines() if line.startswith("│"))


def test_commands_and_options_of_the_readme() -> None:
    """Every option stands in the commands table of the README, or is one of the many of `train` and `pack` (`--help`)."""
    text = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    made = parser._parser()
    subs = next(a for a in made._actions if isinstance(a, argparse._SubParsersAction))
    for name, sub in subs.choices.items():
        for option in (o for a in sub._actions for o in a.option_strings if o.startswith("--")):
            if name not in ("train", "pack") and option not in ("--help", "--json"):
                assert option in text, f"{name} {option}"


def test_words_that_look_like_a_place_are_one() -> None:
    usage.need_command("some/where", COMMANDS)
    with pytest.raises(Misused, match="no project folder"):
        usage.need_command("somewhere-else-entirely", COMMANDS)
