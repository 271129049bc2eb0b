"""The archive for other programs: each page as JSON, as a table or as a feed."""

import platform
from collections.abc import Iterable, Iterator
from itertools import islice

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from monitor import __version__, archive, noise, records
from monitor.archive import ArchiveArticle
from monitor.web import addresses, exports, words
from monitor.web.exports import Entry
from monitor.web.services import ISSUES, Looking, Services, number_in


class Downloads:
    """The endpoints; Starlette runs each in a thread, since they are plain functions."""

    def __init__(self, services: Services, looking: Looking) -> None:
        self._services = services
        self._looking = looking

    def article_json(self, request: Request) -> Response:
        """Give one article for other programs."""
        return JSONResponse(exports.whole(self._looking.whole(request), self._base(request)))

    def story_json(self, request: Request) -> Response:
        """Give one story for other programs."""
        return JSONResponse(exports.story(self._looking.told(request), self._base(request)))

    def story_csv(self, request: Request) -> Response:
        """Give one story as a table."""
        told = (each.article for each in self._looking.told(request).articles)
        return _table(exports.as_csv(told, self._base(request)), "story")

    def story_atom(self, request: Request) -> Response:
        """Give the newest of one story as a feed."""
        told, base = self._looking.told(request), self._base(request)
        newest = [each.article for each in told.articles[: -archive.PAGE_SIZE - 1 : -1]]
        title = exports.plain(told.title) or "(no title)"
        return self._atom(
            (exports.article_entry(article, base) for article in newest),
            base,
            here=f"/stories/{told.id}.atom",
            title=f"News Monitor: {title}",
        )

    def _atom(self, entries: Iterable[Entry], base: str, *, here: str, title: str) -> Response:
        now = self._services.now()
        return StreamingResponse(
            exports.as_atom(entries, base, here=base + here, title=title, now=now),
            media_type="application/atom+xml; charset=utf-8",
        )

    def as_json(self, request: Request) -> Response:
        """Give all that the filters and the search ask for, as JSON."""
        found, base = self._found(request), self._base(request)
        return StreamingResponse(exports.as_json(found, base), media_type="application/json")

    def as_csv(self, request: Request) -> Response:
        """Give it as a table."""
        return _table(exports.as_csv(self._found(request), self._base(request)), "news-monitor")

    def as_atom(self, request: Request) -> Response:
        """Give the newest of it as a feed."""
        asked = addresses.question(request.query_params)
        scope = words.scope(asked, ()) + (f" “{asked.query}”" if asked.query else "")
        newest, base = islice(self._found(request), archive.PAGE_SIZE), self._base(request)
        return self._atom(
            (exports.article_entry(article, base) for article in newest),
            base,
            here=addresses.address(asked, page="/archive.atom"),
            title=f"News Monitor: {scope}" if scope else "News Monitor",
        )

    def _found(self, request: Request) -> Iterator[ArchiveArticle]:
        config = self._services.config()
        return archive.export(
            self._services.store,
            addresses.question(request.query_params),
            topics=config.topics,
            feeds=config.feeds,
            zone=config.zone,
        )

    def _base(self, request: Request) -> str:
        public = self._services.config().web.public_url.rstrip("/")
        return public or str(request.base_url).rstrip("/")

    def digests_json(self, request: Request) -> Response:
        """Give the issues for other programs."""
        rows, base = self._looking.issues(request)[:ISSUES], self._base(request)
        return JSONResponse({"digests": [exports.issue(row, base) for row in rows]})

    def digests_csv(self, request: Request) -> Response:
        """Give the issues as a table."""
        rows = records.copies(self._looking.issues(request)[:ISSUES])
        return _table(exports.table(records.COPY_COLUMNS, rows), "digests")

    def digests_atom(self, request: Request) -> Response:
        """Give the newest issues as a feed: digests without mail."""
        store, base = self._services.store, self._base(request)
        entries = (
            exports.issue_entry(row, rendered.text, base)
            for row in self._looking.issues(request)[: archive.PAGE_SIZE]
            if (rendered := store.digest(row.id))
        )
        return self._atom(entries, base, here="/digests.atom", title="News Monitor: digests")

    def digest_json(self, request: Request) -> Response:
        """Give one issue for other programs."""
        number = number_in(request)
        rendered, row = self._looking.issue(number), self._looking.row(number)
        about = exports.issue(row, self._base(request))
        return JSONResponse(about | {"text": rendered.text, "problems": list(rendered.problems)})

    def topics_json(self, _: Request) -> Response:
        """Give how the topics run, for other programs."""
        return JSONResponse(records.topics(self._looking.trends()))

    def topics_csv(self, _: Request) -> Response:
        """Give matches by day and topic as a table."""
        return _table(
            exports.table(records.DAY_COLUMNS, records.days(self._looking.trends())), "topics"
        )

    def topic_json(self, request: Request) -> Response:
        """Give what brings a topic its matches, for other programs."""
        topic = self._looking.topic(request)
        found = noise.look(self._services.store, topic.id)
        return JSONResponse(records.bringers(topic.id, topic.name, found))

    def _feed_records(self) -> list[dict[str, object]]:
        configured = {feed.url: feed for feed in self._services.config().feeds}
        return [
            records.feed(one, configured[one.row.state.feed_url]) for one in self._looking.health()
        ]

    def feeds_json(self, _: Request) -> Response:
        """Give how the feeds are, for other programs."""
        return JSONResponse({"feeds": self._feed_records()})

    def feeds_csv(self, _: Request) -> Response:
        """Give it as a table."""
        return _table(exports.table(records.FEED_COLUMNS, self._feed_records()), "feeds")

    def status_json(self, _: Request) -> Response:
        """Give how the monitor itself is, for other programs."""
        store = self._services.store
        found = records.status(
            store.standing(),
            self._services.config(),
            self._looking.week(),
            problems=self._services.config_notices(),
            next_poll=store.next_poll_at(),
        )
        versions = {"version": __version__, "python": platform.python_version()}
        return JSONResponse(versions | found)


def _table(lines: Iterator[str], name: str) -> Response:
    return StreamingResponse(
        lines,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
