"""Real handwritten digits: the 1,797 scans that come with scikit-learn, written out as PNG files.

Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI machine learning repository, 1998 (CC BY 4.0).
The scans are 8 x 8 with 17 grey levels. Nothing says who wrote which digit, so there are no groups.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tlstudio.domain.events import Progress, Reporter
from tlstudio.images.samples.sample import DESCRIPTION, Recipe, Sample, building, find_sample, finished
from tlstudio.storage.files import write_text

RECIPE = Recipe("digits", 1, 0)
EDGE = 32  # pixels; 8 x 8 files would look broken in a thumbnail grid

STAGE = "Writing the handwritten digits"

_TEXT = """\
Handwritten digits

1,797 real scans of the digits 0 to 9, one folder for each digit. They come with scikit-learn and are the test part of
"Optical Recognition of Handwritten Digits" (E. Alpaydin, C. Kaynak, 1998, UCI machine learning repository, CC BY 4.0).
The originals are 8 x 8 pixels with 17 grey levels; they were enlarged to 32 x 32 with smooth resizing.
Nothing says who wrote which digit, so a test on these images can't show how well the digits of a new writer are read.
"""


def write_digits(folder: Path, reporter: Reporter) -> Sample:
    """Writes `folder/<digit>/digit_0003.png` (8-bit grey, 32 x 32, ink bright on black) and a description; about a second.

    The number in the name is the scan's place in scikit-learn's data set. A complete sample that is there already is kept.
    Raises the named failures of `sample.building`, and Cancelled from the reporter.
    """
    existing = find_sample(folder, RECIPE)
    if existing is not None:
        return existing
    from sklearn.datasets import load_digits

    data = load_digits()
    total = len(data.images)
    with building(folder, RECIPE) as workplace:
        for digit in range(10):
            (workplace / str(digit)).mkdir()
        for number, (scan, digit) in enumerate(zip(data.images, data.target, strict=True)):
            picture = Image.fromarray(np.rint(scan * (255 / 16)).astype(np.uint8))
            enlarged = picture.resize((EDGE, EDGE), Image.Resampling.BICUBIC)
            enlarged.save(workplace / str(digit) / f"digit_{number:04d}.png")
            if number % 100 == 0:
                reporter.report(Progress(STAGE, number, total))
        write_text(workplace / DESCRIPTION, _TEXT)
    reporter.report(Progress(STAGE, total, total))
    return finished(folder, RECIPE)
