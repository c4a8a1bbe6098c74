"""A small hub on 127.0.0.1, weights small enough to make in a moment, and a home of its own for every test."""

from __future__ import annotations

import hashlib
import json
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import huggingface_hub
import pytest

from tlstudio.catalog import downloading, placing, weights
from tlstudio.domain.errors import Cancelled
from tlstudio.domain.events import Event, Progress

MODEL = "resnet18.a1_in1k"


def make_safetensors(numbers: int = 50, name: str = "fc.weight", rows: int = 5) -> bytes:
    """A well-formed file with one F32 tensor of rows x numbers."""
    data = struct.pack("<f", 1.5) * (rows * numbers)
    entry = {"dtype": "F32", "shape": [rows, numbers], "data_offsets": [0, len(data)]}
    header = json.dumps({"__metadata__": {"format": "pt"}, name: entry}).encode()
    return len(header).to_bytes(8, "little") + header + data


def make_config(model: str = MODEL, **changes: object) -> bytes:
    architecture, _, tag = model.partition(".")
    facts = {
        "tag": tag,
        "input_size": [3, 224, 224],
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
        "interpolation": "bicubic",
        "classifier": "fc",
        "license": "apache-2.0",
        "num_classes": 5,
    }
    return json.dumps({"architecture": architecture, "num_classes": 5, "pretrained_cfg": {**facts, **changes}}).encode()


def make_folder(root: Path, model: str = MODEL, weights: bytes | None = None) -> Path:
    folder = root / model
    folder.mkdir(parents=True)
    (folder / "config.json").write_bytes(make_config(model))
    (folder / "model.safetensors").write_bytes(make_safetensors() if weights is None else weights)
    return folder


@dataclass
class FakeHub:
    """What the server offers, how it misbehaves, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    repository: str = f"timm/{MODEL}"
    license: str = "apache-2.0"
    license_name: str = ""
    gated_token: str | None = None  # needed for files while set
    cut_after: int | None = None  # bytes of a large file after which the connection is cut
    cuts: int = 0  # how many more times it is cut; -1 always
    stated: dict[str, str] = field(default_factory=dict)  # checksums that are stated instead of the right ones
    stalls: int = 0  # how many more times it falls silent at `cut_after` instead of closing
    failures: int = 0  # how many more requests for a file's content are answered with 503
    ranges: bool = True
    sends_on: str = ""  # where else the content of the weights is
    sends_on_again: bool = False  # also from there
    questions_sent_on: str = ""  # where else it has questions asked
    weird: bool = False  # answers everything with a page for people
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    sent: int = 0  # bytes of model.safetensors
    address: str = ""

    def gets(self, name: str) -> list[dict[str, str]]:
        return [headers for method, path, headers in self.asked if method == "GET" and path.endswith(f"/{name}")]


class Handler(BaseHTTPRequestHandler):
    hub: FakeHub

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.answer("HEAD")

    def do_GET(self) -> None:
        self.answer("GET")

    def answer(self, method: str) -> None:
        hub, path = self.hub, self.path.partition("?")[0]
        hub.asked.append((method, path, {name.lower(): value for name, value in self.headers.items()}))
        try:
            if hub.weird:
                self.reply(200, b"<html>Please log in</html>", {"Content-Type": "text/html"})
            elif hub.questions_sent_on and path.startswith("/api/"):
                self.reply(307, b"", {"Location": f"{hub.questions_sent_on}{path}"})
            elif path == f"/api/models/{hub.repository}":
                names = [{"rfilename": name} for name in hub.files]
                body = {
                    "id": hub.repository,
                    "siblings": names,
                    "cardData": {"license": hub.license, "license_name": hub.license_name},
                    "sha": "c0ffee",
                }
                self.reply(200, json.dumps(body).encode(), {"Content-Type": "application/json"})
            elif path.startswith(f"/{hub.repository}/resolve/main/"):
                self.file(method, path.rsplit("/", 1)[1])
            else:
                self.reply(401, b"", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})
        except (BrokenPipeError, ConnectionResetError):
            pass  # a cancelled download

    def file(self, method: str, name: str) -> None:  # noqa: PLR0911  # one return for each way to answer
        hub = self.hub
        there = self.headers.get("host", "").startswith("localhost")
        open_to_all = there and hub.sends_on
        if (
            not open_to_all
            and hub.gated_token is not None
            and self.headers.get("authorization") != f"Bearer {hub.gated_token}"
        ):
            self.reply(401, b"", {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted"})
            return
        if name not in hub.files:
            self.reply(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        body = hub.files[name]
        headers = {"X-Repo-Commit": "c0ffee", "Accept-Ranges": "bytes"}
        if name.endswith(".safetensors"):
            checksum = hub.stated.get(name, hashlib.sha256(body).hexdigest())
            headers |= {"X-Linked-Etag": f'"{checksum}"', "X-Linked-Size": str(len(body)), "ETag": '"something else"'}
        else:
            headers["ETag"] = f'"{hashlib.sha1(b"blob %d" % len(body) + bytes(1) + body).hexdigest()}"'
        if method == "HEAD":
            self.reply(200, body, headers, send=0)
            return
        if hub.sends_on and name.endswith(".safetensors") and (hub.sends_on_again or not there):
            self.reply(302, b"", {"Location": f"{hub.sends_on}{self.path}"})
            return
        if hub.failures:
            hub.failures -= 1
            self.reply(503, b"", {})
            return
        start = int((self.headers.get("range") or "bytes=0-")[6:-1]) if hub.ranges else 0
        if start >= len(body):
            self.reply(416, b"", {})
            return
        status = 206 if hub.ranges and self.headers.get("range") else 200
        if status == 206:
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        send = None
        if hub.stalls and name.endswith(".safetensors"):
            hub.stalls -= 1
            self.reply(status, body[start:], headers, hub.cut_after)
            time.sleep(0.5)
            return
        if hub.cut_after is not None and hub.cuts and name.endswith(".safetensors"):
            hub.cuts -= 1
            send = hub.cut_after
        self.reply(status, body[start:], headers, send)
        if name.endswith(".safetensors"):
            hub.sent += len(body[start:][:send])

    def reply(self, status: int, body: bytes, headers: dict[str, str], send: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:send])


class Recorder:
    """A reporter that keeps the events; raises Cancelled once `cancel_at` bytes of a stage beginning with `stage` are done."""

    def __init__(self, cancel_at: int | None = None, stage: str = "Downloading") -> None:
        self.events: list[Event] = []
        self.cancel_at, self.stage = cancel_at, stage

    def report(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, Progress) and event.stage.startswith(self.stage) and self.cancel_at is not None:
            assert event.done <= event.total
            if event.done >= self.cancel_at:
                raise Cancelled

    def check_cancelled(self) -> None:
        pass

    def stop_requested(self) -> bool:
        return False

    def progress(self, stage: str) -> list[Progress]:
        return [each for each in self.events if isinstance(each, Progress) and each.stage.startswith(stage)]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home; nothing of the developer's machine shows through, and no thread outlives the test."""
    home = tmp_path / "home"
    monkeypatch.setenv("TLSTUDIO_HOME", str(home))
    for name in (
        "TLSTUDIO_WEIGHTS",
        "HF_TOKEN",
        "HUGGING_FACE_HUB_TOKEN",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: None)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(weights, "is_layout_of", lambda *_: True)  # these weights are too small to be any network's
    monkeypatch.setattr(placing, "INTERVAL", 0.0)
    monkeypatch.setattr(downloading, "PAUSE", 0.0)
    before = set(threading.enumerate())
    yield home
    # The decoders of an earlier test have a timer, which is set again while they are idle.
    assert {thread for thread in threading.enumerate() if not isinstance(thread, threading.Timer)} <= before


@pytest.fixture
def hub(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A hub that offers MODEL: 3 MB of weights."""
    fake = FakeHub(
        {"README.md": b"hello", "config.json": make_config(), "model.safetensors": make_safetensors(150_000)}
    )
    server = HTTPServer(("127.0.0.1", 0), type("BoundHandler", (Handler,), {"hub": fake}))
    fake.address = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setenv("HF_ENDPOINT", fake.address)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield fake
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def record() -> type[Recorder]:
    return Recorder


@pytest.fixture
def safetensors_bytes() -> object:
    return make_safetensors


@pytest.fixture
def config_bytes() -> object:
    return make_config


@pytest.fixture
def weights_folder() -> object:
    return make_folder
