"""The commands as a user and as a program call them: tables, JSON lines, exit statuses, Ctrl+C and kill -9."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import BUNDLED, COLOURS, TEST_MODEL, Recorder, paint
from tlstudio.cli import run
from tlstudio.domain.errors import Cancelled
from tlstudio.domain.events import StepDone
from tlstudio.domain.runs import Mode, RunState, TrainSettings
from tlstudio.inference.bundle import read_info
from tlstudio.workflow import runs
from tlstudio.workflow.training import train


def call(*arguments: object) -> int:
    def no_window(project: Path | None) -> int:
        raise AssertionError("no window was asked for")

    return run([str(a) for a in arguments], no_window)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def project(make_images: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert call("import", make_images(12), "--project", tmp_path / "project") == 0
    capsys.readouterr()
    return tmp_path / "project"


def test_the_whole_way_in_json(
    make_images: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, place, out = make_images(12), tmp_path / "p", tmp_path / "m.onnx"
    (source / "red" / "broken.png").write_bytes(b"no picture")

    def result(*arguments: object) -> dict[str, Any]:
        assert call(*arguments, "--json") == 0
        found = lines(capsys.readouterr().out)
        assert all("event" in line for line in found)
        assert found[-1]["event"] == "result"
        return found[-1]

    imported = result("import", source, "--project", place)
    assert imported["images"] == 36
    assert imported["classes"] == {"blue": 12, "green": 12, "red": 12}
    assert sum(imported["splits"].values()) == 36
    assert [Path(r["file"]).name for r in imported["refused"]] == ["broken.png"]
    checked = result("check", "--project", place)
    assert "small_class" in {f["kind"] for f in checked["findings"]}
    trained = result("train", "--project", place, "--mode", "quick", "--model", TEST_MODEL, "--input-size", "32")
    assert set(trained) >= {"run", "model", "mode", "epochs", "val", "chosen", "seconds"}
    evaluated = result("evaluate", "--project", place, "--run", trained["run"])
    assert evaluated["n"] == imported["splits"]["test"]
    assert set(evaluated["accuracy"]) == {"value", "low", "high"}
    assert set(evaluated["baselines"]) == {"majority", "thumbnails", "untrained", "probe", "model"}
    assert evaluated["baselines"]["model"]["accuracy"] == evaluated["accuracy"]
    assert (evaluated["test_use"]["times"], evaluated["test_use"]["trainings"]) == (1, 1)
    assert evaluated["transfer"]["verdict"] in ("helps", "negative", "unclear") and evaluated["transfer"]["sentence"]
    exported = result("export", "--project", place, "--out", out)
    assert exported["certificate"]["passed"] is True
    for name, begins in (("r.pdf", b"%PDF-"), ("r.html", b"<!doctype html>")):
        written = result("report", "--project", place, "--out", tmp_path / name)
        assert written["run"] == trained["run"]
        assert Path(written["file"]).read_bytes().startswith(begins)
        assert written["bytes"] == (tmp_path / name).stat().st_size
    recommended = result("models", "recommend", "--project", place, "--time-limit", "300")
    assert {TEST_MODEL, BUNDLED} <= {r["model"] for r in recommended["ranking"]}
    assert set(recommended["ranking"][0]) >= {"model", "score", "interval", "seconds", "neighbours", "bytes"}
    assert recommended["not_measured"] and not recommended["not_tried"]
    assert call("models", "recommend", "--project", place, "--time-limit", "0", "--json") == 2
    assert lines(capsys.readouterr().out)[-1]["kind"] == "WrongUsage"
    assert call("predict", out, source / "red", "--json") == 0
    rows = [line for line in lines(capsys.readouterr().out) if line["event"] == "predicted"]
    assert len(rows) == 13
    assert set(rows[0]) >= {"file", "status", "label", "confidence", "novelty", "probabilities", "message"}


def test_a_class_that_must_not_be_missed(
    make_images: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From a wanted sensitivity to predictions that follow it, and back."""
    place, out = tmp_path / "p", tmp_path / "m.onnx"
    source = make_images(12)

    def last(*arguments: object, status: int = 0) -> dict[str, Any]:
        assert call(*arguments, "--json") == status
        return lines(capsys.readouterr().out)[-1]

    last("import", source, "--project", place, "--val-fraction", "0.3")
    last("train", "--project", place, "--mode", "quick", "--model", TEST_MODEL, "--input-size", "32")
    told = last("runs", "log", "--project", place)
    assert told["log"][0]["text"].startswith(f"Run {told['run']}, ") and told["log"][0]["moment"] > 1.7e9
    assert told["classes"] == ["blue", "green", "red"] and sum(map(sum, told["confusion"])) > 0
    assert call("runs", "log", "--project", place, told["run"]) == 0
    assert "Finding the first result." in capsys.readouterr().out
    plain = last("evaluate", "--project", place)
    assert plain["operating_point"] is None
    assert {"ece", "ece_before", "ece_chance", "ece_limit", "temperature", "calibration"} <= set(plain)
    for wish in ("rust=0.9", "red=2", "red"):
        failed = last("evaluate", "--project", place, "--sensitivity", wish, status=2)
        assert (failed["kind"], bool(failed["remedy"])) == ("WrongUsage", True)
    assert "blue, green, red" in last("evaluate", "--project", place, "--sensitivity", "rust=0.9", status=2)["remedy"]
    chosen = last("evaluate", "--project", place, "--sensitivity", "red=0.95")["operating_point"]
    assert (chosen["class"], chosen["wanted"], chosen["chosen_on"]) == ("red", 0.95, "val")
    assert set(chosen["sensitivity"]) == {"value", "low", "high"}
    assert "It takes 59 to show 95 %." in chosen["note"]
    assert (chosen["reached"], chosen["threshold_needed"]) == (False, chosen["threshold"] < 0.5)
    assert "It takes 59 to show 95 %." in chosen["choice"]
    assert last("evaluate", "--project", place)["operating_point"] == chosen
    assert call("evaluate", "--project", place) == 0
    said = capsys.readouterr().out
    assert "the next 100 can have fewer or more right." in " ".join(said.split())
    assert "a model whose confidence is exactly right shows" in " ".join(said.split())
    assert "Not to be missed: red" in said
    assert chosen["choice"] in " ".join(said.split())
    decisions = last("export", "--project", place, "--out", out)["certificate"]["decisions"]
    assert (decisions["name"], decisions["threshold"]) == ("red", chosen["threshold"])
    assert (decisions["differ"], decisions["found"]) == (0, decisions["found_trained"])
    assert read_info(out).operating_point == {"red": chosen["threshold"]}
    assert call("predict", out, source / "red", "--json") == 0
    rows = [line for line in lines(capsys.readouterr().out) if line["event"] == "predicted"]
    assert len(rows) == 12
    for row in rows:
        red = row["probabilities"]["red"]
        assert (row["label"] == "red") is (red >= min(chosen["threshold"], max(row["probabilities"].values())))
    assert last("evaluate", "--project", place, "--sensitivity", "none")["operating_point"] is None
    assert last("export", "--project", place, "--out", out)["certificate"]["decisions"] is None
    assert read_info(out).operating_point is None


def test_a_first_result_is_kept_and_trainings_are_compared(
    make_images: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "p"
    assert call("import", make_images(12), "--project", place) == 0
    capsys.readouterr()
    short = ("--model", TEST_MODEL, "--input-size", "32", "--epochs", "2", "--no-rehearse")
    assert call("train", "--project", place, *short, "--keep-first", "--json") == 0
    told = lines(capsys.readouterr().out)
    (kept,) = (line["run"] for line in told if line["event"] == "first_kept")
    done = told[-1]["run"]
    assert call("export", "--project", place, "--run", kept, "--out", tmp_path / "first.onnx") == 0
    assert call("runs", "compare", "--project", place, done, kept) == 0
    said = capsys.readouterr().out
    assert "Accuracy and loss on images kept from training, by epoch" in said and "%, 0." in said
    assert call("runs", "compare", "--project", place, kept) == 0
    assert "by epoch" not in capsys.readouterr().out, "it has none"
    assert call("train", "--project", place, "--keep-first", "--find-rate", "--json") == 2
    capsys.readouterr()
    assert call("runs", "list", "--project", tmp_path / "nowhere", "--json") == 1
    assert lines(capsys.readouterr().out)[-1]["kind"] == "NotAProject"


def test_tables_for_people(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("check", "--project", project) == 0
    assert "Severity" in capsys.readouterr().out
    assert call("models", "list") == 0
    assert TEST_MODEL in capsys.readouterr().out
    assert call("doctor") == 0
    assert "Problems" in capsys.readouterr().out


def test_a_learning_rate_is_found_and_nothing_is_trained(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tlstudio.training import rate_finder

    monkeypatch.setattr(rate_finder, "STEPS", 30)
    wish = (
        "train",
        "--project",
        project,
        "--model",
        TEST_MODEL,
        "--input-size",
        "32",
        "--batch-size",
        "8",
        "--find-rate",
    )
    assert call(*wish, "--json") == 0
    told = lines(capsys.readouterr().out)
    assert set(told[-1]) == {"event", "rates", "losses", "start", "limit", "suggested", "usual", "diverged"}
    assert len(told[-1]["rates"]) == len(told[-1]["losses"]) <= 30
    assert any(line.get("stage") == rate_finder.STAGE for line in told)
    assert call(*wish) == 0
    assert "Without a wish, training takes" in capsys.readouterr().out
    assert runs.list_runs(project) == []
    assert call(*wish, "--mode", "quick") == 2


def test_the_parts_of_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("models", "layers", "convnext_tiny.in12k_ft_in1k", "--json") == 0
    found = lines(capsys.readouterr().out)[-1]
    assert [group["name"] for group in found["groups"]] == [
        "Entry",
        *(f"Block {i}" for i in range(1, 5)),
        "Last scaling",
    ]
    assert call("models", "layers", TEST_MODEL) == 0
    shown = capsys.readouterr().out
    assert "trained, 75%" in shown and "batch normalisation" in shown
    assert call("models", "layers", "nothing.at_all") == 1


@pytest.mark.parametrize(
    ("arguments", "status", "kind"),
    [
        (("check", "--project", "{tmp}/nothing"), 1, "NotAProject"),
        (("import", "{tmp}/nothing", "--project", "{tmp}/p"), 1, "NothingToImport"),
        (("import", "{tmp}/empty", "--project", "{tmp}/p"), 1, "NothingToImport"),
        (("import", "{tmp}/one", "--project", "{tmp}/p"), 1, "NotEnoughImages"),
        (("import", "{tmp}/one", "--project", "{tmp}/p", "--test-fraction", "0.95"), 2, "WrongUsage"),
        (("import", "{tmp}/one", "--project", "{tmp}/p", "--group-from", "name:("), 2, "WrongUsage"),
        (("predict", "{tmp}/nothing.onnx", "{tmp}"), 1, "BundleRefused"),
        (("models", "add", "{tmp}/weights.pth"), 1, "WeightsRefused"),
    ],
)
def test_failures_have_a_name_and_a_way_out(
    arguments: tuple[str, ...], status: int, kind: str, tmp_path: Path, capfd: Any
) -> None:
    (tmp_path / "empty").mkdir()
    paint(tmp_path / "one" / "red", "red.png", COLOURS["red"], seed=0)
    (tmp_path / "weights.pth").write_bytes(b"x")
    assert call(*(a.format(tmp=tmp_path) for a in arguments), "--json") == status
    printed = capfd.readouterr()
    failed = lines(printed.out)[-1]
    assert (failed["event"], failed["kind"]) == ("failed", kind)
    assert failed["what"].endswith(".")
    assert "Traceback" not in printed.out + printed.err
    assert not (tmp_path / "p").exists()


def test_wrong_usage_exits_with_2(capfd: pytest.CaptureFixture[str]) -> None:
    assert call("train") == 2
    assert "--project" in capfd.readouterr().err


def test_a_defect_goes_to_the_log_and_not_to_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from tlstudio.storage.places import log_file
    from tlstudio.workflow import checking

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(checking, "check", broken)
    assert call("check", "--project", tmp_path) == 1
    printed = capfd.readouterr()
    assert "Something went wrong in the program itself" in printed.err
    assert "Traceback" not in printed.err
    assert "a defect" in log_file().read_text(encoding="utf-8")


def test_an_interrupted_run_can_be_finished_with_the_best_so_far(
    project: Path, capsys: pytest.CaptureFixture[str], recorder: Callable[..., Recorder]
) -> None:
    settings = TrainSettings(TEST_MODEL, Mode.BALANCED, input_size=32, epochs=50, batch_size=8, rehearse=False)
    with pytest.raises(Cancelled):
        train(project, settings, reporter=recorder(cancel=lambda e: isinstance(e, StepDone) and e.epoch == 3))
    run_id = runs.resumable(project).id  # type: ignore[union-attr]
    assert call("train", "--project", project, "--finish") == 2
    capsys.readouterr()
    assert call("train", "--project", project, "--resume", run_id, "--finish", "--json") == 0
    found = lines(capsys.readouterr().out)[-1]
    assert found["stopped"] and found["epochs"] == 2
    assert runs.run(project, run_id).state is RunState.FINISHED


def start_training(project: Path, *more: str) -> subprocess.Popen[str]:
    command = [
        sys.executable, "-m", "tlstudio", "train", "--project", str(project), "--mode", "thorough", "--model", TEST_MODEL,
        "--input-size", "32", "--epochs", "4", "--batch-size", "8", "--json", *more,
    ]  # fmt: skip
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")


def read_until(process: subprocess.Popen[str], event: str, epoch: int = 0) -> dict[str, Any]:
    assert process.stdout is not None
    for line in process.stdout:
        found: dict[str, Any] = json.loads(line)
        if found["event"] == event and found.get("epoch", 0) >= epoch:
            return found
    pytest.fail(f"the process ended before {event}")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT and SIGKILL to send")
def test_ctrl_c_and_kill_9_lose_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with start_training(project) as process:
        run_id = read_until(process, "started")["run"]
        read_until(process, "epoch_done", 1)
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in rest + said
    assert runs.resumable(project).state is RunState.INTERRUPTED  # type: ignore[union-attr]
    with start_training(project, "--resume", run_id) as process:
        assert read_until(process, "epoch_done")["epoch"] == 2
        read_until(process, "step_done", 3)
        process.kill()
        process.communicate()
    assert runs.run(project, run_id).state is RunState.INTERRUPTED
    assert call("train", "--project", project, "--resume", run_id, "--json") == 0
    found = lines(capsys.readouterr().out)
    assert [line["epoch"] for line in found if line["event"] == "epoch_done"] == list(range(3, found[-1]["epochs"] + 1))
    assert found[-1]["epochs"] >= 4, "four of each rehearsal, of which one may be enough"
    assert [row.epoch for row in runs.run(project, run_id).history] == list(range(1, found[-1]["epochs"] + 1))
