"""What a source holds, before anything is imported: for the window's page and for whoever wants to know."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tlstudio.domain.errors import EncodingUnclear, StudioError, WrongUsage
from tlstudio.domain.events import SILENT, Progress, Reporter
from tlstudio.domain.importing import MOST_NAMES, ImportPreview, Reading, TablePreview
from tlstudio.images.group_guess import guess_groups
from tlstudio.images.paging import count_pages, may_have_pages
from tlstudio.images.scan import Scan, Wishes, uncollected
from tlstudio.images.sources.archive import Archive
from tlstudio.images.sources.registry import Source, readings
from tlstudio.workflow.import_groups import tags_of
from tlstudio.workflow.import_needs import need_an_encoding, need_two_classes
from tlstudio.workflow.import_words import by_names
from tlstudio.workflow.projects import suggested_folder

SAMPLES = 8
ENCODING = "The text does not say its encoding and can be read in several ways. Choose the one in which it is right."


@uncollected()
def preview_import(
    source: Path,
    reading: str = "",
    columns: Mapping[str, str] | None = None,
    reporter: Reporter = SILENT,
    *,
    encoding: str = "",
) -> ImportPreview:
    """What a source holds, without decoding.

    encoding: see ImportRequest. reading: a `Reading.key`; empty takes the likeliest, and the preview says what others there
    are. columns: {role: column}. Where a table's columns don't say enough, the preview comes back with its head and a
    `problem`. Raises NothingToImport, NoClasses, ArchiveRefused, or NotEnoughImages with one class only.
    """
    reporter.report(Progress("Looking through the files", 0, 0))
    source = source.expanduser().absolute()
    sources = readings(source, encoding)
    chosen = next((s for s in sources if s.key == reading), sources[0])
    wishes = Wishes(columns or {})
    scan, problem = Scan((), ()), ""
    try:
        scan = chosen.scan(wishes, reporter)
        need_two_classes(scan.classes(), scan.unlabeled())
        need_an_encoding(chosen)
    except EncodingUnclear:
        problem = ENCODING  # the page shows what the text says in each
    except StudioError as error:
        if chosen.preview(Wishes()) is None:
            raise
        problem = error.what  # the page shows the columns and lets the user choose others
    paged, pages = _pages(chosen, scan, reporter)
    return ImportPreview(
        source=source,
        classes=scan.classes(),
        splits=scan.splits(),
        samples=_samples(scan),
        refused=scan.refused,
        guess=guess_groups(scan.found),
        suggested_project=suggested_folder(source.with_suffix("") if source.is_file() else source),
        reading=Reading(chosen.key, chosen.sentence),
        readings=tuple(Reading(s.key, s.sentence) for s in sources),
        unlabeled=scan.unlabeled(),
        groups=len({f.group for f in scan.found if f.group is not None}),
        columns=scan.columns,
        table=_table(chosen, wishes),
        paged=paged,
        pages=pages,
        tags=tags_of(scan.found, reporter),
        problem=problem,
        names=tuple(item.name for item in scan.found[:: max(1, -(-len(scan.found) // MOST_NAMES))]),
        foldered=sum(bool(item.inner) for item in scan.found),
        encoding=chosen.encoding,
        by_name=" ".join(filter(None, (by_names(scan), scan.told))),
        divided=scan.divided,
    )


def _pages(chosen: Source, scan: Scan, reporter: Reporter) -> tuple[int, int]:
    """Files with several pages, and their pages; for an archive, which does not tell, files that may have several, and 0."""
    if isinstance(chosen.tree, Archive):
        return sum(1 for f in scan.found if may_have_pages(f.name)), 0
    counts = count_pages(scan.found, reporter)
    return len(counts), sum(map(len, counts.values()))


def _table(chosen: Source, wishes: Wishes) -> TablePreview | None:
    """The table as the wishes have it, or without them where they can't be met."""
    try:
        return chosen.preview(wishes)
    except WrongUsage:
        return chosen.preview(Wishes())


def _samples(scan: Scan) -> dict[str, tuple[Path, ...]]:
    """A few files of each class, spread over it; those without a class under the empty name."""
    by_class: dict[str, list[str]] = {}
    for item in scan.found:
        by_class.setdefault(item.label or "", []).append(item.place)
    return {
        name: tuple(map(Path, places[:: max(1, len(places) // SAMPLES)][:SAMPLES]))
        for name, places in sorted(by_class.items())
    }
