"""One function for each command. Heavy rooms are imported inside, so that a command loads only what it needs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial

from tlstudio.cli import packing, tuning
from tlstudio.cli.certificates import show_certificate
from tlstudio.cli.evaluation import percent
from tlstudio.cli.output import Output
from tlstudio.cli.usage import NEWEST
from tlstudio.domain.events import Event, PassingReporter, Predicted
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.storage.processes import shares_work

MOST_EXPECTED = 5  # models to download that the table of a recommendation names; --json names all

Action = Callable[[argparse.Namespace, Output], int | None]


def gui(options: argparse.Namespace, output: Output) -> int:
    """Opens the window; returns its exit status."""
    return int(options.open_window(options.project))


def demo(options: argparse.Namespace, output: Output) -> int:
    from tlstudio.domain.transfer import Method
    from tlstudio.jobs.demo import DemoRow, run_demo

    done = run_demo(options.out.absolute(), output)
    told = {b.method for r in done.rows for b in r.simpler}

    def reached(method: Method, row: DemoRow) -> str:
        return next((b.accuracy.percent() for b in row.simpler if b.method is method), "")

    figures: tuple[tuple[str, Callable[[DemoRow], str]], ...] = (
        ("Images, files refused", lambda r: f"{r.images:,}, {r.refused}"),
        ("Trained", lambda r: f"{r.classes} classes, {r.mode.value}"),
        ("Accuracy, held-out", lambda r: r.accuracy.percent()),
        *((f"  {m.caption}", partial(reached, m)) for m in Method if m in told),
        ("Balanced accuracy", lambda r: r.balanced_accuracy.percent()),
        ("Certificate", lambda r: f"{r.certificate_images} equal, ≤ {r.largest_difference:.0e}"),
        ("Right, offline", lambda r: f"{r.predicted:.0%}"),
        ("Time", lambda r: f"{r.seconds:.0f} s"),
    )
    rows = [(name, *(tell(r) for r in done.rows)) for name, tell in figures]
    output.table("", ("", *(r.title for r in done.rows)), rows)
    for r in done.rows:
        output.text(f"{r.title}\n  project      {r.project}\n  model        {r.bundle}\n  predictions  {r.predictions}")
    output.text(f"Done in {done.seconds:.0f} s. Look at a project with: tlstudio gui {done.rows[-1].project}")
    output.result(done)
    if options.gui:
        return int(options.open_window(done.rows[-1].project))
    return 0


def doctor(options: argparse.Namespace, output: Output) -> None:
    from tlstudio.workflow.doctoring import doctor as look

    found = look(output)
    rows = [
        ("Program", f"tlstudio {found.version}, Python {found.python}, {found.system}"),
        ("Device", found.device),
        ("Memory", f"{found.memory_free_gb} GB free of {found.memory_gb} GB"),
        ("Disk", f"{found.disk_free_gb} GB free"),
        ("Models here", "\n".join(found.models)),
        ("Weights folders", "\n".join(str(f) for f in found.weights_folders)),
        ("ONNX providers", ", ".join(found.providers)),
        ("Libraries", ", ".join(f"{k} {v}" for k, v in found.libraries.items())),
        ("Log file", str(found.log_file)),
        ("Problems", "\n".join(found.problems) or "none"),
    ]
    output.table("", ("", ""), rows)
    output.result(found)


def models_list(options: argparse.Namespace, output: Output) -> None:
    from tlstudio.workflow.models import model_statuses

    found = model_statuses()
    where = {"bundled": "built in", "here": "here", "download": "to download"}
    rows = [
        (
            s.card.id,
            f"{s.card.input_size} px{f', {s.card.bytes / 1e6:,.0f} MB' if s.card.bytes else ''}\n"
            f"{s.card.parameters:.1f} M weights",
            f"{s.card.license}\n{where[s.where.value]}{', not looked at yet' if s.unread else ''}",
        )
        for s in found
    ]
    output.table("Pretrained models", ("Id", "Input, size", "Licence, where"), rows, keep_first=True)
    output.result({"models": found})


def models_recommend(options: argparse.Namespace, output: Output) -> None:
    from tlstudio.workflow.recommending import recommend

    found = recommend(options.project, output, seconds_each=options.time_limit)
    rows = [
        (
            r.model,
            r.interval.percent(),
            percent(r.neighbours),
            f"{r.images:,}",
            f"{r.seconds:.0f} s",
            f"{r.bytes / 1e6:.0f} MB",
        )
        for r in found.ranking
    ]
    columns = ("Model", "Accuracy, cross-validated", "By neighbours", "Images", "Took", "Size")
    output.table(f"Compared on {found.images:,} images", columns, rows, keep_first=True)
    if any(r.behind for r in found.ranking):
        output.text("Models that were clearly worse on a part of the images were not tried on the rest.")
    if found.not_tried:
        output.table("Not compared", ("Model", "Why"), [(n.model, n.reason) for n in found.not_tried], keep_first=True)
    for sentence in found.mismatch:
        output.text(sentence)
    away = [e for e in found.not_measured if e.imagenet_top1 is not None][:MOST_EXPECTED]
    told = [(e.model, f"{e.imagenet_top1:.1f} %", f"{e.bytes / 1e6:.0f} MB") for e in away]
    title = "Not measured here: the best models to download, by their published accuracy on everyday photographs"
    output.table(title, ("Model", "Published", "Size"), told, keep_first=True)
    output.result(found)


def models_add(options: argparse.Namespace, output: Output) -> None:
    from tlstudio.workflow.models import add_model

    model = add_model(options.path, output)
    output.text(f"Added {model}.")
    output.result({"model": model})


def models_download(options: argparse.Namespace, output: Output) -> None:
    from tlstudio.catalog.downloading import LicenseTerms
    from tlstudio.workflow.models import download_model

    def agree(terms: LicenseTerms) -> bool:
        output.say(f"{terms.model} is under the licence {terms.license or '(none stated)'}. {terms.note}".strip())
        output.say(f"Read it at {terms.page}")
        return bool(options.yes) or input("Download it under these terms? [y/N] ").strip().lower() in ("y", "yes")

    folder = download_model(options.model, agree, output)
    output.text(f"{options.model} is on this machine: {folder}")
    output.result({"model": options.model, "folder": folder})


def _first_choice(options: argparse.Namespace, output: Output) -> str:
    """The model where none was named; a resumed run has its own."""
    from tlstudio.workflow.models import default_model
    from tlstudio.workflow.projects import summary
    from tlstudio.workflow.recommending import measured_first_choice

    if getattr(options, "resume", None):
        return default_model()
    choice = measured_first_choice(summary(options.project).images, output)
    output.text(choice.reason)
    return choice.model


def _settings(options: argparse.Namespace, output: Output) -> TrainSettings:
    """Every setting is an option of the same name."""
    wishes = {name: value for name, value in vars(options).items() if name in TrainSettings.__dataclass_fields__}
    return TrainSettings.from_json({**wishes, "model": options.model or _first_choice(options, output)})


def pack(options: argparse.Namespace, output: Output) -> None:
    packing.pack(options, output, _settings(options, output))


def train(options: argparse.Namespace, output: Output) -> int:
    if not shares_work():
        _train(options, output)
        return 0
    from tlstudio.workflow.shared_training import shared

    return shared(partial(_train, options, output))


def _train(options: argparse.Namespace, output: Output) -> None:
    from tlstudio.workflow.runs import need_own_settings, need_resumable
    from tlstudio.workflow.training import train as fit

    if options.packed is not None:
        packing.train_packed(options, output)
        return
    if options.resume == NEWEST:
        options.resume = need_resumable(options.project)
    settings = _settings(options, output)
    if options.find_rate:
        tuning.find_rate(options.project, settings, output)
        return
    if options.keep_first and settings.mode is Mode.QUICK and not options.resume:
        output.say("Quick training is its own first result; nothing more is kept.")
    if options.resume:
        need_own_settings(options.project, options.resume, settings, options.given)
    output.finish = options.finish
    done = fit(
        options.project, settings, options.resume, output, keep_first=options.keep_first, changed=options.changed
    )
    rows = [
        ("Run", done.run),
        ("Model", f"{done.model}, {done.mode.value}"),
        ("Accuracy on images kept from it", done.accuracy.percent()),
        *(
            []
            if done.measured is None
            else [("The same, not corrected for having been chosen by them", done.measured.percent())]
        ),
        ("Balanced accuracy", f"{done.balanced_accuracy:.1%}"),
        ("Chosen", f"{done.chosen}. {done.reason}"),
        ("Time", f"{done.seconds:.1f} s"),
    ]
    output.table("", ("", ""), rows)
    output.result(done)


def explain(options: argparse.Namespace, output: Output) -> None:
    from tlstudio.workflow.explaining import explain as look

    done = look(
        options.project,
        options.images,
        options.out,
        run=options.run,
        method=options.method,
        label=options.label,
        reporter=output,
    )
    rows = [(e.file.name, e.label, f"{e.confidence:.0%}", e.method, e.proof.sentence()) for e in done.images]
    output.table("", ("Image", "Class", "Probability", "Method", "What the tests of the heat map show"), rows)
    if done.refused:
        output.table("Files that could not be read", ("File", "Reason"), [(r.path, r.reason) for r in done.refused])
    written = sum(e.picture is not None for e in done.images)
    output.text(f"{written:,} of {len(done.images):,} heat maps passed their test and are in {options.out}")
    output.result(done)


def export(options: argparse.Namespace, output: Output) -> None:
    from tlstudio.workflow.exporting import export as write

    done = write(options.project, options.out, options.run, output, kind=options.kinds[options.kind])
    output.text(f"{done.file} ({done.bytes / 1e6:.1f} MB)")
    show_certificate(done.certificate, output)
    output.text(done.novelty.promise)
    output.text(done.novelty.notices)
    output.result(done)


def predict(options: argparse.Namespace, output: Output) -> None:
    from tlstudio.workflow.predicting import predict as classify

    collect = RowCollector(output)
    done = classify(options.bundle, options.paths, csv=options.csv, recursive=options.recursive, reporter=collect)
    output.table("", ("File", "Status", "Class", "Confidence", ""), collect.rows)
    if collect.left_out:
        output.text(f"… and {collect.left_out:,} more; use --csv to get them all.")
    output.text(
        f"{done.images:,} images: {done.ok:,} ok, {done.uncertain:,} uncertain, {done.unfamiliar:,} unfamiliar,"
        f" {done.refused:,} refused" + (f"; saved as {done.csv}" if done.csv else "")
    )
    output.result(done)


def report(options: argparse.Namespace, output: Output) -> None:
    from tlstudio.workflow.reporting import report as write

    done = write(options.project, options.out, options.run, output)
    output.text(f"{done.file} ({done.bytes / 1e3:.0f} kB)")
    output.result(done)


class RowCollector(PassingReporter):
    """Passes events on and keeps the first rows for the table that people see."""

    MOST = 200

    def __init__(self, output: Output) -> None:
        super().__init__(output)
        self.rows: list[tuple[str, ...]] = []
        self.left_out = 0

    def report(self, event: Event) -> None:
        if isinstance(event, Predicted):
            if len(self.rows) < self.MOST:
                row = event.row
                confidence = "" if row["confidence"] is None else f"{row['confidence']:.0%}"
                self.rows.append((row["file"], row["status"], row["label"], confidence, row["message"]))
            else:
                self.left_out += 1
        super().report(event)
