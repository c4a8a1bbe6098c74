"""A table's encoding is told by its letters or asked for, and next to never taken for another one in silence.

Tables as people save them: a file name and a class in each of 20 rows, two to eight different classes, in the languages
of the lists below and the code pages that their computers use. The words are others than those that the program was made with.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

from tests.proofs.table import Proof, Trial
from tlstudio.images.sources.encodings import decode

# Fruit, vegetables, animals and tools.
WORDS = {
    ("cp1252", "mac_roman", "cp850"): (
        "Äpfel Birne Möhre Kürbis Rübe Igel Käfer Löwe Säge Zange Bär Störche Würfel Gerät Kröte",
        "pêche framboise chou-fleur épinard poireau hérisson élan âne scie clé écureuil chêne hêtre bûche mélèze gâteau",
        "piña plátano melocotón limón champiñón búho águila ratón caña árbol pingüino jamón cráneo hígado riñón",
        "äpple päron morötter lök gädda räv älg ekorre såg tång björn fågel körsbär krasse strömming",
        "maçã melão limão feijão pêssego leão tubarão águia avestruz martelo chão mão peão útero coração",
    ),
    ("cp1250", "cp852"): (
        "jabłko gruszka śliwka wiśnia jeż żółw łoś sowa piła młotek świnia gołąb żyrafa pająk gęś",
        "jablko hruška švestka třešeň ježek želva sova pila kladivo kůň kočka žirafa ořech slunečnice růže",
        "körte szőlő cseresznye sün teknős bagoly fűrész kalapács dió ló zsiráf tölgy fenyő gyökér vödör",
    ),
    ("cp1251", "koi8_r", "cp866", "mac_cyrillic"): (
        "яблоко груша слива вишня ёж черепаха сова пила молоток лошадь кошка жираф орех дуб щука",
    ),
    ("cp1253", "mac_greek"): ("μήλο αχλάδι κεράσι σκαντζόχοιρος χελώνα κουκουβάγια πριόνι σφυρί άλογο γάτα καρύδι βελανιδιά",),
    ("cp1254",): ("elma armut kiraz şeftali kirpi kaplumbağa baykuş çekiç balık köpek ağaç fındık çiçek kuş üzüm",),
    ("cp1255",): ("תפוח אגס דובדבן קיפוד צב ינשוף מסור פטיש סוס חתול אגוז אלון",),
    ("cp1256",): ("تفاحة إجاصة كرز قنفذ سلحفاة بومة منشار مطرقة حصان قطة جوز بلوط",),
    ("gb18030",): ("苹果 梨子 樱桃 刺猬 乌龟 猫头鹰 锯子 锤子 马 猫 长颈鹿 核桃 橡树 向日葵",),
    ("big5",): ("蘋果 梨子 櫻桃 刺蝟 烏龜 貓頭鷹 鋸子 錘子 馬 貓 長頸鹿 核桃 橡樹 向日葵",),
    ("cp932", "euc_jp"): ("りんご 梨 さくらんぼ ハリネズミ 亀 フクロウ のこぎり 金づち 馬 猫 キリン 胡桃 樫 ひまわり",),
    ("cp949",): ("사과 배 체리 고슴도치 거북이 올빼미 톱 망치 말 고양이 기린 호두 참나무 해바라기",),
    ("cp874",): ("แอปเปิล ลูกแพร์ เชอร์รี่ เม่น เต่า นกฮูก เลื่อย ค้อน ม้า แมว ยีราฟ ต้นโอ๊ก",),
}  # fmt: skip
FEW, MANY = 2, 8
TABLES = 100  # of each language, code page and number of classes


def prove(trial: Trial) -> Iterator[Proof]:
    """Shares of tables with two classes and with eight."""
    rng = random.Random(trial.seed)
    for classes in (FEW, MANY):
        seen = Counter(
            _outcome(words, code, classes, rng) for words, code in _pairs() for _ in range(trial.draws(TABLES))
        )
        n = seen.total()
        note = f"{n:,} tables of {classes} classes in 18 languages and 20 code pages; {seen['asked'] / n:.0%} asked for"
        yield Proof(
            f"A table of {classes} classes is read in another encoding in silence",
            seen["wrong"] / n,
            at_most=0.002,
            note=note,
        )
        if classes == MANY:
            yield Proof(
                f"A table of {classes} classes is read rightly without a question",
                seen["right"] / n,
                at_least=0.75,
                note=note,
            )


def _pairs() -> Iterator[tuple[list[str], str]]:
    for codes, languages in WORDS.items():
        for language in languages:
            for code in codes:
                yield language.split(), code


def _outcome(words: list[str], code: str, classes: int, rng: random.Random) -> str:
    chosen = rng.sample(words, classes)
    text = "path,class\n" + "".join(f"im/{i}.png,{chosen[i % classes]}\n" for i in range(20))
    found = decode(text.encode(code))
    if found.encoding is not None and not found.encoding.sure:
        return "asked"
    return "right" if found.text == text else "wrong"
