"""A table's encoding is told by its letters or asked for, and next to never taken for another one in silence.

Tables as people save them: a file name and a class in each of 20 rows, two to eight different classes, in the languages
below and the code pages that their computers use. What they say is of another kind than the words that the program was made
with, and than those that its threshold was set on.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

from tests.proofs.table import Proof, Trial
from tlstudio.images.sources.encodings import decode

# Sentences on the weather, journeys and the home: a class is a word of them, or three words in a row.
SENTENCES = {
    ("cp1252", "mac_roman", "cp850"): (
        "über Nacht fällt Schnee und die Straßen sind glatt am Morgen fährt der Zug verspätet wir müssen später frühstücken"
        " die Tür öffnet sich schwer weil draußen ein stürmischer Wind weht Gäste kommen trotzdem pünktlich zum größeren Fest",
        "il a gelé cette nuit près du théâtre et la fenêtre reste fermée nous partirons très tôt dès que la forêt sera éclairée"
        " les élèves ont oublié leurs clés à l'hôtel où le dîner était préparé pour Noël",
        "mañana lloverá en la montaña y el avión saldrá más tarde la niña pequeña olvidó su paraguas en la habitación"
        " los pasajeros esperan todavía en el andén según el periódico habrá tormentas eléctricas también en España",
        "på kvällen blåser det hårt över sjön och båten går först när vädret är bättre vi åker hem från fjället på söndag"
        " nyckeln ligger under dörrmattan där också blöta stövlar står för att torka",
        "amanhã não há comboio para a estação porque a avenida está em construção o avô põe a chaleira no fogão"
        " às três horas começará a reunião dos irmãos que virão do sertão com pães e limões",
    ),
    ("cp1250", "cp852"): (
        "w nocy spadł śnieg i pociąg przyjedzie później goście zostawili płaszcze w sypialni gdzie świeci się światło"
        " jutro będzie cieplej więc pójdziemy pieszo nad rzekę wzdłuż łąki aż do młyna",
        "večer přišla bouřka a vlak měl zpoždění zítra pojedeme dřív protože silnice bude kluzká babička vaří večeři"
        " na stole leží klíče od sklepa kde jsou uložené žluté lyže a těžké boty",
        "éjszaka erős szél fújt ezért a vonat késik holnap hűvösebb idő lesz és később indulunk a vendégek már megérkeztek"
        " a fűtés a hálószobában rossz de a tűzhely működik így főzünk levest",
    ),
    ("cp1251", "koi8_r", "cp866", "mac_cyrillic"): (
        "ночью выпал снег и поезд опоздал завтра будет теплее поэтому мы пойдём пешком вдоль реки до самой мельницы"
        " гости оставили пальто в спальне где горит свет бабушка готовит ужин на кухне",
    ),
    ("cp1253", "mac_greek"): (
        "το βράδυ έπεσε χιόνι και το τρένο άργησε αύριο θα κάνει ζέστη γι' αυτό θα περπατήσουμε δίπλα στο ποτάμι"
        " οι καλεσμένοι άφησαν τα παλτά στην κρεβατοκάμαρα όπου καίει το φως",
    ),
    ("cp1254",): (
        "gece yağan kar yüzünden tren geç kaldı yarın hava daha ılık olacak bu yüzden ırmak boyunca yürüyeceğiz"
        " misafirler paltolarını yatak odasında bıraktı mutfakta büyükanne akşam yemeği pişiriyor",
    ),
    ("cp1255",): (
        "בלילה ירד שלג והרכבת איחרה מחר יהיה חם יותר ולכן"
        " נלך ברגל לאורך הנחל עד הטחנה האורחים השאירו מעילים בחדר השינה",
    ),
    ("cp1256",): (
        "هطل الثلج ليلا وتأخر القطار غدا سيكون الجو أدفأ ولذلك"
        " سنمشي على ضفة النهر حتى الطاحونة ترك الضيوف معاطفهم في الغرفة",
    ),
    ("gb18030",): (
        "夜里 下了雪 火车 晚点了 明天 会暖和一些 所以 我们"
        " 沿着河 走到磨坊 客人 把大衣 留在卧室 厨房里 奶奶 正在做晚饭",
    ),
    ("big5",): ("夜裡 下了雪 火車 誤點了 明天 會暖和一些 所以 我們 沿著河 走到磨坊 客人 把大衣 留在臥室 廚房裡 奶奶 正在做晚飯",),
    ("cp932", "euc_jp"): (
        "夜に 雪が降って 電車が 遅れた 明日は もっと暖かい だから"
        " 川沿いを 水車小屋まで 歩きます お客さんは 上着を 寝室に 忘れました",
    ),
    ("cp949",): (
        "밤에 눈이 내려서 기차가 늦었다 내일은 더 따뜻할 것이다"
        " 그래서 강을 따라 방앗간까지 걸어간다 손님들은 외투를 침실에 두고 갔다",
    ),
    ("cp874",): (
        "กลางคืน หิมะตก รถไฟ จึงมาช้า พรุ่งนี้ อากาศจะอุ่นขึ้น เราจึง"
        " เดินเลียบแม่น้ำ ไปจนถึงโรงสี แขก ลืมเสื้อคลุม ไว้ในห้องนอน คุณยาย ทำอาหารเย็น",
    ),
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
    for codes, languages in SENTENCES.items():
        for language in languages:
            words = language.split()
            spoken = list(dict.fromkeys([*words, *map(" ".join, zip(words, words[1:], words[2:], strict=False))]))
            for code in codes:
                yield [text for text in spoken if not text.isascii()], code


def _outcome(words: list[str], code: str, classes: int, rng: random.Random) -> str:
    chosen = rng.sample(words, classes)
    text = "path,class\n" + "".join(f"im/{i}.png,{chosen[i % classes]}\n" for i in range(20))
    found = decode(text.encode(code))
    if found.encoding is not None and not found.encoding.sure:
        return "asked"
    return "right" if found.text == text else "wrong"
