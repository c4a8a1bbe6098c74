"""Integrated gradients and occlusion as captum has them, and nothing else of captum.

`import captum` and `import captum.attr` load everything that it has, and with that matplotlib, which this program has no use for:
its 20 megabytes, its files in the user's home and the listing of all typefaces at the first start. The modules that are needed
are independent of it. So both packages are stood in for while those are imported, by packages that are nothing but their folders.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any


def captum_class(module: str, name: str) -> Any:
    """One class of a captum module, such as `attr._core.occlusion`."""
    if f"captum.{module}" not in sys.modules:
        with _bare("captum", "captum.attr"):
            importlib.import_module(f"captum.{module}")
    return getattr(sys.modules[f"captum.{module}"], name)


@contextmanager
def _bare(*packages: str) -> Iterator[None]:
    """Packages whose own `__init__` does not run; those loaded already stay. Afterwards they can be imported as usual."""
    spec = importlib.util.find_spec(packages[0])
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"No module named {packages[0]!r}", name=packages[0])
    folder = Path(next(iter(spec.submodule_search_locations)))
    stood_in = [name for name in packages if name not in sys.modules]
    for name in stood_in:
        package = ModuleType(name)
        package.__path__ = [str(folder.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
    try:
        yield
    finally:
        for name in stood_in:
            del sys.modules[name]
