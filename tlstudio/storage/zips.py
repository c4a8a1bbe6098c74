"""What Python's ZIP reader raises of a damaged file: nothing of its own, but whatever it stumbles over."""

from __future__ import annotations

import zipfile
import zlib

BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError)
