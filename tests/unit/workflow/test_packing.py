"""A training on another machine, there and back: what is packed, what is trained of it without the originals, what comes back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.conftest import COLOURS, TEST_MODEL, TEST_WEIGHTS, Recorder, paint
from tlstudio.catalog import weights
from tlstudio.domain.errors import (
    Cancelled,
    DiskFull,
    PackForeign,
    PackRefused,
    PackUnfit,
    ProjectExists,
    RunNotReady,
    WeightsMissing,
    WeightsRefused,
    WrongUsage,
)
from tlstudio.domain.events import EpochDone, Note
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.packing import Drift
from tlstudio.domain.runs import Mode, RunState, TrainSettings
from tlstudio.domain.values import Split
from tlstudio.images.guard import DECODERS
from tlstudio.storage import images, packs, runs
from tlstudio.storage.packfile import Kind, reading, writing
from tlstudio.storage.project import Project
from tlstudio.workflow import labeling, packed_project
from tlstudio.workflow import runs as run_list
from tlstudio.workflow.evaluating import evaluate
from tlstudio.workflow.exporting import export
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.packed_training import train_packed
from tlstudio.workflow.packing import pack
from tlstudio.workflow.replaced import take_changed
from tlstudio.workflow.training import train
from tlstudio.workflow.unpacking import unpack

QUICK = TrainSettings(TEST_MODEL, Mode.QUICK, input_size=32)
TUNED = TrainSettings(TEST_MODEL, Mode.BALANCED, input_size=32, epochs=3, batch_size=8, rehearse=False)


@pytest.fixture
def project(make_images: Callable[..., Path], tmp_path: Path) -> Path:
    place = tmp_path / "project"
    import_images(ImportRequest(make_images(14, groups=5), place, group_from=r"name:^(part\d+)"))
    return place


@pytest.fixture
def packed(project: Path, tmp_path: Path) -> Path:
    return pack(project, tmp_path / "away.tlpack", QUICK).file


def no_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody opens an original."""

    def refuse(function: object, paths: Iterable[object], *_: object, **__: object) -> Iterator[object]:
        assert not list(paths), "a file was to be decoded"
        return iter(())

    monkeypatch.setattr(DECODERS, "in_order", refuse)


# --- there and back ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [QUICK, TUNED], ids=["quick", "balanced"])
def test_there_and_back(project: Path, tmp_path: Path, settings: TrainSettings) -> None:
    """The run that comes back is the one that would have been trained here, and works as any other."""
    at_home = train(project, settings)
    told = pack(project, tmp_path / "away.tlpack", settings)
    assert (told.model, told.size, told.weights, told.groups > 3) == (TEST_MODEL, 32, False, True)
    (tmp_path / "images").rename(tmp_path / "hidden")  # nobody has the originals
    (tmp_path / "cluster").mkdir()
    shutil.copy(told.file, tmp_path / "cluster" / "copied.tlpack")
    with pytest.MonkeyPatch.context() as patch:
        no_decoding(patch)
        done = train_packed(tmp_path / "cluster" / "copied.tlpack")
    assert done.file == tmp_path / "cluster" / "copied-trained.tlpack"
    assert (done.result.accuracy, done.result.chosen) == (at_home.accuracy, at_home.chosen)
    assert {p.name for p in (tmp_path / "cluster").iterdir()} == {"copied.tlpack", "copied-trained.tlpack"}
    back = unpack(done.file, project)
    assert (back.run, back.already, back.drift) == (done.result.run, False, Drift())
    (tmp_path / "hidden").rename(tmp_path / "images")
    ours, theirs = (evaluate(project, run, Split.TEST) for run in (at_home.run, back.run))
    assert [p.probabilities for p in ours.predictions] == [p.probabilities for p in theirs.predictions]
    assert [p.image for p in ours.predictions] == [p.image for p in theirs.predictions]
    there, here = (runs.get_run(Project(project), run) for run in (back.run, at_home.run))
    assert (there.state, there.classes, len(there.history)) == (RunState.FINISHED, here.classes, len(here.history))
    read = [json.loads((project / "runs" / run / "data.json").read_text()) for run in (at_home.run, back.run)]
    assert [{**row, "unit": 0} for row in read[0]] == [{**row, "unit": 0} for row in read[1]]
    if settings is QUICK:
        assert export(project, tmp_path / "m.onnx", back.run).certificate.passed


def test_where_it_was_trained_is_told(project: Path, packed: Path) -> None:
    back = unpack(train_packed(packed).file, project)
    found = run_list.records(project, back.run)
    assert found.elsewhere is not None and found.elsewhere.machine == back.machine
    assert {"tlstudio", "Python", "torch", "timm"} <= set(back.machine.versions)
    assert found.log[-1].text == f"Trained on another machine: {back.machine.sentence()}."
    assert found.elsewhere.packed_at < found.log[0].moment < found.elsewhere.back_at


def test_twice_is_once(project: Path, packed: Path) -> None:
    result = train_packed(packed).file
    first, again = unpack(result, project), unpack(result, project)
    assert (first.already, again.already, first.run) == (False, True, again.run)
    assert len(runs.list_runs(Project(project))) == 1
    assert len(run_list.records(project, first.run).log) == len(run_list.records(project, again.run).log)


def test_a_first_result_that_was_kept_comes_along(project: Path, tmp_path: Path) -> None:
    away = pack(project, tmp_path / "a.tlpack", TUNED).file
    back = unpack(train_packed(away, keep_first=True).file, project)
    rows = {row.id: row for row in runs.list_runs(Project(project))}
    assert len(back.runs) == len(rows) == 2
    assert [rows[run].first_of for run in back.runs] == ["", back.run]


# --- what is in it -----------------------------------------------------------------------------------------------------------


CANARY = "Kanarienvogel"


@pytest.fixture
def named(tmp_path: Path) -> Path:
    """A project in which everything that has a name has this one, but for its classes."""
    source, rows = tmp_path / CANARY / "images", ["path,class,group,ward"]
    for k, label in enumerate(COLOURS):
        for i in range(12):
            name = f"{CANARY}_{label}_{i:02d}.png"
            paint(source, name, COLOURS[label], seed=100 * k + i)
            rows.append(f"{name},{label},{CANARY}-{label}-{i // 3},{CANARY} ward {i}")
    (source / "table.csv").write_text("\n".join(rows), encoding="utf-8")
    place = tmp_path / f"{CANARY}-project"
    import_images(ImportRequest(source / "table.csv", place, name=f"{CANARY} study"))
    first = images.list_images(Project(place))[0]
    labeling.set_note(place, [first.id], f"asked Dr {CANARY}")
    return place


@pytest.mark.parametrize("with_weights", [False, True])
def test_no_byte_names_anybody(named: Path, tmp_path: Path, with_weights: bool) -> None:
    out = tmp_path / "out.tlpack"
    pack(named, out, QUICK, with_weights=with_weights)
    result = train_packed(out).file
    rows = images.list_images(Project(named))
    for file in (out, result):
        data = file.read_bytes()
        for name in (CANARY, CANARY.lower(), CANARY.upper(), str(tmp_path), "ward", named.name):
            for encoding in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le"):
                assert name.encode(encoding) not in data, (file.name, name, encoding)
        for row in rows:
            assert row.content.encode() not in data and bytes.fromhex(row.content) not in data
            assert row.look is None or row.look.encode() not in data


def test_the_list_says_what_training_needs_and_no_more(project: Path, packed: Path) -> None:
    with reading(packed, Kind.TRAINING) as file:
        told = file.read_json("training.json", 10**7)
        assert set(file.parts) == {"training.json", "pixels.keys", "pixels.rows"}
        pixels = file.parts["pixels.rows"].bytes
    assert set(told) == {"settings", "preprocess", "classes", "network", "near_duplicates", "images"}
    assert set(told["images"][0]) == {"key", "label", "split", "group", "alike"}
    rows = [row for row in images.list_images(Project(project)) if row.split is not Split.TEST]
    assert [each["split"] for each in told["images"]] == [row.split.value for row in rows]
    assert [told["classes"][each["label"]] for each in told["images"]] == [row.label for row in rows]
    assert len({(row.group, each["group"]) for row, each in zip(rows, told["images"], strict=True)}) == len(
        {row.group for row in rows}
    )
    assert pixels == len(rows) * 32 * 32 * 3


def test_each_packing_has_keys_of_its_own(project: Path, tmp_path: Path) -> None:
    keys = []
    for name in ("a", "b"):
        with reading(pack(project, tmp_path / name, QUICK).file, Kind.TRAINING) as file:
            keys.append(set(file.read("pixels.keys", 10**6).decode().split()))
    assert len(keys[0]) == len(keys[1]) > 20 and not keys[0] & keys[1]


def test_copies_and_near_duplicates_stay_what_they_are(make_images: Callable[..., Path], tmp_path: Path) -> None:
    source = make_images(10)
    for i in range(3):
        shutil.copy(source / "red" / f"red_{i:03d}.png", source / "red" / f"again_{i}.png")
        picture = np.asarray(Image.open(source / "blue" / f"blue_{i:03d}.png")).copy()
        picture[0, 0] = 0
        Image.fromarray(picture).save(source / "blue" / f"nearly_{i}.png")
    place = tmp_path / "project"
    import_images(ImportRequest(source, place))
    known = {row.id: row for row in images.list_images(Project(place))}
    out = pack(place, tmp_path / "a.tlpack", QUICK).file
    result = train_packed(out, work=tmp_path / "work").file
    record = packs.read(Project(place), unpack(result, place).to_json() and _pack_of(result))
    assert record is not None
    there = {image.key: image for image in record.images}
    away = images.list_images(Project(tmp_path / "work"))
    assert len(away) == len(record.images)
    alike_here = [known[image.image].alike for image in record.images]
    alike_there = [row.alike for row in away]
    assert [a is None for a in alike_here] == [a is None for a in alike_there] and any(alike_here)
    assert len(set(zip(alike_here, alike_there, strict=True))) == len(set(alike_here))
    assert len(there) < len(away)  # copies share a key


def _pack_of(path: Path) -> str:
    with reading(path, Kind.RUN) as file:
        return file.told("pack")


def test_one_range_for_all_images_is_measured_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    for k, label in enumerate(("dark", "light")):
        (tmp_path / "images" / label).mkdir(parents=True)
        for i in range(12):
            pixels = (rng.normal(9000 + 12000 * k, 1500, (32, 32))).clip(0, 65535).astype(np.uint16)
            Image.fromarray(pixels).save(tmp_path / "images" / label / f"{i}.png")
    place = tmp_path / "project"
    import_images(ImportRequest(tmp_path / "images", place))
    deep = TrainSettings(TEST_MODEL, Mode.QUICK, input_size=32, depth="dataset")
    out = pack(place, tmp_path / "a.tlpack", deep).file
    no_decoding(monkeypatch)
    result = train_packed(out)
    monkeypatch.undo()
    assert unpack(result.file, place).run == result.result.run
    assert result.result.accuracy == train(place, deep).accuracy


# --- on the other machine ----------------------------------------------------------------------------------------------------


def test_wishes_of_the_other_machine_count_unless_they_are_about_pictures(packed: Path, tmp_path: Path) -> None:
    done = train_packed(packed, tmp_path / "o", {"seed": 5, "device": "cpu", "input_size": 32}, work=tmp_path / "w")
    row = runs.get_run(Project(tmp_path / "w"), done.result.run)
    assert (row.settings.seed, row.settings.device) == (5, "cpu")
    for wish in ({"input_size": 64}, {"model": "resnet18.a1_in1k"}, {"fit": "crop"}, {"channels": (1,)}):
        with pytest.raises(WrongUsage, match="packed for"):
            train_packed(packed, tmp_path / "o2", wish)
    with pytest.raises(WrongUsage, match="no effect"):
        train_packed(packed, tmp_path / "o2", {"epochs": 4})
    with pytest.raises(PackUnfit):  # nor by the way of an ordinary training of the working folder
        train(tmp_path / "w", TrainSettings(TEST_MODEL, Mode.QUICK, input_size=64))
    with pytest.raises(PackUnfit):
        train(tmp_path / "w", TrainSettings(TEST_MODEL, Mode.QUICK, input_size=32, depth="dataset"))


def test_the_model_goes_along_if_that_is_wished(
    project: Path, packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_it = pack(project, tmp_path / "with.tlpack", QUICK, with_weights=True).file
    assert (
        with_it.stat().st_size
        > packed.stat().st_size + (TEST_WEIGHTS / TEST_MODEL / "model.safetensors").stat().st_size
    )
    monkeypatch.setenv("TLSTUDIO_WEIGHTS", str(tmp_path / "nothing"))
    monkeypatch.setattr(packed_project, "lay_out", None)  # it does not come so far
    with pytest.raises((WeightsMissing, weights.UnknownModel)):
        train_packed(packed)
    monkeypatch.undo()
    monkeypatch.setenv("TLSTUDIO_WEIGHTS", str(tmp_path / "nothing"))
    monkeypatch.setenv("TLSTUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(weights, "is_vetted", lambda folder: True)
    result = train_packed(with_it)
    assert [p.name for p in weights.own_folder().iterdir() if not p.name.startswith(".")] == [TEST_MODEL]
    assert unpack(result.file, project).run == result.result.run


def test_another_model_of_that_name_is_noticed_and_not_replaced(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_it = pack(project, tmp_path / "with.tlpack", QUICK, with_weights=True).file
    other = tmp_path / "weights" / TEST_MODEL
    shutil.copytree(TEST_WEIGHTS / TEST_MODEL, other)
    data = bytearray((other / "model.safetensors").read_bytes())
    data[-3] ^= 1
    (other / "model.safetensors").write_bytes(data)
    monkeypatch.setenv("TLSTUDIO_WEIGHTS", str(other.parent))
    with pytest.raises(WeightsRefused, match="another one"):
        train_packed(with_it)
    assert (other / "model.safetensors").read_bytes() == data


def test_a_training_that_was_cut_short_goes_on(project: Path, tmp_path: Path) -> None:
    """From the working folder, and from the result where that is gone; to the model that it would have come to."""
    away, whole = pack(project, tmp_path / "a.tlpack", TUNED).file, tmp_path / "whole"
    straight = train_packed(away, whole)
    for name, forgets in (("kept", False), ("gone", True)):
        out, work = tmp_path / name, tmp_path / f"{name}.work"
        watch = Recorder(cancel=lambda event: isinstance(event, EpochDone) and event.epoch == 2)
        with pytest.raises(Cancelled):
            train_packed(away, out, reporter=watch)
        assert out.exists() and work.exists()
        with pytest.raises(RunNotReady, match="not finished"):
            unpack(out, project)
        if forgets:
            shutil.rmtree(work)
        else:
            with pytest.raises(ProjectExists, match="--work" if forgets else "not finished"):
                train_packed(away, out)
            with pytest.raises(WrongUsage, match="own settings"):
                train_packed(away, out, {"epochs": 9}, resume=True)
        again = Recorder()
        done = train_packed(away, out, resume=True, reporter=again)
        assert any("Going on after epoch" in n.text for n in again.of(Note))
        assert (done.result.accuracy, done.result.chosen) == (straight.result.accuracy, straight.result.chosen)
        assert not work.exists()
        assert unpack(out, project).run == done.result.run
    assert train_packed(away, tmp_path / "new", resume=True).result.accuracy == straight.result.accuracy


def test_what_could_not_be_taken_back_is_not_begun_anew(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The working folder is gone and the disk full: once there is room, the training goes on where it was."""
    there = pack(project, tmp_path / "away.tlpack", TUNED).file
    with pytest.raises(Cancelled):
        train_packed(there, reporter=Recorder(cancel=lambda e: isinstance(e, EpochDone) and e.epoch == 2))
    shutil.rmtree(tmp_path / "away-trained.tlpack.work")
    with monkeypatch.context() as full:
        full.setattr(runs, "take_in", lambda *_: (_ for _ in ()).throw(DiskFull("The disk is full.")))
        with pytest.raises(DiskFull):
            train_packed(there, resume=True)
    watch = Recorder()
    train_packed(there, resume=True, reporter=watch)
    assert [e.epoch for e in watch.of(EpochDone)] == [3], "not from the beginning"  # type: ignore[attr-defined]


def test_a_working_folder_of_something_else_is_left_alone(
    project: Path, packed: Path, make_images: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(PackForeign, match="something else"):
        train_packed(packed, tmp_path / "o", work=project)
    other = pack(project, tmp_path / "b.tlpack", QUICK).file
    train_packed(packed, tmp_path / "o", work=tmp_path / "w")
    with pytest.raises(PackForeign, match="something else"):
        train_packed(other, tmp_path / "o", work=tmp_path / "w")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("years")
    with pytest.raises(ProjectExists, match="holds something"):
        train_packed(packed, tmp_path / "o", work=tmp_path / "full")
    assert (tmp_path / "full" / "thesis.txt").read_text() == "years"


# --- coming back -------------------------------------------------------------------------------------------------------------


def test_another_projects_run_is_refused(project: Path, packed: Path, tmp_path: Path, make_images: Callable) -> None:
    result = train_packed(packed).file
    other = tmp_path / "other"
    import_images(ImportRequest(tmp_path / "images", other, group_from="none"))
    with pytest.raises(PackForeign, match="not packed from this project") as refused:
        unpack(result, other)
    assert refused.value.path == str(result)
    assert run_list.list_runs(other) == []
    with pytest.raises(PackRefused, match="not a training that comes back"):
        unpack(packed, project)
    with pytest.raises(PackRefused, match="not a packed training"):
        train_packed(result, tmp_path / "o")


def test_what_has_changed_since_is_said(project: Path, packed: Path, tmp_path: Path) -> None:
    result = train_packed(packed).file
    rows = [row for row in images.list_images(Project(project)) if row.split is Split.TRAIN]
    reds = [row for row in rows if row.label == "red"]
    labeling.set_label(project, [row.id for row in reds[:2]], "blue")
    labeling.set_left_out(project, [reds[2].id], True)
    paint(reds[3].path.parent, reds[3].path.name, (9, 9, 9), seed=999)
    take_changed(project, [str(reds[3].path)])
    labeling.rename_class(project, "green", "verdant")
    watch = Recorder()
    back = unpack(result, project, watch)
    assert back.drift == Drift(labels=2, contents=1, gone=1)
    told = (
        "2 labels have changed, 1 image has been exchanged, 1 image has been left out or removed since it was packed."
    )
    assert any(note.text == told for note in watch.of(Note))
    assert runs.get_run(Project(project), back.run).classes == ("blue", "verdant", "red")
    assert evaluate(project, back.run, Split.TEST).n > 0


def rewrite(path: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    """The result with other parts, whose hashes are right: whoever can write a file can do that."""
    with reading(path, Kind.RUN) as file:
        parts = {name: file.read(name, 10**9) for name in file.parts}
        told = {key: file.manifest[key] for key in ("pack", "digest", "machine")}
    change(parts)
    with writing(path, Kind.RUN, told) as writer:
        for name, data in parts.items():
            writer.add(name, [data])
    return path


def edit(name: str, change: Callable[[Any], object]) -> Callable[[dict[str, bytes]], None]:
    """Changes the JSON in the part that ends so."""

    def do(parts: dict[str, bytes]) -> None:
        key = next(each for each in parts if each.endswith(name))
        value = json.loads(parts[key])
        change(value)
        parts[key] = json.dumps(value).encode()

    return do


def put(name: str, data: bytes) -> Callable[[dict[str, bytes]], None]:
    def do(parts: dict[str, bytes]) -> None:
        key = next((each for each in parts if each.endswith(name)), None)
        parts[key or f"runs/{json.loads(parts['runs.json'])[0]['id']}/{name}"] = data

    return do


def drop(name: str) -> Callable[[dict[str, bytes]], None]:
    return lambda parts: parts.pop(next(each for each in parts if each.endswith(name)))


FORGED: dict[str, Callable[[dict[str, bytes]], object]] = {
    "a pickle for a model": put("model/model.safetensors", b"\x80\x04\x95" + bytes(100)),
    "a pickle for baselines": put("baselines.safetensors", b"PK\x03\x04" + bytes(100)),
    "half a model": put("model/model.safetensors", b"\x40\x00\x00\x00\x00\x00\x00\x00{}"),
    "no model": drop("model/model.safetensors"),
    "no description": drop("model/config.json"),
    "no images": drop("data.json"),
    "another architecture": edit("model/config.json", lambda c: c.update(architecture="resnet18")),
    "arguments": edit("model/config.json", lambda c: c.update(arguments={"checkpoint_path": "/tmp/x.pth"})),
    "another backbone": edit("model/config.json", lambda c: c.update(weights_hash="0" * 64)),
    "other pictures": edit("model/config.json", lambda c: c["preprocess"].update(size=64)),
    "other classes": edit("model/config.json", lambda c: c.update(classes=["a", "b", "c"])),
    "classes in another order": edit("runs.json", lambda r: r[0]["classes"].reverse()),
    "another model's name": edit("runs.json", lambda r: r[0].update(model="resnet18.a1_in1k")),
    "impossible settings": edit("runs.json", lambda r: r[0]["settings"].update(epochs=-1)),
    "an impossible figure": edit("runs.json", lambda r: r[0]["result"]["val"]["interval"].update(value=7)),
    "a name that leads away": edit("runs.json", lambda r: r[0].update(id="../../../x")),
    "no runs": edit("runs.json", lambda r: r.clear()),
    "no list": put("runs.json", b"{"),
    "an image of nobody": edit("data.json", lambda d: d[0].update(content="0" * 64)),
    "another label": edit("data.json", lambda d: d[0].update(label=(d[0]["label"] + 1) % 3)),
    "answers for nobody": edit("left-out.json", lambda d: d["images"][0].update(content="0" * 64)),
    "a log that is none": put("log.jsonl", b"[1]\n"),
    "a file of no run": put("model/run.py", b"print()"),
    "a mix-up that is none": put("confusion.json", b"{"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_file_that_somebody_has_changed_is_refused(result: Path, returning: Path, name: str) -> None:
    before = sorted(p.name for p in (returning / "runs").iterdir())
    with pytest.raises(PackRefused, match="damaged, or somebody has changed it"):
        unpack(rewrite(result, FORGED[name]), returning)
    assert run_list.list_runs(returning) == []
    assert sorted(p.name for p in (returning / "runs").iterdir()) == before


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project, and what was trained elsewhere for it."""
    place = tmp_path_factory.mktemp("once")
    for k, label in enumerate(COLOURS):
        for i in range(12):
            paint(place / "images" / label, f"{label}_{i}.png", COLOURS[label], seed=1000 * k + i)
    import_images(ImportRequest(place / "images", place / "project"))
    train_packed(pack(place / "project", place / "a.tlpack", QUICK).file, place / "result")
    return place


@pytest.fixture
def result(once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(once / "result", tmp_path / "result"))


@pytest.fixture
def returning(once: Path) -> Path:
    return once / "project"


def test_a_run_that_was_left_without_its_row_is_replaced(result: Path, once: Path, tmp_path: Path) -> None:
    """Killed between the last two steps."""
    place = tmp_path / "project"
    shutil.copytree(once / "project", place)
    with reading(result, Kind.RUN) as file:
        run = file.read_json("runs.json", 10**6)[0]["id"]
    (place / "runs" / run).mkdir()
    (place / "runs" / run / "half").write_text("")
    assert unpack(result, place).run == run
    assert not (place / "runs" / run / "half").exists()


def test_a_damaged_note_of_the_project_is_named(result: Path, once: Path, tmp_path: Path) -> None:
    place = tmp_path / "project"
    shutil.copytree(once / "project", place)
    (note,) = (place / "packs").iterdir()
    note.write_text("{")
    with pytest.raises(PackRefused, match="has noted"):
        unpack(result, place)
    note.unlink()
    with pytest.raises(PackForeign):
        unpack(result, place)
