"""The stored values of a DICOM frame, out of whatever they are compressed in; what can't be undone is refused by its name.

JPEG Lossless and JPEG-LS, which hospital archives are full of, are undone by GDCM (Apache licence); everything else by the
decoders of pydicom, pylibjpeg and Pillow.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO

from tlstudio.domain.errors import ImageRefused
from tlstudio.images import dicom_gdcm
from tlstudio.images.depth import Values

if TYPE_CHECKING:
    from pydicom import Dataset
    from pydicom.uid import UID

_4 = "1.2.840.10008.1.2.4."
DCMTK = "the free program dcmdjpeg of DCMTK"
GDCM = "the free program gdcmconv of GDCM (gdcmconv --raw)"
DCM4CHE = "the free program dcm2dcm of dcm4che"
VIDEO = "the free programs gdcmraw of GDCM, which takes the video out, and ffmpeg, which saves its pictures as PNG"
# Compressions that no decoder here can undo, by their identifier, and what does it.
UNREADABLE = {
    f"{_4}51": ("JPEG Extended (12 bits)", DCMTK),
    f"{_4}92": ("JPEG 2000 Part 2", DCM4CHE),
    f"{_4}93": ("JPEG 2000 Part 2", DCM4CHE),
    **{f"{_4}{n}": ("MPEG-2 video", VIDEO) for n in ("100", "100.1", "101", "101.1")},
    **{
        f"{_4}{n}": ("H.264 video", VIDEO)
        for n in ("102", "102.1", "103", "103.1", "104", "104.1", "105", "105.1", "106", "106.1")
    },
    **{f"{_4}{n}": ("H.265 video", VIDEO) for n in ("107", "108")},
    **{f"{_4}{n}": ("JPEG XL", DCM4CHE) for n in ("110", "111", "112")},
}
# What a file that does not say it means (PS3.3 C.7.6.3): the option of the reader, the element, and its value.
UNSAID = (
    ("samples_per_pixel", "SamplesPerPixel", 1),
    ("pixel_representation", "PixelRepresentation", 0),
    ("planar_configuration", "PlanarConfiguration", 0),
)


def decoded(file: BinaryIO, data: Dataset, index: int, kind: str) -> Values:
    """The stored values of one frame, (rows, columns) or (rows, columns, samples); YBR as RGB. Other frames are not read.

    data: the file's elements, without pixels. kind: its PhotometricInterpretation, or what takes its place. Raises ImageRefused,
    and whatever the decoders throw, whose words may quote the patient's data.
    """
    from pydicom import dcmread
    from pydicom.pixels.utils import pixel_array

    _settle_decoders()
    syntax = transfer_syntax(data)
    said = _said(data, kind)
    try:
        if data.original_encoding == (syntax.is_implicit_VR, syntax.is_little_endian):
            return pixel_array(file, index=index, transfer_syntax_uid=syntax, **said)
        file.seek(0)  # written in another way than its header says: only the whole file can be made out
        return pixel_array(dcmread(file, force=True), index=index, **said)
    except NotImplementedError:
        raise unreadable(syntax) from None
    except AttributeError as error:
        if "no pixel data to decode" in str(error):
            raise ImageRefused("The DICOM file holds no picture.") from None
        if "Missing required element" in str(error):
            raise ImageRefused("The DICOM file does not say how its pixels are stored.") from None
        raise
    except BaseException as error:
        # The RLE decoder is written in Rust, whose panics pass by `except Exception` on purpose.
        if type(error).__name__ == "PanicException":
            raise ValueError("damaged") from None
        raise


def _said(data: Dataset, kind: str) -> dict[str, Any]:
    """What the reader is to take from here, because the file leaves it out or says it in words of its own."""
    said: dict[str, Any] = {name: value for name, keyword, value in UNSAID if data.get(keyword) is None}
    if "samples_per_pixel" in said and not kind.startswith(("MONOCHROME", "PALETTE")):
        said["samples_per_pixel"] = 3
    if data.get("BitsStored") is None and data.get("BitsAllocated") is not None:
        said["bits_stored"] = int(data.BitsAllocated)
    if str(data.get("PhotometricInterpretation")) != kind:
        said["photometric_interpretation"] = kind
    return said


@lru_cache(maxsize=1)
def _settle_decoders() -> None:
    """Leaves GDCM what only GDCM reads, and that checked: other decoders withstand damaged files better."""
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.pixels.decoders.gdcm import DECODER_DEPENDENCIES

    for syntax in DECODER_DEPENDENCIES:
        decoder = get_decoder(syntax)
        if "gdcm" in decoder.available_plugins:
            decoder.remove_plugin("gdcm")
        if syntax in dicom_gdcm.DECODER_DEPENDENCIES and dicom_gdcm.LABEL not in decoder.available_plugins:
            decoder.add_plugin(dicom_gdcm.LABEL, (dicom_gdcm.__name__, dicom_gdcm.decode_frame.__name__))


def transfer_syntax(data: Dataset) -> UID:
    """The identifier of how the pixels are stored; refuses what can't be read by its name."""
    from pydicom import uid

    syntax: UID | None = data.file_meta.get("TransferSyntaxUID")
    if syntax is None:
        implicit, little = data.original_encoding
        return (
            uid.ImplicitVRLittleEndian
            if implicit
            else uid.ExplicitVRLittleEndian
            if little
            else uid.ExplicitVRBigEndian
        )
    if syntax == f"{_4}51" and data.get("BitsStored") == 8:
        return syntax
    if syntax in UNREADABLE:
        raise unreadable(syntax)
    return syntax


def unreadable(syntax: UID) -> ImageRefused:
    """Names the compression by the standard's number, too, which other programs go by."""
    name, tool = UNREADABLE.get(syntax, (syntax.name if syntax.name != syntax else "", GDCM))
    told = f"as {name} ({syntax})" if name else f"in a way that is not known here ({syntax})"
    return ImageRefused(f"The DICOM file is compressed {told}, which can't be read. Convert it with {tool}.")
