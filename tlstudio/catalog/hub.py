"""Talking to the Hugging Face hub: what a repository holds, what it states about a file, and the bytes themselves.

The hub's own downloader throws away what arrived when it is interrupted and reports to a progress bar that can't cancel, so
only its addresses, metadata, client and named errors are used here. Requests carry neither a token nor facts about the
machine; the user's own token goes out only after the hub has said that a model is gated.

While a `Hub` is open its thread may reach the hub and the hosts that the hub sends a file's download on to; see
`storage.silence` for everything else.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from tlstudio.catalog.tensors import CONVERT
from tlstudio.domain.errors import DownloadFailed, NetworkRefused, StudioError, UnknownModel, WeightsRefused
from tlstudio.storage import silence

PICKLES = (".bin", ".pt", ".pth", ".ckpt")
TIMEOUT = 10.0  # seconds for a connection or an answer
HOPS = 5  # times that a file's download may be sent on
SILENCE = 5.0  # seconds without a byte after which a transfer is taken up anew; also how late a cancel can be noticed
BY_HAND = (
    "You can also fetch config.json and model.safetensors on another computer and add them with "
    "“tlstudio models add FOLDER”."
)

_Answer = TypeVar("_Answer")


class Interrupted(Exception):
    """The transfer stopped for a reason that may pass; what arrived is good."""


class StaleRange(Exception):
    """The server does not have the part that was asked for; begin again."""


@dataclass(frozen=True, slots=True)
class Repository:
    """`files`: names. `license`: as the hub states it, empty where it does not. `parameters`: in millions, 0.0 if unknown."""

    name: str
    files: tuple[str, ...]
    license: str
    parameters: float


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file at the hub. `checksum`: SHA-256 in hex (64 digits), or the git blob's SHA-1 (40 digits) for small files."""

    name: str
    url: str
    size: int
    checksum: str


def endpoint() -> str:
    """The hub's address; `HF_ENDPOINT` names a mirror. Read on every use, unlike in the hub's library."""
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def page(repository: str) -> str:
    """The model's page, for people."""
    return f"{endpoint()}/{repository}"


class Hub:
    """One conversation with the hub about one repository; use it as a context manager."""

    def __init__(self, repository: str) -> None:
        self._name = repository
        self._token: str | None = None
        self._endpoint = endpoint()
        self._open = ExitStack()
        self._reach = silence.Reach(set())

    def __enter__(self) -> Hub:
        self._reach = self._open.enter_context(silence.reaching(urlsplit(self._endpoint).hostname or ""))
        return self

    def __exit__(self, *_: object) -> None:
        import huggingface_hub

        # No connection stays open when nothing is being fetched.
        huggingface_hub.close_session()
        self._open.close()

    def repository(self) -> Repository:
        """What the hub says about it. Raises DownloadFailed, or UnknownModel where there is none of this name."""
        from huggingface_hub import HfApi

        api = HfApi(endpoint=self._endpoint, token=False, headers=_headers(None))
        info = self._ask(lambda: api.model_info(self._name, timeout=TIMEOUT, token=self._token or False))
        stated = getattr(info, "card_data", None) or {}
        license_ = stated.get("license") or ""
        if license_ == "other":
            license_ = stated.get("license_name") or ""
        counted = getattr(getattr(info, "safetensors", None), "total", 0) or 0
        names = tuple(each.rfilename for each in info.siblings or ())
        return Repository(self._name, names, str(license_), round(counted / 1e6, 2))

    def file(self, name: str) -> RemoteFile:
        """Size and checksum that the hub states. Raises DownloadFailed, also where it states none."""
        from huggingface_hub import get_hf_file_metadata, hf_hub_url

        url = hf_hub_url(self._name, name, endpoint=self._endpoint)
        facts = self._ask(
            lambda: get_hf_file_metadata(
                url, token=self._token or False, timeout=TIMEOUT, headers=_headers(None), endpoint=self._endpoint
            )
        )
        checksum = (facts.etag or "").lower()
        if not facts.size or len(checksum) not in (40, 64) or set(checksum) - set("0123456789abcdef"):
            raise DownloadFailed(
                f"{self._endpoint} states no size or checksum for {name}, so the file could not be verified.",
                remedy=f"Use the original hub: unset HF_ENDPOINT. {BY_HAND}",
            )
        return RemoteFile(name, url, facts.size, checksum)

    @contextmanager
    def reading(self, remote: RemoteFile, start: int) -> Iterator[tuple[int, Iterator[bytes]]]:
        """The bytes of a file from `start` on, with the position at which they really begin (0 or `start`).

        Raises Interrupted where trying again may help, StaleRange, DownloadFailed otherwise.
        """
        from huggingface_hub import get_session

        http = _http(get_session())
        headers = {**_headers(self._token), "accept-encoding": "identity"}
        if start:
            headers["range"] = f"bytes={start}-"
        timeout = http.Timeout(SILENCE, connect=TIMEOUT)
        client = get_session()
        request = client.build_request("GET", remote.url, headers=headers, timeout=timeout)
        try:
            response, sent_on = self._follow(client, request)
            try:
                self._check(response, start, sent_on=sent_on)
                yield (start if response.status_code == 206 else 0), response.iter_bytes()
            finally:
                response.close()
        except http.RequestError as error:
            raise Interrupted(str(error)) from error

    def _follow(self, client: Any, request: Any) -> tuple[Any, bool]:
        """The answer, and whether it is another host's: the hub keeps files elsewhere, and only it says where.

        Each host that it names is let through for this download. What comes is compared with the hub's own checksum, and the
        user's token goes to the hub alone.
        """
        for hop in range(HOPS + 1):
            response = client.send(request, stream=True, follow_redirects=False)
            onward = response.next_request
            if onward is None:
                return response, hop > 0
            response.close()
            if request.url.scheme == "https" != onward.url.scheme:
                break
            self._reach.allow(onward.url.host)
            request = onward
        raise DownloadFailed(
            "The hub sends the download on and on, or to an address without encryption.",
            remedy=f"Try again later. {BY_HAND}",
        )

    def _check(self, response: Any, start: int, *, sent_on: bool) -> None:
        if response.status_code == 416:
            raise StaleRange
        passing = response.status_code in (408, 429) or response.status_code >= 500
        # The hub sends on to a signed address that expires after a while; the next try gets a new one.
        if response.is_error and (passing or sent_on):
            raise Interrupted(f"status {response.status_code}")
        if response.is_error:
            raise self._from_status(response.status_code)
        if response.status_code == 206 and not response.headers.get("content-range", "").startswith(f"bytes {start}-"):
            raise StaleRange

    def _ask(self, question: Callable[[], _Answer]) -> _Answer:
        """The answer; asks again with the user's token, if there is one, when the model turns out to be gated."""
        from huggingface_hub import get_session, get_token
        from huggingface_hub.errors import GatedRepoError

        http = _http(get_session())
        try:
            with self._named():
                try:
                    return question()
                except GatedRepoError:
                    self._token = None if self._token else get_token()
                    if self._token is None:
                        raise
                    return question()
        except (ValueError, KeyError, TypeError, AttributeError, http.HTTPError, http.InvalidURL) as error:
            # A hotel's log-in page, a company's filter, a wrong HF_ENDPOINT: no hub answers like that.
            raise DownloadFailed(
                f"{self._endpoint} answers, but not as a model hub does.",
                remedy=f"Check that the connection does not ask for a log-in first. {BY_HAND}",
            ) from error

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Gives the hub library's errors their names in this program."""
        from huggingface_hub import errors, get_session

        http = _http(get_session())
        try:
            yield
        except errors.GatedRepoError as error:
            raise self._gated() from error
        except (errors.DisabledRepoError, errors.RemoteEntryNotFoundError, errors.RevisionNotFoundError) as error:
            raise DownloadFailed(
                "The hub no longer offers this model's weights.", remedy=f"Choose another model. {BY_HAND}"
            ) from error
        except errors.RepositoryNotFoundError as error:
            raise UnknownModel(
                f"The hub has no model named {self._name}.",
                remedy="Check the name on the model's page; it has the form resnet18.a1_in1k.",
            ) from error
        except errors.OfflineModeIsEnabled as error:
            raise DownloadFailed(
                "Downloads are switched off on this machine (HF_HUB_OFFLINE is set).",
                remedy=f"Unset HF_HUB_OFFLINE and start the program again. {BY_HAND}",
            ) from error
        except errors.HfHubHTTPError as error:
            raise self._from_status(error.response.status_code) from error
        except http.TransportError as error:
            raise _refused(error) or no_route(self._endpoint) from error

    def _gated(self) -> DownloadFailed:
        return DownloadFailed(
            "The authors of this model want you to accept their licence before you download it.",
            remedy=f"Accept the licence on {page(self._name)} with your own account, log in on this machine with "
            f"“hf auth login”, and try again. {BY_HAND}",
        )

    def _from_status(self, status: int) -> StudioError:
        if status in (401, 403):
            return self._gated()
        if status == 404:
            return UnknownModel(
                f"The hub has no model named {self._name}.",
                remedy="Check the name on the model's page; it has the form resnet18.a1_in1k.",
            )
        return DownloadFailed(
            f"The hub can't answer now (status {status}).", remedy=f"Try again in some minutes. {BY_HAND}"
        )


def refuse_pickles(repository: Repository, weights: str) -> None:
    """Raises WeightsRefused when the weights come only as a pickle, DownloadFailed when there are none at all."""
    if weights in repository.files:
        return
    if any(name.endswith(PICKLES) for name in repository.files):
        raise WeightsRefused(
            f"{repository.name} offers its weights only as a pickle, which could run any program hidden in it.",
            remedy=f"Choose another model. {CONVERT}",
        )
    raise DownloadFailed(
        f"{repository.name} offers no weights that the program can read.",
        remedy="Choose another model; its page must list model.safetensors.",
    )


def _refused(error: BaseException) -> DownloadFailed | None:
    """What to say where the hub sent a question on to another host, which nobody has allowed."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, NetworkRefused):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return None
    return DownloadFailed(
        f"The hub sends this program on to {cause.path}, which is not the hub, so that was refused.",
        remedy=f"Use the original hub: unset HF_ENDPOINT. {BY_HAND}",
    )


def no_route(address: str) -> DownloadFailed:
    return DownloadFailed(
        f"{address} can't be reached from this machine.",
        remedy=f"Check the internet connection (behind a company's proxy, set HTTPS_PROXY) and try again. {BY_HAND}",
    )


def _headers(token: str | None) -> dict[str, str]:
    """The program's name and nothing else; the hub's library would add versions of Python and torch."""
    return {"user-agent": "tlstudio", **({"authorization": f"Bearer {token}"} if token else {})}


def _http(client: object) -> Any:
    """The HTTP library that the hub's own client is made with: httpx before version 2 of it, httpx2 since."""
    return importlib.import_module(type(client).__module__.partition(".")[0])
