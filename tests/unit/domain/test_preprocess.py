"""The preprocessing specification: its key names caches and must never move by itself."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.preprocess import FITS, PreprocessSpec


def test_key_is_the_one_that_caches_on_disks_carry() -> None:
    assert PreprocessSpec().key() == "224-stretch-daed97d4"
    assert PreprocessSpec(96, "pad", "bilinear").key() == "96-pad-62a6ed8b"


def test_every_setting_is_part_of_the_key() -> None:
    specs = [
        PreprocessSpec(size, fit, kind)
        for size, fit, kind in itertools.product((64, 224), FITS, ("bilinear", "bicubic"))
    ]
    assert len({spec.key() for spec in specs}) == len(specs)


def test_reads_back_equal_and_defaults_fill_in() -> None:
    spec = PreprocessSpec(128, "crop", "bilinear")
    assert PreprocessSpec.from_json(spec.to_json()) == spec
    assert PreprocessSpec.from_json({}) == PreprocessSpec()


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
        {"version": 2},
    ],
    ids=str,
)
def test_settings_that_this_program_can_not_follow_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(WrongUsage):
        PreprocessSpec(**wrong)
