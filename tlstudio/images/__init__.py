"""File to pixels: decoding, scanning, splits, the pixel cache and thumbnails. No torch."""
