"""The store's part for stories: what is to be grouped, what came of it, and stories whole."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, or_, select, update

from monitor.model import (
    ArticleMatches,
    Match,
    Review,
    Story,
    StoryArticle,
    StoryLine,
    StoryMember,
    StoryOutline,
    Timeline,
)
from monitor.store.archive import join_articles, read_matches, read_reviews
from monitor.store.database import KEYS_AT_ONCE, Database
from monitor.store.tables import article_facts, articles, matches, stories, story_articles

#: So many matched articles are grouped at most, the newest: no reader has more in four days.
MOST_ARTICLES = 5_000

#: So much of a text is compared.
_TEXT = 1_500
#: So much of one is enough to learn which words are common.
_BEGINNING = 300


class Stories(Database):
    """Stories and their articles."""

    def headlines(self, *, after: int, most: int) -> tuple[StoryArticle, ...]:
        """Give the newest articles whose number is above `after`, matched or not, at most so many.

        Of their texts only the beginning.
        """
        wanted = (
            _selected(_BEGINNING)
            .where(articles.c.id > after)
            .order_by(articles.c.id.desc())
            .limit(most)
        )
        with self._read() as connection:
            return tuple(map(_story_article, connection.execute(wanted)))

    def recent_matched(self, since: datetime) -> tuple[StoryArticle, ...]:
        """Give the articles that a topic matched since then, newest first, up to MOST_ARTICLES."""
        present = (matches.c.seen_at > since, matches.c.lost_in.is_(None))
        recent = select(matches.c.article_id).where(*present)
        wanted = (
            _selected(_TEXT)
            .where(articles.c.id.in_(recent))
            .order_by(articles.c.sorted_at.desc(), articles.c.id.desc())
            .limit(MOST_ARTICLES)
        )
        with self._read() as connection:
            return tuple(map(_story_article, connection.execute(wanted)))

    def save_stories(self, found: Sequence[Story], grouped: Sequence[StoryArticle]) -> int:
        """Store stories; say how many articles came to another one. Doing it twice changes nothing.

        Where another process has grouped these articles meanwhile, nothing is stored: what it made
        is as good, and the next grouping starts from there.

        Args:
            found: What `stories.cluster` made …
            grouped: … of these articles, as they were read from the store.
        """
        with self._write() as connection:
            self._dialect.hold_articles(connection)
            ids = [article.id for article in grouped]
            there = _there(connection, ids)
            before = {row.article_id: row for row in _places(connection, ids)}
            if any(
                article.story_id != (before[article.id].story_id if article.id in before else None)
                for article in grouped
                if article.id in there
            ):
                return 0
            started = {article.id: article.at for article in grouped}
            numbers = self._number(connection, found, started)
            rows = [
                {"article_id": each, "story_id": number, "copy_of": story.copies.get(each)}
                for story, number in zip(found, numbers, strict=True)
                for each in story.articles
                if each in there
            ]
            changed = [row for row in rows if not _is_stored(row, before)]
            if changed:
                statement = self._dialect.insert(story_articles)
                connection.execute(
                    statement.on_conflict_do_update(
                        index_elements=["article_id"],
                        set_={
                            "story_id": statement.excluded.story_id,
                            "copy_of": statement.excluded.copy_of,
                        },
                    ),
                    changed,
                )
            for story, number in zip(found, numbers, strict=True):
                for old in story.absorbed:
                    _absorb(connection, old, into=number)
        return sum(
            row["article_id"] not in before or before[row["article_id"]].story_id != row["story_id"]
            for row in changed
        )

    def _number(
        self, connection: Connection, found: Sequence[Story], started: dict[int, datetime]
    ) -> list[int]:
        """Give each story's id; new ones get theirs here."""
        new = [{"started_at": started[story.articles[0]]} for story in found if story.id is None]
        fresh: Iterator[int] = iter(())
        if new:
            statement = self._dialect.insert(stories).returning(
                stories.c.id, sort_by_parameter_order=True
            )
            fresh = iter(connection.scalars(statement, new).all())
        return [next(fresh) if story.id is None else story.id for story in found]

    def story(self, story_id: int) -> Timeline | None:
        """Give a story whole; the id of one that became part of another leads there.

        None if there is none of this number, or retention took all its articles.
        """
        own = func.coalesce(stories.c.into_id, stories.c.id)
        with self._read() as connection:
            number = connection.scalar(select(own).where(stories.c.id == story_id))
            found = _timelines(connection, [] if number is None else [number])
        return next(iter(found), None)

    def stories_of(self, article_ids: Collection[int]) -> tuple[Timeline, ...]:
        """Give the stories, whole, that these articles belong to, by their ids."""
        with self._read() as connection:
            numbers = {row.story_id for row in _places(connection, list(article_ids))}
            return _timelines(connection, sorted(numbers))

    def story_numbers(self, article_ids: Sequence[int]) -> dict[int, int]:
        """Give the stories that these articles belong to, as far as they do."""
        with self._read() as connection:
            return {row.article_id: row.story_id for row in _places(connection, article_ids)}

    def outlines(self, article_ids: Sequence[int], *, newest: int) -> dict[int, StoryOutline]:
        """Give in short the stories of these articles that have another one too, by article.

        Args:
            article_ids: A page of them.
            newest: So many lines of each story.
        """
        of_these = select(story_articles.c.story_id).where(
            story_articles.c.article_id.in_(article_ids)
        )
        within: dict[str, Any] = {"partition_by": story_articles.c.story_id}
        order = (article_facts.c.sorted_at.desc(), article_facts.c.id.desc())
        places = (
            select(
                story_articles.c.story_id,
                story_articles.c.article_id,
                story_articles.c.copy_of.is_not(None).label("repeats"),
                article_facts.c.sorted_at,
                func.row_number().over(order_by=order, **within).label("place"),
                func.count().over(**within).label("number"),
            )
            .join(article_facts, article_facts.c.id == story_articles.c.article_id)
            .where(story_articles.c.story_id.in_(of_these))
            .subquery()
        )
        wanted = (
            select(places, articles.c.title, articles.c.source, articles.c.lang)
            .join(articles, articles.c.id == places.c.article_id)
            .where(
                places.c.number > 1,
                or_(places.c.place <= newest, places.c.article_id.in_(article_ids)),
            )
            .order_by(places.c.story_id, places.c.place)
        )
        with self._read() as connection:
            rows = connection.execute(wanted).all()
        lines: dict[int, list[StoryLine]] = {}
        for row in rows:
            if row.place <= newest:
                lines.setdefault(row.story_id, []).append(_line(row))
        outlines = {
            row.story_id: StoryOutline(
                id=row.story_id, articles=row.number, newest=tuple(lines[row.story_id])
            )
            for row in rows
        }
        asked = set(article_ids)
        return {row.article_id: outlines[row.story_id] for row in rows if row.article_id in asked}


def _line(row: Row[*tuple[Any, ...]]) -> StoryLine:
    return StoryLine(
        id=row.article_id,
        title=row.title,
        source=row.source,
        lang=row.lang,
        at=row.sorted_at,
        repeats=row.repeats,
    )


def _selected(length: int) -> Select[Any]:
    return select(
        articles.c.id,
        articles.c.title,
        func.substr(articles.c.text, 1, length).label("text"),
        articles.c.url,
        articles.c.sorted_at,
        story_articles.c.story_id,
    ).outerjoin(story_articles, story_articles.c.article_id == articles.c.id)


def _story_article(row: Row[*tuple[Any, ...]]) -> StoryArticle:
    return StoryArticle(
        id=row.id,
        title=row.title,
        text=row.text,
        url=row.url,
        at=row.sorted_at,
        story_id=row.story_id,
    )


def _there(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Give those articles that retention has not taken since they were read."""
    found: set[int] = set()
    for start in range(0, len(ids), KEYS_AT_ONCE):
        some = articles.c.id.in_(ids[start : start + KEYS_AT_ONCE])
        found.update(connection.scalars(select(articles.c.id).where(some)))
    return found


def _places(connection: Connection, ids: Sequence[int]) -> Iterator[Row[*tuple[Any, ...]]]:
    """Give the rows of `story_articles` for these articles."""
    for start in range(0, len(ids), KEYS_AT_ONCE):
        some = story_articles.c.article_id.in_(ids[start : start + KEYS_AT_ONCE])
        yield from connection.execute(select(story_articles).where(some))


def _is_stored(row: dict[str, Any], before: Mapping[int, Row[*tuple[Any, ...]]]) -> bool:
    known = before.get(row["article_id"])
    return known is not None and (known.story_id, known.copy_of) == (
        row["story_id"],
        row["copy_of"],
    )


def _absorb(connection: Connection, old: int, *, into: int) -> None:
    """Let a story's id lead to another one, with the articles that are older than the window."""
    connection.execute(
        update(story_articles).where(story_articles.c.story_id == old).values(story_id=into)
    )
    led_here = or_(stories.c.id == old, stories.c.into_id == old)
    connection.execute(update(stories).where(led_here).values(into_id=into))


def _timelines(connection: Connection, numbers: Sequence[int]) -> tuple[Timeline, ...]:
    places: list[Row[*tuple[Any, ...]]] = []
    for start in range(0, len(numbers), KEYS_AT_ONCE):
        some = story_articles.c.story_id.in_(numbers[start : start + KEYS_AT_ONCE])
        places += connection.execute(select(story_articles).where(some)).all()
    ids = [row.article_id for row in places]
    found: dict[int, tuple[Match, ...]] = {}
    said: dict[int, tuple[Review, ...]] = {}
    for start in range(0, len(ids), KEYS_AT_ONCE):
        few = ids[start : start + KEYS_AT_ONCE]
        found |= read_matches(connection, matches.c.article_id.in_(few))
        said |= read_reviews(connection, few)
    rows = {row.id: row for row in join_articles(connection, ids, found, said)}
    by_story: dict[int, list[Row[*tuple[Any, ...]]]] = {}
    for place in places:
        by_story.setdefault(place.story_id, []).append(place)
    return tuple(
        _timeline(number, by_story[number], rows) for number in numbers if number in by_story
    )


def _timeline(
    number: int, places: Sequence[Row[*tuple[Any, ...]]], rows: Mapping[int, ArticleMatches]
) -> Timeline:
    own = {place.article_id for place in places}
    members = [
        StoryMember(
            row=rows[place.article_id], copy_of=place.copy_of if place.copy_of in own else None
        )
        for place in places
    ]
    members.sort(key=lambda member: (member.at, member.row.id))
    return Timeline(id=number, members=tuple(members))
