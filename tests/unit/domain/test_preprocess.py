"""The preprocessing specification: its key names caches and must never move by itself."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.preprocess import FITS, PreprocessSpec


def test_key_is_the_one_that_caches_on_disks_carry() -> None:
    assert PreprocessSpec(version=1).key() == "224-stretch-daed97d4"
    assert PreprocessSpec(96, "pad", "bilinear", version=1).key() == "96-pad-62a6ed8b"
    assert PreprocessSpec(version=2).key() == "224-stretch-94a32868"
    assert PreprocessSpec().key() == "224-stretch-6c7a85f5"


def test_every_setting_is_part_of_the_key() -> None:
    specs = [
        PreprocessSpec(size, fit, kind)
        for size, fit, kind in itertools.product((64, 224), FITS, ("bilinear", "bicubic"))
    ]
    specs += [PreprocessSpec(64, channels=channels) for channels in ((1,), (2,), (1, 2), (2, 1), (1, 2, 3))]
    specs += [
        PreprocessSpec(64, version=1),
        PreprocessSpec(64, version=2),
        *(PreprocessSpec(64, depth="dataset", low=0, high=h) for h in (255, 4095)),
    ]
    assert len({spec.key() for spec in specs}) == len(specs)


def test_reads_back_equal_and_defaults_fill_in() -> None:
    for spec in (
        PreprocessSpec(128, "crop", "bilinear"),
        PreprocessSpec(64, depth="dataset", low=-100.5, high=300),
        PreprocessSpec(64, channels=(4, 1)),
    ):
        assert PreprocessSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec
    assert PreprocessSpec.from_json({}) == PreprocessSpec()


def test_a_model_of_the_first_version_reads_back_as_it_was_written() -> None:
    written = {"size": 96, "fit": "pad", "interpolation": "bilinear", "depth": "image", "version": 1}
    spec = PreprocessSpec.from_json(written)
    assert spec.to_json() == written
    assert spec.key() == "96-pad-62a6ed8b"


def test_unknown_setting_is_an_error_that_names_it() -> None:
    with pytest.raises(WrongUsage, match="gamma"):
        PreprocessSpec.from_json({"size": 64, "gamma": 2.2})


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": 7},
        {"size": 2049},
        {"fit": "squeeze"},
        {"interpolation": "lanczos"},
        {"depth": "window"},
        {"version": 4},
        {"version": 0},
        {"depth": "dataset"},
        {"depth": "dataset", "low": 0.0},
        {"depth": "dataset", "low": 5.0, "high": 5.0},
        {"depth": "dataset", "low": 0.0, "high": float("inf")},
        {"depth": "dataset", "low": 0.0, "high": 1.0, "version": 1},
        {"low": 0.0, "high": 1.0},
        {"channels": ()},
        {"channels": (0,)},
        {"channels": (10_000,)},
        {"channels": (1, 2, 3, 4)},
        {"channels": (2, 2)},
        {"channels": (1.0,)},
        {"channels": (True,)},
        {"channels": (1,), "version": 2},
    ],
    ids=str,
)
def test_settings_that_this_program_can_not_follow_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(WrongUsage):
        PreprocessSpec(**wrong)


@pytest.mark.parametrize("channels", [(1,), (9999,), (3, 1), (3, 2, 1)])
def test_one_to_three_channels_in_any_order(channels: tuple[int, ...]) -> None:
    assert PreprocessSpec(channels=channels).to_json()["channels"] == channels
    assert "channels" not in PreprocessSpec().to_json()
