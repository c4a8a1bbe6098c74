"""The comparison with the peers: its divisions, its arithmetic, its table, and that a killed run loses nothing."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.bench.peers import __main__ as peers
from tests.bench.peers import data, results, table
from tests.bench.peers.data import Line, make_split
from tests.bench.peers.results import Results, joined, summary
from tests.conftest import BUNDLED
from tlstudio.storage.places import models_dir


def images_of(count: int, *classes: str) -> tuple[list[str], list[str], list[str]]:
    """Paths, labels and units of `count` images of each class, every image on its own."""
    paths = [f"/pictures/{label}/{i:02d}.png" for label in classes for i in range(count)]
    return paths, [path.split("/")[2] for path in paths], [str(i) for i in range(len(paths))]


def row(method: str, seed: int, accuracy: float | None, seconds: float = 1.0, **more: Any) -> dict[str, Any]:
    known = {"data": "welds", "per_class": None, "weights": "w", "device": "cpu", "threads": 2, "epochs_limit": 0}
    measured = {"train": 55, "val": 15, "test": 30, "accuracy": accuracy, "balanced_accuracy": accuracy}
    here = {"seed": seed, "method": method, "split": f"s{seed}", "recipe": "", "seconds": seconds, "details": {}}
    return {**known, **measured, **here, **more}


class TestSplit:
    def test_a_seed_always_gives_the_same_division_and_another_one_another(self):
        images = images_of(20, "crack", "good")
        first, again, other = (make_split(*images, per_class=None, seed=seed, cap=0) for seed in (0, 0, 1))
        assert first == again != other
        assert Counter(line.part for line in first) == {"train": 22, "val": 6, "test": 12}

    def test_few_shot_takes_so_many_of_each_class_and_tests_on_the_rest(self):
        lines = make_split(*images_of(20, "crack", "good"), per_class=5, seed=0, cap=0)
        assert Counter((line.label, line.part) for line in lines) == {
            (label, part): n for label in ("crack", "good") for part, n in (("train", 5), ("test", 15))
        }

    def test_few_shot_never_tests_on_what_looks_like_a_training_image(self):
        paths, labels, _ = images_of(12, "crack", "good")
        units = [f"{label}{i // 3}" for i, label in enumerate(labels)]  # three images of each part
        unit_of = dict(zip(paths, units, strict=True))
        lines = make_split(paths, labels, units, per_class=2, seed=3, cap=0)
        seen = [unit_of[line.path] for line in lines if line.part == "train"]
        tested = {unit_of[line.path] for line in lines if line.part == "test"}
        assert len(set(seen)) == len(seen) == 4
        assert not set(seen) & tested

    def test_the_test_can_be_capped(self):
        lines = make_split(*images_of(20, "crack", "good"), per_class=5, seed=0, cap=7)
        assert Counter(line.part for line in lines) == {"train": 10, "test": 7}

    def test_too_few_images_are_told(self):
        with pytest.raises(SystemExit, match="only 4 images of crack"):
            make_split(*images_of(4, "crack", "good"), per_class=5, seed=0, cap=0)

    def test_a_division_is_written_down_once(self, tmp_path: Path, make_images: Callable[..., Path]):
        source = data.open_source(str(make_images(8)), tmp_path / "work", None)
        first = data.split_of(source, tmp_path / "splits", per_class=4, seed=0, cap=0)
        lines = data.read_split(first)
        data.write_split(first, lines[:-1])
        assert data.read_split(data.split_of(source, tmp_path / "splits", per_class=4, seed=0, cap=0)) == lines[:-1]
        assert data.split_hash(lines) != data.split_hash(lines[:-1])

    def test_a_project_that_is_divided_otherwise_is_refused(self, tmp_path: Path, make_images: Callable[..., Path]):
        source = data.open_source(str(make_images(8)), tmp_path / "work", None)
        rows = source.rows()
        lines = [Line(str(r.path), str(r.label), r.split.value) for r in rows]
        data.check_same(lines, rows)
        with pytest.raises(SystemExit, match="not divided as the table says"):
            data.check_same([Line(lines[0].path, lines[0].label, "test"), *lines[1:]], rows)

    def test_every_method_gets_the_division_of_the_table(self, tmp_path: Path, make_images: Callable[..., Path]):
        source = data.open_source(str(make_images(8)), tmp_path / "work", None)
        written = data.split_of(source, tmp_path / "splits", per_class=5, seed=0, cap=0)
        cell = data.open_cell(
            written,
            source,
            tmp_path / "cell",
            models_dir() / BUNDLED,
            seed=0,
            device="cpu",
            threads=1,
            epochs_limit=2,
        )
        assert {name: len(part) for name, part in cell.parts.items()} == {"train": 15, "val": 0, "test": 9}
        assert cell.wide.shape[0] == 2 * cell.size
        assert (cell.epochs(20), cell.epochs(1)) == (2, 1)
        train, held = cell.held_back(0.2)
        assert sorted((*train.keys, *held.keys)) == sorted(cell.parts["train"].keys)
        assert sorted(held.labels) == [0, 1, 2]


class TestRows:
    def test_every_row_is_on_the_disk_at_once(self, tmp_path: Path):
        file = Results(tmp_path / "out" / "rows.jsonl")
        file.add(row("quick", 0, 0.9))
        again = Results(file.path)
        assert again.rows == [row("quick", 0, 0.9)]
        assert again.has(row("quick", 0, None))
        assert not again.has(row("quick", 1, None))
        assert not again.has(row("quick", 0, None, recipe="changed"))

    def test_a_row_that_was_being_written_at_the_kill_is_measured_again(self, tmp_path: Path):
        file = Results(tmp_path / "rows.jsonl")
        file.add(row("quick", 0, 0.9))
        file.add(row("fastai", 0, 0.8))
        file.path.write_bytes(file.path.read_bytes()[:-20])
        again = Results(file.path)
        assert [r["method"] for r in again.rows] == ["quick"]
        again.add(row("fastai", 0, 0.7))
        assert [(r["method"], r["accuracy"]) for r in Results(file.path).rows] == [("quick", 0.9), ("fastai", 0.7)]


class TestArithmetic:
    def test_errors_and_times_are_compared_with_the_peers(self):
        rows = [row("forward", 0, None, 2.0), row("quick", 0, 0.9, 3.0), row("thorough", 0, 0.95, 30.0)]
        rows += [row("fastai", 0, 0.8, 60.0), row("sklearn", 0, 0.9, 6.0)]
        [cell] = summary(rows, 1)["cells"]
        assert cell["methods"]["thorough"]["error_over_best_peer"] == pytest.approx(0.5)
        assert cell["methods"]["thorough"]["seconds_over_fastai"] == pytest.approx(0.5)
        assert cell["methods"]["quick"]["seconds_over_forward"] == pytest.approx(1.5)
        assert cell["methods"]["quick"]["accuracy"] == {"value": 0.9, "low": None, "high": None}

    def test_a_peer_without_errors_leaves_no_ratio(self):
        [cell] = summary([row("quick", 0, 0.9), row("sklearn", 0, 1.0)], 1)["cells"]
        assert cell["methods"]["quick"]["error_over_best_peer"] is None

    def test_methods_are_compared_on_seeds_that_all_have_finished(self):
        rows = [row("quick", 0, 0.9), row("quick", 1, 0.5), row("sklearn", 0, 0.8)]
        [cell] = summary(rows, 1)["cells"]
        assert cell["methods"]["quick"]["error"] == pytest.approx(0.1)
        assert cell["methods"]["quick"]["seeds"] == 1

    def test_the_interval_over_seeds_is_students(self):
        found = results.interval([0.8, 0.85, 0.9])
        assert found["value"] == pytest.approx(0.85)
        assert found["low"] == pytest.approx(0.85 - 4.3027 * 0.05 / 3**0.5, abs=1e-4)
        assert found["high"] == pytest.approx(0.85 + 4.3027 * 0.05 / 3**0.5, abs=1e-4)
        assert results.interval([0.5, 0.99, 1.0])["high"] == 1.0
        assert results.interval([0.8, 0.9])["low"] is None

    def test_the_sweep_takes_the_rate_that_was_best_on_validation_and_the_time_of_all(self):
        rows = [
            row("timm@1e-04", 0, 0.9, 10.0, details={"validation": [0.7, -0.5]}),
            row("timm@1e-03", 0, 0.6, 12.0, details={"validation": [0.7, -0.4]}),
        ]
        [cell] = summary(rows, 2)["cells"]
        assert cell["methods"]["timm"]["error"] == pytest.approx(0.4)
        assert cell["methods"]["timm"]["seconds"] == pytest.approx(22.0)
        [unfinished] = summary(rows, 3)["cells"]
        assert "timm" not in unfinished["methods"]

    def test_the_mean_counts_only_sets_that_every_method_finished(self):
        rows = [row("quick", 0, 0.9), row("sklearn", 0, 0.8), row("quick", 0, 0.5, data="leaves")]
        found = summary(rows, 1)["overall"]
        assert found["cells"] == 1
        assert found["error"] == pytest.approx({"quick": 0.1, "sklearn": 0.2})
        assert found["error_over_best_peer"] == pytest.approx({"quick": 0.5, "sklearn": 1.0})


def result_of(rows: list[dict[str, Any]], **settings: Any) -> dict[str, Any]:
    known = {"weights": "w", "device": "cpu", "threads": 2, "seeds": 1, "rates": [1e-4], "epochs_limit": 0}
    return {
        "settings": {**known, "date": "2026-01-31", **settings},
        "planned": len(rows),
        "missing": [],
        "rows": rows,
        "summary": summary(rows, 1),
    }


class TestTable:
    def test_the_lowest_error_is_bold_and_what_is_missing_is_told(self):
        found = result_of([row("quick", 0, 0.9, 3.2), row("sklearn", 0, 0.875, 61.7, balanced_accuracy=0.95)])
        text = table.markdown({**found, "planned": 4, "missing": [{}, {}]})
        assert "| welds | 55 | 30 | **10.0** | 12.5 |" in text
        assert "| welds | 55 | 30 | 10.0 | **5.0** |" in text
        assert "| welds | 55 | 30 | 3.2 | 62 |" in text
        assert "2 of 4 trainings are missing" in text

    def test_it_stands_between_the_markers_and_only_there(self, tmp_path: Path):
        file = tmp_path / "README.md"
        file.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n", encoding="utf-8")
        for text in ("new", "newer"):
            table.write_between(file, text)
        assert file.read_text(encoding="utf-8") == f"before\n{table.BEGIN}\n\nnewer\n\n{table.END}\nafter\n"

    def test_a_file_without_markers_stays_as_it_is(self, tmp_path: Path):
        file = tmp_path / "README.md"
        file.write_text("no place", encoding="utf-8")
        with pytest.raises(SystemExit, match="needs a line"):
            table.write_between(file, "new")
        assert file.read_text(encoding="utf-8") == "no place"

    def test_results_of_one_kind_share_a_table_and_others_do_not(self):
        one, other = result_of([row("quick", 0, 0.9)]), result_of([row("quick", 0, 0.8, data="leaves")])
        assert [cell["data"] for cell in joined([one, other])["summary"]["cells"]] == ["welds", "leaves"]
        with pytest.raises(SystemExit, match="threads is 2 and 4"):
            joined([one, result_of([row("quick", 0, 0.8)], threads=4)])


class TestBench:
    @pytest.fixture
    def given(self, tmp_path: Path, make_images: Callable[..., Path]) -> argparse.Namespace:
        """A call for quick training and the bare forward pass, on tiny pictures."""
        return argparse.Namespace(
            images=[str(make_images(8))],
            weights=models_dir() / BUNDLED,
            out=tmp_path / "out",
            per_class=["5"],
            seeds=1,
            modes=["quick"],
            peers=[],
            rates=[1e-4],
            threads=1,
            device="cpu",
            epochs_limit=0,
            hours=0.0,
            test_cap=0,
            group_from=None,
        )

    def test_a_rerun_measures_only_what_is_missing(
        self, given: argparse.Namespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        given.out.mkdir()
        first = peers.Bench(given, tmp_path / "work").run()
        assert [r["method"] for r in first["rows"]] == ["forward", "quick"]
        assert first["missing"] == []
        assert json.loads((given.out / "results.json").read_text(encoding="utf-8")) == first
        lines = (given.out / "rows.jsonl").read_bytes().splitlines(keepends=True)
        (given.out / "rows.jsonl").write_bytes(lines[0])  # killed before quick training was done
        measured = []
        one = peers.Bench._one

        def count(bench: peers.Bench, planned: peers.Planned, cell: Any) -> None:
            measured.append(planned.row["method"])
            one(bench, planned, cell)

        monkeypatch.setattr(peers.Bench, "_one", count)
        again = peers.Bench(given, tmp_path / "work").run()
        assert measured == ["quick"]
        assert again["rows"][1]["accuracy"] == first["rows"][1]["accuracy"]

    def test_a_peer_that_is_not_installed_is_told_and_the_rest_goes_on(
        self, given: argparse.Namespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setitem(__import__("sys").modules, "fastai", None)
        given.out.mkdir()
        given.peers, given.modes = ["fastai", "sklearn"], []
        found = peers.Bench(given, tmp_path / "work").run()
        assert "pip install" in found["unavailable"]["fastai"]
        assert [r["method"] for r in found["rows"]] == ["forward", "sklearn"]
        assert [r["method"] for r in found["missing"]] == ["fastai"]

    def test_when_the_hours_are_over_nothing_is_begun(self, given: argparse.Namespace, tmp_path: Path):
        given.out.mkdir()
        given.hours = 1e-9
        found = peers.Bench(given, tmp_path / "work").run()
        assert (found["rows"], len(found["missing"])) == ([], 2)
        assert "2 of 2 trainings are missing" in table.markdown(found)
