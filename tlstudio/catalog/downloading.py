"""Downloading pretrained weights from the Hugging Face hub, with progress, cancel, resume and checksum."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tlstudio.catalog import hub
from tlstudio.catalog.cards import canonical, find_card
from tlstudio.catalog.config import CONFIG, LONGEST, WEIGHTS, read_config
from tlstudio.catalog.hub import BY_HAND, Hub, Interrupted, RemoteFile, Repository, StaleRange
from tlstudio.catalog.placing import CHUNK, INTERVAL, Meter, alone, make_room, staging, unfinished_folder
from tlstudio.catalog.weights import check_folder, find, own_folder
from tlstudio.domain.cards import ModelCard
from tlstudio.domain.errors import Cancelled, DownloadFailed, WeightsMissing, WeightsRefused, from_os_error
from tlstudio.domain.events import Note, Reporter

ATTEMPTS = 5  # tries in a row that brought not a single byte
PAUSE = 1.0  # seconds before the next try, times the number of fruitless tries


@dataclass(frozen=True, slots=True)
class LicenseTerms:
    """What the user agrees to before a download. `license` is empty where nobody states one; `bytes` 0 where unknown."""

    model: str
    license: str
    note: str
    page: str
    bytes: int


def license_terms(model_id: str) -> LicenseTerms:
    """The terms of a model: of its card, without the network; of the hub for a name without a card.

    Raises UnknownModel, and DownloadFailed where the hub must be asked and does not answer.
    """
    name = canonical(model_id)
    card = find_card(name)
    if card is not None:
        return _terms(name, card, card.license)
    with Hub(_source(name, None)) as conversation:
        return _terms(name, None, conversation.repository().license)


def download(
    model_id: str,
    reporter: Reporter,
    *,
    confirm_license: Callable[[LicenseTerms], bool] | None = None,
    check: Callable[[Path], object] = check_folder,
) -> Path:
    """Fetches the weights of a card, or of any timm name, and returns their folder; nothing is fetched that is here already.

    confirm_license: asked before the weights are fetched; False ends in Cancelled. None where the caller showed
    `license_terms` before (a window does, because a question can't cross from the worker).
    check: asked of the folder before it takes its place; raises what is to be told instead.
    Progress counts bytes. Cancelled and DownloadFailed keep what arrived, and the next call goes on from there; a file with
    a wrong checksum is removed. Raises also UnknownModel, WeightsRefused (pickles only, another network), DiskFull,
    CantWrite, WeightsMissing for a bundled model that is gone.
    """
    name = canonical(model_id)
    here = find(name)
    if here is not None:
        return here
    card = find_card(name)
    if card is not None and card.bundled:
        raise WeightsMissing(
            f"{card.title} is part of the program, but its weights are gone.", remedy="Install the program again."
        )
    reporter.report(Note(f"Asking {hub.endpoint()} for {name}."))
    with Hub(_source(name, card)) as conversation:
        repository = conversation.repository()
        hub.refuse_pickles(repository, WEIGHTS)
        _agree(_terms_stated(name, card, repository), reporter, confirm_license)
        return _Download(conversation, name, card, reporter).run(check)


class _Download:
    """One model on its way from the hub to its folder."""

    def __init__(self, conversation: Hub, name: str, card: ModelCard | None, reporter: Reporter) -> None:
        self._hub, self._name, self._card, self._reporter = conversation, name, card, reporter
        self._folder = unfinished_folder() / name

    def run(self, check: Callable[[Path], object]) -> Path:
        config, weights = self._hub.file(CONFIG), self._hub.file(WEIGHTS)
        if config.size > LONGEST:
            raise WeightsRefused(
                "The description beside these weights is far too long.", remedy="Choose another model."
            )
        self._compare_with_card(weights)
        make_room(config.size + weights.size - self._arrived(weights))
        with alone(self._name):
            self._folder.mkdir(exist_ok=True)
            described = self._fetch(config, f"Fetching the description of {self._name}.")
            self._check_network(described)
            arrived = self._fetch(weights, f"Downloading {self._name}.")
            with staging(self._name) as folder:
                shutil.copyfile(described, folder / CONFIG)
                arrived.replace(folder / WEIGHTS)
                check(folder)
        shutil.rmtree(self._folder, ignore_errors=True)
        return own_folder() / self._name

    def _compare_with_card(self, weights: RemoteFile) -> None:
        if self._card is not None and self._card.sha256 and weights.checksum != self._card.sha256:
            raise DownloadFailed(
                "The hub offers other weights under this name than those the program knows.",
                remedy=f"Install the newest version of the program. {BY_HAND}",
            )

    def _check_network(self, config: Path) -> None:
        stated = read_config(config)
        if stated.architecture != self._name.split(".", 1)[0]:
            raise WeightsRefused(f"Under this name the hub offers another network, {stated.id}.", remedy="Report this.")

    def _part(self, remote: RemoteFile) -> Path:
        """Where a file collects; its checksum is in the name, so a file that changed at the hub is never mixed."""
        return self._folder / f"{remote.name}.{remote.checksum[:16]}.part"

    def _arrived(self, remote: RemoteFile) -> int:
        with suppress(OSError):
            return self._part(remote).stat().st_size
        return 0

    def _fetch(self, remote: RemoteFile, stage: str) -> Path:
        """The whole, verified file; goes on from what is there."""
        part = self._part(remote)
        meter = Meter(self._reporter, stage, remote.size, start=min(self._arrived(remote), remote.size))
        fruitless = 0
        while (before := self._arrived(remote)) != remote.size:
            try:
                self._receive(remote, part, meter)
            except StaleRange as error:
                # Counted as well: a server that always sends something else must not keep the user waiting for ever.
                part.unlink(missing_ok=True)
                meter.restart()
                fruitless += 1
                if fruitless >= ATTEMPTS:
                    raise self._cut_off(remote) from error
            except Interrupted as error:
                if self._arrived(remote) > before:
                    fruitless = 0
                    continue
                fruitless += 1
                if fruitless >= ATTEMPTS:
                    raise self._cut_off(remote) from error
                self._wait(PAUSE * fruitless, meter)
            except OSError as error:
                raise from_os_error(error, part) from error
        meter.report()
        self._verify(part, remote)
        return part

    def _receive(self, remote: RemoteFile, part: Path, meter: Meter) -> None:
        """One connection's worth of bytes. A file that grew too long is void: StaleRange."""
        start = self._arrived(remote)
        if start > remote.size:
            raise StaleRange
        with self._hub.reading(remote, start) as (begin, chunks):
            if begin != start:
                meter.restart()
            with part.open("ab" if begin else "wb") as file:
                for chunk in chunks:
                    file.write(chunk)
                    meter.add(len(chunk))
        if self._arrived(remote) < remote.size:
            raise Interrupted("the answer ended early")

    def _wait(self, seconds: float, meter: Meter) -> None:
        """Waits in slices, so that a cancel is noticed."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            meter.report()
            time.sleep(min(left, INTERVAL))

    def _cut_off(self, remote: RemoteFile) -> DownloadFailed:
        arrived = self._arrived(remote)
        if not arrived:
            return hub.no_route(hub.endpoint())
        return DownloadFailed(
            f"The connection was cut after {arrived / 1e6:.1f} of {remote.size / 1e6:.1f} MB.",
            remedy="What arrived is kept: try again, and the download goes on from there.",
        )

    def _verify(self, part: Path, remote: RemoteFile) -> None:
        """Raises DownloadFailed, and removes the file, unless its checksum is the one that the hub states."""
        digest = hashlib.sha256()
        if len(remote.checksum) == 40:  # small files are plain git blobs
            digest = hashlib.sha1(b"blob %d\0" % remote.size, usedforsecurity=False)
        meter = Meter(self._reporter, "Checking what arrived.", remote.size)
        try:
            with part.open("rb") as file:
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
                    meter.add(len(chunk))
        except OSError as error:
            raise from_os_error(error, part) from error
        meter.report()
        if digest.hexdigest() != remote.checksum:
            part.unlink(missing_ok=True)
            raise DownloadFailed(
                f"{remote.name} arrived damaged: its checksum is not the one that the hub states. It has been removed.",
                remedy="Try again; if it happens twice, something on the way changes the file. " + BY_HAND,
            )


def _source(name: str, card: ModelCard | None) -> str:
    return card.source if card is not None else f"timm/{name}"


def _terms(name: str, card: ModelCard | None, license_: str) -> LicenseTerms:
    note = card.license_note if card is not None and card.license == license_ else ""
    if not license_:
        note = "No licence is stated, so nothing but private trials is certainly allowed."
    elif card is not None and card.license != license_:
        note = f"The program's own card says {card.license}; what the hub states now is what counts."
    return LicenseTerms(name, license_, note, hub.page(_source(name, card)), card.bytes if card is not None else 0)


def _terms_stated(name: str, card: ModelCard | None, repository: Repository) -> LicenseTerms:
    """The licence that the hub states today, or the card's where the hub states none."""
    return _terms(name, card, repository.license or (card.license if card is not None else ""))


def _agree(terms: LicenseTerms, reporter: Reporter, confirm: Callable[[LicenseTerms], bool] | None) -> None:
    reporter.report(Note(f"Licence: {terms.license or 'none stated'}. {terms.note}".strip()))
    if confirm is not None and not confirm(terms):
        raise Cancelled(f"the licence of {terms.model} was not accepted")
