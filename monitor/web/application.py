"""The archive's pages: each reads the store once, and every filter is a part of its address."""

import logging
import platform
import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import groupby
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
)
from starlette.routing import Route

from monitor import (
    __version__,
    archive,
    deliver,
    drawing,
    links,
    noise,
    polling,
    render,
    trying,
)
from monitor.archive import ArchiveView, Question
from monitor.config import editing
from monitor.errors import ConfigError, MonitorError, QueryError
from monitor.model import DigestRow, RenderedDigest
from monitor.web import addresses, words
from monitor.web.downloads import Downloads
from monitor.web.forms import Forms, StaleForm
from monitor.web.guard import MAIL_POLICY, UNSUBSCRIBE, Guard, known_hosts
from monitor.web.reviewing import Reviewing
from monitor.web.services import ISSUES, NUMBER, STATUS_TIME, Looking, Services, number_in

log = logging.getLogger(__name__)

_PAGES = Path(__file__).with_name("pages")
#: A page of them stays under 50 KB.
_FEEDS_SHOWN = 50
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
#: What the trial of another wording looks back on.
_TRIAL_TIME = timedelta(days=30)


def create_app(services: Services) -> Starlette:
    """Build the ASGI application that answers with the archive's pages."""
    web = services.config().web
    looking = Looking(services)
    pages, downloads = _Pages(services, looking), Downloads(services, looking)
    paths: dict[str, Callable[[Request], Response]] = {
        "/": pages.archive,
        "/archive.json": downloads.as_json,
        "/archive.csv": downloads.as_csv,
        "/archive.atom": downloads.as_atom,
        "/digests": pages.digests,
        "/digests.json": downloads.digests_json,
        "/digests.csv": downloads.digests_csv,
        "/digests.atom": downloads.digests_atom,
        "/digests/next": pages.preview,
        "/digests/next/mail": pages.preview_mail,
        "/digests/{id}.json": downloads.digest_json,
        "/digests/{id}": pages.digest,
        "/digests/{id}/mail": pages.digest_mail,
        "/articles/{id}.json": downloads.article_json,
        "/articles/{id}": pages.article,
        "/stories/{id}.json": downloads.story_json,
        "/stories/{id}.csv": downloads.story_csv,
        "/stories/{id}.atom": downloads.story_atom,
        "/stories/{id}": pages.story,
        "/topics": pages.topics,
        "/topics.json": downloads.topics_json,
        "/topics.csv": downloads.topics_csv,
        "/topics/{id}.json": downloads.topic_json,
        "/topics/{id}": pages.topic,
        "/feeds": pages.feeds,
        "/feeds.json": downloads.feeds_json,
        "/feeds.csv": downloads.feeds_csv,
        "/status": pages.status,
        "/status.json": downloads.status_json,
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
                user_header=web.user_header if web.auth == "proxy" else None,
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

    def __init__(self, services: Services, looking: Looking) -> None:
        self._services = services
        self._looking = looking
        self._counts = archive.Counts(services.now)
        self._templates = render.html_environment(_PAGES)
        self._templates.filters |= {"count": words.count, "sentence": words.sentence}
        self._templates.globals |= {"judged": words.judged, "states": words.STATES}
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
        page = self._page(
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
        if view.fault or view.problems:
            page.status_code = 400
        return page

    def _review_values(self, request: Request) -> dict[str, object]:
        """Give what every page with marks needs: the forms' token and what was just done."""
        step = request.query_params.get("done", "")
        number = self._services.store.reviewed_in(step) if step else 0
        return {"csrf": self._forms.token, "step": step if number else "", "changed": number}

    def article(self, request: Request) -> Response:
        """Show one article with all that is known of it."""
        found, zone = self._looking.whole(request), self._services.config().zone
        return self._page(
            "article.html",
            whole=found,
            article=found.article,
            day=words.day(found.article.time.date(), self._today()),
            site=links.site(found.article.url),
            carriers=[(url, self._feed_name(url)) for url in found.carriers],
            story=found.story,
            lines=words.story_lines(found.story, {found.article.id}, zone, self._today()),
            **self._review_values(request),
        )

    def story(self, request: Request) -> Response:
        """Show one story, from its first article to its last."""
        today = self._today()
        begin = _offset(request, "This story has no such page.")
        found = self._looking.told(request, begin, archive.PAGE_SIZE)
        if not found.articles:
            raise HTTPException(404, "This story has no such page.")
        days = groupby(found.articles, lambda told: told.article.time.date())
        return self._page(
            "story.html",
            story=found,
            days=[(words.day(when, today), tuple(told)) for when, told in days],
            begin=begin,
            end=begin + len(found.articles),
            link=addresses.Links(Question()),
            **self._review_values(request),
        )

    def _feed_name(self, url: str) -> str:
        if not url:
            return ""
        named = {feed.url: feed.name for feed in self._services.config().feeds}
        titles = {state.feed_url: state.title for state in self._services.store.feed_states()}
        return named.get(url) or titles.get(url) or links.shown(url)

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

    def misunderstood(self, _: Request, error: Exception) -> Response:
        """Answer an export whose filters or search cannot be followed."""
        message = error.message if isinstance(error, QueryError) else str(error)
        return self.error(400, "This search cannot be understood", words.sentence(message))

    # ------------------------------------------------------------------------------- digests

    def digests(self, request: Request) -> Response:
        """List the issues, newest first, with what became of each copy."""
        config = self._services.config()
        today = self._today()
        issues = self._looking.issues(request)
        return self._page(
            "digests.html",
            issues=[(row, words.day(row.local_date, today)) for row in issues[:ISSUES]],
            older=issues[ISSUES].id if len(issues) > ISSUES else None,
            first="from" not in request.query_params,
            names=[digest.name for digest in config.digests],
        )

    def digest(self, request: Request) -> Response:
        """Show one issue as it was sent."""
        number = number_in(request)
        rendered, row = self._looking.issue(number), self._looking.row(number)
        return self._page(
            "digest.html",
            here="/digests",
            rendered=rendered,
            facts=self._facts(row),
            row=row,
            mail=f"/digests/{number}/mail",
            number=number,
            names=(),
            name="",
        )

    def _facts(self, row: DigestRow) -> tuple[str, ...]:
        zone = self._services.config().zone
        composed = f"composed {words.short_time(row.created_at, zone, self._today())}"
        return (composed, words.count(row.items, "article"))

    def _today(self) -> date:
        return self._services.now().astimezone(self._services.config().zone).date()

    def digest_mail(self, request: Request) -> Response:
        """Give an issue's HTML for the frame inside its page."""
        return _mail(self._looking.issue(number_in(request)))

    def preview(self, request: Request) -> Response:
        """Show the next issue as it would look now."""
        names = [digest.name for digest in self._services.config().digests]
        if not names:
            return self._page("digests.html", issues=[], older=None, first=True, names=[])
        name = _digest_name(request, names)
        return self._page(
            "digest.html",
            here="/digests/next",
            rendered=self._services.preview(name),
            row=None,
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
        found = self._looking.trends()
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

    def topic(self, request: Request) -> Response:
        """Show what brings a topic its matches, and what another wording would change."""
        topic, now = self._looking.topic(request), self._services.now()
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
            wording=(shown := wording or editing.topic_block(topic)),
            rows=min(24, 1 + sum(1 + len(line) // 80 for line in shown.splitlines())),
            most_wording=trying.MAX_CHARS,
            trial=trial,
            days=_TRIAL_TIME.days,
            problems=problems,
        )

    # --------------------------------------------------------------------------------- feeds

    def feeds(self, request: Request) -> Response:
        """Show each feed's health, those that need a look first."""
        config, now = self._services.config(), self._services.now()
        lines = words.feed_lines(self._looking.health(), config.feeds, now)
        asked = request.query_params.get("asked", "")
        begin = _offset(request, "There are not so many feeds.")
        if begin and begin >= len(lines):
            raise HTTPException(404, "There are not so many feeds.")
        end = begin + _FEEDS_SHOWN
        return self._page(
            "feeds.html",
            lines=lines[begin:end],
            begin=begin,
            older=end if end < len(lines) else None,
            summary=words.feed_summary(lines),
            csrf=self._forms.token,
            asked=next((line for line in lines if line.url == asked), None),
        )

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
        standing, week, next_poll = store.standing(), self._looking.week(), store.next_poll_at()
        return self._page(
            "status.html",
            standing=standing,
            version=__version__,
            python=platform.python_version(),
            week=week,
            days=STATUS_TIME.days,
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


def _offset(request: Request, missing: str) -> int:
    """Read how many articles of a story, or feeds, the pages before this one show."""
    given = request.query_params.get("after", "0")
    if not NUMBER.fullmatch(given):
        raise HTTPException(404, missing)
    return int(given)


def _digest_name(request: Request, names: Sequence[str]) -> str:
    """Read which digest is asked for: the first one configured if none."""
    name = request.query_params.get("name", names[0] if names else "")
    if name not in names:
        raise HTTPException(404, "There is no digest of that name in the configuration.")
    return str(name)


def _mail(rendered: RenderedDigest) -> Response:
    # Inside the frame links would have nowhere to go: they open a window of their own.
    html = _HEAD.sub(r'\g<0><base target="_blank">', rendered.html, count=1)
    return HTMLResponse(html, headers={"Content-Security-Policy": MAIL_POLICY})
