"""Which encoding a table is in: found where the bytes tell, asked for where they don't, and one bad byte costs its line."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from tlstudio.domain.errors import FileTrouble, WrongUsage
from tlstudio.domain.importing import Encoding
from tlstudio.images.sources import encodings, letters, text
from tlstudio.images.sources.encodings import SURE, Decoded, decode, guess, known
from tlstudio.images.sources.text import NOT_TEXT, read_table


def words(*names: str) -> str:
    return "path,class\n" + "".join(f"im/{i}.png,{names[i % len(names)]}\n" for i in range(20))


def table(data: bytes, encoding: str = "") -> text.Table:
    return read_table(Path("/t.csv"), data, encoding)


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp1252", ("größer", "weiß", "schön")),
        ("cp1252", ("français", "défaut sévère", "brûlé", "forêt", "maçon",
        "très usée", "âge", "élève", "pièce", "dégradé")),
        ("cp1250", ("zdrowy", "pęknięty", "źródło", "łódź")), ("cp1250", ("žluťoučký", "kůň", "příliš", "děti")),
        ("cp1251", ("трещина", "норма", "царапина")), ("koi8_r", ("трещина", "норма")), ("cp866", ("трещина", "норма")),
        ("cp1253", ("ρωγμή", "κανονικό", "σκουριά")), ("cp1254", ("çatlak", "sağlam", "şüpheli", "kırık")),
        ("cp1255", ("שבור", "תקין", "חלודה", "ברזל")), ("cp1256", ("سليم", "مكسور", "طبيعي")),
        ("cp932", ("正常", "異常")), ("gb18030", ("正常合格", "裂纹划痕", "生锈缺陷", "健康")),
        ("big5", ("正常", "裂紋", "刮痕")),

        ("cp949", ("정상", "균열", "불량", "건강", "종양", "양호")),
        ("euc_jp", ("ひび割れ", "よごれ", "正常")), ("cp874", ("ปกติ", "เสีย", "แตกร้าว")),
        ("mac_roman", ("grün", "weiß", "größer", "schön")),
    ],
)  # fmt: skip
def test_found_by_the_letters(encoding: str, names: tuple[str, ...]) -> None:
    found = decode(words(*names).encode(encoding))
    assert found.text == words(*names)
    assert found.encoding is not None
    assert found.encoding.sure
    assert not found.encoding.stated
    assert found.encoding.key in encodings.CODE_PAGES
    assert found.encoding.sentence().startswith(f"Read as {found.encoding.key} ({found.encoding.caption}): “")


@pytest.mark.parametrize(
    "data",
    [
        words("grün").encode("utf-8"), words("plain").encode(), words("grün").encode("utf-8-sig"), words("ж").encode("utf-16"),
        words("ж").encode("utf-32"), words("трещина").encode("utf-16-le"), words("正常").encode("utf-16-be"), b"",
    ],
)  # fmt: skip
def test_nothing_to_choose_where_the_bytes_tell(data: bytes) -> None:
    found = decode(data)
    assert found.encoding is None
    assert "\ufffd" not in found.text and not found.text.startswith("\ufeff")
    assert not data or found.text.startswith("path,class\nim/0.png,")


def test_what_few_letters_can_not_tell_is_asked() -> None:
    found = decode(words("zdrowy", "chory ł").encode("cp1250")).encoding
    assert found is not None and not found.sure
    likely = {way.key: way.sample for way in found.ways if way.sample}
    assert likely["cp1250"] == "chory ł"
    assert found.key == found.ways[0].key
    assert len(likely) > 1
    assert {way.key for way in found.ways} >= set(encodings.CODE_PAGES) | {"utf-8"}, "all others can be chosen, too"
    assert len([way.key for way in found.ways]) == len({way.key for way in found.ways})


def test_a_text_that_is_utf_8_by_chance_is_asked_about() -> None:
    """The bytes of these two words in GBK are two-byte letters of UTF-8."""
    found = decode(words("猫", "猫头鹰").encode("gb18030")).encoding
    assert found is not None and not found.sure
    assert ("gb18030", "猫, 猫头鹰") in [(way.key, way.sample) for way in found.ways]
    assert {"utf-8", "gb18030"} <= {way.key for way in found.ways if way.sample}
    for real in (("è",), ("grün", "weiß"), ("трещина", "норма"), ("ρωγμή",), ("סדק",)):
        assert decode(words(*real).encode()) == Decoded(words(*real))


def test_as_sure_as_it_is_said() -> None:
    data = b"\xe6\xf8\xe5 x"
    first, second = guess([data])[:2]
    for gap, sure in ((SURE - 0.01, False), (SURE + 0.01, True)):
        found = encodings.told(data, [(0.0, first[1], first[2]), (-gap, second[1], second[2])])
        assert found.encoding is not None
        assert found.encoding.sure is sure
    assert SURE == 8.0


def test_the_one_that_is_said_counts() -> None:
    found = decode(words("chory ł").encode("cp1250"), "Windows-1250")
    assert found.text == words("chory ł")
    assert found.encoding is not None
    assert (found.encoding.key, found.encoding.sure, found.encoding.stated) == ("cp1250", True, True)
    assert decode("\ufeffa".encode(), "utf8").text == "a"
    assert known("ISO-8859-15") == "iso8859-15", "any that Python knows"


def test_what_is_chosen_is_among_what_can_be_chosen_once() -> None:
    for name in ("iso8859-15", "cp1250", "utf-8"):
        found = decode(words("plain").encode(), name).encoding
        assert found is not None
        assert [way.key for way in found.ways].count(known(name)) == 1
        assert found.caption == encodings.NAMES.get(name, "")


def test_of_several_texts_the_least_sure_is_asked_about() -> None:
    sure, unsure = (Encoding(key, "", sure=key == "a") for key in "ab")
    assert encodings.least_sure(None, sure, unsure, None) is unsure
    assert encodings.least_sure(sure, None) is sure
    assert encodings.least_sure(None, None) is None


def test_many_words_are_judged_by_some_of_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    guessed = encodings.guess
    monkeypatch.setattr(encodings, "guess", lambda pieces: asked.append(len(pieces)) or guessed(pieces))
    rows = "".join(f"im/{i}.png,größe{'abcdefghij'[i % 10]}{i}\n" for i in range(3 * encodings.MOST_WORDS))
    assert decode(("path,class\n" + rows).encode("cp1252")).text.endswith(f"größej{3 * encodings.MOST_WORDS - 1}\n")
    assert asked == [encodings.MOST_WORDS]
    decode(words(*(f"größe{i}" for i in range(20))).encode("cp1252"))
    assert asked[-1] == 20


@pytest.mark.parametrize("notes", [400, 1], ids=["many", "one without an end"])
def test_of_long_words_fewer_are_judged(monkeypatch: pytest.MonkeyPatch, notes: int) -> None:
    """A column of notes kept the import busy for a minute."""
    asked: list[int] = []
    guessed = encodings.guess
    monkeypatch.setattr(encodings, "guess", lambda pieces: asked.append(sum(map(len, pieces))) or guessed(pieces))
    note = "трещина у края, похоже на царапину; снято при вечернем свете " * (40_000 // notes // 60 + 1)
    rows = "".join(f"{i}.png,{note.replace(',', '')}{i}\n" for i in range(notes))
    found = decode(("path,note\n" + rows).encode("cp1251"))
    assert found.encoding is not None
    assert (found.encoding.key, found.encoding.sure) == ("cp1251", True)
    assert 0 < asked[0] <= encodings.MOST_BYTES


def test_the_same_words_are_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several readers look at a file, and look again when it is imported."""
    data = words("größe einmal", "straße zweimal").encode("cp1252")
    first = decode(data)
    monkeypatch.setattr(encodings, "likelihood", lambda parts: pytest.fail("judged again"))
    assert decode(data) == first


@pytest.mark.parametrize("name", ["nosuch", "rot13", "hex", "base64", "utf-8\0", "ü", "zip"])
def test_no_encoding_of_text(name: str) -> None:
    with pytest.raises(WrongUsage, match="not the name of an encoding"):
        known(name)


def test_one_bad_byte_costs_its_line() -> None:
    data = words("grün", "weiß").encode() + b"im/20.png,wei\xff\n" + "im/21.png,grün\n".encode()
    found = table(data)
    assert found.trouble == {20: NOT_TEXT}
    assert found.cell(20, 1) == "wei\ufffd"
    assert found.cell(21, 1) == "grün"
    assert found.encoding is not None and found.encoding.sure


@pytest.mark.parametrize(("lines", "costs"), [(encodings.FEW_LINES, True), (encodings.FEW_LINES - 1, False)])
def test_in_a_short_table_a_bad_byte_may_be_another_encoding(lines: int, costs: bool) -> None:
    rows = [b"path,class", *(b"im/%d.png,ok" % i for i in range(lines - 3)), b"im/x.png,gr\xfcn"]
    found = decode(b"\n".join([*rows, b""]))
    assert ("grün" in found.text) is not costs


def test_more_bad_lines_than_one_in_a_hundred_are_another_encoding() -> None:
    good, bad = b"im/1.png,plain\n", b"im/2.png,gr\xf6\xdfer sch\xf6n\n"
    assert "größer" not in decode(good * 198 + bad * 2).text
    assert "größer" in decode(good * 197 + bad * 3).text


def test_a_bad_byte_in_another_encoding_costs_its_line() -> None:
    data = words("正常", "異常", "良品").encode("cp932") + b"im/20.png,\xff\xff\n"
    found = table(data)
    assert found.cell(0, 1) == "正常"
    assert list(found.trouble) == [20]


def test_names_of_columns_with_bad_bytes() -> None:
    found = table(b"path,kla\xffe,kla\xffe\n" + b"a.png,x,y\n" * 10)
    assert found.columns == ("path", "kla\ufffde", "kla\ufffde (2)")
    assert not found.trouble


@pytest.mark.parametrize("columns", [text.MOST_COLUMNS, text.MOST_COLUMNS + 1])
def test_as_many_columns_as_a_list_has(columns: int) -> None:
    data = (",".join(f"c{i}" for i in range(columns)) + "\na.png\n").encode()
    if columns > text.MOST_COLUMNS:
        with pytest.raises(FileTrouble, match="5,001 columns; a list of images has 5,000 at most"):
            table(data)
    else:
        assert len(table(data).columns) == columns


def test_a_million_columns_are_refused_at_once() -> None:
    with pytest.raises(FileTrouble, match="1,000,000 columns"):
        table(b"c," * 999_999 + b"path\n" + b"x," * 999_999 + b"a.png\n")


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_line_that_no_list_has(end: bytes) -> None:
    row = b"b.png," + b"x" * (text.LONGEST_LINE - 6)
    head = b"path,class" + end + b"a.png,x" + end
    with pytest.raises(FileTrouble, match="longer than 4 MB"):
        table(head + row + b"x" + end + head)
    assert len(table(head + row[: -len(end)] + end).rows) == 2


def test_json_lines_of_too_many_fields() -> None:
    lines = b"\n".join(b'{"path": "%d.png", "f%d": 1}' % (i, i) for i in range(text.MOST_COLUMNS))
    with pytest.raises(FileTrouble, match="5,001 different fields"):
        read_table(Path("/t.jsonl"), lines)


def test_what_is_unlikely_in_a_word() -> None:
    pairs = [
        ("größer", "gr§er"),
        ("Größe", "grÖße"),
        ("σκουριάς", "ςκουριά"),
        ("chöry", "chör\u00a0y"),
        ("正常", "惓忢"),
    ]
    for right, wrong in pairs:
        assert letters.likelihood([right]) / len(right) > letters.likelihood([wrong]) / len(wrong)
    assert letters.likelihood(["plain", "im/1.png"]) == 0.0
    assert letters.likelihood([]) == 0.0


def test_every_encoding_that_is_offered_is_there() -> None:
    for key in encodings.CODE_PAGES:
        assert codecs.lookup(key)
        assert known(key) == key
    assert decode(b"\x00\x01\x02\xff" * 50) == Decoded(decode(b"\x00\x01\x02\xff" * 50).text)


@pytest.mark.parametrize(
    "data", [b"path,class\nred/0.png\0,red\n" + b"red/1.png,red\n" * 9, b"\0" * 5_000, b"a\0\0b" * 99]
)
def test_a_zero_here_and_there_is_no_wide_text(data: bytes) -> None:
    assert decode(data).text == data.decode()


@pytest.mark.parametrize("key", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["a,b\n", "1.png,red\n" * 50, "花/苹果.png,苹果\n" * 50, "樱桃樱桃樱桃樱桃,\n" * 9])
def test_wide_text_without_a_mark(text: str, key: str) -> None:
    assert decode(text.encode(key)).text == text
