"""The real download code against a small hub on 127.0.0.1."""

from __future__ import annotations

import dataclasses
import errno
import shutil
import socket
from pathlib import Path

import huggingface_hub
import pytest

from tlstudio.catalog import downloading, placing, weights
from tlstudio.catalog.downloading import download, license_terms
from tlstudio.catalog.hub import HOPS
from tlstudio.domain.errors import (
    Cancelled,
    DiskFull,
    DownloadFailed,
    FileTrouble,
    NetworkRefused,
    WeightsMissing,
)
from tlstudio.domain.events import Note, Progress
from tlstudio.storage import silence

MODEL = "resnet18.a1_in1k"
FILE = "model.safetensors"


def unfinished() -> list[Path]:
    return list(placing.unfinished_folder().rglob("*.part"))


def test_a_download_ends_in_a_weights_folder(hub, record, home):
    reporter = record()
    folder = download(MODEL, reporter)
    assert folder == home / "weights" / MODEL
    assert sorted(each.name for each in folder.iterdir()) == ["config.json", FILE]
    assert (folder / FILE).read_bytes() == hub.files[FILE]
    assert weights.require(MODEL) == folder
    assert not unfinished()
    notes = [each.text for each in reporter.events if isinstance(each, Note)]
    assert any("apache-2.0" in text for text in notes)


def test_progress_counts_the_bytes_up_to_the_whole(hub, record):
    reporter = record()
    download(MODEL, reporter)
    steps: list[Progress] = reporter.progress("Downloading")
    done = [each.done for each in steps]
    assert done == sorted(done) and done[0] == 0 and done[-1] == len(hub.files[FILE])
    assert {each.total for each in steps} == {len(hub.files[FILE])}
    assert len(steps) > 3
    assert reporter.progress("Checking")


def test_nothing_is_fetched_that_is_here_already(hub, record):
    first = download(MODEL, record())
    hub.asked.clear()
    assert download(f"timm/{MODEL}", record()) == first
    assert hub.asked == []


def test_requests_say_nothing_about_the_user_or_the_machine(hub, record, monkeypatch):
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: "hf_secret")
    download(MODEL, record())
    assert hub.asked
    for _, _, headers in hub.asked:
        assert headers["user-agent"] == "tlstudio"
        assert "authorization" not in headers
        assert "torch" not in str(headers)


def test_cancel_then_resume_fetches_only_what_is_missing(hub, record):
    reporter = record(cancel_at=1_000_000)
    with pytest.raises(Cancelled):
        download(MODEL, reporter)
    assert weights.find(MODEL) is None
    (part,) = (each for each in unfinished() if each.name.startswith(FILE))
    arrived = part.stat().st_size
    assert 1_000_000 <= arrived < len(hub.files[FILE])

    hub.asked.clear()
    again = record()
    folder = download(MODEL, again)
    assert [headers.get("range") for headers in hub.gets(FILE)] == [f"bytes={arrived}-"]
    assert again.progress("Downloading")[0].done == arrived
    assert hub.gets("config.json") == []
    assert (folder / FILE).read_bytes() == hub.files[FILE]


def test_a_cut_connection_is_taken_up_again_at_once(hub, record):
    hub.cut_after, hub.cuts = 1_000_000, 2
    folder = download(MODEL, record())
    assert (folder / FILE).read_bytes() == hub.files[FILE]
    assert [headers.get("range") for headers in hub.gets(FILE)] == [None, "bytes=1000000-", "bytes=2000000-"]
    assert hub.sent == len(hub.files[FILE])


def test_cut_off_half_way_keeps_what_arrived(hub, record, monkeypatch):
    monkeypatch.setattr(downloading, "ATTEMPTS", 1)
    hub.cut_after, hub.cuts = 1_500_000, 1
    hub.failures = 0
    receive = downloading._Download._receive

    def dies_later(self, remote, part, meter):
        if remote.name == FILE and self._arrived(remote):
            hub.failures = 1
        receive(self, remote, part, meter)

    monkeypatch.setattr(downloading._Download, "_receive", dies_later)
    with pytest.raises(DownloadFailed) as caught:
        download(MODEL, record())
    assert "cut after 1.5 of 3.0 MB" in caught.value.what
    assert "goes on from there" in caught.value.remedy
    assert weights.find(MODEL) is None

    monkeypatch.setattr(downloading._Download, "_receive", receive)
    hub.asked.clear()
    assert download(MODEL, record()) == weights.find(MODEL)
    assert [headers["range"] for headers in hub.gets(FILE)] == ["bytes=1500000-"]


def test_a_silent_connection_is_taken_up_again(hub, record, monkeypatch):
    monkeypatch.setattr(downloading.hub, "SILENCE", 0.2)
    hub.cut_after, hub.stalls = 1_000_000, 1
    folder = download(MODEL, record())
    assert (folder / FILE).read_bytes() == hub.files[FILE]
    assert hub.gets(FILE)[-1]["range"] == "bytes=1000000-"


def test_a_disk_that_fills_up_on_the_way_keeps_what_arrived(hub, record, monkeypatch):
    def full(self, count):
        if self._total > 1_000_000:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(downloading.Meter, "add", full)
    with pytest.raises(DiskFull):
        download(MODEL, record())
    assert any(each.name.startswith(FILE) and each.stat().st_size for each in unfinished())


def test_a_server_that_always_sends_too_much_is_given_up(hub, record, monkeypatch):
    metadata = downloading.Hub.file

    def shorter(self, name):
        remote = metadata(self, name)
        return dataclasses.replace(remote, size=remote.size - 10) if name == FILE else remote

    monkeypatch.setattr(downloading.Hub, "file", shorter)
    with pytest.raises(DownloadFailed):
        download(MODEL, record())


def test_a_server_that_is_busy_for_a_moment_is_asked_again(hub, record):
    hub.failures = 3
    download(MODEL, record())
    assert hub.failures == 0


def test_a_server_without_ranges_sends_everything_again(hub, record):
    with pytest.raises(Cancelled):
        download(MODEL, record(cancel_at=1_000_000))
    hub.ranges = False
    folder = download(MODEL, record())
    assert (folder / FILE).read_bytes() == hub.files[FILE]


def test_a_file_that_changed_at_the_hub_is_not_mixed_with_the_old_one(hub, record, safetensors_bytes):
    with pytest.raises(Cancelled):
        download(MODEL, record(cancel_at=1_000_000))
    hub.files[FILE] = safetensors_bytes(160_000)
    hub.asked.clear()
    folder = download(MODEL, record())
    assert (folder / FILE).read_bytes() == hub.files[FILE]
    assert [headers.get("range") for headers in hub.gets(FILE)] == [None]


def test_a_wrong_checksum_removes_the_file_and_says_so(hub, record):
    hub.stated[FILE] = "ab" * 32
    with pytest.raises(DownloadFailed) as caught:
        download(MODEL, record())
    assert "checksum" in caught.value.what and "removed" in caught.value.what
    assert not [each for each in unfinished() if each.name.startswith(FILE)]
    assert weights.find(MODEL) is None


def test_weights_that_differ_from_the_cards_checksum_are_not_fetched(hub, record, monkeypatch):
    card = downloading.find_card(MODEL)
    fields = {name: getattr(card, name) for name in card.__dataclass_fields__}
    monkeypatch.setattr(downloading, "find_card", lambda _: type(card)(**{**fields, "sha256": "cd" * 32}))
    with pytest.raises(DownloadFailed, match="other weights"):
        download(MODEL, record())
    assert hub.gets(FILE) == []


def test_a_hub_that_states_no_checksum_is_not_trusted(hub, record):
    hub.stated[FILE] = "weak"
    with pytest.raises(DownloadFailed, match="could not be verified"):
        download(MODEL, record())


def test_any_timm_name_by_its_hub_id(hub, record, config_bytes):
    hub.repository = "timm/resnet10t.c3_in1k"
    hub.files["config.json"] = config_bytes("resnet10t.c3_in1k")
    folder = download("hf-hub:timm/resnet10t.c3_in1k", record())
    assert folder.name == "resnet10t.c3_in1k"
    described = weights.describe("resnet10t.c3_in1k")
    assert (described.architecture, described.classifier, described.input_size) == ("resnet10t", "fc", 224)
    assert "resnet10t.c3_in1k" in [status.card.id for status in weights.statuses()]


def test_the_licence_is_asked_for_before_the_weights(hub, record):
    shown = []

    def no(terms):
        shown.append(terms)
        return False

    with pytest.raises(Cancelled):
        download(MODEL, record(), confirm_license=no)
    assert shown[0].license == "apache-2.0"
    assert shown[0].page == f"{hub.address}/timm/{MODEL}"
    assert hub.gets(FILE) == []
    assert download(MODEL, record(), confirm_license=lambda _: True) == weights.find(MODEL)


def test_a_licence_that_changed_at_the_hub_is_the_one_that_counts(hub, record):
    hub.license = "cc-by-nc-4.0"
    shown = []
    download(MODEL, record(), confirm_license=lambda terms: bool(shown.append(terms)) or True)
    assert shown[0].license == "cc-by-nc-4.0"
    assert "apache-2.0" in shown[0].note


def test_a_licence_that_has_only_a_name_of_its_own(hub, record):
    hub.license, hub.license_name = "other", "dinov3-license"
    shown = []
    download(MODEL, record(), confirm_license=lambda terms: bool(shown.append(terms)) or True)
    assert shown[0].license == "dinov3-license"


def test_licence_terms_of_a_card_need_no_network():
    terms = license_terms("convnextv2_nano.fcmae_ft_in22k_in1k")
    assert terms.license == "cc-by-nc-4.0"
    assert "commercial" in terms.note
    assert terms.bytes > 1_000_000


def test_licence_terms_without_a_card_come_from_the_hub(hub):
    hub.repository = "timm/resnet10t.c3_in1k"
    hub.license = ""
    terms = license_terms("resnet10t.c3_in1k")
    assert terms.license == ""
    assert "No licence" in terms.note


def test_two_downloads_of_one_model_do_not_mix(hub, record):
    with placing.alone(MODEL), pytest.raises(FileTrouble, match="Another window"):
        download(MODEL, record())


def test_the_bundled_model_is_not_looked_for_at_the_hub(hub, record, monkeypatch, tmp_path):
    (tmp_path / "bundled").mkdir()
    shutil.copytree(weights.models_dir() / "cards", tmp_path / "bundled" / "cards")
    for module in (weights, __import__("tlstudio.catalog.cards", fromlist=["cards"])):
        monkeypatch.setattr(module, "models_dir", lambda: tmp_path / "bundled")
    with pytest.raises(WeightsMissing, match="part of the program"):
        download("tf_efficientnet_lite0.in1k", record())
    assert hub.asked == []


@pytest.fixture
def elsewhere(hub, monkeypatch):
    """Every host counts as one elsewhere, and the hub keeps the weights at another address of its own."""
    monkeypatch.setattr(silence, "_is_own", lambda host: False)
    monkeypatch.setattr(silence, "_told", set())
    port = hub.address.rpartition(":")[2]
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{port}")
    hub.sends_on = f"http://localhost:{port}"
    return hub


def test_a_download_goes_where_the_hub_sends_it(elsewhere, record):
    folder = download(MODEL, record())
    assert (folder / FILE).read_bytes() == elsewhere.files[FILE]
    hosts = [headers["host"].partition(":")[0] for headers in elsewhere.gets(FILE)]
    assert hosts == ["127.0.0.1", "localhost"]
    assert silence.refused_since(0) == ()


def test_the_users_token_stays_with_the_hub(elsewhere, record, monkeypatch):
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: "hf_secret")
    elsewhere.gated_token = "hf_secret"
    download(MODEL, record())
    told = [headers.get("authorization") for headers in elsewhere.gets(FILE)]
    assert told == ["Bearer hf_secret", None]


def test_a_download_is_not_sent_on_for_ever(elsewhere, record):
    elsewhere.sends_on_again = True
    with pytest.raises(DownloadFailed, match="on and on"):
        download(MODEL, record())
    assert len(elsewhere.gets(FILE)) == HOPS + 1


def test_questions_are_asked_of_the_hub_alone(elsewhere, record):
    elsewhere.questions_sent_on = "http://example.invalid"
    with pytest.raises(DownloadFailed, match=r"example\.invalid, which is not the hub"):
        license_terms("resnet18.some_tag")
    assert silence.refused_since(0) == ("example.invalid",)


def test_nothing_is_reached_after_a_download(elsewhere, record):
    download(MODEL, record())
    with pytest.raises(NetworkRefused):
        socket.create_connection(("localhost", 9), 1)
