"""Change what is looked for, and see first what that would have changed.

topics before, topics after ─→ the articles that the index finds for either ─→ both tried on each
                            ─→ gained, lost, kept; what each word brings

configuration applied ─→ topics with a new wording ─→ tried on the stored articles, newest first
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.config import TABLES, Config, Table, TopicConfig
from monitor.matcher import Topics, compiled
from monitor.model import AllOf, ArticleMatches, Mark, Rematched, Span
from monitor.query import Hit, Node, Or, Presearch, Scan, evaluate, for_index
from monitor.store import Store

#: Articles shown of what is gained and what is lost.
MOST_SAMPLES = 5
#: Articles held at a time.
_AT_ONCE = 500
#: Articles tried again in one step, between which polls get the writer's lock.
_REMATCHED_AT_ONCE = 100
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """An article that a change would gain or lose."""

    id: int
    title: str
    source: str
    url: str
    at: datetime
    #: The evidence, of the wording that takes it.
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Yield:
    """What one item of a topic's `any` brings, as if it stood there alone."""

    item: str
    found: int
    #: Articles that no other item brings.
    alone: int
    #: The newest of those, "" if there is none.
    example: str
    #: What reviewers said of what it brings.
    relevant: int = 0
    irrelevant: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a change of one topic would do to the articles of a time."""

    topic_id: str
    name: str
    #: False for a topic that is new, or gone.
    was_there: bool
    is_there: bool
    gained: int
    lost: int
    kept: int
    #: Of what is lost, what reviewers marked.
    lost_relevant: int
    lost_irrelevant: int
    #: The newest of them, at most MOST_SAMPLES.
    gains: tuple[Sample, ...]
    losses: tuple[Sample, ...]
    #: In the order of the topic; empty where `any` has fewer than two items.
    yields: tuple[Yield, ...]
    #: Items of `any` (of a topic without them, its query) that the index cannot look for: for their
    #: sake every article was read.
    unindexed: tuple[str, ...]
    #: Articles a day, before and after, without what feeds brought at their first look.
    a_day: tuple[float, float]


def changed(
    before: Sequence[TopicConfig], after: Sequence[TopicConfig]
) -> tuple[tuple[TopicConfig | None, TopicConfig | None], ...]:
    """Pair the topics that look for something else than before; None where there is none.

    A new name, or another order, changes nothing of what is found.
    """
    old = {topic.id: topic for topic in before}
    new = {topic.id: topic for topic in after}
    pairs = [(old.get(topic.id), topic) for topic in after]
    gone = [(topic, None) for topic in before if topic.id not in new]
    return tuple(
        pair for pair in (*pairs, *gone) if None in pair or _wording(pair[0]) != _wording(pair[1])
    )


def _wording(topic: TopicConfig | None) -> str:
    return compiled(topic).version if topic else ""


def differences(before: Config | None, after: Config) -> tuple[str, ...]:
    """Say in a line each what two configurations differ in; values are not repeated."""
    if before is None:
        return ("the first configuration",)
    return (
        *_list_differences(
            "topic", {t.id: t for t in before.topics}, {t.id: t for t in after.topics}
        ),
        *_list_differences(
            "feed", {f.url: f for f in before.feeds}, {f.url: f for f in after.feeds}
        ),
        *_list_differences(
            "digest", {d.name: d for d in before.digests}, {d.name: d for d in after.digests}
        ),
        *_table_differences(before, after),
    )


def _list_differences(
    what: str, before: Mapping[str, Table], after: Mapping[str, Table]
) -> Iterator[str]:
    for name, table in after.items():
        if name not in before:
            yield f"{what} {name} added"
        elif keys := _different(before[name], table):
            yield f"{what} {name}: {', '.join(keys)} changed"
    yield from (f"{what} {name} taken out" for name in before if name not in after)


def _table_differences(before: Config, after: Config) -> Iterator[str]:
    for name in ("database", "timezone"):
        if getattr(before, name) != getattr(after, name):
            yield f"{name} changed"
    for name in TABLES:
        old, new = getattr(before, name), getattr(after, name)
        if old is None or new is None:
            if old is not new:
                yield f"[{name}] {'added' if new else 'taken out'}"
        elif keys := _different(old, new):
            yield f"[{name}]: {', '.join(keys)} changed"


def _different(before: Table, after: Table) -> list[str]:
    fields = type(after).model_fields
    return [
        str(field.validation_alias or name)
        for name, field in fields.items()
        if getattr(before, name) != getattr(after, name)
    ]


def rematch(
    store: Store, topics: Sequence[TopicConfig], *, go_on: Callable[[], bool] = lambda: True
) -> Rematched:
    """Try topics with a new wording on the stored articles, a few at a time, until all are done.

    It goes on where it stopped, in another process too; done twice it changes nothing.

    Args:
        store: The archive.
        topics: The topics that are applied now.
        go_on: Asked before each step; with False, what is left stays to be done.
    """
    done = Rematched()
    while go_on() and (job := store.next_rematch()):
        known = {each.topic_id: each.query_version for each in Topics(topics).versions}
        if any(known.get(topic) != version for topic, version in job.versions.items()):
            return done  # another configuration was accepted: whoever has it will do this
        tried = [topic for topic in topics if topic.id in job.versions]
        asked = for_index(Or(tuple(compiled(topic).tree for topic in tried))).index
        numbers = store.candidates(asked, topic_ids=list(job.versions), below=job.done_from)
        matcher = Topics(tried)
        for start in range(0, len(numbers), _REMATCHED_AT_ONCE):
            some = numbers[start : start + _REMATCHED_AT_ONCE]
            found = {row.id: matcher.match(row.article) for row in store.articles_with(some)}
            step = store.save_rematch(job, found, done_from=some[-1])
            done = Rematched(gained=done.gained + step.gained, lost=done.lost + step.lost)
            job = replace(job, done_from=some[-1])
            if not go_on():
                return done
        store.save_rematch(job, {}, done_from=None)
    return done


def try_topics(
    store: Store,
    before: Sequence[TopicConfig],
    after: Sequence[TopicConfig],
    *,
    since: datetime,
    now: datetime,
    only: str | None = None,
) -> tuple[Trial, ...]:
    """Say what a change of topics would gain and lose among the stored articles.

    Args:
        store: The archive; what is not indexed yet is looked through as well.
        before: The topics that are applied now.
        after: Those that are to be tried.
        since: Articles from before are left out.
        now: The present moment.
        only: Only the topic of this id, changed or not; None for all that changed.
    """
    if only is None:
        pairs = changed(before, after)
    else:
        old, new = (next((t for t in some if t.id == only), None) for some in (before, after))
        pairs = ((old, new),)
    trees: list[Node] = []
    awake_since = max(since, store.first_seen_at() or now)
    tallies = [_Tally(old, new, trees, awake_since, store.marks) for old, new in pairs]
    decisive = [trees[n] for tally in tallies for n in (tally.old, tally.new) if n is not None]
    numbers = store.candidates(for_index(Or(tuple(decisive))).index, since=since)
    presearch = Presearch(trees)
    for start in range(0, len(numbers), _AT_ONCE):
        for row in store.articles_with(numbers[start : start + _AT_ONCE]):
            tried = _Tried(row, presearch)
            for tally in tallies:
                tally.count(tried)
    days = max(1.0, (now - awake_since) / _DAY)
    return tuple(tally.trial(days) for tally in tallies)


class _Tried:
    """An article, and which of many trees hold for it."""

    def __init__(self, row: ArticleMatches, presearch: Presearch) -> None:
        self.row = row
        self.scan = Scan(row.article, presearch.literals_in)
        self._worth = dict(presearch.worth_trying(self.scan.folded, self.scan.lacks))
        #: The numbers of the trees that may hold.
        self.worth = self._worth.keys()

    def hits(self, number: int | None) -> list[Hit] | None:
        """Give the hits for which a tree holds, None if it does not."""
        tree = None if number is None else self._worth.get(number)
        return evaluate(tree, self.scan) if tree else None

    def sample(self, hits: list[Hit]) -> Sample:
        """Show the article with this evidence."""
        article = self.row.article
        return Sample(
            id=self.row.id,
            title=article.title or article.url,
            source=article.source,
            url=article.url,
            at=article.published_at or article.first_seen_at,
            spans=self.scan.spans(hits),
        )


class _Tally:
    """Counts what a change does to one topic; trees that it needs tried are added to a list."""

    def __init__(
        self,
        before: TopicConfig | None,
        after: TopicConfig | None,
        trees: list[Node],
        awake_since: datetime,
        marks: Callable[[str], Mapping[int, Mark]],
    ) -> None:
        topic = after or before
        assert topic, "one of the two is there"  # noqa: S101  told to mypy
        self._topic, self._was_there, self._is_there = topic, before is not None, after is not None
        self._marks = marks(topic.id)
        self._awake_since = awake_since
        old, new = (compiled(topic) if topic else None for topic in (before, after))
        self.old = _add(trees, old.tree) if old else None
        self.new = _add(trees, new.tree) if new else None
        self._unindexed = tuple(_unindexed(after)) if after else ()
        #: The items of `any`, by the numbers of their trees.
        self._items: dict[int, str] = {}
        if new and after and len(after.any) > 1:
            places = {item: at for at, item in reversed(tuple(enumerate(after.any)))}
            self._items = {
                _add(trees, new.only(places[item])): item for item in dict.fromkeys(after.any)
            }
        self._found = Counter[str]()
        self._alone = Counter[str]()
        self._said = Counter[tuple[str, Mark]]()
        self._examples: dict[str, str] = {}
        self._numbers = Counter[str]()
        self._gains: list[Sample] = []
        self._losses: list[Sample] = []

    def count(self, tried: _Tried) -> None:
        """Take one article into account."""
        was, now = tried.hits(self.old), tried.hits(self.new)
        if was is None and now is None:
            return
        article = tried.row.article
        if not article.backlog and article.first_seen_at >= self._awake_since:
            self._numbers["daily before"] += was is not None
            self._numbers["daily after"] += now is not None
        if was is None and now is not None:
            self._numbers["gained"] += 1
            if len(self._gains) < MOST_SAMPLES:
                self._gains.append(tried.sample(now))
        elif was is not None and now is None:
            self._numbers["lost"] += 1
            if mark := self._marks.get(tried.row.id):
                self._numbers[f"lost {mark.value}"] += 1
            if len(self._losses) < MOST_SAMPLES:
                self._losses.append(tried.sample(was))
        else:
            self._numbers["kept"] += 1
        if now is not None:
            self._credit(tried)

    def _credit(self, tried: _Tried) -> None:
        # Of a long list, few items are worth trying on an article.
        bringing = [
            self._items[number]
            for number in tried.worth & self._items.keys()
            if tried.hits(number) is not None
        ]
        self._found.update(bringing)
        if mark := self._marks.get(tried.row.id):
            self._said.update((item, mark) for item in bringing)
        if len(bringing) == 1:
            self._alone.update(bringing)
            self._examples.setdefault(bringing[0], tried.row.article.title)

    def trial(self, days: float) -> Trial:
        """Give the result, of articles that were seen in so many days."""
        before, after = self._numbers["daily before"] / days, self._numbers["daily after"] / days
        return Trial(
            topic_id=self._topic.id,
            name=self._topic.name,
            was_there=self._was_there,
            is_there=self._is_there,
            gained=self._numbers["gained"],
            lost=self._numbers["lost"],
            kept=self._numbers["kept"],
            lost_relevant=self._numbers[f"lost {Mark.RELEVANT.value}"],
            lost_irrelevant=self._numbers[f"lost {Mark.IRRELEVANT.value}"],
            gains=tuple(self._gains),
            losses=tuple(self._losses),
            yields=tuple(
                Yield(
                    item=item,
                    found=self._found[item],
                    alone=self._alone[item],
                    example=self._examples.get(item, ""),
                    relevant=self._said[item, Mark.RELEVANT],
                    irrelevant=self._said[item, Mark.IRRELEVANT],
                )
                for item in self._items.values()
            ),
            unindexed=self._unindexed,
            a_day=(before, after),
        )


def _unindexed(topic: TopicConfig) -> Iterator[str]:
    query = compiled(topic)
    if for_index(query.tree).index != AllOf(()):
        return
    for at, item in enumerate(topic.any):
        if for_index(query.only(at)).index == AllOf(()):
            yield item
    if not topic.any:
        yield topic.query or ", ".join(topic.all)


def _add(trees: list[Node], tree: Node) -> int:
    """Add a tree to those that are tried, and give its number."""
    trees.append(tree)
    return len(trees) - 1
