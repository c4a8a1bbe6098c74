"""Nothing leaves this computer: no process of the program reaches the network, whatever a library in it may want.

An audit hook of the interpreter sees every look-up and every connection before it is made, on any thread, and can't be taken away
again. Only this computer itself is let through, and the hosts of a download that the user started, on the thread that does it and
while it does. What is refused goes to the log, and into a small file beside it that the shell and the window look at, so that the
user hears of it whichever process it was and however quietly a library swallowed it.

Libraries in C that talk to the network by themselves are not seen here; those that are known to are told not to by `be_silent`.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

from tlstudio.domain.errors import NetworkRefused

# Read when the libraries are imported: onnxruntime's official builds for Linux otherwise look up a host of Microsoft and queue
# events in the user's cache, whatever is asked of it afterwards; the hub's library adds facts about the machine.
SWITCHES = {"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"}
LONGEST = 100_000  # bytes of the file of refusals, after which it begins anew
UNIX = getattr(socket, "AF_UNIX", None)  # between processes of one computer
INTERNET = (socket.AF_INET, socket.AF_INET6)


@dataclass
class Reach:
    """What a download may reach: hosts by their names, and the addresses that these were found to have."""

    hosts: set[str]
    addresses: set[str] = field(default_factory=set)

    def allow(self, host: str) -> None:
        """One more host: where the download was sent on to."""
        self.hosts.add(_plain(host))


_here = threading.local()  # .reach: of the download on this thread
_told: set[str] = set()  # hosts whose refusal was written down already; a library may try a thousand times
_installed = False


def be_silent() -> None:
    """Silences this process and those that it starts; for good. Safe to call twice."""
    global _installed
    os.environ.update(SWITCHES)
    if _installed:
        return
    _installed = True
    for name in ("connect", "connect_ex", "sendto", "sendmsg", "bind"):
        setattr(socket.socket, name, _asking_first(getattr(socket.socket, name), name))
    socket.getaddrinfo = _remembering(socket.getaddrinfo)
    sys.addaudithook(_hook)


@contextmanager
def reaching(*hosts: str) -> Iterator[Reach]:
    """Inside the block this thread may reach these hosts, through the user's proxy where there is one, and no others."""
    from urllib.parse import urlsplit
    from urllib.request import getproxies

    proxies = (urlsplit(proxy if "//" in proxy else f"//{proxy}").hostname for proxy in getproxies().values())
    before = getattr(_here, "reach", None)
    _here.reach = Reach({_plain(host) for host in (*hosts, *proxies) if host})
    try:
        yield _here.reach
    finally:
        _here.reach = before


# --- what was refused ---


def refusals_file() -> Path:
    """One line for every host that a process was refused: when, by which process, what."""
    from tlstudio.storage.places import log_file

    return log_file().with_name("refused-connections.txt")


def mark() -> int:
    """Where the file of refusals ends now; for `refused_since`."""
    with suppress(OSError):
        return refusals_file().stat().st_size
    return 0


def refused_since(place: int) -> tuple[str, ...]:
    """Hosts that any process of the program was refused since `mark`, each once, in order."""
    try:
        with refusals_file().open("rb") as file:
            file.seek(place if place <= os.fstat(file.fileno()).st_size else 0)
            lines = file.read(LONGEST).decode("utf-8", "replace").splitlines()
    except OSError:
        return ()
    return tuple(dict.fromkeys(line.rpartition("\t")[2] for line in lines))


def sentence(hosts: tuple[str, ...]) -> str:
    """For the user."""
    return (
        f"A part of the program wanted to reach {', '.join(hosts)} over the network. That was refused, and nothing was sent. "
        f"The details are in {refusals_file()}."
    )


# --- the hook ---


def _by_address(event: str, own: Any, address: Any) -> None:
    """A socket is about to use an address."""
    family = getattr(own, "family", None)
    if family == UNIX or address is None:
        return
    host = address[0] if family in INTERNET and isinstance(address, tuple) and address else address
    if family in INTERNET and (_is_own(host) or _is_reached(host)):
        return
    _refuse(event, host)


def _by_name(event: str, host: Any, *_: object) -> None:
    """A name is about to be looked up."""
    if host is None or _is_own(host) or _is_reached(host):
        return
    _refuse(event, host)


def _back(event: str, address: Any, *_: object) -> None:
    """The name of an address is about to be looked up."""
    _by_name(event, address[0] if isinstance(address, tuple) and address else address)


def _made(event: str, own: Any, family: int, *_: object) -> None:
    """The inner kind of a socket looks names up before anybody is asked, and nobody has a use for it."""
    if family in (*INTERNET, -1) and not isinstance(
        own, socket.socket
    ):  # -1: as the system does it, which is the internet
        _refuse(event, "a bare socket")


_JUDGES: dict[str, Callable[..., None]] = {
    "socket.connect": _by_address,
    "socket.sendto": _by_address,
    "socket.sendmsg": _by_address,
    "socket.bind": _by_address,
    "socket.getaddrinfo": _by_name,
    "socket.gethostbyname": _by_name,
    "socket.gethostbyaddr": _by_name,
    "socket.getnameinfo": _back,
    "socket.__new__": _made,
}


def _hook(event: str, told: tuple[Any, ...], judges: dict[str, Callable[..., None]] = _JUDGES) -> None:
    """Called thousands of times a second, and until the interpreter is gone, when the names of modules are gone already."""
    judge = judges.get(event)
    if judge is not None:
        judge(event, *told)


def _plain(host: Any) -> str:
    """A host's name or address in one spelling."""
    text = host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else str(host)
    return text.strip("[]").rstrip(".").lower()


def _is_own(host: Any) -> bool:
    """Whether this is the computer itself."""
    import ipaddress

    name = _plain(host)
    if name == "localhost" and not str(host).endswith("."):  # with a dot at its end it is asked of the network
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def _is_reached(host: Any) -> bool:
    reach: Reach | None = getattr(_here, "reach", None)
    return reach is not None and (_plain(host) in reach.hosts or _plain(host) in reach.addresses)


def _refuse(event: str, host: Any) -> None:
    name = _plain(host)
    name = "".join(letter if letter.isprintable() else "?" for letter in name)[:200] or "an empty name"
    if name not in _told:
        _told.add(name)
        _write_down(event, name)
    raise NetworkRefused(
        "A part of the program wanted to reach the network. That was refused, and nothing was sent.",
        remedy="You need do nothing; the log file tells which part it was.",
        path=name,
    )


def _write_down(event: str, host: str) -> None:
    """A place to write may be missing; what is refused is refused all the same."""
    import logging
    from multiprocessing import current_process

    from tlstudio.storage.log import start_logging

    process = current_process().name
    with suppress(OSError):
        path = refusals_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        long = path.exists() and path.stat().st_size > LONGEST
        with path.open("w" if long else "a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}\t{process}\t{event}\t{host}\n")
    log = logging.getLogger("tlstudio.silence")
    if not log.hasHandlers():
        start_logging(process)
    with suppress(OSError):
        log.warning("refused: %s %s", event, host, stack_info=True)


# --- before the interpreter's own code ---


def _asking_first(method: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The interpreter looks up a name that is given for an address before it asks the hook, so that is asked here."""
    judge, event = _by_address, f"socket.{name.removesuffix('_ex')}"

    @wraps(method)
    def ask(self: socket.socket, *told: Any) -> Any:
        address = told[-1] if name != "sendmsg" else told[3] if len(told) > 3 else None
        judge(event, self, address)
        return method(self, *told)

    return ask


def _remembering(look_up: Callable[..., Any]) -> Callable[..., Any]:
    """The addresses of a host that may be reached may be reached."""

    @wraps(look_up)
    def remember(host: Any, *told: Any, **named: Any) -> Any:
        found = look_up(host, *told, **named)
        reach: Reach | None = getattr(_here, "reach", None)
        if reach is not None and host is not None and _plain(host) in reach.hosts:
            reach.addresses.update(_plain(address[0]) for *_, address in found)
        return found

    return remember
