"""What ends a download: no route, names, gates, a full disk, pickles."""

from __future__ import annotations

from types import SimpleNamespace

import huggingface_hub
import pytest

from tlstudio.catalog import placing, weights
from tlstudio.catalog.downloading import download
from tlstudio.domain.errors import (
    DiskFull,
    DownloadFailed,
    StudioError,
    UnknownModel,
    WeightsRefused,
)

MODEL = "resnet18.a1_in1k"
FILE = "model.safetensors"


def test_no_route_is_a_plain_message(record):
    with pytest.raises(DownloadFailed) as caught:
        download(MODEL, record())
    assert "127.0.0.1:9 can't be reached" in caught.value.what
    assert "models add" in caught.value.remedy


def test_downloads_switched_off_is_a_plain_message(hub, record, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(DownloadFailed, match="HF_HUB_OFFLINE"):
        download(MODEL, record())


def test_a_login_page_is_not_taken_for_the_hub(hub, record):
    hub.weird = True
    with pytest.raises(DownloadFailed, match="not as a model hub"):
        download(MODEL, record())


def test_a_wrong_address_is_a_plain_message(record, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "nonsense")
    with pytest.raises(DownloadFailed):
        download(MODEL, record())


def test_a_name_that_the_hub_does_not_have(hub, record):
    with pytest.raises(UnknownModel, match=r"timm/resnet99\.none"):
        download("resnet99.none", record())


@pytest.mark.parametrize("name", ["../evil", "a/b/c", "", "resnet18.a1/../..", "C:\\x"])
def test_what_is_no_name_never_reaches_the_network(name, hub, record):
    with pytest.raises(UnknownModel):
        download(name, record())
    assert hub.asked == []


def test_gated_says_how_to_accept_the_licence(hub, record):
    hub.gated_token = "hf_mine"
    with pytest.raises(DownloadFailed) as caught:
        download(MODEL, record())
    assert f"/timm/{MODEL}" in caught.value.remedy
    assert "models add" in caught.value.remedy


def test_gated_with_the_users_own_token(hub, record, monkeypatch):
    hub.gated_token = "hf_mine"
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: "hf_mine")
    assert download(MODEL, record()) == weights.find(MODEL)
    assert all("authorization" not in headers for _, path, headers in hub.asked if path.startswith("/api"))


def test_gated_with_a_token_that_is_not_allowed(hub, record, monkeypatch):
    hub.gated_token = "hf_mine"
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: "hf_other")
    with pytest.raises(DownloadFailed, match="accept their licence"):
        download(MODEL, record())


def test_a_full_disk_is_noticed_before_the_download(hub, record, monkeypatch):
    monkeypatch.setattr(placing.shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    with pytest.raises(DiskFull, match="67 MB and 1 MB are free"):
        download(MODEL, record())
    assert hub.gets(FILE) == []


def test_pickles_only_is_refused(hub, record):
    hub.files = {"config.json": hub.files["config.json"], "pytorch_model.bin": b"\x80\x04"}
    with pytest.raises(WeightsRefused, match="pickle"):
        download(MODEL, record())
    assert hub.gets("pytorch_model.bin") == []


def test_a_repository_without_weights(hub, record):
    hub.files = {"README.md": b"hello"}
    with pytest.raises(DownloadFailed, match="no weights"):
        download(MODEL, record())


def test_another_network_under_the_name_is_refused(hub, record, config_bytes):
    hub.files["config.json"] = config_bytes("vgg16.tv_in1k")
    with pytest.raises(WeightsRefused, match=r"vgg16\.tv_in1k"):
        download(MODEL, record())
    assert hub.gets(FILE) == []


def test_an_intact_download_that_is_no_safetensors_is_refused(hub, record):
    hub.files[FILE] = b"\x10" + bytes(1000)
    with pytest.raises(WeightsRefused):
        download(MODEL, record())
    assert weights.find(MODEL) is None


def test_every_failure_names_a_way_out(record):
    with pytest.raises(StudioError) as caught:
        download(MODEL, record())
    assert caught.value.remedy
