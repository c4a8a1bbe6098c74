"""Using a bundle on new images, offline. Imports neither torch nor timm."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tlstudio.domain.bundle import BundleInfo
from tlstudio.domain.errors import NothingToImport
from tlstudio.domain.events import SILENT, Note, Predicted, Progress, Reporter
from tlstudio.domain.results import PredictSummary
from tlstudio.images.decode import looks_like_image
from tlstudio.images.inspect import write_once
from tlstudio.images.refusals import KNOWN_OTHERS
from tlstudio.images.scan import natural_key
from tlstudio.inference.bundle import Bundle
from tlstudio.inference.predictor import Status, predict_files
from tlstudio.storage import files
from tlstudio.storage.places import data_dir
from tlstudio.workflow.prediction_table import PredictionTable


def read_bundle(bundle: Path, reporter: Reporter = SILENT) -> BundleInfo:
    """What a bundle says of itself, after it was opened and has passed its trial. Raises BundleRefused."""
    reporter.report(Progress("Reading the model", 0, 0))
    return Bundle(bundle, waiting=reporter.check_cancelled).info


def predict(
    bundle: Path,
    paths: Sequence[Path],
    *,
    csv: Path | None = None,
    recursive: bool = False,
    thumbnails: bool = False,
    reporter: Reporter = SILENT,
) -> PredictSummary:
    """Classifies files and the images in folders; each row goes out as a `Predicted` event, and into `csv` at the end.

    `thumbnails` adds the path of a small JPEG to each row. Raises BundleRefused, or NothingToImport when no file is found.
    """
    opened = Bundle(bundle, waiting=reporter.check_cancelled)
    if not opened.info.sealed:
        reporter.report(Note(opened.info.seal_sentence))
    wanted = find_files(paths, recursive=recursive)
    table = PredictionTable(opened.info.classes)
    counts: Counter[Status] = Counter()
    answers = predict_files(opened, wanted, thumbnails=thumbnails, waiting=reporter.check_cancelled)
    for done, answer in enumerate(answers, start=1):
        counts[answer.status] += 1
        row = answer.to_row(opened.info.classes)
        if answer.small is not None:
            row["thumbnail"] = str(_keep(answer.small))
        table.add(row)
        reporter.report(Predicted(row))
        reporter.report(Progress("Classifying images", done, len(wanted)))
    if csv is not None:
        files.write_bytes(csv, table.to_bytes())
    return PredictSummary(
        images=len(wanted),
        ok=counts[Status.OK],
        uncertain=counts[Status.UNCERTAIN],
        unfamiliar=counts[Status.UNFAMILIAR],
        refused=counts[Status.REFUSED],
        csv=csv,
    )


def find_files(paths: Sequence[Path], *, recursive: bool) -> list[Path]:
    """The images among files and folders, in natural order. A file that is named is always tried. Raises NothingToImport."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = path.rglob("*") if recursive else path.iterdir()
            images = [p for p in inside if _worth_trying(p)]
            found.extend(sorted(images, key=lambda p: natural_key(str(p))))
        else:
            found.append(path)
    if not found:
        remedy = (
            "Choose another folder, or look into its sub-folders too." if not recursive else "Choose another folder."
        )
        raise NothingToImport("There are no images in this folder.", remedy=remedy, path=paths[0] if paths else None)
    return found


def _worth_trying(path: Path) -> bool:
    """An image, or a picture of a kind that can't be read, which is then told."""
    return path.is_file() and (path.suffix.lower() in KNOWN_OTHERS or looks_like_image(path))


def _keep(small: bytes) -> Path:
    """Puts a small picture into the user's cache, under a name made from its bytes."""
    name = hashlib.sha256(small).hexdigest()
    path = data_dir() / "cache" / "predicted" / name[:2] / f"{name}.jpg"
    with suppress(OSError):  # without a cache the table shows no picture, which is no reason to stop
        write_once(path, small)
    return path
