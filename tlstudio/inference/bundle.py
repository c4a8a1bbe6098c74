"""Opening a bundle: its description and an onnxruntime session over its graph."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tlstudio.domain.bundle import BundleInfo
from tlstudio.domain.errors import FileTrouble
from tlstudio.inference import opening, vetting


class Bundle:
    """A model file that is ready to classify. Uses the processor: the same answer on every machine."""

    def __init__(self, path: Path, *, own: bool = False, waiting: Callable[[], object] | None = None) -> None:
        """Raises BundleRefused for a missing, foreign, changed or harmful file, or one of a newer version.

        own: the caller has just written it, so it need not be vetted. waiting: called several times a second while it is; what
        it raises ends the wait.
        """
        self.path = path
        data = opening.read_file(path)
        self.info = opening.read_description(data, path)
        if not own:
            vetting.vet(path, data, waiting)
        self._session = opening.make_session(data, path)
        self.trial_answers = opening.check_answers(self._session, self.info, path)

    def run(self, pixels: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """uint8 (batch, size, size, 3) -> probabilities (batch, classes) and novelty (batch,)."""
        try:
            return opening.run(self._session, pixels)
        except Exception as error:
            raise FileTrouble(
                "The model could not be run on an image.", remedy="Export the model again.", path=self.path
            ) from error


def read_info(path: Path) -> BundleInfo:
    """The description inside a bundle whose seal is whole; nothing of it is run. Raises BundleRefused."""
    return opening.read_description(opening.read_file(path), path)
