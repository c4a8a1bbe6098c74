"""Which images belong together, as far as file names and folders suggest it: offered as a rule, never applied by itself.

A name is an identifier with a counter behind it (`patient07_3.png`), a mere counter (`scan_0031.png`), a class or a condition
with a counter (`crack_12.png`, `exp3_num_4711.jpg`), or what a camera gives (`IMG_20200101_120000.jpg`). Only the first says
what belongs together. Each rule below is tried on all names, and what it finds has to look like identifiers:

- there are several, and they don't just repeat the class;
- they hold a number that is no date and no time; without a number they must be many, and small;
- they are very many, or each is small, or the counters start anew in each, as they do where somebody counts the pictures of
  one patient, and don't where one series runs through all conditions.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from tlstudio.domain.importing import GroupGuess
from tlstudio.domain.values import ImageRow
from tlstudio.images.groups import FOLDER, NAME, grouping
from tlstudio.images.scan import Found

# Words that stand before the number of something that is photographed more than once.
SUBJECTS = (
    "patient|pat|pt|pid|p|person|subject|subj|sub|participant|volunteer|donor|case|study|session|animal|mouse|rat|plant|tree|"
    "specimen|sample|slide|biopsy|part|piece|item|unit|serial|sn|lot|batch|video|clip|sequence|seq"
)
_SUBJECT = re.compile(rf"(?:^|(?<=[-_ ]))(?:({SUBJECTS})([-_ ]?))\d+[-_ ]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rule:
    """A way to read a group from a name. text: a value for `--group-from`.

    known: its words say by themselves that a group is meant. everywhere: so general that it counts only where nearly all
    names follow it.
    """

    text: str
    known: bool = False
    everywhere: bool = False


def _parts(n: int) -> str:
    """The first n parts of a name, as long as something follows."""
    before = "" if n == 1 else f"(?:[^-_ ]+[-_ ]+){{{n - 1}}}"
    return f"{NAME}^({before}[^-_ ]+)[-_ ]"


# The first that fits is offered, or one that puts its groups together to larger ones.
RULES = (
    Rule(FOLDER, everywhere=True),
    Rule(rf"{NAME}^(\d+)[-_ ]", everywhere=True),
    Rule(rf"{NAME}^(\d{{2,}})[-_ ]"),
    Rule(rf"{NAME}^([A-Za-z]+[-_ ]?\d+)[-_ ]"),
    Rule(rf"{NAME}^(.*\d)[-_ ]+\d+\."),
    *(Rule(_parts(n), everywhere=True) for n in range(1, 7)),
    Rule(rf"{NAME}^(.+)[-_ ]", everywhere=True),
    Rule(rf"{NAME}^(.*\d)[A-Za-z]\.", everywhere=True),
    Rule(rf"{NAME}^(.+?) ?\(\d+\)\.", everywhere=True),
)

FAR_MORE = 10  # times the names
NEARLY_ALL = 0.95  # share of the names that a general rule has to fit
LEAST_SHARE = 0.01  # of the images in groups of two or more; fewer may have met by chance
SMALL = 0.1  # of all images: a larger group may be a condition, not a patient
FEW_IMAGES = 20  # likewise
SEVERAL = 5  # groups, where some are larger than that
VERY_MANY = 20  # groups; nobody has so many conditions
RESTARTING = 0.3  # share of the names whose rest, behind the group, occurs in another group too
SAYS_CLASS = 0.9  # share of the images whose group is the main one of their class
TASTED = 200  # names on which a general rule is tried first

_YEAR, _MONTH, _DAY = r"(?:19|20)\d\d", r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_CLOCK = r"(?:[01]\d|2[0-3])[-_.:]?[0-5]\d(?:[-_.:]?[0-5]\d(?:[-_.]?\d+)?)?"
# A date, with a time behind it or not; or a time alone, to the second.
MOMENT = re.compile(
    rf"(?<!\d)(?:{_YEAR}[-_.]?{_MONTH}[-_.]?{_DAY}|{_DAY}[-_.]{_MONTH}[-_.]{_YEAR})(?:[-_ T]+(?:at )?{_CLOCK})?(?!\d)"
    r"|(?<!\d)(?:[01]\d|2[0-3])[-.:][0-5]\d[-.:][0-5]\d(?!\d)"
)


def guess_groups(found: Sequence[Found]) -> GroupGuess | None:
    """The rule that file names or folders suggest; None where they say nothing."""
    files = _Files(found)
    best: _Trial | None = None
    for rule in (*_subjects(files.names), *RULES):
        trial = _Trial.of(rule, files)
        if trial is not None and trial.convinces() and (best is None or trial.joins(best)):
            best = trial
    return None if best is None else best.guess()


def guessed_groups(guess: GroupGuess, found: Sequence[Found]) -> dict[str, list[int]]:
    """{group: places in `found`}: what the guessed rule would keep together, groups of one left out."""
    trial = _Trial.of(Rule(guess.rule), _Files(found))
    return {} if trial is None else trial.shared


def as_found(row: ImageRow) -> Found:
    """An image of the project as a scan would give it, as far as its path tells."""
    folders = row.path.parts[:-1]
    inner = ""
    if row.label in folders:
        inner = "/".join(folders[len(folders) - folders[::-1].index(str(row.label)) :])
    return Found(str(row.path), row.label, row.split, inner)


def _subjects(names: Sequence[str]) -> list[Rule]:
    """A rule for each word of SUBJECTS that the names use, the one that most of them use first."""
    used: Counter[str] = Counter()
    spelled: dict[str, set[str]] = defaultdict(set)
    gaps: dict[str, set[str]] = defaultdict(set)
    inside: set[str] = set()
    for name in names:
        match = _SUBJECT.search(name)
        if match is not None:
            word = match[1].lower()
            used[word] += 1
            spelled[word].add(match[1])
            gaps[word].add(match[2])
            if match.start():
                inside.add(word)
    rules = []
    for word, amount in used.most_common():
        if amount > 1:
            plain = next(iter(spelled[word])) if len(spelled[word]) == 1 else word
            case = "" if len(spelled[word]) == 1 else "(?i)"
            gap = "[-_ ]?" if gaps[word] != {""} else ""
            start = "(?:^|[-_ ])" if word in inside else "^"
            rules.append(Rule(rf"{NAME}{case}{start}({plain}{gap}\d+)[-_ ]", known=True))
    return rules


class _Files:
    """The files as the rules see them."""

    def __init__(self, found: Sequence[Found]) -> None:
        self.found = found
        self.names = [item.name for item in found]
        self.labels = [item.label for item in found]

    def keys(self, rule: Rule) -> list[str | None]:
        """The group of each file by a rule, None where it has none."""
        of = self._of(rule.text)
        if rule.everywhere:
            taste = range(0, len(self.names), max(1, len(self.names) // TASTED))
            if sum(of(i) is not None for i in taste) < (NEARLY_ALL - 0.1) * len(taste):
                return []  # a rule that hardly fits need not be tried on a hundred thousand names
        return [of(i) for i in range(len(self.names))]

    def _of(self, text: str) -> Callable[[int], str | None]:
        if text == FOLDER:
            group_of = grouping(text)
            return lambda i: group_of(self.found[i])
        search, names = re.compile(text.removeprefix(NAME)).search, self.names
        return lambda i: match[1] if (match := search(names[i])) is not None else None


@dataclass(frozen=True)
class _Trial:
    """What one rule finds. keys: the group of each file; members: {group: places of its files}."""

    rule: Rule
    files: _Files
    keys: Sequence[str | None]
    members: dict[str, list[int]]

    @staticmethod
    def of(rule: Rule, files: _Files) -> _Trial | None:
        """None where it puts no two images together, or does not fit."""
        keys = files.keys(rule)
        members: dict[str, list[int]] = defaultdict(list)
        for place, name in enumerate(keys):
            if name is not None:
                members[name].append(place)
        matched = sum(map(len, members.values()))
        if matched == len(members) or (rule.everywhere and matched < NEARLY_ALL * len(files.names)):
            return None
        return _Trial(rule, files, keys, members)

    @cached_property
    def shared(self) -> dict[str, list[int]]:
        """The groups of two images or more."""
        return {name: places for name, places in self.members.items() if len(places) > 1}

    @property
    def matched(self) -> int:
        """Names that the rule fits."""
        return sum(map(len, self.members.values()))

    @property
    def covered(self) -> int:
        """Images in groups of two or more."""
        return sum(map(len, self.shared.values()))

    def convinces(self) -> bool:
        n, largest = len(self.files.names), max(map(len, self.shared.values()))
        if len(self.members) < 2 or self._says_class() or self._are_moments():
            return False
        if self.rule.known:
            return True
        if self.covered < LEAST_SHARE * n or len(self.shared) < 2:
            return False
        small = largest <= min(FEW_IMAGES, SMALL * n)
        if self._are_words():
            return small and self._restarts()
        if small or (len(self.shared) >= VERY_MANY and largest <= SMALL * n):
            return True
        return len(self.shared) >= SEVERAL and self._restarts()

    def joins(self, other: _Trial) -> bool:
        """Whether each group of the other lies whole in one of these, and these hold several (patients, not visits) or fit far
        more names.
        """
        whole: dict[str, str] = {}
        for name, places in other.members.items():
            mine = {self.keys[i] for i in places}
            (first,) = mine if len(mine) == 1 else (None,)
            if first is None:
                return False
            whole[name] = first
        return len(set(whole.values())) < len(whole) or self.matched >= FAR_MORE * other.matched

    def _says_class(self) -> bool:
        """Whether the groups are the classes under other names, one for each."""
        labels = self.files.labels
        pairs = Counter((labels[i], name) for name, places in self.shared.items() for i in places)
        main: dict[str | None, int] = {}
        for (label, _), amount in pairs.items():
            main[label] = max(main.get(label, 0), amount)
        return len(main) > 1 and sum(main.values()) >= SAYS_CLASS * sum(pairs.values())

    def _are_moments(self) -> bool:
        """Whether most of the groups have no number but that of a date or a time."""
        named = (
            (name, name if self.rule.text == FOLDER else self.files.names[places[0]])
            for name, places in self.shared.items()
        )
        return sum(_is_moment(name, whole) for name, whole in named) > len(self.shared) / 2

    def _are_words(self) -> bool:
        """Whether most of the images are in groups without a number."""
        return sum(len(p) for name, p in self.shared.items() if not any(map(str.isdecimal, name))) > self.covered / 2

    def _restarts(self) -> bool:
        """Whether the counters behind the groups start anew in each of them."""
        seen: dict[str, set[str]] = defaultdict(set)
        rests = [
            (name, self.files.names[i].replace(name, "", 1)) for name, places in self.shared.items() for i in places
        ]
        for name, rest in rests:
            seen[rest].add(name)
        return sum(len(seen[rest]) > 1 for _, rest in rests) >= RESTARTING * len(rests)

    def guess(self) -> GroupGuess:
        """Shown with the group that has most images."""
        name, places = max(self.shared.items(), key=lambda pair: len(pair[1]))
        examples = tuple(self.files.names[i] for i in places[:3])
        return GroupGuess(self.rule.text, len(self.members), name, examples, len(self.shared), self.covered)


def _is_moment(name: str, whole: str) -> bool:
    """Whether all digits of a group's name are those of dates and times in the file's name."""
    start = whole.find(name)
    spans = [match.span() for match in MOMENT.finditer(whole)]
    digits = [start + i for i, sign in enumerate(name) if sign.isdecimal()]
    return bool(digits) and all(any(low <= i < high for low, high in spans) for i in digits)
