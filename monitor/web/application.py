"""The archive's pages: each reads the store once, and every filter is a part of its address."""

import logging
import platform
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby, islice
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from monitor import (
    __version__,
    archive,
    deliver,
    drawing,
    noise,
    polling,
    records,
    render,
    stats,
    subscribe,
    timeline,
    trying,
)
from monitor.archive import ArchiveArticle, ArchiveView, Question, WholeArticle
from monitor.config import Config, TopicConfig, editing
from monitor.errors import ConfigError, MonitorError, QueryError
from monitor.model import Coverage, DigestRow, RenderedDigest, Window
from monitor.stats import Stats
from monitor.store import Store
from monitor.subscribe import FeedHealth
from monitor.timeline import ToldStory
from monitor.web import addresses, exports, words
from monitor.web.exports import Entry
from monitor.web.forms import Forms, StaleForm
from monitor.web.guard import MAIL_POLICY, UNSUBSCRIBE, Guard, known_hosts
from monitor.web.reviewing import Reviewing

log = logging.getLogger(__name__)

_PAGES = Path(__file__).with_name("pages")
#: Eighteen digits stay inside a database key.
_NUMBER = re.compile(r"[0-9]{1,18}")
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
#: What the page of topics looks back on.
_TREND_DAYS = 60
#: What the trial of another wording looks back on.
_TRIAL_TIME = timedelta(days=30)
#: What the page of feeds counts.
_FEED_TIME = timedelta(days=30)
#: What the page of the monitor itself looks back on.
_STATUS_TIME = timedelta(days=7)
#: Issues in the list: more than four months of a daily digest.
_ISSUES = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """All that the pages need; what can change while the service runs is asked at each request."""

    store: Store
    #: The configuration in force; a reload swaps what this gives. `[web]` is read at the start.
    config: Callable[[], Config]
    #: The next digest of that name as it would look now; called only with configured names.
    preview: Callable[[str], RenderedDigest]
    #: The clock.
    now: Callable[[], datetime]
    #: What is going on, in one line: "reading 55 feeds: 12 done", or that nothing could be reached
    #: and when it is tried again. None when there is nothing to say.
    status: Callable[[], str | None] = lambda: None
    #: What the owner must know: a configuration or a template that is broken, one line each.
    notices: Callable[[], Iterable[str]] = lambda: ()
    #: What is wrong with the configuration file, or not applied yet.
    config_notices: Callable[[], Iterable[str]] = lambda: ()
    #: The token of `[web] auth = "token"` (see `load_token`); None lets everybody in.
    token: str | None = None


def create_app(services: Services) -> Starlette:
    """Build the ASGI application that answers with the archive's pages."""
    web = services.config().web
    pages = _Pages(services)
    paths: dict[str, Callable[[Request], Response]] = {
        "/": pages.archive,
        "/archive.json": pages.as_json,
        "/archive.csv": pages.as_csv,
        "/archive.atom": pages.as_atom,
        "/digests": pages.digests,
        "/digests.json": pages.digests_json,
        "/digests.csv": pages.digests_csv,
        "/digests.atom": pages.digests_atom,
        "/digests/next": pages.preview,
        "/digests/next/mail": pages.preview_mail,
        "/digests/{id}.json": pages.digest_json,
        "/digests/{id}": pages.digest,
        "/digests/{id}/mail": pages.digest_mail,
        "/articles/{id}.json": pages.article_json,
        "/articles/{id}": pages.article,
        "/stories/{id}.json": pages.story_json,
        "/stories/{id}.csv": pages.story_csv,
        "/stories/{id}.atom": pages.story_atom,
        "/stories/{id}": pages.story,
        "/topics": pages.topics,
        "/topics.json": pages.topics_json,
        "/topics.csv": pages.topics_csv,
        "/topics/{id}.json": pages.topic_json,
        "/topics/{id}": pages.topic,
        "/feeds": pages.feeds,
        "/feeds.json": pages.feeds_json,
        "/feeds.csv": pages.feeds_csv,
        "/status": pages.status,
        "/status.json": pages.status_json,
        "/health": pages.health,
        "/style.css": _file("style.css", "text/css"),
        "/icon.svg": _file("icon.svg", "image/svg+xml"),
        "/keys.js": _file("keys.js", "text/javascript"),
    }
    changes = {
        "/review": pages.reviewing.review,
        "/review/note": pages.reviewing.note,
        "/review/undo": pages.reviewing.undo,
        "/feeds/poll": pages.poll_soon,
    }
    leaving = Route(UNSUBSCRIBE + "{token}", pages.unsubscribe, methods=["GET", "POST"])
    app = Starlette(
        routes=[
            *(Route(path, endpoint) for path, endpoint in paths.items()),
            *(Route(path, endpoint, methods=["POST"]) for path, endpoint in changes.items()),
            leaving,
        ],
        middleware=[
            Middleware(
                Guard,
                hosts=known_hosts(web),
                token=services.token,
                secure=urlsplit(web.public_url).scheme == "https",
                error_page=pages.error,
                changes=changes,
                proxies=web.proxies,
            )
        ],
        exception_handlers={
            HTTPException: pages.not_there,
            MonitorError: pages.trouble,
            QueryError: pages.misunderstood,
            archive.QuestionError: pages.misunderstood,
            StaleForm: pages.reviewing.stale,
        },
    )
    # "/feeds/" is no page: the only redirect we make is the one that takes the token out of sight.
    app.router.redirect_slashes = False
    return app


def _file(name: str, media_type: str) -> Callable[[Request], Response]:
    content = (_PAGES / name).read_bytes()

    def serve(_: Request) -> Response:
        return Response(content, media_type=media_type, headers={"Cache-Control": "max-age=600"})

    return serve


class _Pages:
    """The endpoints; Starlette runs each in a thread, since they are plain functions."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._counts = archive.Counts(services.now)
        self._templates = render.html_environment(_PAGES)
        self._templates.filters |= {"count": words.count, "sentence": words.sentence}
        self._templates.globals["judged"] = words.judged
        self._forms = Forms()
        self.reviewing = Reviewing(services.store, services.now, self._page, self._forms)

    # ------------------------------------------------------------------------------- archive

    def archive(self, request: Request) -> Response:
        """Show the newest matches, or what the filters and the search ask for."""
        config = self._services.config()
        question = addresses.question(request.query_params)
        view = archive.browse(
            self._services.store,
            question,
            topics=config.topics,
            feeds=config.feeds,
            zone=config.zone,
            counts=self._counts,
        )
        today = self._today()
        days = [
            (words.day(when, today), tuple(rows))
            for when, rows in groupby(
                words.rows(view, config.zone, today), lambda row: row.article.time.date()
            )
        ]
        empty = self._empty(view, question)
        return self._page(
            "archive.html",
            view=view,
            question=question,
            days=days,
            feed_name=self._feed_name(question.feed),
            empty=empty,
            unread=self._unread() if empty == "nothing read" else (),
            asked=words.asked_so_far(self._services.store.feed_states()) if empty else "",
            link=addresses.Links(question),
            fields=addresses.parts(question),
            chart=words.chart(view.overview.bars, today) if view.overview else None,
            max_query=archive.MAX_QUERY_CHARS,
            scope=words.scope(question, view.topics),
            **self._review_values(request),
        )

    def _review_values(self, request: Request) -> dict[str, object]:
        """Give what every page with marks needs: the forms' token and what was just done."""
        step = request.query_params.get("done", "")
        number = self._services.store.reviewed_in(step) if step else 0
        return {"csrf": self._forms.token, "step": step if number else "", "changed": number}

    def article(self, request: Request) -> Response:
        """Show one article with all that is known of it."""
        found, zone = self._whole(request), self._services.config().zone
        return self._page(
            "article.html",
            whole=found,
            article=found.article,
            day=words.day(found.article.time.date(), self._today()),
            carriers=[(url, self._feed_name(url)) for url in found.carriers],
            story=found.story,
            lines=words.story_lines(found.story, {found.article.id}, zone, self._today()),
            **self._review_values(request),
        )

    def article_json(self, request: Request) -> Response:
        """Give one article for other programs."""
        return JSONResponse(exports.whole(self._whole(request), self._base(request)))

    def _whole(self, request: Request) -> WholeArticle:
        config = self._services.config()
        missing = "There is no such article; it may have been kept long enough."
        found = archive.whole(
            self._services.store,
            _number(request, missing),
            topics=config.topics,
            feeds=config.feeds,
            zone=config.zone,
        )
        if found is None:
            raise HTTPException(404, missing)
        return found

    def story(self, request: Request) -> Response:
        """Show one story, from its first article to its last."""
        found = self._told(request)
        today = self._today()
        begin = _offset(request)
        shown = found.articles[begin : begin + archive.PAGE_SIZE]
        if not shown:
            raise HTTPException(404, "This story has no such page.")
        days = groupby(shown, lambda told: told.article.time.date())
        return self._page(
            "story.html",
            story=found,
            title=found.articles[0].article.title,
            days=[(words.day(when, today), tuple(told)) for when, told in days],
            begin=begin,
            end=begin + len(shown),
            link=addresses.Links(Question()),
            **self._review_values(request),
        )

    def story_json(self, request: Request) -> Response:
        """Give one story for other programs."""
        return JSONResponse(exports.story(self._told(request), self._base(request)))

    def story_csv(self, request: Request) -> Response:
        """Give one story as a table."""
        told = (each.article for each in self._told(request).articles)
        return _table(exports.as_csv(told, self._base(request)), "story")

    def story_atom(self, request: Request) -> Response:
        """Give the newest of one story as a feed."""
        told, base = self._told(request), self._base(request)
        newest = [each.article for each in told.articles[: -archive.PAGE_SIZE - 1 : -1]]
        title = exports.plain(told.articles[0].article.title) or "(no title)"
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

    def _told(self, request: Request) -> ToldStory:
        config = self._services.config()
        missing = "There is no such story; its articles may have been kept long enough."
        found = timeline.tell(
            self._services.store,
            _number(request, missing),
            topics=config.topics,
            feeds=config.feeds,
            zone=config.zone,
        )
        if found is None:
            raise HTTPException(404, missing)
        return found

    def _feed_name(self, url: str) -> str:
        if not url:
            return ""
        named = {feed.url: feed.name for feed in self._services.config().feeds}
        titles = {state.feed_url: state.title for state in self._services.store.feed_states()}
        return named.get(url) or titles.get(url) or words.address(url)

    def _empty(self, view: ArchiveView, question: Question) -> str:
        """Choose what an empty page says: a name of a paragraph in archive.html; "" for none."""
        if view.articles or view.fault or view.problems:
            return ""
        if question.query:
            return "no hit"
        if question.mark == "open":
            return "caught up"
        narrowed = (question.topic, question.feed, question.after, question.mark, question.source)
        if any((*narrowed, question.lang, question.label, question.first, question.last)):
            return "nothing here"
        return self._empty_archive(question)

    def _empty_archive(self, question: Question) -> str:
        config = self._services.config()
        if not config.feeds:
            return "no feeds"
        if not any(state.first_success_at for state in self._services.store.feed_states()):
            return "nothing read"
        found = "no match" if config.topics else "no topics"
        return "no article" if question.everything else found

    def _unread(self) -> tuple[str, ...]:
        """Say why nothing was read yet, one sentence or two."""
        states = self._services.store.feed_states()
        status = self._services.status()
        zone = self._services.config().zone
        if status and words.is_offline(states):
            return (status,)
        found = (status, words.asked_in_vain(states, zone, self._services.now()))
        return tuple(filter(None, found)) or ("The feeds are being read for the first time.",)

    # ------------------------------------------------------------------------------- exports

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

    def misunderstood(self, _: Request, error: Exception) -> Response:
        """Answer an export whose filters or search cannot be followed."""
        message = error.message if isinstance(error, QueryError) else str(error)
        return self.error(400, "This search cannot be understood", words.sentence(message))

    def _base(self, request: Request) -> str:
        public = self._services.config().web.public_url.rstrip("/")
        return public or str(request.base_url).rstrip("/")

    # ------------------------------------------------------------------------------- digests

    def digests(self, _: Request) -> Response:
        """List the issues, newest first, with what became of each copy."""
        config = self._services.config()
        today = self._today()
        issues = [
            (row, words.day(row.local_date, today), words.delivery_lines(row))
            for row in self._services.store.digests(_ISSUES)
        ]
        return self._page(
            "digests.html", issues=issues, names=[digest.name for digest in config.digests]
        )

    def digests_json(self, request: Request) -> Response:
        """Give the issues for other programs."""
        rows, base = self._services.store.digests(_ISSUES), self._base(request)
        return JSONResponse({"digests": [exports.issue(row, base) for row in rows]})

    def digests_csv(self, _: Request) -> Response:
        """Give the issues as a table."""
        rows = records.copies(self._services.store.digests(_ISSUES))
        return _table(exports.table(records.COPY_COLUMNS, rows), "digests")

    def digests_atom(self, request: Request) -> Response:
        """Give the newest issues as a feed: digests without mail."""
        store, base = self._services.store, self._base(request)
        entries = (
            exports.issue_entry(row, rendered.text, base)
            for row in store.digests(archive.PAGE_SIZE)
            if (rendered := store.digest(row.id))
        )
        return self._atom(entries, base, here="/digests.atom", title="News Monitor: digests")

    def digest_json(self, request: Request) -> Response:
        """Give one issue for other programs."""
        number = _number(request)
        rendered, row = self._issue(number), self._row(number)
        about = exports.issue(row, self._base(request)) if row else {}
        return JSONResponse(about | {"text": rendered.text, "problems": list(rendered.problems)})

    def _row(self, number: int) -> DigestRow | None:
        return next(
            (row for row in self._services.store.digests(_ISSUES) if row.id == number), None
        )

    def digest(self, request: Request) -> Response:
        """Show one issue as it was sent."""
        number = _number(request)
        rendered, row = self._issue(number), self._row(number)
        return self._page(
            "digest.html",
            here="/digests",
            rendered=rendered,
            facts=self._facts(row) if row else (),
            mail=f"/digests/{number}/mail",
            number=number,
            names=(),
            name="",
        )

    def _facts(self, row: DigestRow) -> tuple[str, ...]:
        zone = self._services.config().zone
        composed = f"composed {words.short_time(row.created_at, zone, self._today())}"
        return (composed, words.count(row.items, "article"), *words.delivery_lines(row))

    def _today(self) -> date:
        return self._services.now().astimezone(self._services.config().zone).date()

    def digest_mail(self, request: Request) -> Response:
        """Give an issue's HTML for the frame inside its page."""
        return _mail(self._issue(_number(request)))

    def _issue(self, number: int) -> RenderedDigest:
        rendered = self._services.store.digest(number)
        if rendered is None:
            raise HTTPException(404, "There is no such digest.")
        return rendered

    def preview(self, request: Request) -> Response:
        """Show the next issue as it would look now."""
        names = [digest.name for digest in self._services.config().digests]
        if not names:
            return self._page("digests.html", issues=[], names=[])
        name = _digest_name(request, names)
        return self._page(
            "digest.html",
            here="/digests/next",
            rendered=self._services.preview(name),
            facts=("a preview: this is how the next issue would look now",),
            mail=f"/digests/next/mail?{urlencode({'name': name})}",
            number=None,
            names=names if len(names) > 1 else (),
            name=name,
        )

    def preview_mail(self, request: Request) -> Response:
        """Give the preview's HTML for the frame inside its page."""
        names = [digest.name for digest in self._services.config().digests]
        return _mail(self._services.preview(_digest_name(request, names)))

    # -------------------------------------------------------------------------------- topics

    def topics(self, _: Request) -> Response:
        """Show how the topics run."""
        found = self._trends()
        top = max((max(topic.days) for topic in found.topics), default=0)
        drawn = [
            (
                topic,
                drawing.trend(
                    topic.days, bursts=topic.bursts, top=top, words=words.trend(topic, found.first)
                ),
            )
            for topic in found.topics
        ]
        return self._page(
            "topics.html",
            topics=drawn,
            first=found.first,
            last=found.last,
            sources=found.sources,
            langs=found.langs,
        )

    def _trends(self) -> Stats:
        config, now = self._services.config(), self._services.now()
        return stats.look(self._services.store, config, now, days=_TREND_DAYS)

    def topics_json(self, _: Request) -> Response:
        """Give how the topics run, for other programs."""
        return JSONResponse(records.topics(self._trends()))

    def topics_csv(self, _: Request) -> Response:
        """Give matches by day and topic as a table."""
        return _table(exports.table(records.DAY_COLUMNS, records.days(self._trends())), "topics")

    def _topic(self, request: Request) -> TopicConfig:
        number = request.path_params["id"]
        found = (each for each in self._services.config().topics if each.id == number)
        if topic := next(found, None):
            return topic
        raise HTTPException(404, "There is no such topic in the configuration.")

    def topic_json(self, request: Request) -> Response:
        """Give what brings a topic its matches, for other programs."""
        topic = self._topic(request)
        found = noise.look(self._services.store, topic.id)
        return JSONResponse(records.bringers(topic.id, topic.name, found))

    def topic(self, request: Request) -> Response:
        """Show what brings a topic its matches, and what another wording would change."""
        topic, now = self._topic(request), self._services.now()
        given = request.query_params
        wording = "\n".join(map(addresses.visible, given.get("wording", "").splitlines()))
        trial = None
        problems: tuple[str, ...] = ()
        if mute := addresses.visible(given.get("word", "")):
            wording = editing.topic_block(editing.without_word(topic, mute))
        elif mute := addresses.visible(given.get("source", "")):
            wording = editing.topic_block(editing.without_source(topic, mute))
        if wording:
            try:
                changed = trying.read(topic, wording)
                since = now - _TRIAL_TIME
                trial = trying.look(self._services.store, topic, changed, since=since, now=now)
            except ConfigError as error:
                problems = tuple(problem.told("line") for problem in error.problems)
        return self._page(
            "topic.html",
            topic=topic,
            noise=noise.look(self._services.store, topic.id),
            mute=mute,
            wording=wording or editing.topic_block(topic),
            most_wording=trying.MAX_CHARS,
            trial=trial,
            days=_TRIAL_TIME.days,
            problems=problems,
        )

    # --------------------------------------------------------------------------------- feeds

    def feeds(self, request: Request) -> Response:
        """Show each feed's health, those that need a look first."""
        config, now = self._services.config(), self._services.now()
        lines = words.feed_lines(self._health(), config.feeds, now)
        asked = request.query_params.get("asked", "")
        return self._page(
            "feeds.html",
            lines=lines,
            summary=words.feed_summary(lines),
            csrf=self._forms.token,
            asked=next((line for line in lines if line.url == asked), None),
        )

    def _health(self) -> tuple[FeedHealth, ...]:
        store, config, now = self._services.store, self._services.config(), self._services.now()
        return subscribe.health(store, config, now, since=now - _FEED_TIME)

    def _feed_records(self) -> list[dict[str, object]]:
        configured = {feed.url: feed for feed in self._services.config().feeds}
        return [records.feed(one, configured[one.row.state.feed_url]) for one in self._health()]

    def feeds_json(self, _: Request) -> Response:
        """Give how the feeds are, for other programs."""
        return JSONResponse({"feeds": self._feed_records()})

    def feeds_csv(self, _: Request) -> Response:
        """Give it as a table."""
        return _table(exports.table(records.FEED_COLUMNS, self._feed_records()), "feeds")

    async def poll_soon(self, request: Request) -> Response:
        """Have a feed polled before its time: the poller finds it due at its next look."""
        url = (await self._forms.read(request)).get("poll")
        await run_in_threadpool(self._poll_soon, url)
        return RedirectResponse(f"/feeds?{urlencode({'asked': url})}", status_code=303)

    def _poll_soon(self, url: str) -> None:
        store, now = self._services.store, self._services.now()
        state = next((each for each in store.feed_states() if each.feed_url == url), None)
        if state is None:
            raise HTTPException(404, "There is no such feed in the configuration.")
        allowed = polling.out_of_turn_from(state)
        if allowed is not None and allowed <= now:
            store.poll_soon(url, now)

    def status(self, _: Request) -> Response:
        """Show how the monitor itself is: configuration, outbox, pauses, versions."""
        store, config, now = self._services.store, self._services.config(), self._services.now()
        standing, week, next_poll = store.standing(), self._week(), store.next_poll_at()
        return self._page(
            "status.html",
            standing=standing,
            version=__version__,
            python=platform.python_version(),
            week=week,
            days=_STATUS_TIME.days,
            config_state=tuple(self._services.config_notices()),
            accepted=words.ago(standing.config_accepted_at, now),
            next_poll=words.ahead(next_poll, now) if next_poll else "never",
            next_try=words.ahead(standing.next_try_at, now) if standing.next_try_at else "",
            slots=[
                (
                    one,
                    words.slot(one, config, now),
                    len(set(one.to) - store.unsubscribed(one.name)),
                )
                for one in config.digests
            ],
            gaps=[words.gap(one, config.zone, now) for one in reversed(week.gaps)],
            counts=(len(config.topics), len(config.feeds), len(config.digests)),
        )

    def _week(self) -> Coverage:
        now = self._services.now()
        return self._services.store.coverage(Window(since=now - _STATUS_TIME, until=now))

    def status_json(self, _: Request) -> Response:
        """Give how the monitor itself is, for other programs."""
        store = self._services.store
        found = records.status(
            store.standing(),
            self._services.config(),
            self._week(),
            problems=self._services.config_notices(),
            next_poll=store.next_poll_at(),
        )
        versions = {"version": __version__, "python": platform.python_version()}
        return JSONResponse(versions | found)

    def health(self, _: Request) -> Response:
        """Answer a health check: 200 while the database answers, with a few figures; else 503."""
        try:
            states = self._services.store.feed_states()
        except MonitorError as error:
            log.warning("health check: %s", error)
            return JSONResponse({"status": "error", "reason": "database"}, status_code=503)
        read = [state.last_success_at for state in states if state.last_success_at]
        return JSONResponse(
            {
                "status": "ok",
                "feeds": len(states),
                "failing": sum(1 for state in states if state.failures or state.retired),
                "last_success_at": max(read).isoformat() if read else None,
            }
        )

    # ---------------------------------------------------------------------------- unsubscribe

    def unsubscribe(self, request: Request) -> Response:
        """Take a recipient off a digest: a GET asks, for scanners follow links; a POST does it."""
        store, config = self._services.store, self._services.config()
        leaver = deliver.whose_token(store, config, request.path_params["token"])
        if leaver is None:
            raise HTTPException(404, "This link is of no mail that the monitor sends.")
        if request.method == "POST":
            store.unsubscribe(leaver.digest, leaver.address, self._services.now())
        template = self._templates.get_template("unsubscribe.html")
        done = request.method == "POST" or leaver.unsubscribed_at is not None
        return HTMLResponse(template.render(leaver=leaver, done=done))

    # --------------------------------------------------------------------------------- errors

    def not_there(self, _: Request, error: Exception) -> Response:
        """Answer for an address without a page, and for a form that cannot be followed."""
        status = error.status_code if isinstance(error, HTTPException) else 404
        detail = error.detail if isinstance(error, HTTPException) else ""
        if status == 405:
            return self.error(405, "Only for forms", "This address takes what a form sends.")
        if detail in {"", "Not Found"}:
            detail = "There is no page at this address."
        return self.error(status, "Not found" if status == 404 else "Nothing was changed", detail)

    def trouble(self, _: Request, error: Exception) -> Response:
        """Answer while something that we know about is wrong: the database is locked, say."""
        log.warning("page failed: %s", error)
        return self.error(
            503, "Not now", f"{words.sentence(str(error))}. Then load this page again."
        )

    def error(self, status: int, headline: str, advice: str) -> Response:
        """Build the page for an error from words alone: what is broken may be what pages ask."""
        template = self._templates.get_template("error.html")
        page = template.render(headline=headline, advice=advice, login=status == 401)
        return HTMLResponse(page, status_code=status)

    def _page(self, template: str, **values: object) -> Response:
        return HTMLResponse(
            self._templates.get_template(template).render(
                status=self._services.status(), notices=tuple(self._services.notices()), **values
            )
        )


def _number(request: Request, missing: str = "There is no such digest.") -> int:
    """Read a number from the address; what is none has no page."""
    given = request.path_params["id"]
    if not _NUMBER.fullmatch(given):
        raise HTTPException(404, missing)
    return int(given)


def _offset(request: Request) -> int:
    """Read how many articles of a story the pages before this one show."""
    given = request.query_params.get("after", "0")
    return int(given) if _NUMBER.fullmatch(given) else 0


def _digest_name(request: Request, names: Sequence[str]) -> str:
    """Read which digest is asked for: the first one configured if none."""
    name = request.query_params.get("name", names[0] if names else "")
    if name not in names:
        raise HTTPException(404, "There is no digest of that name in the configuration.")
    return str(name)


def _table(lines: Iterator[str], name: str) -> Response:
    return StreamingResponse(
        lines,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def _mail(rendered: RenderedDigest) -> Response:
    # Inside the frame links would have nowhere to go: they open a window of their own.
    html = _HEAD.sub(r'\g<0><base target="_blank">', rendered.html, count=1)
    return HTMLResponse(html, headers={"Content-Security-Policy": MAIL_POLICY})
