"""Which topics an article belongs to, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from monitor.config import TopicConfig
from monitor.model import Article, Match, TopicVersion
from monitor.query import (
    Finding,
    Presearch,
    Scan,
    TopicQuery,
    compile_topic,
    evaluate,
    explain,
    parse,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What became of a topic that was tried on an article."""

    topic_id: str
    topic_name: str
    query_version: str
    finding: Finding


_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Topics:
    """All topics, ready to match; it holds no state and may be shared between threads."""

    def __init__(self, topics: Iterable[TopicConfig]) -> None:
        """Compile the topics; a query that cannot be understood raises QueryError."""
        self._topics = [(topic, compiled(topic)) for topic in topics]
        self._labels = [
            [(name, parse(wanted)) for name, wanted in topic.labels.items()]
            for topic, _ in self._topics
        ]
        self._presearch = Presearch(
            (query.tree for _, query in self._topics),
            asked_later=(wanted for labels in self._labels for _, wanted in labels),
        )

    @property
    def versions(self) -> tuple[TopicVersion, ...]:
        """The wording of each topic, to be stored with the matches that it makes."""
        return tuple(
            TopicVersion(
                topic_id=topic.id,
                query_version=query.version,
                name=topic.name,
                definition=query.definition,
            )
            for topic, query in self._topics
        )

    def match(self, article: Article) -> tuple[Match, ...]:
        """Give the topics an article belongs to, in the order of the configuration."""
        scan = Scan(article, self._presearch.literals_in)
        matches: list[Match] = []
        for number, tree in self._presearch.worth_trying(scan.folded, scan.lacks):
            hits = evaluate(tree, scan)
            if hits is not None:
                topic, query = self._topics[number]
                matches.append(
                    Match(
                        topic_id=topic.id,
                        query_version=query.version,
                        spans=scan.spans(hits),
                        labels=tuple(
                            name
                            for name, wanted in self._labels[number]
                            if evaluate(wanted, scan) is not None
                        ),
                    )
                )
        return tuple(matches)

    def explain(self, article: Article) -> tuple[Explanation, ...]:
        """Say for each topic why an article belongs to it or not."""
        scan = Scan(article)
        return tuple(
            Explanation(
                topic_id=topic.id,
                topic_name=topic.name,
                query_version=query.version,
                finding=explain(query.tree, scan),
            )
            for topic, query in self._topics
        )

    def match_text(self, title: str, text: str) -> tuple[Match, ...]:
        """Do as `match` for a title and a text of which nothing else is known."""
        return self.match(loose_article(title, text))


def loose_article(
    title: str,
    text: str,
    *,
    url: str = "",
    source: str = "",
    author: str = "",
    tags: tuple[str, ...] = (),
    lang: str = "und",
) -> Article:
    """Make an article that came with no feed, to try topics on."""
    return Article(
        key="",
        url=url,
        title=title,
        text=text,
        source=source,
        feed_url="",
        author=author,
        tags=tags,
        lang=lang,
        first_seen_at=_NEVER,
    )


def compiled(topic: TopicConfig) -> TopicQuery:
    """Understand a topic's lists; raises QueryError for the first that cannot be understood."""
    return compile_topic(
        any=topic.any,
        all=topic.all,
        near=topic.near,
        within=topic.within,
        none=topic.none,
        query=topic.query,
        languages=topic.languages,
        sources=topic.sources,
    )
