"""What a topic's matches, its near misses and its reviewers' marks say of better words for it.

matches ─→ their names and phrases ─→ those that are rare elsewhere   words to add
marks   ─→ what only irrelevant matches say                           words to leave out
the rest of the archive ─→ all but one part of the topic holds        near misses
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import log
from types import MappingProxyType
from typing import NamedTuple

from monitor.config import TopicConfig
from monitor.matcher import compiled, loose_article
from monitor.model import Article, ArticleMatches, IndexQuery, Mark
from monitor.query import Node, Or, Presearch, Scan, evaluate, for_index, wanted_terms
from monitor.query.tree import And, Guarded, Meta, Near, Not, Scope
from monitor.text import UNSPACED, fold

#: The most suggestions of each kind.
MOST = 8
_MOST_EXAMPLES = 2
#: Names of a topic's matches that are worth a look.
_MOST_NAMES = 20
#: A text tells what it is about in its beginning.
_BEGINNING = 500
#: So many matches have to say it; so many irrelevant ones; so many times as often as elsewhere.
_FEWEST, _FEWEST_IRRELEVANT, _LIFT = 3, 2, 10.0
#: A phrase that contains another one so nearly as often says the same.
_SAME = 0.75
_WIDE = f"{UNSPACED}-\U0010ffff"
#: No Chinese word begins or ends with one of these.
_PARTICLES = frozenset("的了是在和与與及将將对對被为為也都就而或等这這那其并並于於以把从從由")
_NARROW = rf"[^\W_{_WIDE}]+"
_RUN = re.compile(rf"{_NARROW}(?:[ .’'-]{_NARROW})*|(?:(?=[{_WIDE}])\w)+")


@dataclass(slots=True)
class Suggestion:
    """Words to add to a topic or to leave out, or a near miss of it."""

    #: An item to write down; of a near miss, the item or part that is one clause short.
    text: str
    #: Matches that say it: all of them for words to add, irrelevant ones for words to leave out.
    matches: int = 0
    #: Articles that say it and are no matches; of words to leave out, the matches without a mark.
    others: int = 0
    #: Titles, those of `others` first where there are any.
    examples: list[str] = field(default_factory=list)
    #: Of a near miss, what is not there.
    missing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestions:
    """All that is suggested for one topic, the best first."""

    add: tuple[Suggestion, ...]
    leave_out: tuple[Suggestion, ...]
    near_misses: tuple[Suggestion, ...]


def suggest(
    topic: TopicConfig,
    rows: Callable[[], Iterable[ArticleMatches]],
    *,
    stories: Mapping[int, int] = MappingProxyType({}),
) -> Suggestions:
    """Suggest words for a topic.

    Args:
        topic: As it is configured now.
        rows: Gives articles, matched or not; it is asked twice, so that memory stays small.
        stories: The stories that articles belong to, as far as they were grouped: what one event
            has many outlets say counts once.
    """
    learnt = _Learnt(topic.id, stories)
    for row in rows():
        if _is_match(row, topic.id):
            learnt.count(row)
    learnt.choose()
    near = NearMisses(topic)
    misses: dict[Short, Suggestion] = {}
    for row in rows():
        learnt.weigh(row)
        if _is_match(row, topic.id):
            continue
        if short := near.of(row.article):
            miss = misses.setdefault(short, Suggestion(short.item, missing=short.missing))
            miss.others += 1
            _show(miss, row.article)
    own = _Own(topic)
    # What many articles are short of does its work; what few are short of may be too narrow.
    rarest = sorted(misses.values(), key=lambda each: (each.others, each.text))
    return Suggestions(
        add=_best(learnt.good, learnt.rarity, own),
        leave_out=_best(learnt.bad, _blame, own),
        near_misses=tuple(rarest[:MOST]),
    )


class _Learnt:
    """What a topic's matches say, first counted among them, then looked for everywhere."""

    def __init__(self, topic_id: str, stories: Mapping[int, int]) -> None:
        self._topic_id = topic_id
        self._stories = stories
        self._said, self._irrelevant = Counter[str](), Counter[str]()
        #: The stories of matches, and of each phrase those that say it.
        self._told = set[int]()
        self._told_in = defaultdict[str, set[int]](set)
        self._relevant = set[str]()
        self._surfaces: dict[str, str] = {}
        self._matches = self._rest = 0
        self.good: dict[str, Suggestion] = {}
        self.bad: dict[str, Suggestion] = {}

    def count(self, row: ArticleMatches) -> None:
        """Take a match into account."""
        phrases = _phrases(row.article)
        for key, surface in phrases.items():
            self._surfaces.setdefault(key, surface)
        mark = _mark(row, self._topic_id)
        if mark is Mark.IRRELEVANT:
            self._irrelevant.update(phrases.keys())
            return
        self._matches += 1
        self._said.update(phrases.keys())
        story = self._stories.get(row.id, -row.id)
        self._told.add(story)
        for key in phrases:
            self._told_in[key].add(story)
        if mark is Mark.RELEVANT:
            self._relevant.update(phrases)

    def choose(self) -> None:
        """Keep what enough matches say."""
        for key, count in self._said.items():
            if len(self._told_in[key]) >= _FEWEST:
                self.good[key] = Suggestion(self._surfaces[key], count)
        for key, count in self._irrelevant.items():
            if count >= _FEWEST_IRRELEVANT and key not in self._relevant:
                self.bad[key] = Suggestion(self._surfaces[key], count)

    def weigh(self, row: ArticleMatches) -> None:
        """Look at an article, matched or not, for what was kept."""
        phrases = _phrases(row.article)
        if not _is_match(row, self._topic_id):
            self._rest += 1
            for key in self.good.keys() & phrases.keys():
                self.good[key].others += 1
                _show(self.good[key], row.article, first=self.good[key].others == 1)
        elif _mark(row, self._topic_id) is Mark.IRRELEVANT:
            for key in self.bad.keys() & phrases.keys():
                _show(self.bad[key], row.article)
        else:
            for key in self.good.keys() & phrases.keys():
                _show(self.good[key], row.article)
            for key in self.bad.keys() & phrases.keys():
                self.bad[key].others += 1

    def rarity(self, each: Suggestion) -> float:
        """Score words to add; 0 for what other articles say as well."""
        if each.others > each.matches:
            return 0  # it is said of much else
        stories = len(self._told_in[fold(each.text)])
        lift = _lift(stories, len(self._told), each.others, self._rest)
        return stories * log(lift) if lift >= _LIFT else 0


def _blame(each: Suggestion) -> float:
    return each.matches / (each.others + 1) if each.matches > each.others else 0


def names(
    topic: TopicConfig, matched: Sequence[ArticleMatches], stories: Mapping[int, int]
) -> tuple[tuple[str, int], ...]:
    """Give names and phrases that titles of a topic's matches say, and how many matches do.

    The most frequent come first, without those that the topic looks for. Whether they are rare
    elsewhere is another question.

    Args:
        topic: The topic.
        matched: Its matches.
        stories: The stories that articles belong to, as far as they were grouped.
    """
    told_in, counts = defaultdict[str, set[int]](set), Counter[str]()
    surfaces: dict[str, str] = {}
    for row in matched:
        for key, surface in _phrases(replace(row.article, text="")).items():
            told_in[key].add(stories.get(row.id, -row.id))
            counts[key] += 1
            surfaces.setdefault(key, surface)
    found = {
        key: Suggestion(surfaces[key], counts[key])
        for key, stories_of in told_in.items()
        if len(stories_of) >= _FEWEST
    }
    named = {
        key: each
        for key, each in found.items()
        if any(char.isupper() or char >= UNSPACED for char in each.text)
    }
    best = _best(named, lambda each: each.matches, _Own(topic), most=_MOST_NAMES)
    return tuple((each.text, each.matches) for each in best)


def is_rare(matches: int, of_matches: int, others: int, of_others: int) -> bool:
    """Tell whether what so many matches say is rare among the other articles."""
    return others <= matches and _lift(matches, of_matches, others, of_others) >= _LIFT


def _lift(matches: int, of_matches: int, others: int, of_others: int) -> float:
    return (matches / of_matches) / ((others + 1) / (of_others + 1))


def _is_match(row: ArticleMatches, topic_id: str) -> bool:
    return any(match.topic_id == topic_id for match in row.matches)


def _mark(row: ArticleMatches, topic_id: str) -> Mark:
    return next((each.mark for each in row.reviews if each.topic_id == topic_id), Mark.OPEN)


def _show(suggestion: Suggestion, article: Article, *, first: bool = False) -> None:
    if article.title and article.title not in suggestion.examples:
        suggestion.examples.insert(0 if first else len(suggestion.examples), article.title)
        del suggestion.examples[_MOST_EXAMPLES:]


def _phrases(article: Article) -> dict[str, str]:
    """Give the names and phrases of an article's beginning: folded, and as they are written."""
    text, source = f"{article.title}\n{article.text[:_BEGINNING]}", fold(article.source)
    found = {fold(phrase): phrase for run in _RUN.findall(text) for phrase in _parts(run)}
    return {key: phrase for key, phrase in found.items() if key not in source}


def _parts(run: str) -> Iterator[str]:
    if run[0] >= UNSPACED:
        for size in (2, 3, 4, 5):
            for at in range(len(run) - size + 1):
                part = run[at : at + size]
                if part[0] not in _PARTICLES and part[-1] not in _PARTICLES:
                    yield part
        return
    words = run.split(" ")
    for size in (1, 2, 3):
        for at in range(len(words) - size + 1):
            some = words[at : at + size]
            if _is_telling(some[0]) and _is_telling(some[-1]):
                yield " ".join(some)


def _is_telling(word: str) -> bool:
    return any(map(str.isalpha, word)) and (len(word) > 3 or not word.islower())


class _Own:
    """What a topic looks for: its own words say nothing new."""

    def __init__(self, topic: TopicConfig) -> None:
        self._tree = compiled(topic.model_copy(update={"none": ()})).tree
        self._words = [fold(term.text) for term in wanted_terms(self._tree)]

    def has(self, text: str) -> bool:
        """Tell whether the topic finds a phrase, or has it in one of its words."""
        key = fold(text)
        if any(key.removesuffix("s") in word for word in self._words):
            return True
        if key[0] >= UNSPACED:
            for word in self._words:
                key = key.replace(word, "")
        return len(key) < 2 or evaluate(self._tree, Scan(loose_article(text, ""))) is not None


def _wholes(found: Mapping[str, Suggestion]) -> Callable[[str], bool]:
    """Tell words of a script without blanks from pieces of text.

    "里巴" is a fragment, since it stands nowhere but in "阿里巴巴"; "人马云" has a letter too many,
    since "马云" stands elsewhere as well.
    """
    within, core = dict[str, int](), dict[str, int]()
    for key, each in found.items():
        if key[0] >= UNSPACED:
            for part in (key[1:], key[:-1]):
                within[part] = max(within.get(part, 0), each.matches)
                if part in found:
                    core[key] = max(core.get(key, 0), found[part].matches)

    def is_whole(key: str) -> bool:
        number = found[key].matches
        return within.get(key, 0) < _SAME * number and number >= _SAME * core.get(key, 0)

    return is_whole


def _best(
    found: dict[str, Suggestion],
    score: Callable[[Suggestion], float],
    own: "_Own",
    *,
    most: int = MOST,
) -> tuple[Suggestion, ...]:
    """Take the best: one of several that overlap, and none that the topic finds or is made of."""
    scores = {key: value for key, each in found.items() if (value := score(each)) > 0}
    whole = _wholes(found)
    kept: list[str] = []
    for key in sorted(scores, key=lambda key: (-scores[key], -len(key), key)):
        number = found[key].matches
        if any(
            (key in other or other in key) and number <= found[other].matches / _SAME
            for other in kept
        ):
            continue
        if whole(key) and not own.has(found[key].text):
            kept.append(key)
        if len(kept) == most:
            break
    return tuple(found[key] for key in kept)


class Short(NamedTuple):
    """How an article is one clause short of an item."""

    item: str
    #: What of the item is there, and what is not.
    held: str
    missing: str


class NearMisses:
    """Tells articles that are one clause short of a topic.

    What holds has to stand in the title: in a long text nearly everything is one clause short.
    """

    def __init__(self, topic: TopicConfig) -> None:
        query = compiled(topic)
        items = topic.any or (topic.query or "all",)
        trees = [query.only(at) for at in range(len(topic.any))] or [query.tree]
        self._tree = query.tree
        self._shorter = [
            (needed, Short(item, _told(needed), _told(missing)))
            for item, tree in zip(items, trees, strict=True)
            for needed, missing in _relaxed(tree)
        ]
        self._presearch = Presearch(needed for needed, _ in self._shorter)

    @property
    def asked(self) -> IndexQuery | None:
        """What to ask the index for; None if the topic cannot be one clause short."""
        some = tuple(needed for needed, _ in self._shorter)
        return for_index(Or(some)).index if some else None

    def of(self, article: Article) -> Short | None:
        """Say of which item the article is one clause short; None if of none."""
        scan = Scan(article, self._presearch.literals_in)
        worth = self._presearch.worth_trying(scan.folded, scan.lacks)
        if not worth or evaluate(self._tree, scan) is not None:
            return None
        return next(
            (
                self._shorter[number][1]
                for number, tree in worth
                if any(scan.is_in(hit, "title") for hit in evaluate(tree, scan) or ())
            ),
            None,
        )


def _relaxed(  # noqa: C901  one case for each kind of node
    node: Node,
) -> Iterator[tuple[Node, Node]]:
    """Give a node without one of its clauses, and that clause.

    What stands first is what it is about and stays; so do exclusions, which are meant.
    """
    match node:
        case And(parts):
            for at, part in enumerate(parts):
                others = parts[:at] + parts[at + 1 :]
                if at and not isinstance(part, Not):
                    yield And(others), part
                for needed, missing in _relaxed(part):
                    yield And((needed, *others)), missing
        case Or((part,)):  # an item of `any` alone
            yield from _relaxed(part)
        case Near(left, right):
            yield left, right
        case Scope(place, part):
            for needed, missing in _relaxed(part):
                yield Scope(place, needed), missing
        case Guarded(part, guards):
            for needed, missing in _relaxed(part):
                yield Guarded(needed, guards), missing
        case _:
            return


def _told(missing: Node) -> str:
    if isinstance(missing, Or) and isinstance(missing.parts[0], Meta):
        return " OR ".join(f"{part.field}:{part.value}" for part in missing.parts)  # type: ignore[union-attr]  # lists of languages and sources hold nothing else
    words = list(dict.fromkeys(term.text for term in wanted_terms(missing)))
    return " OR ".join(words[:4]) + (" OR …" if len(words) > 4 else "")
