"""Which topics an article belongs to, and why."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b

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
        #: The wording of each topic, to be stored with the matches that it makes.
        self.versions = tuple(_version(topic, query) for topic, query in self._topics)
        self._labels = [
            [(name, parse(wanted)) for name, wanted in topic.labels.items()]
            for topic, _ in self._topics
        ]
        self._presearch = Presearch(
            (query.tree for _, query in self._topics),
            asked_later=(wanted for labels in self._labels for _, wanted in labels),
        )

    def match(self, article: Article) -> tuple[Match, ...]:
        """Give the topics an article belongs to, in the order of the configuration."""
        scan = Scan(article, self._presearch.literals_in)
        matches: list[Match] = []
        for number, tree in self._presearch.worth_trying(scan.folded, scan.lacks):
            hits = evaluate(tree, scan)
            if hits is not None:
                version = self.versions[number]
                matches.append(
                    Match(
                        topic_id=version.topic_id,
                        query_version=version.query_version,
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
                topic_id=version.topic_id,
                topic_name=version.name,
                query_version=version.query_version,
                finding=explain(query.tree, scan),
            )
            for (_, query), version in zip(self._topics, self.versions, strict=True)
        )

    def match_text(self, title: str, text: str) -> tuple[Match, ...]:
        """Do as `match` for a title and a text of which nothing else is known."""
        return self.match(loose_article(title, text))


def _version(topic: TopicConfig, query: TopicQuery) -> TopicVersion:
    """Give a topic's wording. Labels belong to it: matches bear them."""
    definition, version = query.definition, query.version
    if topic.labels:
        labels = json.dumps(dict(topic.labels), ensure_ascii=False, separators=(",", ":"))
        definition = f'{definition[:-1]},"labels":{labels}}}'
        version = blake2b(definition.encode(), digest_size=8).hexdigest()
    return TopicVersion(
        topic_id=topic.id, query_version=version, name=topic.name, definition=definition
    )


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
