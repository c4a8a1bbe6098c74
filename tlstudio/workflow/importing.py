"""From a source of images to a project: scan, look at every file once, divide, and write it down in one transaction."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tlstudio.domain.errors import NothingToImport, WrongUsage
from tlstudio.domain.events import SILENT, Note, Progress, Reporter
from tlstudio.domain.importing import ImportRequest, ImportResult
from tlstudio.domain.values import ImageRow, Refusal
from tlstudio.images import address
from tlstudio.images.groups import check_rule, column_of
from tlstudio.images.guard import DECODERS
from tlstudio.images.inspect import Inspected, inspect
from tlstudio.images.paging import count_pages, with_all_pages
from tlstudio.images.scan import Found, Scan, Wishes, uncollected
from tlstudio.images.sources.registry import Source, recognise
from tlstudio.images.splits import check_fractions
from tlstudio.storage import images
from tlstudio.storage.holding import held
from tlstudio.storage.images import NewImage
from tlstudio.storage.project import Project
from tlstudio.workflow import import_groups, import_summary, import_words
from tlstudio.workflow.dividing import Candidate, divide_new
from tlstudio.workflow.finding_images import found_again
from tlstudio.workflow.import_needs import need_an_encoding, need_room_apart, need_two_classes
from tlstudio.workflow.import_places import Usable, keep_thumbnail, places, unpacked
from tlstudio.workflow.near_duplicates import NearDuplicates
from tlstudio.workflow.near_setting import kept_together, set_kept_together
from tlstudio.workflow.other_answers import keep_others
from tlstudio.workflow.replaced import Taken, remember, settle
from tlstudio.workflow.torn import torn

PAGES = ("first", "all")


def import_images(request: ImportRequest, reporter: Reporter = SILENT) -> ImportResult:
    """Imports a source into a new project, or adds what is new to an existing one.

    Unreadable files are refused one by one. Raises NothingToImport, AmbiguousSource, EncodingUnclear, NotEnoughImages (one
    class only, and nothing left to label), WrongUsage (fractions, columns, a group rule that fits nothing), GroupsNotStated
    (names suggest groups, and neither the request nor an earlier import says a word), ArchiveRefused, DiskFull or CantWrite.
    Cancelling leaves no half project behind.
    """
    check_fractions(request.test_fraction, request.val_fraction)
    check_rule(request.group_from)
    if request.pages not in PAGES:
        raise WrongUsage(f"“{request.pages}” is not a choice of pages.", remedy="Use first or all.")
    source = recognise(request.source, request.reading, request.encoding)
    need_an_encoding(source)
    wishes = wishes_of(request)
    source.preview(wishes)
    reporter.report(Note(import_words.recognised(source)))
    with uncollected():
        scan = source.scan(wishes, reporter)
    target = request.project.expanduser().absolute()
    fresh = not (target / "project.db").exists()
    if fresh:
        need_two_classes(scan.classes(), scan.unlabeled())
        need_room_apart(request.source, target)
    project = Project.create(target, request.name or target.name) if fresh else Project.open(target)
    try:
        with held(project.folder, "tlstudio import"):
            return _Import(project, source, request, reporter).run(scan)
    except BaseException:
        if fresh:
            shutil.rmtree(project.folder, ignore_errors=True)
        raise


def wishes_of(request: ImportRequest) -> Wishes:
    """What the user says of columns, a group rule of that kind included."""
    column = column_of(request.group_from)
    return Wishes({**request.columns, "group": column} if column else request.columns)


@dataclass(frozen=True, slots=True)
class _Import:
    """One import under way."""

    project: Project
    source: Source
    request: ImportRequest
    reporter: Reporter

    def run(self, scan: Scan) -> ImportResult:
        if self.request.near_duplicates is not None:
            set_kept_together(self.project, self.request.near_duplicates)
        known = images.list_images(self.project)
        refused = [*scan.refused]
        taken = self._changed(scan.found, known)
        refused += taken.refused
        if taken.images:
            known = images.list_images(self.project)
        new = self._new(scan.found, known)
        rule = import_groups.rule_for(self.request, new, self.project)
        import_groups.need_an_answer(self.request, rule, new, known, self.reporter)
        with unpacked(self.project, self.source.tree, scan.found, self.reporter) as (there, damaged, inside):
            refused += damaged
            found = self._new(self._pages(there), known)
            if inside:  # only now the files of an archive can be asked
                import_groups.need_an_answer(self.request, rule, found, known, self.reporter)
            groups = import_groups.groups_of(self.request, rule, found, self.reporter)
            usable = self._look(found, refused, inside)
            if not usable and not known:
                raise NothingToImport(
                    "None of the files can be read as an image.",
                    remedy="Check the files, or choose another folder.",
                    path=self.request.source,
                )
            if not known:
                labels = [f.label for f, _ in usable]
                need_two_classes({name: 1 for name in labels if name is not None}, labels.count(None))
            before = import_summary.amounts(self.project)
            again, kept = found_again(self._not_copied(usable, known, moved=bool(inside)), known, self.reporter)
            added, unkept = self._store(again, kept, groups, known, refused, moved=bool(inside), divided=scan.divided)
        remember(self.project, [seen for _, seen in kept])
        told = " ".join(
            filter(None, (import_words.several_channels([s.channels for _, s in kept if s.channels]), unkept))
        )
        return self._result(before, added, refused, scan=scan, changed=taken.images, told=told)

    def _pages(self, found: Sequence[Found]) -> list[Found]:
        """Every page as an image of its own, if that is wished; else it is said that there are more."""
        counts = count_pages(found, self.reporter)
        if self.request.pages == "all":
            return with_all_pages(found, counts)
        if counts:
            files = "1 file holds" if len(counts) == 1 else f"{len(counts):,} files hold"
            text = (
                f"{files} several pages; the first page of each is taken. Import with --pages all to get all of them."
            )
            self.reporter.report(Note(text))
        return list(found)

    def _changed(self, found: Sequence[Found], known: Sequence[ImageRow]) -> Taken:
        """Images that are in the project already are looked at again: their files may have been exchanged."""
        there = {item.place for item in found}
        again = [row for row in known if str(address.split(row.path)[0]) in there]
        return settle(self.project, again, self.request.changed, self.reporter)

    @staticmethod
    def _new(found: Sequence[Found], known: Sequence[ImageRow]) -> list[Found]:
        places = {str(i.path) for i in known}
        return [f for f in found if f.place not in places]

    def _look(self, found: Sequence[Found], refused: list[Refusal], inside: dict[Path, str]) -> list[Usable]:
        """Opens every file once. inside: see `unpacked`; a refusal names the file as the user knows it."""
        usable: list[Usable] = []
        for item, result in _inspect_all(found, self.reporter, compared=kept_together(self.project)):
            if isinstance(result, Refusal):
                refused.append(Refusal(str(inside.get(item.path, result.path)), result.reason))
            else:
                keep_thumbnail(self.project, result)
                usable.append(
                    (item, replace(result, thumbnail=b""))
                )  # a hundred thousand of them would fill the memory
        return usable

    def _not_copied(self, usable: list[Usable], known: Sequence[ImageRow], *, moved: bool) -> list[Usable]:
        """Without what an earlier import has copied into the project already."""
        if not (self.request.copy or moved):
            return usable
        copied = {i.content for i in known if i.path.is_relative_to(self.project.copies)}
        return [(item, seen) for item, seen in usable if seen.content not in copied]

    def _store(
        self,
        again: Sequence[tuple[int, Usable]],
        usable: Sequence[Usable],
        groups_of: Mapping[str, str | None],
        known: Sequence[ImageRow],
        refused: Sequence[Refusal],
        *,
        moved: bool,
        divided: bool,
    ) -> tuple[list[Candidate], str]:
        """again: see `finding_images.found_again`. groups_of: {place: group}. Gives the images as they were divided, and what was
        not kept.
        """
        groups = [groups_of[item.place] for item, _ in usable]
        alike = self._alike(usable, groups, known)
        numbers = [None] * len(usable) if alike is None else alike.of_new
        new = [
            Candidate(item.label, seen.content, group, item.split, number)
            for (item, seen), group, number in zip(usable, groups, numbers, strict=True)
        ]
        division = divide_new(new, known, {} if alike is None else alike.of_known, self.request, divided=divided)
        if division.joined:
            self.reporter.report(Note(f"{division.joined:,} images went to the part where their group or copy is."))
        all_ = [*(item for _, item in again), *usable]
        with places(self.project, all_, copy=self.request.copy, move=moved, reporter=self.reporter) as lie:
            stored = [self.project.stored(place) for place in lie]
            rows = [
                NewImage(
                    stored=place,
                    content=seen.content,
                    width=seen.width,
                    height=seen.height,
                    bytes=seen.size,
                    label=item.label,
                    group=group,
                    split=split,
                    columns=dict(item.columns),
                    look=None if alike is None else seen.look,
                )
                for (item, seen), group, split, place in zip(
                    usable, groups, division.splits, stored[len(again) :], strict=True
                )
            ]
            back = {number: place for (number, _), place in zip(again, stored, strict=False)}
            images.add_images(self.project, rows, refused, back)
        unkept = keep_others(
            self.project, ((item, self.project.absolute(at)) for (item, _), at in zip(all_, stored, strict=True))
        )
        if alike is not None:
            alike.keep([row.stored for row in rows])
        self.project.set_meta("seed", str(self.request.seed))
        import_groups.keep_rule(self.project, self.request)
        return new, unkept

    def _alike(
        self, usable: Sequence[Usable], groups: Sequence[str | None], known: Sequence[ImageRow]
    ) -> NearDuplicates | None:
        """None where near-duplicates are to be ignored."""
        if not kept_together(self.project):
            return None
        stated = [(item.label, group) for (item, _), group in zip(usable, groups, strict=True)]
        alike = NearDuplicates(self.project, known, [seen for _, seen in usable], self.reporter, stated=stated)
        if alike.sentence():
            self.reporter.report(Note(alike.sentence()))
        return alike

    def _result(
        self,
        before: import_summary.Amounts,
        new: Sequence[Candidate],
        refused: Sequence[Refusal],
        *,
        scan: Scan,
        changed: int,
        told: str,
    ) -> ImportResult:
        """before: what the project held of each class. changed: images taken anew. told: on what was read."""
        counts = images.counts(self.project)
        table = import_summary.table(self.project, before)
        empty = import_summary.empty_parts(table, new, self.request)
        return ImportResult(
            images=sum(row.added for row in table) + changed,
            changed=changed,
            refused=tuple(refused),
            classes={row.label: row.total for row in table if row.label is not None},
            splits=counts.splits,
            groups=counts.groups,
            project=self.project.folder,
            unlabeled=counts.unlabeled,
            recognised=import_words.recognised(self.source),
            rows=table,
            empty=empty,
            warnings=tuple(
                filter(
                    None,
                    (
                        import_words.by_names(scan),
                        scan.told,
                        import_summary.thin(table, empty),
                        import_words.alike(row.label for row in table if row.label is not None and row.total),
                        torn(images.list_images(self.project)).sentence(),
                        told,
                    ),
                )
            ),
            by_name=scan.by_name,
        )


def _inspect_all(
    found: Sequence[Found], reporter: Reporter, *, compared: bool
) -> Iterator[tuple[Found, Inspected | Refusal]]:
    started = time.monotonic()
    by_path = {f.path: f for f in found}
    results = DECODERS.in_order(partial(inspect, compared=compared), by_path, waiting=reporter.check_cancelled)
    for done, (path, result) in enumerate(results, start=1):
        yield by_path[path], result
        left = (time.monotonic() - started) / done * (len(found) - done)
        reporter.report(Progress("Reading images", done, len(found), left))
