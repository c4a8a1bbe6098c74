"""Sources of images by people who mean ill, and by programs and copies that went wrong: folders, tables, exports, archives."""

from __future__ import annotations

import json
import os
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.conftest import paint
from tests.hostile import Attack, judge
from tests.hostile.archives import ARCHIVES
from tests.hostile.strange_files import STRANGE

GOOD = 4  # sound images in two classes that lie beside what is hostile
LARGEST = 1_500_000_000  # bytes that the memory of this process may grow by
NAMED = ("red/0.png", "red/1.png", "blue/0.png", "blue/1.png")


@dataclass(frozen=True)
class SourceAttack(Attack):
    """least: images that the import takes in spite of it all."""

    least: int = 0


def attempt(attack: Attack, folder: Path) -> tuple[bool, str]:
    """Looks at the source as the window does, and imports it with copies, twice; nothing may change outside the project."""
    from tlstudio.domain.importing import ImportRequest
    from tlstudio.workflow import browsing
    from tlstudio.workflow.importing import import_images
    from tlstudio.workflow.previewing import preview_import

    source, project = attack.make(folder), folder / "project"
    secret = folder.parent / "secret.png"
    paint(folder.parent, secret.name, (1, 2, 3), seed=5)
    before, memory = _there(folder), _memory()
    taken = [0]

    def bring_in() -> None:
        result = import_images(ImportRequest(source, project, group_from="none", copy=True))
        json.dumps(result.to_json(), allow_nan=False, ensure_ascii=False).encode()
        taken[0] = max(taken[0], len(browsing.images(project)))

    refused, wrong = judge(lambda: preview_import(source), replace(attack, may_pass=True))
    for _ in range(2):
        if not wrong:
            turned_away, wrong = judge(bring_in, replace(attack, may_pass=True))
            refused |= turned_away
    least = attack.least if isinstance(attack, SourceAttack) else 0
    if not wrong and taken[0] < least:
        wrong = f"{taken[0]} images were taken of {least} that are sound"
    if not wrong and _there(folder) - before:
        wrong = f"writes outside the project: {sorted(_there(folder) - before)[:3]}"
    copied = project.rglob("images/**/*.png") if source.suffix == ".zip" else ()  # a list on the disk may name any file
    if not wrong and any(path.read_bytes() == secret.read_bytes() for path in copied):
        wrong = "takes a file that lies outside the archive"
    if not wrong and _memory() - memory > LARGEST:
        wrong = f"takes {(_memory() - memory) / 1e9:.1f} GB"
    return refused, wrong


def _there(folder: Path) -> set[str]:
    found = set()
    for here, folders, names in os.walk(folder):
        if Path(here) == folder and "project" in folders:
            folders.remove("project")
        found |= {f"{here}/{name}" for name in (*folders, *names)}
    return found


def _memory() -> int:
    """The most that this process has held so far, in bytes; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def attacks() -> list[Attack]:
    return [
        *_strange(),
        *_folders(),
        *_tables(),
        *_objects(),
        *_label_studio(),
        *_cvat(),
        *_huggingface(),
        *_archives(),
    ]


# --- what is right ---


def good(folder: Path) -> Path:
    """Four pictures in two class folders."""
    for number, name in enumerate(NAMED):
        path = folder / name
        paint(path.parent, path.name, ((190, 60, 50), (50, 80, 190))[number // 2], seed=number)
    return folder


def _file(name: str, data: Callable[[], bytes | str], *, beside: bool = True) -> Callable[[Path], Path]:
    """A file that lists images, and the pictures that it may name."""

    def make(folder: Path) -> Path:
        source = good(folder / "source") if beside else folder / "source"
        source.mkdir(exist_ok=True)
        made = data()
        (source / name).write_bytes(made if isinstance(made, bytes) else made.encode("utf-8", "surrogatepass"))
        return source / name

    return make


def _inside(deed: Callable[[Path], object]) -> Callable[[Path], Path]:
    """A folder of sound pictures in which something else lies."""

    def make(folder: Path) -> Path:
        source = good(folder / "source")
        deed(source)
        return source

    return make


# --- files that are none ---


def _strange() -> Iterator[Attack]:
    for suffix in (".zip", ".csv", ".json", ".xml"):
        for name, put in STRANGE.items():

            def whole(folder: Path, put: Callable[[Path], None] = put, suffix: str = suffix) -> Path:
                put(folder / f"source{suffix}")
                return folder / f"source{suffix}"

            yield Attack(f"strange: {name} as {suffix}", f"strange {suffix}", whole, may_pass=True)
    for suffix in (".png", ".dcm", ""):
        for name, put in STRANGE.items():
            place = f"red/x{suffix}"
            make = _inside(lambda source, put=put, place=place: put(source / place))
            yield SourceAttack(f"strange: {name} as image {suffix}", f"strange image {suffix}", make, least=GOOD)
    for file in ("labels.csv", "metadata.jsonl", "export.json", "annotations.xml"):
        for name in ("a pipe", "an endless device", "a hole of 3 GB", "a link to itself", "noise"):
            make = _inside(lambda source, put=STRANGE[name], file=file: put(source / file))
            yield SourceAttack(f"strange: {name} as {file} beside", "strange list", make, may_pass=True)


# --- folders ---


def _deep(source: Path) -> None:
    here = source / "red"
    for _ in range(60):
        here = here / ("d" * 40)
    here.mkdir(parents=True)
    paint(here, "deep.png", (190, 60, 50), seed=9)


def _copy(source: Path, name: bytes | str) -> None:
    target = source / os.fsdecode(name)
    target.parent.mkdir(parents=True, exist_ok=True)
    paint(source.parent, "one.png", (90, 60, 50), seed=sum(os.fsencode(name))).replace(target)


def _names(*names: bytes | str) -> Callable[[Path], Path]:
    def deed(source: Path) -> None:
        for name in names:
            _copy(source, name)

    return _inside(deed)


def _many_folders(source: Path) -> None:
    for number in range(3_000):
        (source / f"empty {number}").mkdir()


def _circle(source: Path) -> None:
    (source / "red" / "again").symlink_to(source, target_is_directory=True)
    (source / "loop").symlink_to(source / "loop")


def _secret(source: Path) -> None:
    (source / "red" / "link.png").symlink_to("/etc/passwd")
    (source / "red" / "proc").symlink_to("/proc/self", target_is_directory=True)
    (source / "blue" / "device").symlink_to("/dev", target_is_directory=True)


def _pages(source: Path, count: int) -> None:
    """A TIFF of many directories that all show the same few pixels."""
    entries = [
        (256, 3, 1, 2),
        (257, 3, 1, 2),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 8),
        (279, 4, 1, 4),
    ]
    size = 2 + 12 * len(entries) + 4
    data = bytearray(b"II*\0" + struct.pack("<I", 12) + bytes(4))
    for number in range(count):
        data += struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
        data += struct.pack("<I", 12 + size * (number + 1) if number < count - 1 else 12 if count % 2 else 0)
    (source / "red" / "pages.tif").write_bytes(data)


def _folders() -> Iterator[Attack]:
    alone: dict[str, Callable[[Path], Path]] = {
        "links in a circle": _inside(_circle),
        "links to secrets and devices": _inside(_secret),
        "sixty folders deep": _inside(_deep),
        "three thousand empty folders": _inside(_many_folders),
        "a folder called as an image": _inside(lambda source: (source / "red" / "x.png").mkdir()),
        "30,000 pages": _inside(lambda source: _pages(source, 30_000)),
        "pages in a circle": _inside(lambda source: _pages(source, 3)),
        "names that are no text": _names(b"red/\xff\xfe.png", b"blue/\x80.png"),
        "a class that is no text": _names(b"\xff\xfe/a.png"),
        "lines in names": _names("red/a\nb.png", "blue/a\r\nb.png", "red/\x1b]0;x\x07.png"),
        "lines in a class": _names("gr\neen/a.png", "gr\x1b[31meen/a.png"),
        "formulas": _names("=cmd|x/a.png", "@SUM(1)/b.png", "red/+1.png", "-2+3/c.png"),
        "letters that turn round": _names("red/\u202egnp.exe.png", "\u2066blue\u2069/x.png"),
        "a name of 255 bytes": _names("red/" + "x" * 251 + ".png", "y" * 255 + "/a.png"),
        "names of blanks": _names(" /a.png", "\u00a0/b.png", "red / c.png"),
        "two Unicode forms": _names("caf\u00e9/a.png", "cafe\u0301/b.png"),
        "large and small": _names("Red/a.png", "RED/b.png", "red/0.PNG"),
        "names of devices": _names("con/a.png", "nul/b.png", "red/aux.png", "red/com1.png"),
        "parts as classes": _names("train/a.png", "test/b.png", "val/c.png"),
        "two hundred classes": _names(*(f"class {i}/a.png" for i in range(200))),
        "HTML": _names("<script>alert(1)</script>a.png", "<b>/x.png"),
    }
    for name, make in alone.items():
        yield SourceAttack(f"folder: {name}", "folder", make, least=GOOD if "parts" not in name else 0, may_pass=True)
    for name, where in (("a folder of devices", "/dev"), ("nothing", "/nowhere/at/all")):
        yield Attack(f"folder: {name}", "folder elsewhere", lambda folder, where=where: Path(where), may_pass=True)
    yield Attack("folder: a name that can't be", "folder elsewhere", lambda folder: folder / "a\0b", may_pass=True)
    yield Attack("folder: a name too long", "folder elsewhere", lambda folder: folder / ("x" * 5_000), may_pass=True)
    yield Attack(
        "folder: one class",
        "folder",
        lambda folder: _names("a.png")(folder) and folder / "source" / "red",
        may_pass=True,
    )


# --- tables ---


def _rows(*rows: str, head: str = "file,class") -> str:
    right = [f"{name},{name.split('/')[0]}" for name in NAMED]
    return "\n".join([head, *right, *rows]) + "\n"


def _tables() -> Iterator[Attack]:
    places = {
        "above": "../../secret.png", "absolute": "/etc/hostname", "a device": "/dev/zero", "a terminal": "/dev/tty",
        "a home": "~root/x.png", "a file address": "file:///etc/passwd", "another computer": "\\\\server\\share\\x.png",
        "a web address": "http://169.254.169.254/latest/x.png", "a drive": "C:\\Windows\\win.ini", "a folder": "red",
        "nothing before the end": ".png", "a zero": "red/0.png\0.txt", "a very long name": "x" * 100_000 + ".png",
        "a terminal's code": "\x1b[2J.png", "half a letter": "\ud800.png", "many steps": "../" * 5_000 + "etc/passwd",
    }  # fmt: skip
    for name, place in places.items():
        make = _file("labels.csv", lambda place=place: _rows(f"{place},red"))
        # Bytes that are no UTF-8 may be letters in several code pages: that is asked.
        yield SourceAttack(f"table: {name}", "table place", make, least=0 if "half" in name else GOOD, may_pass=True)
    texts: dict[str, tuple[Callable[[], bytes | str], int]] = {
        "a class of a megabyte": (lambda: _rows("red/0.png," + "x" * 1_000_000), 2),
        "a class of terminal's codes": (lambda: _rows("secret.png,\x1b]0;x\x07"), GOOD),
        "classes that contradict": (lambda: _rows(*(f"red/0.png,c{i}" for i in range(500))), 2),
        "the same row 50,000 times": (lambda: _rows(*(["red/0.png,red"] * 50_000)), GOOD),
        "50,000 files that are not there": (lambda: _rows(*(f"gone/{i}.png,c{i}" for i in range(50_000))), GOOD),
        "100,000 columns": (lambda: "file,class" + ",x" * 100_000 + "\n", 0),
        "4,000 columns": (lambda: _rows(head="file,class" + "".join(f",c{i}" for i in range(4_000))), GOOD),
        "a line of 6 MB": (lambda: _rows("x" * 6_000_000), 0),
        "a quote without an end": (lambda: _rows('"red/0.png,red' + "\nx" * 200_000), 0),
        "quotes only": (lambda: '"' * 300_000, 0),
        "zeros between": (lambda: _rows().encode("utf-16-le"), 0),
        "UTF-16": (lambda: b"\xff\xfe" + _rows().encode("utf-16-le"), GOOD),
        "UTF-32": (lambda: _rows().encode("utf-32"), 0),
        "bytes that are no text": (lambda: _rows(*["x.png,red"] * 9).encode() + b"red/0.png,\xff\xfe\x80\n", GOOD),
        "a heading twice": (lambda: _rows(head="file,file\nx,y\nfile,class"), 0),
        "a heading of nothing": (lambda: _rows(head=",,,,"), 0),
        "a heading alone": (lambda: "file,class\n", 0),
        "parts that are none": (
            lambda: _rows(head="file,class,split").replace("red\n", "red,nowhere\n").replace("blue\n", "blue,\x00\n"), 0),
        "sep= of a letter": (lambda: "sep=e\n" + _rows(), 0),
        "only delimiters": (lambda: ",;\t|" * 100_000, 0),
        "own columns, odd values": (
            lambda: _rows(head="file,class,group,excluded,unsure,note,author,time,width,height,content")
            .replace("red\n", "red,g,maybe,7,=1+1,\x1b,soon,-1,1e999,zz\n"), 0),
    }  # fmt: skip
    for name, (data, least) in texts.items():
        yield SourceAttack(f"table: {name}", "table", _file("labels.csv", data), least=least, may_pass=True)


def _listed(**more: Any) -> list[dict[str, Any]]:
    return [{"file": name, "class": name.split("/")[0], **more} for name in NAMED]


DEEP = "[" * 100_000 + "]" * 100_000


def _objects() -> Iterator[Attack]:
    texts: dict[str, tuple[Callable[[], bytes | str], int]] = {
        "deep": (lambda: DEEP, 0),
        "deep inside": (lambda: json.dumps(_listed()).replace('"red"', DEEP, 1), 0),
        "a number of 5,000 digits": (lambda: json.dumps(_listed()).replace('"red"', "9" * 5_000, 1), 0),
        "numbers without end": (lambda: json.dumps(_listed()).replace('"red"', "1e999", 1), 0),
        "NaN": (lambda: json.dumps(_listed(score=float("nan"))), 0),
        "lists of lists": (lambda: "[[1,2],[3]]", 0),
        "texts": (lambda: '["a.png", "b.png"]', 0),
        "one object": (lambda: json.dumps(_listed()[0]), 0),
        "names that are lists": (lambda: json.dumps([{"file": ["red/0.png"], "class": {"a": 1}}, *_listed()]), 0),
        "half letters": (lambda: json.dumps([{"file": "\ud800", "class": "\udfff"}, *_listed()]), 0),
        "100,000 keys": (lambda: json.dumps([{f"k{i}": i for i in range(100_000)}, *_listed()]), 0),
        "20,000 entries with keys of their own": (lambda: json.dumps([{f"k{i}": 1} for i in range(20_000)]), 0),
        "truths and nothing": (lambda: json.dumps([{"file": True, "class": None}, *_listed()]), 0),
        "cut off": (lambda: json.dumps(_listed())[:-20], 0),
        "a mark and nothing": (lambda: b"\xef\xbb\xbf", 0),
    }
    for name, (data, least) in texts.items():
        yield SourceAttack(f"list: {name}", "list", _file("labels.json", data), least=least, may_pass=True)
    lines: dict[str, Callable[[], bytes | str]] = {
        "deep": lambda: DEEP + "\n",
        "a number of 5,000 digits": lambda: '{"file": "red/0.png", "class": ' + "9" * 5_000 + "}\n",
        "a list in a line": lambda: "[1]\n" + "\n".join(map(json.dumps, _listed())),
        "half letters": lambda: '{"file": "\\ud800.png", "class": "\\udfff"}\n' + "\n".join(map(json.dumps, _listed())),
        "lines that are none": lambda: "{}\n{\nnull\n" + "\n".join(map(json.dumps, _listed())),
    }
    for name, text in lines.items():
        yield SourceAttack(f"lines: {name}", "lines", _file("labels.jsonl", text), may_pass=True)


# --- Label Studio, CVAT, Hugging Face ---


def _task(image: Any, choice: Any, **more: Any) -> dict[str, Any]:
    result = [{"from_name": "kind", "to_name": "image", "type": "choices", "value": {"choices": choice}}]
    return {"id": 1, "data": {"image": image}, "annotations": [{"result": result}], **more}


def _label_studio() -> Iterator[Attack]:
    right = [_task(f"/data/local-files/?d={name}", [name.split("/")[0]], id=i + 10) for i, name in enumerate(NAMED)]
    odd: dict[str, tuple[Any, int]] = {
        "an image above": (_task("/data/local-files/?d=../../../secret.png", ["red"]), GOOD),
        "an absolute image": (_task("/data/local-files/?d=/etc/hostname", ["red"]), GOOD),
        "an image that is a number": (_task(5, ["red"]), GOOD),
        "an image of ten megabytes": (_task("x" * 10_000_000 + ".png", ["red"]), 0),
        "choices that are none": (_task("red/0.png", [1, None, {"a": [2]}, [3]]), 0),
        "choices that are a word": (_task("red/0.png", "red"), 0),
        "annotations that are an object": ({"id": 1, "data": {"image": "red/0.png"}, "annotations": {"a": 1}}, 0),
        "annotations that are words": ({"id": 1, "data": {"image": "red/0.png"}, "annotations": ["a", 1, None]}, 3),
        "results that are words": ({"id": 1, "data": {"image": "a.png"}, "annotations": [{"result": ["x", 1]}]}, GOOD),
        "data that is a list": ({"id": 1, "data": ["a.png"], "annotations": []}, 0),
        "numbers that are objects": (_task("red/x.png", ["red"], id={"a": [1]}), 0),
        "half letters": (_task("\ud800.png", ["\udfff"]), GOOD),
        "20,000 answers": ({"id": 1, "data": {"image": "gone.png"},
                            "annotations": right[0]["annotations"] * 20_000}, GOOD),
        "an address that is none": (_task("http://[::1/x.png", ["red"]), GOOD),
        "a question without a name": (
            {"id": 1, "data": {"image": "a.png"}, "annotations": [{"result": [{"value": {"choices": ["a"]}}]}]}, 0),
    }  # fmt: skip
    for name, (task, least) in odd.items():
        make = _file("export.json", lambda task=task: json.dumps([*right, task]))
        yield SourceAttack(f"label studio: {name}", "label studio", make, least=least, may_pass=True)


def _xml(inner: str, head: str = '<?xml version="1.0" encoding="utf-8"?>') -> str:
    images = "".join(
        f'<image id="{i}" name="{name}" width="4" height="3"><tag label="{name.split("/")[0]}"/></image>'
        for i, name in enumerate(NAMED)
    )
    return f"{head}<annotations><version>1.1</version>{images}{inner}</annotations>"


def _cvat() -> Iterator[Attack]:
    laughs = "<!DOCTYPE a [<!ENTITY l0 'ha'>" + "".join(f"<!ENTITY l{i} '{f'&l{i - 1};' * 10}'>" for i in range(1, 11))
    texts: dict[str, tuple[Callable[[], bytes | str], int]] = {
        "a billion laughs": (lambda: laughs + "]>" + _xml('<image name="&l10;"/>', ""), 0),
        "one long entity": (
            lambda: f"<!DOCTYPE a [<!ENTITY x '{'y' * 50_000}'>]>" + _xml(f'<image name="{"&x;" * 5_000}"/>', ""), 0),
        "an entity of another file": (
            lambda: "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" + _xml("<image>&x;</image>", ""), 0),
        "an entity of the net": (
            lambda: "<!DOCTYPE a SYSTEM 'http://169.254.169.254/x.dtd'>" + _xml('<image name="x.png"/>', ""), 0),
        "deep": (lambda: _xml("<a>" * 100_000 + "</a>" * 100_000), 0),
        "deep and never closed": (lambda: _xml("<a>" * 100_000), 0),
        "an encoding that there isn't": (lambda: _xml("", '<?xml version="1.0" encoding="foo"?>'), 0),
        "UTF-7": (lambda: _xml("", '<?xml version="1.0" encoding="utf-7"?>'), 0),
        "UTF-16": (lambda: _xml("", '<?xml version="1.0" encoding="utf-16"?>').encode("utf-16"), 0),
        "an image above": (lambda: _xml('<image name="../../secret.png"><tag label="red"/></image>'), GOOD),
        "an image without a name": (lambda: _xml('<image><tag label="red"/></image><image name=""/>'), GOOD),
        "50,000 tags": (lambda: _xml('<image name="gone.png">' + '<tag label="a"/>' * 50_000 + "</image>"), GOOD),
        "50,000 attributes": (lambda: _xml("<image " + " ".join(f'a{i}="1"' for i in range(50_000)) + "/>"), GOOD),
        "an attribute twice": (lambda: _xml('<image name="a" name="b"/>'), 0),
        "zeros": (lambda: _xml("\0"), 0),
        "images in images": (lambda: _xml('<image name="a.png">' * 500 + "</image>" * 500), 0),
        "another root": (lambda: "<html><annotations/></html>", 0),
        "cut off": (lambda: _xml("")[:-20], 0),
    }  # fmt: skip
    for name, (data, least) in texts.items():
        yield SourceAttack(f"cvat: {name}", "cvat", _file("annotations.xml", data), least=least, may_pass=True)


def _huggingface() -> Iterator[Attack]:
    right = [{"file_name": name, "label": name.split("/")[0]} for name in NAMED]
    for name, entry, least in (
        ("a name above", {"file_name": "../../secret.png", "label": "red"}, GOOD),
        ("an absolute name", {"file_name": "/etc/hostname", "label": "red"}, GOOD),
        ("a name that is a number", {"file_name": 5, "label": "red"}, GOOD),
        ("a name that is a list", {"file_name": ["red/0.png"], "label": 3.5}, 0),
        ("labels of another kind", {"file_name": "x.png", "label": {"a": [1, 2]}}, 0),
        ("labels that are numbers", {"file_name": "red/0.png", "label": 10**400}, 0),
    ):
        text = "\n".join(map(json.dumps, [*right, entry]))
        make = _inside(lambda source, text=text: (source / "metadata.jsonl").write_text(text))
        yield SourceAttack(f"hugging face: {name}", "hugging face", make, least=least, may_pass=True)

    def both(source: Path) -> None:
        (source / "metadata.csv").write_text("file_name,label\nred/0.png,red\n")
        (source / "metadata.jsonl").write_text('{"file_name": "red/0.png", "label": "blue"}\n')

    yield Attack("hugging face: two lists", "hugging face", _inside(both), may_pass=True)


# --- archives ---


def _archives() -> Iterator[Attack]:
    def pictures(folder: Path) -> dict[str, bytes]:
        good(folder / "pictures")
        return {name: (folder / "pictures" / name).read_bytes() for name in NAMED}

    for name, (make_archive, least) in ARCHIVES.items():

        def make(folder: Path, made: Callable[[dict[str, bytes]], bytes] = make_archive) -> Path:
            (folder / "source.zip").write_bytes(made(pictures(folder)))
            return folder / "source.zip"

        yield SourceAttack(f"zip: {name}", "zip", make, least=least, may_pass=True)
