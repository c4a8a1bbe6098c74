"""Adding weights from files, folders and sticks."""

from __future__ import annotations

import pickle
import zipfile
from types import SimpleNamespace

import pytest

from tlstudio.catalog import placing, weights
from tlstudio.catalog.adding import add
from tlstudio.domain.errors import Cancelled, DiskFull, FileTrouble, WeightsRefused

MODEL = "resnet18.a1_in1k"
FILE = "model.safetensors"


def nothing_left(home) -> bool:
    kept = [each for each in (home / "weights").rglob("*") if each.is_file() and each.suffix != ".lock"]
    return not kept


def test_a_weights_folder_is_copied(tmp_path, home, weights_folder, record):
    source = weights_folder(tmp_path / "stick")
    reporter = record()
    assert add(source, reporter) == (home / "weights" / MODEL,)
    assert weights.require(MODEL) == home / "weights" / MODEL
    assert (home / "weights" / MODEL / FILE).read_bytes() == (source / FILE).read_bytes()
    assert reporter.progress("Copying")[-1].done == (source / FILE).stat().st_size
    assert source.is_dir()


def test_a_stick_with_several_models(tmp_path, weights_folder, record):
    weights_folder(tmp_path / "stick" / "models")
    weights_folder(tmp_path / "stick", "vgg16.tv_in1k")
    added = add(tmp_path / "stick", record())
    assert sorted(each.name for each in added) == [MODEL, "vgg16.tv_in1k"]


def test_the_hubs_own_cache_on_a_stick(tmp_path, weights_folder, record):
    folder = weights_folder(tmp_path / "elsewhere")
    snapshot = tmp_path / "stick" / "models--timm--resnet18.a1_in1k" / "snapshots" / "c0ffee"
    snapshot.parent.mkdir(parents=True)
    folder.rename(snapshot)
    (added,) = add(tmp_path / "stick", record())
    assert added.name == MODEL


def test_a_file_with_its_description_beside_it(tmp_path, weights_folder, record):
    folder = weights_folder(tmp_path / "stick", "resnet26.bt_in1k")
    renamed = folder.rename(tmp_path / "downloads")
    (added,) = add(renamed / FILE, record())
    assert added.name == "resnet26.bt_in1k"


def test_a_bare_file_and_a_name(tmp_path, safetensors_bytes, record):
    bare = tmp_path / "model.safetensors"
    bare.write_bytes(safetensors_bytes(2_200_000))  # 11 million numbers, as a ResNet-18 has
    (added,) = add(bare, record(), name=MODEL)
    card = weights.card_for_folder(added)
    assert (card.id, card.classifier, card.input_size) == (MODEL, "fc", 224)
    assert weights.find(MODEL) == added


def test_a_bare_file_that_carries_its_models_name(tmp_path, safetensors_bytes, record):
    bare = tmp_path / f"{MODEL}.safetensors"
    bare.write_bytes(safetensors_bytes(2_200_000))
    assert add(bare, record())[0].name == MODEL


def test_a_bare_file_of_another_network_is_refused(tmp_path, safetensors_bytes, record):
    bare = tmp_path / "model.safetensors"
    bare.write_bytes(safetensors_bytes())
    with pytest.raises(WeightsRefused, match="not of ResNet-18"):
        add(bare, record(), name=MODEL)


def test_a_bare_file_without_a_name_is_refused(tmp_path, home, safetensors_bytes, record):
    bare = tmp_path / "model.safetensors"
    bare.write_bytes(safetensors_bytes())
    with pytest.raises(WeightsRefused, match="config") as caught:
        add(bare, record())
    assert "resnet18.a1_in1k" in caught.value.remedy
    assert nothing_left(home)


def test_a_name_of_another_network_is_refused(tmp_path, weights_folder, record):
    with pytest.raises(WeightsRefused, match="belong to"):
        add(weights_folder(tmp_path), record(), name="vgg16.tv_in1k")


def test_one_name_for_several_models_is_refused(tmp_path, weights_folder, record):
    weights_folder(tmp_path / "stick")
    weights_folder(tmp_path / "stick", "vgg16.tv_in1k")
    with pytest.raises(WeightsRefused, match="several"):
        add(tmp_path / "stick", record(), name=MODEL)


@pytest.mark.parametrize("name", ["model.pt", "model.PTH", "pytorch_model.bin", "last.ckpt"])
def test_pickles_are_refused_with_a_way_to_convert(name, tmp_path, record):
    path = tmp_path / name
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(WeightsRefused, match="pickle") as caught:
        add(path, record())
    assert "save_file" in caught.value.remedy and "weights_only=True" in caught.value.remedy


def test_a_folder_of_pickles_is_refused(tmp_path, record, config_bytes):
    (tmp_path / "config.json").write_bytes(config_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04")
    with pytest.raises(WeightsRefused, match="pickle"):
        add(tmp_path, record())


@pytest.mark.parametrize("kind", ["zip", "bare"])
def test_a_pickle_in_disguise_is_refused(kind, tmp_path, record, weights_folder):
    folder = weights_folder(tmp_path)
    if kind == "zip":
        with zipfile.ZipFile(folder / FILE, "w") as archive:
            archive.writestr("data.pkl", pickle.dumps({}))
    else:
        (folder / FILE).write_bytes(pickle.dumps({"weights": list(range(100))}))
    with pytest.raises(WeightsRefused, match="pickle"):
        add(folder, record())


@pytest.mark.parametrize("damage", ["cut", "longer", "empty", "header", "text"])
def test_damaged_weights_are_refused(damage, tmp_path, weights_folder, safetensors_bytes, record):
    whole = safetensors_bytes()
    data = {
        "cut": whole[:-7],
        "longer": whole + b"x",
        "empty": b"",
        "header": (1 << 60).to_bytes(8, "little") + whole[8:],
        "text": whole.replace(b"F32", b"X99"),
    }[damage]
    with pytest.raises(WeightsRefused, match="damaged"):
        add(weights_folder(tmp_path, weights=data), record())
    assert weights.find(MODEL) is None


def test_a_damaged_description_is_refused(tmp_path, weights_folder, record):
    folder = weights_folder(tmp_path)
    (folder / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(WeightsRefused, match="description"):
        add(folder, record())


def test_a_description_that_points_elsewhere_is_refused(tmp_path, home, weights_folder, config_bytes, record):
    folder = weights_folder(tmp_path)
    (folder / "config.json").write_bytes(config_bytes("resnet18.a1", tag="../../out"))
    with pytest.raises(WeightsRefused):
        add(folder, record())
    assert nothing_left(home)


def test_grey_input_is_refused(tmp_path, weights_folder, config_bytes, record):
    folder = weights_folder(tmp_path)
    (folder / "config.json").write_bytes(config_bytes(input_size=[1, 28, 28]))
    with pytest.raises(WeightsRefused, match="colour channels"):
        add(folder, record())


def test_a_folder_without_weights(tmp_path, record):
    (tmp_path / "empty").mkdir()
    with pytest.raises(WeightsRefused, match="no weights"):
        add(tmp_path / "empty", record())


def test_a_photograph_is_no_model(tmp_path, record):
    (tmp_path / "retina.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(WeightsRefused, match="safetensors"):
        add(tmp_path / "retina.jpg", record())


def test_a_stick_that_was_pulled(tmp_path, record):
    with pytest.raises(FileTrouble):
        add(tmp_path / "gone", record())


def test_cancel_leaves_nothing_behind(tmp_path, home, weights_folder, record):
    folder = weights_folder(tmp_path)
    with pytest.raises(Cancelled):
        add(folder, record(cancel_at=1, stage="Copying"))
    assert weights.find(MODEL) is None
    assert nothing_left(home)


def test_a_failed_second_adding_keeps_the_first(tmp_path, home, weights_folder, safetensors_bytes, record):
    (first,) = add(weights_folder(tmp_path / "one"), record())
    before = (first / FILE).read_bytes()
    other = weights_folder(tmp_path / "two", weights=safetensors_bytes(70))
    with pytest.raises(Cancelled):
        add(other, record(cancel_at=1, stage="Copying"))
    assert (first / FILE).read_bytes() == before
    add(other, record())
    assert (first / FILE).read_bytes() == safetensors_bytes(70)


def test_adding_the_own_folder_is_no_work(tmp_path, weights_folder, record):
    (first,) = add(weights_folder(tmp_path), record())
    assert add(first, record()) == (first,)


def test_a_full_disk_is_noticed_before_copying(tmp_path, home, weights_folder, record, monkeypatch):
    monkeypatch.setattr(placing.shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    with pytest.raises(DiskFull):
        add(weights_folder(tmp_path), record())
    assert nothing_left(home)
