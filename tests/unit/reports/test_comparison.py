"""The report says whether the pretrained model helps, with the same figures as the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tlstudio.domain.runs import Mode
from tlstudio.domain.transfer import Method, Transfer
from tlstudio.evaluation.transfer import compare
from tlstudio.evaluation.transfer_words import Circumstances, tell
from tlstudio.reports.compose import compose
from tlstudio.reports.html import render_html
from tlstudio.reports.material import Material
from tlstudio.reports.pdf import write_pdf


def transfer(*, better: bool = True, tuned: bool = True) -> Transfer:
    truth = np.arange(120) % 2
    noisy = np.where(np.arange(120) % 3 == 0, 1 - truth, truth)
    said = {
        Method.MAJORITY: 0 * truth,
        Method.THUMBNAILS: noisy,
        Method.UNTRAINED: noisy,
        Method.PROBE: truth,
        Method.MODEL: truth if better else 1 - truth,
    }
    around = Circumstances("test images", Mode.BALANCED, tuned=tuned, smallest=20, input_size=224)
    return tell(compare(truth, said, list(range(120)), tuned=tuned), around)


def told(material: Material, found: Transfer | None) -> str:
    evaluation = replace(material.evaluation, transfer=found)
    return " ".join(compose(replace(material, evaluation=evaluation)).texts()).replace("\N{NO-BREAK SPACE}", " ")


def test_the_answer_its_figures_and_the_test_are_told(make: Callable[..., Material]) -> None:
    text = told(make(), transfer())
    assert (
        "The pretrained model helps: 100 % against 67 % for plain thumbnails; before adjusting 100 % against 67 %"
        in text
    )
    assert (
        "matters from 2 points on" in text
        and "Same network, untrained" in text
        and "McNemar" in text
        and "Plain thumbnails" in text
        and "First result" in text
    )


def test_negative_transfer_comes_with_what_to_try(make: Callable[..., Material]) -> None:
    text = told(make(), transfer(better=False))
    assert "did harm" in text and "quick mode" in text and "What may help" in text


def test_a_quick_model_has_no_first_result_beside_it(make: Callable[..., Material]) -> None:
    assert "First result" not in told(make(), transfer(tuned=False))


def test_without_a_comparison_nothing_is_told(make: Callable[..., Material]) -> None:
    assert "Does the pretrained model help?" not in told(make(), None)


@pytest.mark.parametrize("better", [True, False])
def test_both_formats_take_it(make: Callable[..., Material], tmp_path, better: bool) -> None:
    material = make()
    report = compose(replace(material, evaluation=replace(material.evaluation, transfer=transfer(better=better))))
    assert "Does the pretrained model help?" in render_html(report)
    assert write_pdf(report, tmp_path / "report.pdf") == ()
