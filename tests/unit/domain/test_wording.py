"""Amounts and names in words, in every direction of reading."""

from __future__ import annotations

import os
import shlex

import pytest

from tlstudio.domain.wording import argument, directed, isolated, isolated_all, plain, size

ARABIC, HEBREW = "طبقة أكسيد", "שריטה עמוקה"
FSI, PDI = "\u2068", "\u2069"


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (9_960, "10.0 kB"),
        (10_400_000, "10 MB"),
        (14_200_000, "14 MB"),
        (999_999_999, "1,000 MB"),
        (1_000_400_000, "1.0 GB"),
        (1_240_000_000, "1.2 GB"),
        (2_000_000_000_000, "2,000 GB"),
    ],
)
def test_sizes(amount: int, said: str) -> None:
    assert size(amount) == said


@pytest.mark.parametrize("name", ["crack", "Überwalzung", "表面裂纹", "part 12 (b)", ""])
def test_a_name_that_is_read_as_the_sentence_is_stays_as_it_is(name: str) -> None:
    assert isolated(name) == name == directed(name)


@pytest.mark.parametrize("name", [ARABIC, HEBREW, f"{HEBREW} 2", f"grade B {ARABIC}", "\u2067abc"])
def test_a_name_that_is_not_is_set_apart_whole(name: str) -> None:
    assert isolated(name) == f"{FSI}{name}{PDI}"
    assert plain(isolated(name)) == name
    assert isolated_all([name, "crack"]) == [isolated(name), "crack"]


@pytest.mark.parametrize(
    ("name", "shown"), [("\u202eabc", "\ufffdabc"), ("a\nb", "a␊b"), ("\x1b[31m", "␛[31m"), ("\udcff", "\ufffd")]
)
def test_signs_that_can_not_be_seen_are_shown(name: str, shown: str) -> None:
    assert isolated(name) == shown == directed(name).replace("\n", "␊")


@pytest.mark.parametrize(
    ("sentence", "runs"),
    [
        (f"12 images moved to {HEBREW}", [HEBREW]),
        (f"“{ARABIC}” has 8 images.", [ARABIC]),
        (f"{ARABIC} 12, {HEBREW} 3", [ARABIC, HEBREW]),
        (f"{HEBREW} renamed to {ARABIC}", [HEBREW, ARABIC]),
        ("שריטה", ["שריטה"]),
        ("Nothing of the kind.", []),
    ],
)
def test_names_in_a_finished_sentence_are_set_apart_one_by_one(sentence: str, runs: list[str]) -> None:
    told = directed(sentence)
    assert plain(told) == sentence
    assert told.count(FSI) == told.count(PDI) == len(runs)
    assert all(f"{FSI}{run}{PDI}" in told for run in runs)
    assert directed(told) == told, "once is enough"


@pytest.mark.parametrize(
    ("name", "told"),
    [("away.tlpack", "away.tlpack"), ("left knee.tlpack", "'left knee.tlpack'"), ("a'b", "'a'\"'\"'b'")],
)
@pytest.mark.skipif(os.name == "nt", reason="Windows has other quotation marks")
def test_a_command_can_be_copied_whatever_the_file_is_called(name: str, told: str) -> None:
    assert argument(name) == told
    assert shlex.split(f"tlstudio unpack {argument(name)}")[-1] == name
