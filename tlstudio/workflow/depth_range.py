"""Where a run treats a value the same in all images: the range is measured once on its training images and kept with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from tlstudio.domain.errors import RunNotReady, from_os_error
from tlstudio.domain.events import Note, Progress, Reporter
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.runs import TrainSettings
from tlstudio.domain.safe_text import parse_json
from tlstudio.images.depth_sample import PERCENTILES, DepthRange, measure_range
from tlstudio.storage import files
from tlstudio.storage.project import Project
from tlstudio.workflow.run_data import Sample, training_rows

FILE = "depth.json"
STAGE = "Measuring the range of brightness"
SHALLOW = "No training image has more than 8 bits, so there is no range to measure."


def with_depth(
    project: Project,
    run_id: str | None,
    spec: PreprocessSpec,
    *,
    settings: TrainSettings,
    samples: Sequence[Sample],
    reporter: Reporter,
) -> PreprocessSpec:
    """The specification with the range that the run's settings ask for; as it is with the depth `image`.

    Measured on the training images alone when it is first asked for, and kept in the run's folder, so that a resumed run and
    everything that is made from the run use the same numbers; where there is no run (`run_id` None), nothing is kept. Without
    any image of more than 8 bits, the depth stays `image`.
    """
    if settings.depth == "image":
        return spec
    file = None if run_id is None else project.run_folder(run_id) / FILE
    if file is not None and file.exists():
        found = _read(file)
    else:
        found = _measure(project, samples, reporter, spec)
        if file is not None:
            files.write_json(file, None if found is None else asdict(found))
    return spec if found is None else replace(spec, depth="dataset", low=found.low, high=found.high)


def _measure(
    project: Project, samples: Sequence[Sample], reporter: Reporter, spec: PreprocessSpec
) -> DepthRange | None:
    rows = training_rows(project, [s for s in samples if s.part == "train"])
    paths = list(dict.fromkeys(row.path for row in rows))

    def told(done: int, total: int) -> None:
        reporter.report(Progress(STAGE, done, total))

    found = measure_range(paths, told, reporter.check_cancelled, spec)
    if found is None:
        reporter.report(Note(SHALLOW))
    else:
        low, high = PERCENTILES
        reporter.report(
            Note(
                f"Values from {found.low:,.6g} to {found.high:,.6g} become black to white in all images: the percentiles"
                f" {low:g} and {high:g} of {found.images:,} training images."
            )
        )
    return found


def _read(file: Path) -> DepthRange | None:
    try:
        kept = parse_json(files.read_text(file))
        return None if kept is None else DepthRange(float(kept["low"]), float(kept["high"]), int(kept["images"]))
    except OSError as error:
        raise from_os_error(error, file) from error
    except (ValueError, TypeError, KeyError) as error:
        raise RunNotReady(
            "The range of brightness of this run is damaged.", remedy="Start the training again.", path=file
        ) from error
