"""Between rows and values: the one place that knows how a value lies in its columns."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from monitor.model import (
    Article,
    Delivery,
    DeliveryState,
    Diary,
    EntryNames,
    FailureKind,
    FeedState,
    KeyPolicy,
    KnownEntry,
    Mark,
    Match,
    RenderedDigest,
    Review,
    Slot,
    Span,
    Validators,
    Window,
)
from monitor.store.tables import clean

Values = dict[str, Any]

# `json.dumps` would make an encoder for each value.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def feed_values(state: FeedState) -> Values:
    """Lay out what a poll decides; `every` is the configuration's word and not among it."""
    return {
        "current_url": state.url,
        "title": state.title,
        "lang": state.lang,
        "etag": state.validators.etag,
        "last_modified": state.validators.last_modified,
        "body_hash": state.body_hash,
        "next_poll_at": state.next_poll_at,
        "last_polled_at": state.last_polled_at,
        "last_success_at": state.last_success_at,
        "first_success_at": state.first_success_at,
        "failures": state.failures,
        "failure_kind": None if state.failure_kind is None else state.failure_kind.value,
        "error": state.error,
        "retired": state.retired,
        # A year stands for any longer wish: a column holds no more than 68.
        "ttl_seconds": seconds(min(state.ttl, timedelta(days=365))),
        "skip_hours": _json(sorted(state.skip_hours)),
        "skip_days": _json(sorted(state.skip_days)),
        "diary_until": None if state.diary is None else state.diary.until,
        "diary": None if state.diary is None else state.diary.counts,
        "key_policy": state.key_policy.value,
    }


def seconds(every: timedelta | None) -> int | None:
    """Give a configured interval in whole seconds."""
    return None if every is None else int(every.total_seconds())


def feed_state(row: Row[*tuple[Any, ...]]) -> FeedState:
    """Read a row of `feeds`."""
    return FeedState(
        feed_url=row.url,
        url=row.current_url,
        title=row.title,
        lang=row.lang,
        validators=Validators(etag=row.etag, last_modified=row.last_modified),
        body_hash=row.body_hash,
        every=None if row.every_seconds is None else timedelta(seconds=row.every_seconds),
        next_poll_at=row.next_poll_at,
        last_polled_at=row.last_polled_at,
        last_success_at=row.last_success_at,
        first_success_at=row.first_success_at,
        failures=row.failures,
        failure_kind=None if row.failure_kind is None else FailureKind(row.failure_kind),
        error=row.error,
        retired=row.retired,
        ttl=timedelta(seconds=row.ttl_seconds),
        skip_hours=frozenset(json.loads(row.skip_hours)),
        skip_days=frozenset(json.loads(row.skip_days)),
        diary=_diary(row),
        key_policy=KeyPolicy(row.key_policy),
    )


def _diary(row: Row[*tuple[Any, ...]]) -> Diary | None:
    if row.diary is None:
        return None
    return Diary(until=row.diary_until, counts=row.diary)


def article_values(article: Article, feed_id: int) -> Values:
    """Lay out an article."""
    published = article.published_at or article.first_seen_at
    return {
        "key": article.key,
        "url": article.url,
        "title": article.title,
        "text": article.text,
        "source": article.source,
        "feed_id": feed_id,
        "author": article.author,
        "tags": _json(article.tags),
        "lang": article.lang,
        "published_at": article.published_at,
        "first_seen_at": article.first_seen_at,
        "sorted_at": min(published, article.first_seen_at),
        "backlog": article.backlog,
    }


def article(row: Row[*tuple[Any, ...]]) -> Article:
    """Read a row of `articles` joined with its feed's address as `feed_url`."""
    return Article(
        key=row.key,
        url=row.url,
        title=row.title,
        text=row.text,
        source=row.source,
        feed_url=row.feed_url,
        author=row.author,
        tags=strings(row.tags),
        lang=row.lang,
        published_at=row.published_at,
        first_seen_at=row.first_seen_at,
        backlog=row.backlog,
    )


def edited_values(edited: Article) -> Values:
    """Lay out what an edit changes of an article; when it was published and seen stays."""
    return {
        "url": edited.url,
        "title": edited.title,
        "text": edited.text,
        "author": edited.author,
        "tags": _json(edited.tags),
        "lang": edited.lang,
    }


def names_values(names: EntryNames) -> Values:
    """Lay out what an entry is called."""
    return {
        "key": names.key,
        "page": names.page,
        "heading": names.heading,
        "content": names.content,
    }


def names(row: Row[*tuple[Any, ...]]) -> EntryNames:
    """Read what an entry is called from a row of `sightings`."""
    return EntryNames(key=row.key, page=row.page, heading=row.heading, content=row.content)


def known_entry(row: Row[*tuple[Any, ...]]) -> KnownEntry:
    """Read a row of `sightings`."""
    return KnownEntry(names=names(row), edits=row.edits, sorted_at=row.sorted_at)


def lookalike(row: Row[*tuple[Any, ...]]) -> KnownEntry:
    """Read a row of `sightings` with its article's words."""
    return replace(known_entry(row), url=row.url, text=row.text)


def spans_json(spans: Iterable[Span]) -> str:
    """Lay out a match's evidence."""
    return _json([[s.field, s.start, s.end, s.surface, s.term] for s in spans])


def spans_that_hold(spans: Iterable[Span], *, title: str, text: str) -> list[Span]:
    """Give the spans that say the truth about this title and text.

    An article first stored from one feed may be found again in another whose text is longer.
    """
    stored = {"title": title, "body": text}
    return [s for s in spans if stored[s.field][s.start : s.end] == clean(s.surface)]


def match(row: Row[*tuple[Any, ...]]) -> Match:
    """Read a row of `matches`."""
    return Match(
        topic_id=row.topic_id,
        query_version=row.version,
        spans=spans(row.spans),
        labels=strings(row.labels),
        found_later=row.found_in is not None,
        lost=row.lost_in is not None,
    )


def spans(text: str) -> tuple[Span, ...]:
    """Read a match's evidence."""
    return tuple(
        Span(field=field, start=start, end=end, surface=surface, term=term)
        for field, start, end, surface, term in json.loads(text)
    )


def review(row: Row[*tuple[Any, ...]]) -> Review:
    """Read a row of `reviews`."""
    return Review(topic_id=row.topic_id, mark=Mark(row.mark), starred=row.starred, note=row.note)


def rendered_values(rendered: RenderedDigest) -> Values:
    """Lay out an issue as it was sent."""
    return {
        "subject": rendered.subject,
        "html": rendered.html,
        "text": rendered.text,
        "problems": _json(rendered.problems),
    }


def rendered(row: Row[*tuple[Any, ...]]) -> RenderedDigest:
    """Read an issue as it was sent from a row of `digests`."""
    return RenderedDigest(
        subject=row.subject, html=row.html, text=row.text, problems=strings(row.problems)
    )


def slot(row: Row[*tuple[Any, ...]]) -> Slot:
    """Read the slot from a row of `digests`."""
    return Slot(digest=row.name, local_date=row.local_date, at=row.slot, due_at=row.due_at)


def window(row: Row[*tuple[Any, ...]]) -> Window:
    """Read the window from a row of `digests`."""
    return Window(since=row.since, until=row.until)


def delivery(row: Row[*tuple[Any, ...]]) -> Delivery:
    """Read a row of `deliveries`."""
    return Delivery(
        id=row.id,
        digest_id=row.digest_id,
        recipient=row.recipient,
        message_id=row.message_id,
        message=bytes(row.message),
        state=DeliveryState(row.state),
        tries=row.tries,
        next_try_at=row.next_try_at,
        error=row.error,
        sent_at=row.sent_at,
    )


def strings_json(strings: Iterable[str]) -> str:
    """Lay out strings, for `strings`."""
    return _json(strings)


def strings(text: str) -> tuple[str, ...]:
    """Read a JSON list of strings."""
    return tuple(json.loads(text))


def _json(value: Iterable[Any]) -> str:
    # Cleaned again as a whole by the column; JSON's own escape would hide a NUL from it.
    return _encode(_cleaned(value))


def _cleaned(value: Any) -> Any:  # noqa: ANN401  whatever JSON has
    if isinstance(value, str):
        return clean(value)
    return value if isinstance(value, int) else [_cleaned(part) for part in value]
