"""Real damaged, malicious and exotic files: each is read or refused with a reason, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

LOOK = """
import json, sys
from pathlib import Path
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.values import Refusal
from tlstudio.images.cache import try_prepare
from tlstudio.images.decode import load_rgb, quiet_decoders
from tlstudio.images.inspect import inspect

with quiet_decoders():
    for path in sorted(Path(sys.argv[1]).iterdir()):
        answer = {"file": path.name}
        seen, pixels = inspect(path), try_prepare(path, PreprocessSpec(32))
        for name, value in (("inspect", seen), ("prepare", pixels)):
            answer[name] = value.reason if isinstance(value, Refusal) else None
        if not isinstance(seen, Refusal):
            answer["header"] = [seen.width, seen.height]
            answer["decoded"] = list(load_rgb(path).size)
        if not isinstance(pixels, Refusal):
            answer["pixels"] = [list(pixels.shape), str(pixels.dtype)]
        print(json.dumps(answer), flush=True)
"""


def test_every_hostile_file_is_read_or_refused_with_a_reason() -> None:
    folder = Path(__file__).resolve().parents[3] / ".." / "shared" / "data" / "hostile"
    if not folder.is_dir():
        pytest.skip("needs the developers' collection of damaged files in ../shared/data/hostile")
    done = subprocess.run(
        [sys.executable, "-c", LOOK, str(folder)], capture_output=True, text=True, encoding="utf-8", check=False
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    last = answers[-1]["file"] if answers else "nothing"
    assert done.returncode == 0, f"after {last}: {done.stderr[-2000:]}"
    assert done.stderr == ""
    assert [a["file"] for a in answers] == sorted(p.name for p in folder.iterdir())
    refused = [a["file"] for a in answers if a["inspect"] is not None]
    assert 0 < len(refused) < len(answers) / 2
    for answer in answers:
        assert answer["inspect"] == answer["prepare"], "the import takes what the model can read, and nothing else"
        if answer["inspect"] is None:
            assert answer["header"] == answer["decoded"], answer
            assert answer["pixels"] == [[32, 32, 3], "uint8"]
        else:
            assert answer["inspect"].endswith("."), answer
