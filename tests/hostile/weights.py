"""Weights folders by people who mean ill, and by downloads that went wrong."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tests.hostile import Attack, judge
from tests.hostile.strange_files import STRANGE

SMALL = "test_vit2"  # of timm's own tests: less than a megabyte
NAME, GOOD = f"{SMALL}.bad", f"{SMALL}.good"
TENSOR = "blocks.0.norm1.weight"
Arrays = dict[str, np.ndarray]


def attempt(attack: Attack, folder: Path) -> tuple[bool, str]:
    """Lists the models with the folder among them, loads its weights as a training does, and adds it as from a stick.

    A sound folder beside it must be listed, and the bad one never.
    """
    from tlstudio.catalog import weights
    from tlstudio.domain.events import SILENT
    from tlstudio.domain.preprocess import PreprocessSpec
    from tlstudio.training.loading import load_pretrained
    from tlstudio.workflow.models import add_model, default_model, model_statuses

    put(weights.own_folder() / GOOD, original(), config("good"))
    bad = attack.make(weights.own_folder())

    def load() -> None:
        card = weights.describe(bad.name)
        load_pretrained(weights.require(bad.name), card, PreprocessSpec(card.input_size), ("a", "b"), "hash")

    here = {status.card.id for status in model_statuses() if status.folder is not None}
    if GOOD not in here:
        return False, "hides another model"
    refused, wrong = judge(load, attack)
    listed = bad.name in {status.card.id for status in model_statuses() if status.folder is not None}
    if not wrong and refused and listed:
        wrong = "listed as pretrained"
    if not wrong:
        default_model()
        stick = folder / "stick" / bad.name
        stick.parent.mkdir()
        if bad.exists():
            shutil.move(bad, stick)
        _, wrong = judge(lambda: add_model(stick, SILENT), attack)
    return refused, wrong


def attacks() -> list[Attack]:
    return [*_files(), *_headers(), *_texts(), *_facts(), *_arguments(), *_tensors()]


# --- what is right ---


@cache
def original() -> Arrays:
    import timm
    import torch

    torch.manual_seed(0)
    return {name: tensor.numpy() for name, tensor in timm.create_model(SMALL, num_classes=5).state_dict().items()}


def config(tag: str = "bad", **changes: Any) -> dict[str, Any]:
    facts = {
        "tag": tag, "input_size": [3, 160, 160], "fixed_input_size": True, "mean": [0.5] * 3, "std": [0.5] * 3,
        "interpolation": "bicubic", "classifier": "head", "license": "apache-2.0", "num_classes": 5,
    }  # fmt: skip
    more = {key: changes.pop(key) for key in ("model_args", "architecture") if key in changes}
    return {"architecture": SMALL, "num_classes": 5, "pretrained_cfg": {**facts, **changes}, **more}


_KINDS = {
    "float32": "F32",
    "float16": "F16",
    "float64": "F64",
    "int32": "I32",
    "int64": "I64",
    "uint8": "U8",
    "bool": "BOOL",
}


def safetensors(arrays: Arrays, kinds: dict[str, str] | None = None) -> bytes:
    """kinds: what is said of some tensors' numbers, whatever they are."""
    header, data = {}, b""
    for name, array in arrays.items():
        raw = array.tobytes()
        kind = (kinds or {}).get(name, _KINDS[array.dtype.name])
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    return of_header(json.dumps(header).encode(), data)


def of_header(header: bytes, data: bytes = b"", length: int | None = None) -> bytes:
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def put(folder: Path, arrays: Arrays | bytes, described: dict[str, Any] | str | bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(described) if isinstance(described, dict) else described
    (folder / "config.json").write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    data = arrays if isinstance(arrays, bytes) else safetensors(arrays)
    (folder / "model.safetensors").write_bytes(data)
    return folder


def _folder(data: Callable[[], Arrays | bytes], described: Callable[[], Any] = config) -> Callable[[Path], Path]:
    return lambda root: put(root / NAME, data(), described())


# --- files ---


def _files() -> Iterator[Attack]:
    for file in ("model.safetensors", "config.json"):
        for name, strange in STRANGE.items():

            def make(root: Path, file: str = file, strange: Callable[[Path], None] = strange) -> Path:
                folder = put(root / NAME, original(), config())
                (folder / file).unlink()
                strange(folder / file)
                return folder

            yield Attack(f"{file}: {name}", f"file, {file}", make)

        def gone(root: Path, file: str = file) -> Path:
            folder = put(root / NAME, original(), config())
            (folder / file).unlink()
            return folder

        yield Attack(f"{file}: missing", f"file, {file}", gone)
    for tenth in (1, 3, 5, 7, 9):
        yield Attack(
            f"cut: at {tenth} tenths",
            "cut",
            _folder(lambda tenth=tenth: (data := safetensors(original()))[: len(data) * tenth // 10]),
        )
    yield Attack("cut: with more behind it", "cut", _folder(lambda: safetensors(original()) + bytes(8)))
    yield Attack("cut: the last byte", "cut", _folder(lambda: safetensors(original())[:-1]))


# --- tables of contents ---


def _entry(**changes: Any) -> dict[str, Any]:
    return {"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **changes}}


def _headers() -> Iterator[Attack]:
    headers: dict[str, Any] = {
        "a list": [],
        "text": "x",
        "nothing in it": {},
        "only a note": {"__metadata__": {"a": "b"}},
        "a shape of text": _entry(shape="2"),
        "a shape with a half": _entry(shape=[0.5]),
        "a shape of truth": _entry(shape=[True, True]),
        "a shape below nothing": _entry(shape=[-2]),
        "a shape beyond everything": _entry(shape=[2**62, 2**62]),
        "a shape of 400 digits": _entry(shape=[10**400]),
        "a shape of a million edges": _entry(shape=[1] * 1_000_000),
        "a shape of nothing at all": _entry(shape=None),
        "numbers of an unknown kind": _entry(dtype="F31"),
        "a kind in a list": _entry(dtype=["F32"]),
        "places of text": _entry(data_offsets=["0", "8"]),
        "places the wrong way round": _entry(data_offsets=[8, 0]),
        "places before the beginning": _entry(data_offsets=[-8, 0]),
        "three places": _entry(data_offsets=[0, 8, 16]),
        "no places": {"x": {"dtype": "F32", "shape": [2]}},
        "an entry that is a number": {"x": 1},
        "two at one place": {**_entry(), "y": _entry()["x"]},
        "a gap": {**_entry(), "y": {"dtype": "F32", "shape": [2], "data_offsets": [16, 24]}},
        "a name of a million letters": {"x" * 1_000_000: _entry()["x"]},
        "a name with escapes": {"\x1b[31m\n": _entry()["x"]},
    }
    for name, header in headers.items():
        yield Attack(
            f"header: {name}",
            "header",
            _folder(lambda header=header: of_header(json.dumps(header).encode(), bytes(24))),
        )
    good = json.dumps(_entry()).encode()
    raw: dict[str, bytes] = {
        "longer than the file": of_header(good, bytes(8), length=10**6),
        "of 2^63 bytes": of_header(good, bytes(8), length=2**63),
        "of length 0": of_header(b"", bytes(8)),
        "lists in lists": of_header(b"[" * 200_000),
        "objects in objects": of_header(b'{"a":' * 200_000),
        "no UTF-8": of_header(b'{"\xff\xfe": 1}'),
        "half of it": of_header(good[:20]),
        "twice the same name": of_header(good[:-1] + b"," + good[1:], bytes(8)),
        "20 MB of blanks": of_header(good + b" " * 20_000_000, bytes(8)),
    }
    for name, data in raw.items():
        yield Attack(f"header: {name}", "raw header", _folder(lambda data=data: data))


# --- descriptions ---


def _texts() -> Iterator[Attack]:
    good = json.dumps(config())
    texts: dict[str, str | bytes] = {
        "a list": "[]",
        "null": "null",
        "a number": "1",
        "text": '"x"',
        "half": good[:50],
        "lists in lists": "[" * 200_000,
        "objects in objects": '{"a":' * 200_000,
        "5 MB": json.dumps({**config(), "more": "x" * 5_000_000}),
        "no UTF-8": good.encode().replace(b"apache", b"ap\xff\xfe"),
        "UTF-16": good.encode("utf-16"),
        "no number": good.replace("0.5", "NaN", 1),
        "an endless number": good.replace("0.5", "1e999", 1),
        "a number of 10,000 digits": good.replace("160", "9" * 10_000, 1),
    }
    for name, text in texts.items():
        yield Attack(f"description: {name}", "text", _folder(original, lambda text=text: text))


def _facts() -> Iterator[Attack]:
    changes: dict[str, dict[str, Any]] = {
        **{f"architecture {name!r:.40}": {"architecture": name} for name in NAMES},
        "mean of two": {"mean": [0.5, 0.5]},
        "mean of text": {"mean": "abc"},
        "mean in lists": {"mean": [[0.5], [0.5], [0.5]]},
        "mean of nothing": {"mean": None},
        "deviation 0": {"std": [0.5, 0, 0.5]},
        "deviation below 0": {"std": [0.5, -0.5, 0.5]},
        "size 0": {"input_size": [3, 0, 0]},
        "size below 0": {"input_size": [3, -160, -160]},
        "size of a thousand million": {"input_size": [3, 10**9, 10**9]},
        "size of two": {"input_size": [160, 160]},
        "size of text": {"input_size": "160"},
        "one colour": {"input_size": [1, 160, 160]},
        "a million colours": {"input_size": [10**6, 160, 160]},
        "a size that does not fit": {"input_size": [3, 161, 161]},
        "a way out for a tag": {"tag": "../../../x"},
        "a tag in a list": {"tag": ["a"]},
        "a classifier that is everything": {"classifier": ""},
        "facts in a list": {"pretrained_cfg": []},
    }
    for name, change in changes.items():
        described = config(**{k: v for k, v in change.items() if k != "pretrained_cfg"})
        if "pretrained_cfg" in change:
            described["pretrained_cfg"] = change["pretrained_cfg"]
        may_pass = name in ("a classifier that is everything",)
        yield Attack(f"facts: {name}", "facts", _folder(original, lambda d=described: d), may_pass)
    harmless: dict[str, dict[str, Any]] = {
        "addresses to load from": {
            "url": "https://example.invalid/x.pth", "hf_hub_id": "timm/resnet18.a1_in1k", "file": "/etc/passwd",
            "source": "hf-hub", "custom_load": True,
        },
        "a licence with escapes": {"license": "\x1b[31m<script>=1+1\n"},
        "a licence of a million letters": {"license": "x" * 1_000_000},
        "a kind of resizing in a list": {"interpolation": ["bicubic"]},
        "classifiers in lists": {"classifier": [["head"], {"a": 1}, 3]},
        "a first layer from nowhere": {"first_conv": "nowhere.at.all"},
    }  # fmt: skip
    for name, change in harmless.items():
        yield Attack(f"facts: {name}", "harmless", _folder(original, lambda c=change: config(**c)), may_pass=True)


NAMES: tuple[Any, ...] = (
    *("hf-hub:timm/resnet18.a1_in1k", "hf_hub:x/y", "local-dir:/etc", "timm/resnet18", "../../etc", "", "nosuchnet"),
    *("test_vit2\x00", "tеst_vit2", "TEST_VIT2", "x" * 1_000_000, 7, None, ["test_vit2"], {"a": 1}, "resnet18"),
)


# --- arguments of the architecture ---


def _arguments() -> Iterator[Attack]:
    stated: dict[str, Any] = {
        "a thousand million blocks": {"depth": 10**9},
        "blocks of ten million numbers": {"embed_dim": 10**7, "depth": 500},
        "blocks without numbers": {"embed_dim": 0},
        "fewer blocks": {"depth": 2},
        "no blocks": {"depth": 0},
        "blocks below nothing": {"depth": -1},
        "blocks of text": {"depth": "two"},
        "no heads": {"num_heads": 0},
        "heads that do not fit": {"num_heads": 7},
        "patches of nothing": {"patch_size": 0},
        "patches of a thousand million": {"patch_size": 10**9},
        "a layer by its address": {"norm_layer": "os.system"},
        "a block by its address": {"block_fn": "os.system"},
        "an argument that nobody knows": {"nosuch": 1},
        "an argument in depth": {"embed_dim": {"a": {"b": 1}}},
        "a list": [1, 2],
        "text": "depth",
        "a number": 7,
        "another way to pool": {"global_pool": "nosuch"},
        "no pooling at all": {"global_pool": ""},
    }
    for name, arguments in stated.items():
        yield Attack(f"arguments: {name}", "arguments", _folder(original, lambda a=arguments: config(model_args=a)))
    harmless: dict[str, Any] = {
        "a file to load afterwards": {"checkpoint_path": "/etc/passwd"},
        "pretrained elsewhere": {"pretrained": True, "pretrained_cfg": {"url": "https://example.invalid"}},
        "only features": {"features_only": True},
        "a million classes": {"num_classes": 10**9},
        "another place to keep things": {"cache_dir": "/nowhere"},
        "one colour": {"in_chans": 1},
    }
    for name, arguments in harmless.items():
        make = _folder(original, lambda a=arguments: config(model_args=a))
        yield Attack(f"arguments: {name}", "harmless arguments", make, may_pass=True)


# --- tensors ---


def _tensors() -> Iterator[Attack]:
    changed: dict[str, Callable[[Arrays], Arrays]] = {
        "one alone": lambda s: {"head.weight": s["head.weight"]},
        "another prefix": lambda s: {f"module.{n}": t for n, t in s.items()},
        "another network's names": lambda s: {f"layer{i}.conv.weight": t for i, t in enumerate(s.values())},
        "the first missing": lambda s: {n: t for n, t in s.items() if n != "pos_embed"},
        "a block missing": lambda s: {n: t for n, t in s.items() if not n.startswith("blocks.3.")},
        "a bias missing": lambda s: {n: t for n, t in s.items() if n != "blocks.1.norm2.bias"},
        "a block too many": lambda s: {**s, **{f"x{n}": t for n, t in s.items() if n.startswith("blocks.3.")}},
        "a shorter one": lambda s: {**s, TENSOR: s[TENSOR][:-1]},
        "one turned round": lambda s: {**s, "blocks.0.mlp.fc1.weight": s["blocks.0.mlp.fc1.weight"].T.copy()},
        "one flattened": lambda s: {**s, "blocks.0.mlp.fc1.weight": s["blocks.0.mlp.fc1.weight"].ravel()},
        "one of no numbers": lambda s: {**s, TENSOR: s[TENSOR][:0]},
        "one of whole numbers": lambda s: {**s, TENSOR: s[TENSOR].astype(np.int32)},
        "all of whole numbers": lambda s: {n: t.astype(np.int32) for n, t in s.items()},
        "one of bytes": lambda s: {**s, TENSOR: s[TENSOR].astype(np.uint8)},
        "one of truths": lambda s: {**s, TENSOR: s[TENSOR].astype(bool)},
        "one that is no number": lambda s: {**s, TENSOR: s[TENSOR] * np.float32(np.nan)},
        "a last number that is none": lambda s: {**s, TENSOR: np.append(s[TENSOR][:-1], np.float32(np.nan))},
        "an endless number": lambda s: {**s, TENSOR: np.append(s[TENSOR][:-1], np.float32(-np.inf))},
        "a half that is no number": lambda s: {**s, TENSOR: (s[TENSOR] * np.nan).astype(np.float16)},
        "a double that is no number": lambda s: {**s, TENSOR: (s[TENSOR] * np.nan).astype(np.float64)},
        "numbers that overflow": lambda s: {n: t * np.float32(1e30) for n, t in s.items()},
    }
    for name, change in changed.items():
        yield Attack(f"tensors: {name}", "tensors", _folder(lambda change=change: change(original())))
    yield Attack(
        "tensors: bits read as whole numbers", "kinds", _folder(lambda: safetensors(original(), {TENSOR: "I32"}))
    )
    yield Attack(
        "tensors: halves as brain floats that are none",
        "kinds",
        _folder(lambda: safetensors({**original(), TENSOR: np.full(original()[TENSOR].shape, -1, np.float16).view()},
                                    {TENSOR: "F8_E4M3"})),
    )  # fmt: skip
    fine: dict[str, Callable[[Arrays], Arrays]] = {
        "without a classifier": lambda s: {n: t for n, t in s.items() if not n.startswith("head.")},
        "with another classifier": lambda s: {
            **s,
            "head.weight": s["head.weight"][:2],
            "head.bias": s["head.bias"][:2],
        },
        "in halves": lambda s: {n: t.astype(np.float16) for n, t in s.items()},
        "in doubles": lambda s: {n: t.astype(np.float64) for n, t in s.items()},
    }
    for name, change in fine.items():
        yield Attack(f"tensors: {name}", "fine", _folder(lambda change=change: change(original())), may_pass=True)
