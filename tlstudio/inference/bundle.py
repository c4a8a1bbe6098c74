"""Opening a bundle: its description and an onnxruntime session over its graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import psutil

from tlstudio.domain.bundle import METADATA_KEY, BundleInfo
from tlstudio.domain.errors import BundleRefused, FileTrouble

WARNINGS_OFF = 3  # onnxruntime's severity "error"


class Bundle:
    """A model file that is ready to classify. Uses the processor: the same answer on every machine."""

    def __init__(self, path: Path) -> None:
        """Raises BundleRefused for a missing or foreign file, or one of a newer version."""
        self.path = path
        if not path.is_file():
            raise BundleRefused(
                "The model file is not there.", remedy="Check the name, or export the model again.", path=path
            )
        options = onnxruntime.SessionOptions()
        options.log_severity_level = WARNINGS_OFF
        options.intra_op_num_threads = psutil.cpu_count(logical=False) or 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # be polite to other programs
        options.enable_cpu_mem_arena = False  # keeps memory flat while batches come and go
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own exception classes have no common base that is exported
            raise BundleRefused(
                "The file is not a model that this program can open.",
                remedy="Choose a .onnx file exported by Transfer Learning Studio.",
                path=path,
            ) from error
        text = self._session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
        if text is None:
            raise BundleRefused(
                "This model was not exported by Transfer Learning Studio: it does not say how to prepare images.",
                remedy="Choose a .onnx file exported by Transfer Learning Studio.",
                path=path,
            )
        self.info = BundleInfo.loads(text, path)

    def run(self, pixels: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """uint8 (batch, size, size, 3) -> probabilities (batch, classes) and novelty (batch,)."""
        try:
            probabilities, novelty = self._session.run(["probabilities", "novelty"], {"image": pixels})
        except Exception as error:
            raise FileTrouble(
                "The model could not be run on an image.", remedy="Export the model again.", path=self.path
            ) from error
        return np.asarray(probabilities, np.float32), np.asarray(novelty, np.float32)


def read_info(path: Path) -> BundleInfo:
    """The description inside a bundle. Raises BundleRefused."""
    return Bundle(path).info
