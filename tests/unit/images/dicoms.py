"""DICOM files for the tests, written by pydicom: never a real patient's."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

Array = npt.NDArray[np.generic]
NAME, NUMBER, BIRTH, SECRET = "Doe^Jane", "PAT-471100", "19610203", "private-note-of-doctor"
NAMES = (NAME, NUMBER, BIRTH, SECRET)


def make(values: Array, *, frames: int = 1, syntax: str = ExplicitVRLittleEndian, **elements: Any) -> Dataset:
    """A data set around these stored values: (rows, columns), with samples last, and with frames first if there are several.

    elements: by their keywords; they win over those that follow from the values.
    """
    shape = values.shape[1:] if frames > 1 else values.shape
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = syntax
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = SecondaryCaptureImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = generate_uid(entropy_srcs=["tests"])
    data.PatientName, data.PatientID, data.PatientBirthDate = NAME, NUMBER, BIRTH
    block = data.private_block(0x0009, "TESTS", create=True)
    block.add_new(0x01, "LO", SECRET)
    data.Rows, data.Columns = shape[:2]
    data.SamplesPerPixel = shape[2] if len(shape) == 3 else 1
    data.PhotometricInterpretation = "RGB" if len(shape) == 3 else "MONOCHROME2"
    if len(shape) == 3:
        data.PlanarConfiguration = 0
    if frames > 1:
        data.NumberOfFrames = frames
    bits = 8 * values.dtype.itemsize
    data.BitsAllocated, data.BitsStored, data.HighBit = bits, bits, bits - 1
    data.PixelRepresentation = int(values.dtype.kind == "i")
    for keyword, value in elements.items():
        setattr(data, keyword, value)
    if "PixelData" not in elements and values.dtype.kind != "f":
        data.PixelData = values.tobytes()
        data["PixelData"].VR = "OW" if bits > 8 else "OB"
    return data


def item(**elements: Any) -> Sequence:
    """A sequence of one item."""
    one = Dataset()
    for keyword, value in elements.items():
        setattr(one, keyword, value)
    return Sequence([one])


def table(first: int, entries: Array, bits: int, *, kind: str = "US") -> Sequence:
    """A sequence of one look-up table, its entries stored as numbers (US) or as bytes (OW)."""
    numbers = [int(e) for e in entries]
    tables = item(LUTDescriptor=[len(numbers) % 65536, first, bits])
    tables[0].add_new("LUTData", kind, numbers if kind == "US" else entries.astype("<u2").tobytes())
    return tables


def pack(frames: list[bytes]) -> bytes:
    return encapsulate(frames)


def save(data: Dataset, path: Path, **options: Any) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some of these files are wrong on purpose
        data.save_as(path, enforce_file_format=options.pop("enforce", True), **options)
    return path
