"""Pictures of every mode become 8-bit RGB in the sRGB colours that screens and pretrained models expect."""

from __future__ import annotations

import io
from functools import lru_cache

from PIL import Image, ImageCms

CLEAR_MODES = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})
# What a profile speaks of: the mode it starts from, and the modes it can be applied to. A palette's colours are RGB.
PROFILES = {
    "RGB ": ("RGB", frozenset({"RGB", "RGBA", "RGBX", "P", "PA"})),
    "GRAY": ("L", frozenset({"L", "LA", "1"})),
    "CMYK": ("CMYK", frozenset({"CMYK"})),
}


def to_rgb(image: Image.Image, *, managed: bool = True) -> Image.Image:
    """8-bit RGB of an 8-bit picture, transparency laid on black.

    managed: convert by the file's colour profile; without one, or with a damaged one, colours count as sRGB.
    """
    if image.mode == "LAB":
        return _apply(_lab_to_srgb(), image)
    colours = _by_profile(image) if managed else None
    if image.mode in CLEAR_MODES or "transparency" in image.info:
        clear = image.convert("RGBA")
        if colours is not None:
            colours.putalpha(clear.getchannel("A"))
            clear = colours
        ground = Image.new("RGBA", clear.size, (0, 0, 0, 255))
        return Image.alpha_composite(ground, clear).convert("RGB")
    if colours is not None:
        return colours
    return image if image.mode == "RGB" else image.convert("RGB")


def _by_profile(image: Image.Image) -> Image.Image | None:
    """The picture in sRGB, without its transparency; None where no profile asks for anything."""
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or not profile:
        return None
    try:
        found = _to_srgb(profile, image.mode)
        if found is None:
            return None
        transform, mode = found
        return _apply(transform, image if image.mode == mode else image.convert(mode))
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None  # a damaged profile: the pixels are still there


@lru_cache(maxsize=32)
def _to_srgb(profile: bytes, mode: str) -> tuple[ImageCms.ImageCmsTransform, str] | None:
    """The way from a profile to sRGB and the mode it starts from; None for sRGB itself and for a profile that can't fit."""
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    start, fitting = PROFILES.get(opened.profile.xcolor_space, ("", frozenset()))
    if mode not in fitting or (opened.profile.profile_description or "").startswith("sRGB"):
        return None
    return _transform(opened, start), start


@lru_cache(maxsize=1)
def _lab_to_srgb() -> ImageCms.ImageCmsTransform:
    return _transform(ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")), "LAB")


def _transform(profile: ImageCms.ImageCmsProfile, mode: str) -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(
        profile,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION | ImageCms.Flags.HIGHRESPRECALC,
    )


def _apply(transform: ImageCms.ImageCmsTransform, image: Image.Image) -> Image.Image:
    result = ImageCms.applyTransform(image, transform)
    if result is None:
        raise ValueError("the colours were not converted")
    return result
