"""Changes that reviewers make: every one is a form, answered with a page, or JSON for the keys.

POST /review        marks and stars, of one match or many
POST /review/note   one note
POST /review/undo   takes one step back
"""

import re
import secrets
from collections.abc import Callable
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from monitor import archive
from monitor.model import Mark, MatchKey, ReviewChange
from monitor.store import Store
from monitor.web import addresses
from monitor.web.forms import Form, Forms, StaleForm

MAX_NOTE_CHARS = 5_000

_KEY = re.compile(r"([0-9]{1,18}):([a-z0-9-]{1,200})")
_NUMBER = re.compile(r"[0-9]{1,18}")
_STEP = re.compile(r"[\w-]{1,64}", re.ASCII)

_CHANGES = {
    "relevant": ReviewChange(mark=Mark.RELEVANT),
    "irrelevant": ReviewChange(mark=Mark.IRRELEVANT),
    "seen": ReviewChange(mark=Mark.SEEN),
    "open": ReviewChange(mark=Mark.OPEN),
    "star": ReviewChange(starred=True),
    "unstar": ReviewChange(starred=False),
}


def read_keys(words: str) -> list[MatchKey]:
    """Read the matches that are named so, with blanks between."""
    return [key for word in words.split() if (key := read_key(word))]


def read_key(word: str) -> MatchKey | None:
    """Read a match's name as forms have it: "12:kling"."""
    found = _KEY.fullmatch(word)
    return MatchKey(article_id=int(found[1]), topic_id=found[2]) if found else None


#: Builds a page from a template's name and its values.
ShowPage = Callable[..., Response]


class Reviewing:
    """The endpoints that change something."""

    def __init__(
        self, store: Store, now: Callable[[], datetime], page: ShowPage, forms: Forms
    ) -> None:
        self._store = store
        self._now = now
        self._page = page
        self._forms = forms

    async def review(self, request: Request) -> Response:
        """Mark or star the chosen matches."""
        form = await self._forms.read(request)
        return await run_in_threadpool(self._review, request, form)

    def _review(self, request: Request, form: Form) -> Response:
        # "relevant" means the ticked ones; "relevant 12:kling 12:chips" these; "relevant story"
        # all of the story that the form names.
        verb, _, named = form.get("do").partition(" ")
        step = secrets.token_urlsafe(12)
        if verb == "rest":
            topic = form.get("topic")
            place = archive.cursor(form.get("newest"))
            if place is None:
                raise HTTPException(400, "This form does not say up to where all was reviewed.")
            number = self._store.review_seen(topic or None, up_to=place, step=step, now=self._now())
        else:
            if named == "story":
                keys = self._keys_of_story(form)
            else:
                keys = read_keys(named) or read_keys(" ".join(form.fields.get("match", [])))
            if verb == "up-to":
                shown = read_keys(" ".join(form.fields.get("shown", [])))
                end = max((shown.index(key) for key in keys if key in shown), default=-1)
                keys, verb = shown[: end + 1], "seen"
            change = _CHANGES.get(verb)
            if change is None:
                raise HTTPException(400, "This form asks for nothing that is known here.")
            if not keys:
                raise HTTPException(400, "No match was chosen: tick at least one, then mark it.")
            number = self._store.review(keys, change, step=step, now=self._now())
        return self._answer(request, form, step=step, number=number)

    def _keys_of_story(self, form: Form) -> list[MatchKey]:
        number = form.get("story")
        found = self._store.story(int(number)) if _NUMBER.fullmatch(number) else None
        return [
            MatchKey(topic_id=match.topic_id, article_id=member.row.id)
            for member in (found.members if found else ())
            for match in member.row.matches
        ]

    async def undo(self, request: Request) -> Response:
        """Take a step back."""
        form = await self._forms.read(request)
        return await run_in_threadpool(self._undo, request, form)

    def _undo(self, request: Request, form: Form) -> Response:
        step = form.get("step")
        number = self._store.undo_review(step) if _STEP.fullmatch(step) else 0
        return self._answer(request, form, step="undone", number=number)

    async def note(self, request: Request) -> Response:
        """Replace a note, unless somebody else wrote one meanwhile."""
        form = await self._forms.read(request)
        return await run_in_threadpool(self._note, request, form)

    def _note(self, request: Request, form: Form) -> Response:
        key = read_key(form.get("key"))
        if key is None:
            raise HTTPException(400, "This form does not say which match the note is for.")
        note = form.get("note").replace("\r\n", "\n").strip()
        if len(note) > MAX_NOTE_CHARS:
            return self._kept(
                413, "This note is too long", f"{MAX_NOTE_CHARS:,} characters are the most.", form
            )
        step = secrets.token_urlsafe(12)
        before = form.get("before").replace("\r\n", "\n")
        stands = self._store.write_note(key, note, before=before, step=step, now=self._now())
        if stands is not None:
            page = self._page(
                "note.html",
                key=key,
                word=form.get("key"),
                stands=stands,
                yours=note,
                csrf=self._forms.token,
            )
            page.status_code = 409
            return page
        return self._answer(request, form, step=step, number=1)

    def stale(self, _: Request, error: Exception) -> Response:
        """Answer a form of an earlier run of the service; what was written is shown to be kept."""
        form = error.form if isinstance(error, StaleForm) else Form({})
        return self._kept(
            403,
            "This page is too old",
            "The monitor was started again since it was opened, so nothing was changed. "
            "Open it anew and repeat what you did.",
            form,
        )

    def _kept(self, status: int, headline: str, advice: str, form: Form) -> Response:
        written = form.get("note")
        page = self._page(
            "kept.html", headline=headline, advice=advice, written=written, back=_back(form)
        )
        page.status_code = status
        return page

    def _answer(self, request: Request, form: Form, *, step: str, number: int) -> Response:
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse({"step": step, "changed": number})
        return RedirectResponse(_back(form, ("done", step)), status_code=303)


def _back(form: Form, *more: tuple[str, str]) -> str:
    """Give the page a form came from: built from its fields, never an address that was sent."""
    if "poll" in form.fields:
        return "/feeds"
    for name, page in (("article", "/articles/"), ("story", "/stories/")):
        number = form.get(name)
        if _NUMBER.fullmatch(number):
            query = "".join(f"?{name}={value}" for name, value in more)
            return f"{page}{number}{query}"
    asked = addresses.question({name: form.get(name) for name in form.fields})
    return addresses.address(asked, more)
