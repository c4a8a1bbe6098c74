"""The network as one ONNX graph: uint8 pixels in; probabilities, embedding and novelty out."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tlstudio.domain.bundle import BundleInfo
from tlstudio.domain.errors import BundleRefused, CertificateFailed, StudioError, from_os_error, memory_is_full
from tlstudio.export.novelty import NoveltySpec
from tlstudio.inference import wire
from tlstudio.inference.bundle import Bundle
from tlstudio.inference.trial import record
from tlstudio.training.network import Network
from tlstudio.training.stages import Stages

log = logging.getLogger(__name__)

OUTPUTS = ("probabilities", "embedding", "novelty")


class NoveltyScore(nn.Module):
    """Blocks of `Stages` -> novelty (batch,), as `NoveltySpec.score` reckons it."""

    def __init__(self, spec: NoveltySpec) -> None:
        super().__init__()
        self.offset, self.parts = spec.offset, len(spec.gaussians)
        self.rests = [g.rest for g in spec.gaussians]
        self.register_buffer("weights", _single(spec.weights))
        for i, (soft, gaussian) in enumerate(zip(spec.softening, spec.gaussians, strict=True)):
            self.register_buffer(f"softening_{i}", _single(soft) if len(soft) else None)
            self.register_buffer(f"center_{i}", _single(gaussian.center))
            self.register_buffer(f"scale_{i}", _single(1 / gaussian.scale))
            self.register_buffer(f"axes_{i}", _single(gaussian.axes))
            self.register_buffer(f"more_{i}", _single(gaussian.precision - gaussian.rest))

    def forward(self, blocks: list[Tensor]) -> Tensor:
        told = torch.stack([self._distance(i, block) for i, block in enumerate(blocks)], dim=1)
        return ((told * self.get_buffer("weights")).sum(dim=1) - self.offset).clamp(min=0.0)

    def _distance(self, i: int, block: Tensor) -> Tensor:
        softening = getattr(self, f"softening_{i}")
        if softening is not None:
            channels = softening.shape[0]
            mean, deviation = block[:, :channels], block[:, channels:] + softening
            block = torch.cat([mean / deviation, deviation.log()], dim=1)
        z = (block - self.get_buffer(f"center_{i}")) * self.get_buffer(f"scale_{i}")
        along = z @ self.get_buffer(f"axes_{i}")
        square = self.rests[i] * z.square().sum(dim=1) + (along.square() * self.get_buffer(f"more_{i}")).sum(dim=1)
        return (square / self.get_buffer(f"center_{i}").shape[0]).clamp(min=1e-12).log()


def _single(values: npt.NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))


class ExportGraph(nn.Module):
    """Everything a user of the file needs, inside the graph: normalisation, temperature, softmax and novelty included."""

    def __init__(self, network: Network, novelty: NoveltySpec) -> None:
        super().__init__()
        self.network = network
        self.stages = Stages(network)
        self.novelty = NoveltyScore(novelty)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """uint8 (batch, size, size, 3) -> (batch, classes), (batch, features), (batch,)."""
        embedding, blocks = self.stages(image)
        return self.network.chances(self.network.decide(embedding)), embedding, self.novelty(blocks)


def write_graph(network: Network, novelty: NoveltySpec, path: Path) -> None:
    """Writes the ONNX file without a description. Tries torch's exporters in turn; the certificate judges the result."""
    write_module(ExportGraph(network, novelty), network, path)


def write_module(module: nn.Module, network: Network, path: Path) -> None:
    """The same for any module on that network, with the outputs of `ExportGraph`."""
    network.cpu().to(memory_format=torch.contiguous_format)
    module.eval()
    size = network.spec.preprocess.size
    # A batch of two: with one, an exporter may take the batch size for a constant.
    example = torch.zeros(2, size, size, 3, dtype=torch.uint8)
    for exporter in EXPORTERS:
        try:
            with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
                warnings.simplefilter("ignore")
                data = exporter(module, example)
        except Exception as error:  # the exporters raise whatever their many parts raise
            if memory_is_full(error):
                raise
            log.warning("exporter %s failed: %s", exporter.__name__, error)
            continue
        # Written here and not by an exporter: what goes wrong with the disk is not the model's fault.
        try:
            path.write_bytes(data)
        except OSError as error:
            raise from_os_error(error, path) from error
        return
    raise StudioError(
        f"The model {network.spec.model} can't be written as an ONNX file.",
        remedy="Train with another pretrained model. The log file has the technical reason.",
    )


def _through_torch_export(graph: nn.Module, example: Tensor) -> bytes:
    """torch.export, the present exporter of torch."""
    program = torch.onnx.export(
        graph,
        (example,),
        dynamo=True,
        input_names=["image"],
        output_names=list(OUTPUTS),
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        verbose=False,
    )
    if program is None:
        raise RuntimeError("torch.onnx.export gave nothing back")
    data: bytes = program.model_proto.SerializeToString()
    return data


def _through_torchscript(graph: nn.Module, example: Tensor) -> bytes:
    """TorchScript, the exporter before that: some networks only go through it."""
    axes = {name: {0: "batch"} for name in ("image", *OUTPUTS)}
    place: Any = io.BytesIO()  # it takes a file as well, though its signature names paths alone
    torch.onnx.export(
        graph, (example,), place, dynamo=False, input_names=["image"], output_names=list(OUTPUTS), dynamic_axes=axes
    )
    written: bytes = place.getvalue()
    return written


# The older one is twenty times faster and torch still has it; where it fails, or is gone one day, the present one follows. Which
# of them wrote the file does not matter to the user: the certificate holds either way.
EXPORTERS: tuple[Callable[[nn.Module, Tensor], bytes], ...] = (_through_torchscript, _through_torch_export)


def describe(path: Path, info: BundleInfo) -> None:
    """Puts the description into the file, in place of an earlier one; the graph stays as it is."""
    data = path.read_bytes()
    if not wire.is_complete(data):
        raise CertificateFailed("The exported model is not complete in one file.", remedy="Export it again.", path=path)
    path.write_bytes(wire.described(data, info.dumps()))


def seal(path: Path, info: BundleInfo) -> BundleInfo:
    """Describes the finished file with its hash and its answers to the trial; returns that description.

    Raises CertificateFailed when it has no answers to it.
    """
    describe(path, replace(info, graph_sha256="", trial=None))
    try:
        answers = Bundle(path, own=True).trial_answers
    except BundleRefused as error:
        raise CertificateFailed(
            f"The exported file can't be used. {error.what}", remedy="Train the model again.", path=path
        ) from error
    sealed = replace(info, graph_sha256=wire.digest(path.read_bytes()), trial=record(*answers))
    describe(path, sealed)
    return sealed
