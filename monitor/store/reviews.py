"""The store's part for reviewing: marks, stars, notes, and how they are taken back.

A review belongs to a topic and an article. It remembers how it was before its last change, which
carries the name of a step: undoing a step brings that back wherever nobody changed more since.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Insert,
    Select,
    and_,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)

from monitor.model import Cursor, JudgedMatch, Mark, MatchKey, ReviewChange, Vote
from monitor.store import values
from monitor.store.database import Database
from monitor.store.tables import UtcDateTime, articles, clean, matches, reviews

#: Older judgements say little of what a reader wants today.
MOST_VOTES = 2_000

#: A match that nobody has judged; a star or a note alone is no judgement.
UNREVIEWED = ~exists().where(
    reviews.c.topic_id == matches.c.topic_id,
    reviews.c.article_id == matches.c.article_id,
    reviews.c.mark != Mark.OPEN.value,
)


class Reviews(Database):
    """What reviewers said of matches."""

    def review(
        self, keys: Sequence[MatchKey], change: ReviewChange, *, step: str, now: datetime
    ) -> int:
        """Change what is said of these matches; say how many they were.

        Keys without a match are left out, and what somebody judged is never called seen. `step`
        names the change for `undo_review`.
        """
        wanted = _named(keys)
        if change.mark is Mark.SEEN:
            wanted = (*wanted, UNREVIEWED)
        return self._review(wanted, change, step, now)

    def review_seen(self, topic_id: str | None, *, up_to: Cursor, step: str, now: datetime) -> int:
        """Call seen all that nobody has judged from this place on to the oldest.

        Args:
            topic_id: Only matches of this topic; None for all.
            up_to: The newest one; what arrived later stays to be reviewed.
            step: The name for `undo_review`.
            now: When it is said.
        """
        place = tuple_(matches.c.sorted_at, matches.c.article_id)
        newest = tuple_(literal(up_to.sorted_at, UtcDateTime()), literal(up_to.id))
        wanted: tuple[ColumnElement[bool], ...] = (UNREVIEWED, place <= newest)
        if topic_id is not None:
            wanted = (*wanted, matches.c.topic_id == topic_id)
        return self._review(wanted, ReviewChange(mark=Mark.SEEN), step, now)

    def write_note(
        self, key: MatchKey, note: str, *, before: str, step: str, now: datetime
    ) -> str | None:
        """Replace a note; give the one that stands there if it is not `before`, else None."""
        with self._write() as connection:
            stands = connection.scalar(
                select(reviews.c.note).where(
                    reviews.c.topic_id == key.topic_id, reviews.c.article_id == key.article_id
                )
            )
            if (stands or "") not in {clean(before), clean(note)}:
                return stands
            connection.execute(self._upsert(_named([key]), ReviewChange(note=note), step, now))
        return None

    def undo_review(self, step: str) -> int:
        """Take one change back; say of how many matches.

        Where somebody changed more since, their word stays.
        """
        statement = (
            update(reviews)
            .where(reviews.c.step == step)
            .values(
                mark=reviews.c.mark_before,
                starred=reviews.c.starred_before,
                note=reviews.c.note_before,
                step="",
            )
        )
        with self._write() as connection:
            return connection.execute(statement).rowcount

    def reviewed_in(self, step: str) -> int:
        """Count the matches whose last change was this step."""
        with self._read() as connection:
            counted = select(func.count()).where(reviews.c.step == step)
            return connection.scalar(counted) or 0

    def open_counts(self) -> dict[str, int]:
        """Count for each topic with matches those that nobody has judged."""
        judged = (
            select(matches.c.topic_id, func.count().label("number"))
            .join(
                reviews,
                (reviews.c.topic_id == matches.c.topic_id)
                & (reviews.c.article_id == matches.c.article_id),
            )
            .where(reviews.c.mark != Mark.OPEN.value, matches.c.lost_in.is_(None))
            .group_by(matches.c.topic_id)
        )
        every = (
            select(matches.c.topic_id, func.count())
            .where(matches.c.lost_in.is_(None))
            .group_by(matches.c.topic_id)
        )
        with self._read() as connection:
            counts: dict[str, int] = dict(connection.execute(every).all())
            for topic_id, number in connection.execute(judged):
                counts[topic_id] -= number
        return counts

    def votes(self) -> tuple[Vote, ...]:
        """Give what reviewers found relevant (or starred) and irrelevant, the newest MOST_VOTES."""
        told = (
            select(reviews.c.topic_id, reviews.c.mark, articles.c.title, articles.c.source)
            .join(articles)
            .where(
                or_(
                    reviews.c.mark.in_([Mark.RELEVANT.value, Mark.IRRELEVANT.value]),
                    reviews.c.starred,
                )
            )
            .order_by(reviews.c.sorted_at.desc(), reviews.c.article_id.desc())
            .limit(MOST_VOTES)
        )
        with self._read() as connection:
            return tuple(
                Vote(
                    topic_id=row.topic_id,
                    title=row.title,
                    source=row.source,
                    liked=row.mark != Mark.IRRELEVANT.value,
                )
                for row in connection.execute(told)
            )

    def judged_matches(self, topic_id: str, *, most: int) -> tuple[JudgedMatch, ...]:
        """Give a topic's newest matches with what found them and what reviewers said."""
        newest = (
            select(matches.c.topic_id, matches.c.article_id, matches.c.spans)
            .where(matches.c.topic_id == topic_id, matches.c.lost_in.is_(None))
            .order_by(matches.c.sorted_at.desc(), matches.c.article_id.desc())
            .limit(most)
            .subquery()
        )
        same = and_(
            reviews.c.topic_id == newest.c.topic_id, reviews.c.article_id == newest.c.article_id
        )
        wanted = (
            select(newest.c.spans, articles.c.source, reviews.c.mark)
            .join(articles, articles.c.id == newest.c.article_id)
            .outerjoin(reviews, same)
        )
        with self._read() as connection:
            return tuple(
                JudgedMatch(
                    source=row.source,
                    terms=frozenset(span.term for span in values.spans(row.spans)),
                    mark=Mark(row.mark or Mark.OPEN),
                )
                for row in connection.execute(wanted)
            )

    def marks(self, topic_id: str) -> dict[int, Mark]:
        """Give what reviewers said of a topic's articles, by their numbers."""
        judged = select(reviews.c.article_id, reviews.c.mark).where(
            reviews.c.topic_id == topic_id, reviews.c.mark != Mark.OPEN.value
        )
        with self._read() as connection:
            return {row.article_id: Mark(row.mark) for row in connection.execute(judged)}

    def mark_counts(self) -> dict[str, dict[Mark, int]]:
        """Count the marks of each topic that has any."""
        counted = (
            select(reviews.c.topic_id, reviews.c.mark, func.count())
            .where(reviews.c.mark != Mark.OPEN.value)
            .group_by(reviews.c.topic_id, reviews.c.mark)
        )
        found: dict[str, dict[Mark, int]] = {}
        with self._read() as connection:
            for topic_id, mark, number in connection.execute(counted):
                found.setdefault(topic_id, {})[Mark(mark)] = number
        return found

    def _review(
        self,
        wanted: Sequence[ColumnElement[bool]],
        change: ReviewChange,
        step: str,
        now: datetime,
    ) -> int:
        with self._write() as connection:
            counted = {"preserve_rowcount": True}
            statement = self._upsert(wanted, change, step, now)
            return connection.execute(statement, execution_options=counted).rowcount

    def _upsert(
        self,
        wanted: Sequence[ColumnElement[bool]],
        change: ReviewChange,
        step: str,
        now: datetime,
    ) -> Insert:
        mark, starred = change.mark, change.starred
        rows: Select[Any] = select(
            matches.c.topic_id,
            matches.c.article_id,
            literal((mark or Mark.OPEN).value).label("mark"),
            literal(bool(starred)).label("starred"),
            literal(clean(change.note or "")).label("note"),
            matches.c.sorted_at,
            literal(step).label("step"),
            literal(now, UtcDateTime()).label("changed_at"),
            literal(Mark.OPEN.value).label("mark_before"),
            literal(False).label("starred_before"),  # noqa: FBT003  the value of a column
            literal("").label("note_before"),
        ).where(*wanted)
        statement = self._dialect.insert(reviews).from_select(rows.selected_columns.keys(), rows)
        new = statement.excluded
        changed = {
            "step": new.step,
            "changed_at": new.changed_at,
            "mark_before": reviews.c.mark,
            "starred_before": reviews.c.starred,
            "note_before": reviews.c.note,
        }
        if mark is not None:
            changed["mark"] = new.mark
        if starred is not None:
            changed["starred"] = new.starred
        if change.note is not None:
            changed["note"] = new.note
        return statement.on_conflict_do_update(
            index_elements=["topic_id", "article_id"], set_=changed
        )


def _named(keys: Sequence[MatchKey]) -> tuple[ColumnElement[bool], ...]:
    named = [(key.topic_id, key.article_id) for key in keys]
    return (tuple_(matches.c.topic_id, matches.c.article_id).in_(named),)
