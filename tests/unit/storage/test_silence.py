"""No look-up and no connection leaves this computer, on any thread, whatever asks for it; a download reaches its hosts alone."""

from __future__ import annotations

import _socket
import contextlib
import multiprocessing
import os
import pickle
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tlstudio.domain.errors import NetworkRefused, from_os_error
from tlstudio.storage import silence
from tlstudio.storage.log import start_logging
from tlstudio.storage.places import log_file

NAME, ADDRESS, ADDRESS6 = "example.invalid", "192.0.2.7", "2001:db8::7"


@pytest.fixture(autouse=True)
def _nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "_told", set())


@pytest.fixture
def datagram() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        yield own


@pytest.fixture
def stream() -> Iterator[socket.socket]:
    with socket.socket() as own:
        own.settimeout(2)
        yield own


WAYS: dict[str, Callable[[str, socket.socket], object]] = {
    "connect": lambda host, own: own.connect((host, 80)),
    "connect_ex": lambda host, own: own.connect_ex((host, 80)),
    "sendto": lambda host, own: own.sendto(b"x", (host, 53)),
    "sendto with flags": lambda host, own: own.sendto(b"x", 0, (host, 53)),
    "sendmsg": lambda host, own: own.sendmsg([b"x"], [], 0, (host, 53)),
    "bind": lambda host, own: own.bind((host, 0)),
    "create_connection": lambda host, own: socket.create_connection((host, 80), 1),
    "getaddrinfo": lambda host, own: socket.getaddrinfo(host, 80),
    "getaddrinfo, the inner one": lambda host, own: _socket.getaddrinfo(host, 80),
    "gethostbyname": lambda host, own: socket.gethostbyname(host),
    "gethostbyname_ex": lambda host, own: socket.gethostbyname_ex(host),
    "gethostbyaddr": lambda host, own: socket.gethostbyaddr(host),
    "getnameinfo": lambda host, own: socket.getnameinfo((host, 80), 0),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("host", [NAME, ADDRESS])
def test_everything_is_refused_before_it_is_done(way: str, host: str, datagram: socket.socket) -> None:
    with pytest.raises(NetworkRefused) as caught:
        WAYS[way](host, datagram)
    assert caught.value.path == host
    assert host in str(caught.value) and "nothing was sent" in str(caught.value)
    assert silence.refused_since(0) == (host,)


@pytest.mark.parametrize(
    "host", ["", "0.0.0.0", "localhost.", "localhost.evil.example", "127.0.0.1.evil.example", "8.8.8.8"]
)
def test_what_only_looks_like_this_computer_is_refused(host: str, stream: socket.socket) -> None:
    with pytest.raises(NetworkRefused):
        stream.connect((host, 9))


@pytest.mark.parametrize("host", ["::", ADDRESS6, "::ffff:8.8.8.8"])
def test_likewise_with_the_newer_addresses(host: str) -> None:
    with socket.socket(socket.AF_INET6) as own, pytest.raises(NetworkRefused):
        own.connect((host, 9))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.8.7", "localhost", "LOCALHOST"])
def test_this_computer_itself_is_let_through(host: str, stream: socket.socket) -> None:
    with contextlib.suppress(ConnectionRefusedError, socket.gaierror):
        stream.connect((host, 9))  # nobody listens there, which is told by the system
    assert silence.refused_since(0) == ()


def test_sockets_between_processes_are_let_through(tmp_path: Path) -> None:
    for own in socket.socketpair():
        own.close()
    near, far = multiprocessing.Pipe()
    near.send(1)
    assert far.recv() == 1
    near.close()
    far.close()
    assert socket.getaddrinfo(None, 80)
    assert silence.refused_since(0) == ()


def test_the_bare_kind_of_socket_is_refused() -> None:
    """It looks a name up before the hook is asked."""
    for made in (_socket.socket, lambda: _socket.socket(socket.AF_INET6)):
        with pytest.raises(NetworkRefused):
            made()


def test_a_thread_is_no_way_around() -> None:
    found: list[object] = []

    def reach() -> None:
        try:
            socket.create_connection((NAME, 80), 1)
        except OSError as error:
            found.append(error)

    with silence.reaching(NAME):  # of the thread that downloads, and of no other
        thread = threading.Thread(target=reach)
        thread.start()
        thread.join()
    assert isinstance(found[0], NetworkRefused)


def listening(address: str) -> socket.socket:
    server = socket.socket()
    server.bind((address, 0))
    server.listen()
    return server


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A server on this computer that counts as one elsewhere."""
    server = listening("127.0.0.1")
    monkeypatch.setattr(silence, "_is_own", lambda host: False)
    yield server
    server.close()


def test_a_download_reaches_its_hosts_and_only_inside_the_block(foreign: socket.socket) -> None:
    port = foreign.getsockname()[1]
    with silence.reaching("localhost") as reach:
        with socket.create_connection(("LocalHost", port), 2):
            pass
        assert "127.0.0.1" in reach.addresses
        with pytest.raises(NetworkRefused):
            socket.create_connection((NAME, port), 2)
        with pytest.raises(NetworkRefused):
            socket.create_connection((ADDRESS, port), 2)
        with silence.reaching(NAME), pytest.raises(NetworkRefused):
            socket.create_connection(("localhost", port), 2)
        reach.allow("127.0.0.2")
        assert "127.0.0.2" in reach.hosts
    with pytest.raises(NetworkRefused):
        socket.create_connection(("localhost", port), 2)


def test_a_proxy_of_the_users_is_reached_for_a_download(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.invalid:3128")
    monkeypatch.setenv("http_proxy", "other.invalid:3128")
    with silence.reaching("hub.invalid") as reach:
        assert reach.hosts == {"hub.invalid", "proxy.invalid", "other.invalid"}


def test_each_host_is_written_down_once_with_who_asked() -> None:
    start_logging("test")
    place = silence.mark()
    for _ in range(3):
        with pytest.raises(NetworkRefused):
            socket.getaddrinfo(NAME, 80)
    with pytest.raises(NetworkRefused):
        socket.getaddrinfo("two\nlines.invalid", 80)
    assert silence.refused_since(place) == (NAME, "two?lines.invalid")
    lines = silence.refusals_file().read_text().splitlines()
    assert len(lines) == 2 and "socket.getaddrinfo" in lines[0]
    told = log_file().read_text()
    assert told.count(f"refused: socket.getaddrinfo {NAME}") == 1
    assert "test_each_host_is_written_down_once" in told, "the log says which part of the program it was"
    later = silence.mark()
    assert silence.refused_since(later) == ()


def test_the_file_of_refusals_does_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "LONGEST", 200)
    place = 0
    for i in range(40):
        with pytest.raises(NetworkRefused):
            socket.getaddrinfo(f"host{i}.invalid", 80)
        assert silence.refused_since(place)[-1] == f"host{i}.invalid", "also when it has begun anew"
        place = silence.mark()
    assert silence.refusals_file().stat().st_size < 400


def test_without_a_place_to_write_it_is_refused_all_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("TLSTUDIO_HOME", str(tmp_path / "file"))
    with pytest.raises(NetworkRefused):
        socket.getaddrinfo(NAME, 80)
    assert silence.refused_since(silence.mark()) == ()


def test_a_refusal_crosses_processes_and_keeps_its_name() -> None:
    error = pickle.loads(pickle.dumps(NetworkRefused("What.", remedy="Now what.", path=NAME)))
    assert (error.path, error.kind) == (NAME, "NetworkRefused")
    assert isinstance(error, OSError), "what libraries expect of a connection that fails"
    assert from_os_error(error) is error


def ask() -> str:
    """Runs in a decoding process, or in any other."""
    try:
        socket.create_connection((NAME, 80), 1)
    except NetworkRefused:
        return os.environ.get("ORT_DISABLE_TELEMETRY", "")
    except OSError as error:
        return repr(error)
    return "reached"


def ask_for(_: object) -> str:
    return ask()


def test_a_decoding_process_is_silent_too() -> None:
    from tlstudio.images.guard import Guard

    place = silence.mark()
    with Guard(1) as guard:
        assert guard.call(ask_for, "x", Path("x")) == "1"
    assert silence.refused_since(place) == (NAME,), "the user hears of it though the process has no window"


def test_a_worker_process_is_silent_before_it_loads_anything() -> None:
    code = (
        "import sys, tlstudio.jobs.process; assert 'onnxruntime' not in sys.modules and 'torch' not in sys.modules;"
        "import tests.unit.storage.test_silence as test; print(test.ask())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


@pytest.mark.parametrize("module", ["tlstudio", "tlstudio.__main__", "tlstudio.cli", "tlstudio.images.decoder_loop"])
def test_whatever_is_imported_first_silences_the_process(module: str) -> None:
    code = f"import os, {module}; print(*(os.environ[name] for name in {list(silence.SWITCHES)}))"
    environment = {**os.environ, "ORT_DISABLE_TELEMETRY": "0"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "1 1 1\n"


def test_the_shell_says_at_the_end_what_was_refused(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from tlstudio import cli
    from tlstudio.catalog import weights

    def quietly(**_: object) -> list[object]:
        with contextlib.suppress(OSError):
            socket.create_connection((NAME, 80), 1)
        return []

    monkeypatch.setattr(weights, "statuses", quietly)
    assert cli.run(["models", "list", "--json"], lambda project: 1) == 0
    out, err = capfd.readouterr()
    assert NAME in err and "nothing was sent" in err and str(silence.refusals_file()) in err.replace("\n", "")
    assert NAME not in out
    assert cli.run(["models", "list"], lambda project: 1) == 0
    assert NAME not in capfd.readouterr().err, "told once"


def test_a_process_that_logs_nothing_yet_logs_this(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a home that is not there yet."""
    home = tmp_path / "a" / "b"
    code = "import tests.unit.storage.test_silence as test; print(test.ask())"
    environment = {**os.environ, "TLSTUDIO_HOME": str(home)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "1\n"
    monkeypatch.setenv("TLSTUDIO_HOME", str(home))
    assert f"refused: socket.getaddrinfo {NAME}" in log_file().read_text()
    assert silence.refusals_file().read_text().count("\n") == 1


def test_from_where_the_refusals_are_read() -> None:
    assert silence.mark() == 0
    with pytest.raises(NetworkRefused):
        socket.getaddrinfo(NAME, 80)
    size = silence.refusals_file().stat().st_size
    assert silence.mark() == size
    silence.refusals_file().write_text("x")
    assert silence.refused_since(size) == ("x",), "it has begun anew: all of it, from the first letter"


def test_an_address_of_a_strange_form_is_refused(stream: socket.socket) -> None:
    for address in ((), "127.0.0.1", 7, [NAME, 80]):
        with pytest.raises((NetworkRefused, TypeError)):
            stream.connect(address)  # type: ignore[arg-type]
    with socket.socket(socket.AF_UNIX) as own, pytest.raises(OSError) as caught:
        own.connect("/nowhere/at/all")
    assert not isinstance(caught.value, NetworkRefused)
