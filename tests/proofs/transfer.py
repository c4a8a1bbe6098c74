"""Does the pretrained model help? Planted truths: how often the answer says more than is so, and how often it sees what is so.

Simulated: each image has a difficulty that all ways share, images of a group share part of it, and each way adds its own. Real:
networks with random weights take the place of the pretrained one, on images that are given.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from tests.proofs.table import Proof, Trial
from tlstudio.domain.transfer import Method, Verdict
from tlstudio.evaluation.paired import difference_interval
from tlstudio.evaluation.transfer import WORTH, compare

DRAWS = 400
SEEDS = (1, 2, 3)
ARCHITECTURES = ("mobilenetv3_small_100", "resnet18")
MOST_IMAGES = 120  # of a class, for the real ones

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class World:
    """What each way is right in. groups: 0 where each image stands by itself. kin: share of the difficulty that one shares."""

    n: int
    thumbnails: float
    untrained: float
    probe: float
    model: float | None = None  # None: the first result itself
    groups: int = 0
    kin: float = 0.5

    def draw(self, rng: np.random.Generator) -> tuple[dict[Method, Bools], list[int]]:
        units = [i * self.groups // self.n for i in range(self.n)] if self.groups else list(range(self.n))
        spread = self.kin if self.groups else 0.0

        def noise() -> npt.NDArray[np.float64]:
            own, shared = rng.normal(size=self.n), rng.normal(size=self.n)[units]
            return np.asarray(np.sqrt(1 - spread) * own + np.sqrt(spread) * shared)

        common = noise()
        shares = {Method.THUMBNAILS: self.thumbnails, Method.UNTRAINED: self.untrained, Method.PROBE: self.probe}
        if self.model is not None:
            shares[Method.MODEL] = self.model
        found = {m: norm.ppf(share) + np.sqrt(0.5) * (common + noise()) > 0 for m, share in shares.items()}
        found.setdefault(Method.MODEL, found[Method.PROBE])
        return found, units

    def verdict(self, rng: np.random.Generator) -> Verdict:
        hits, units = self.draw(rng)
        truth = np.arange(self.n) % 2
        said = {m: np.where(hit, truth, 1 - truth) for m, hit in hits.items()}
        said[Method.MAJORITY] = np.zeros(self.n, np.int64)
        return compare(truth, said, units, tuned=self.model is not None).verdict


NEVER = {  # the pretraining is worth nothing, or no more than the margin
    "random weights that beat thumbnails, 100 images": World(100, 0.47, 0.62, 0.62),
    "random weights that beat thumbnails, 1,000 images": World(1000, 0.47, 0.62, 0.62),
    "random weights that beat thumbnails, 20,000 images": World(20_000, 0.47, 0.62, 0.62),
    "random weights that are trained to 94 %": World(1000, 0.47, 0.62, 0.62, 0.94),
    "95 against 95 %, 20,000 images": World(20_000, 0.95, 0.95, 0.95),
    "a gain of the margin itself, 2,000 images": World(2000, 0.6, 0.8, 0.8 + WORTH),
    "random weights, 9 groups": World(180, 0.4, 0.62, 0.62, groups=9),
    "random weights, 20 groups": World(400, 0.4, 0.62, 0.62, groups=20),
}


def prove(trial: Trial) -> Iterator[Proof]:
    for words, world in NEVER.items():
        draws = trial.draws(DRAWS if world.n < 10_000 else DRAWS // 4)
        helps = _share(world, trial.seed, draws, Verdict.HELPS)
        note = f"{draws:,} comparisons"
        yield Proof(f"said to help: {words}", helps, at_most=0.025 + 2.6 * np.sqrt(0.025 / draws), note=note)
    draws = trial.draws(DRAWS // 4)
    for words, world, verdict, least in (
        ("95 against 95 % with 20,000 images is called no difference that matters", World(20_000, 0.95, 0.95, 0.95),
         Verdict.NEGATIVE, 0.95),
        ("90 against 70 % is told to help, 400 images", World(400, 0.7, 0.7, 0.9), Verdict.HELPS, 0.95),
        ("85 against 75 % is told to help, 1,000 images", World(1000, 0.7, 0.75, 0.85), Verdict.HELPS, 0.9),
        ("90 against 60 % is told to help, 20 groups", World(400, 0.6, 0.6, 0.9, groups=20), Verdict.HELPS, 0.8),
    ):  # fmt: skip
        found = _share(world, trial.seed + 1, draws, verdict)
        yield Proof(words, found, at_least=least - 2.6 * np.sqrt(0.25 / draws) * (draws < 100), note=f"{draws:,} draws")
    yield from _coverage(trial)
    if trial.images:
        yield from _planted(trial)


def _share(world: World, seed: int, draws: int, verdict: Verdict) -> float:
    rng = np.random.default_rng(seed)
    return float(np.mean([world.verdict(rng) is verdict for _ in range(draws)]))


def _coverage(trial: Trial) -> Iterator[Proof]:
    """Of the interval of the paired difference."""
    draws = trial.draws(DRAWS)
    for groups, n in ((0, 60), (0, 400), (6, 120), (9, 180), (20, 400), (40, 400)):
        for kin in (0.3, 0.7) if groups else (0.0,):
            world = World(n, 0.7, 0.7, 0.8, groups=groups, kin=kin)
            rng = np.random.default_rng(trial.seed + 2)
            held = 0
            for _ in range(draws):
                hits, units = world.draw(rng)
                found = difference_interval(hits[Method.PROBE], hits[Method.UNTRAINED], units)
                held += found.low <= 0.1 <= found.high
            told = f"{groups} groups, correlation {kin}" if groups else f"{n} images"
            least = 0.93 - 2.6 * np.sqrt(0.07 / draws)
            yield Proof(
                f"interval of a paired difference holds it, {told}",
                held / draws,
                at_least=least,
                note=f"{draws:,} draws",
            )


# --- with real images ---------------------------------------------------------------------------------------------------


def _planted(trial: Trial) -> Iterator[Proof]:
    """Networks with random weights in the place of the pretrained one: the whole way, from the import to the answer."""
    from tests.bench.random_weights import make_random

    for source in trial.images:
        helped, told = 0, []
        with tempfile.TemporaryDirectory() as scratch, _weights(Path(scratch)):
            names = [make_random(Path(scratch), each, seed) for each in ARCHITECTURES for seed in SEEDS]
            project = _imported(source, Path(scratch) / "project")
            for name in names:
                verdict, sentence = _answer(project, name)
                helped += verdict is Verdict.HELPS
                told.append(sentence)
        yield Proof(
            f"networks with random weights said to help: {source.name}",
            helped,
            at_most=0,
            note=f"{len(told)}; {told[0]}",
        )


@contextmanager
def _weights(folder: Path) -> Iterator[None]:
    before = os.environ.get("TLSTUDIO_WEIGHTS")
    os.environ["TLSTUDIO_WEIGHTS"] = str(folder)
    try:
        yield
    finally:
        os.environ.pop("TLSTUDIO_WEIGHTS")
        if before is not None:
            os.environ["TLSTUDIO_WEIGHTS"] = before


def _imported(source: Path, place: Path) -> Path:
    """At most MOST_IMAGES of each class, by links."""
    from tlstudio.domain.importing import ImportRequest
    from tlstudio.workflow.importing import import_images

    some = place.with_name("images")
    for folder in sorted(each for each in source.iterdir() if each.is_dir()):
        (some / folder.name).mkdir(parents=True)
        for file in sorted(each for each in folder.iterdir() if each.is_file())[:MOST_IMAGES]:
            (some / folder.name / file.name).symlink_to(file.resolve())
    import_images(ImportRequest(some, place, test_fraction=0.4, may_ask=False))
    return place


def _answer(project: Path, model: str) -> tuple[Verdict, str]:
    from tlstudio.domain.runs import Mode, TrainSettings
    from tlstudio.workflow.evaluating import evaluate
    from tlstudio.workflow.training import train

    run = train(project, TrainSettings(model, Mode.QUICK, input_size=128, device="cpu")).run
    found = evaluate(project, run).transfer
    assert found is not None
    return found.verdict, found.sentence
