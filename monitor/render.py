"""Turn a digest into the mail that is sent, and give the pages their template environment.

The only module that knows jinja2 and css-inline. The mail's templates are the reader's to edit, so
a template is never trusted to work: the next one takes over, and the reader is told.
"""

import math
import os
import re
import time
import traceback
import unicodedata
from collections.abc import Iterable, Iterator, Sequence, Sized
from dataclasses import is_dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from css_inline import CSSInliner
from jinja2 import (
    BaseLoader,
    DictLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    nodes,
    pass_eval_context,
)
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import (
    SecurityError,
    TemplateRuntimeError,
    TemplateSyntaxError,
    UndefinedError,
)
from jinja2.filters import do_join, do_replace, make_attrgetter
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, markup_join, str_join
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from monitor import markup
from monitor.errors import RenderError
from monitor.model import Digest, DigestTopic, RenderedDigest

#: Gmail cuts a mail off at 102 KB, in the middle of whatever stands there.
MAX_HTML_BYTES = 80_000
#: Columns of the plain text; a CJK character takes two.
TEXT_COLUMNS = 72
#: A longer word is broken anywhere, unless it is an address.
_LONGEST_WORD = 60

#: Nobody reads more in one mail.
_MOST_STORIES = 100
#: How many stories of each topic are told, the others being headlines only. Tried in this order
#: until the mail fits; the first ones are told even when the last ones have to go.
_TOLD = (3, 2, 1)
_MAX_OUTPUT_CHARS = 1_000_000
_MAX_RANGE = 1_000
_MAX_SECONDS = 10
#: They make a long text or list out of a short one, which no output limit sees in time: filters …
_PADDING = frozenset({"batch", "center", "format", "indent", "slice", "wordwrap"})
#: … and methods of texts.
_PADDING_METHODS = frozenset(
    {"center", "expandtabs", "format", "format_map", "join", "ljust", "replace", "rjust"}
    | {"translate", "zfill"}
)
_HTML = "digest.html.j2"
_TEXT = "digest.txt.j2"

#: Control characters; letters that turn the direction or take no room. The joiners stay: Persian
#: and emoji need them.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u180e\u200b\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)

#: Punctuation that no line begins or ends with.
_NEVER_FIRST = frozenset("、。，．：；！？）］｝」』】〉》〕”’…·%,.;:!?)]}")
_NEVER_LAST = frozenset("（［｛「『【〈《〔“‘([{")

#: The last resort. Nobody edits it, so it always works.
_PLAIN = {
    _HTML: """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{{ digest.subject }}</title></head>
<body style="font: 16px/1.5 sans-serif; max-width: 640px; margin: 0 auto; padding: 12px">
{% for notice in digest.notices %}<p><b>{{ notice }}</b></p>{% endfor %}
<h1 style="font-size: 20px">{{ digest.subject }}</h1>
{% for topic in digest.topics if topic.articles %}
<h2 style="font-size: 17px">{{ topic.name }}: {{ topic.articles }}</h2>
{% for story in topic.stories %}
<p><a href="{{ story.lead.url }}">{{ story.lead.title|map(attribute="text")|join }}</a><br>
{{ story.lead.source }} · {{ story.lead.time.strftime("%Y-%m-%d %H:%M") }} ·
{{ story.lead.why|join("; ") }}</p>
{% endfor %}
{% if topic.more %}<p>{{ topic.more }} more in the archive</p>{% endif %}
{% endfor %}
<p>Articles: {{ digest.coverage.articles }}; feeds read: {{ digest.coverage.feeds_read }} of
{{ digest.coverage.feeds }}</p>
</body></html>
""",
    _TEXT: """\
{% for notice in digest.notices %}! {{ notice }}
{% endfor %}
{{ digest.subject }}
{% for topic in digest.topics if topic.articles %}

{{ topic.name }}: {{ topic.articles }}
{% for story in topic.stories %}
- {{ story.lead.title|map(attribute="text")|join }} ({{ story.lead.source }})
  {{ story.lead.url }}
{% endfor %}
{% if topic.more %}
  {{ topic.more }} more in the archive
{% endif %}
{% endfor %}

Articles: {{ digest.coverage.articles }}; feeds read: {{ digest.coverage.feeds_read }} of
{{ digest.coverage.feeds }}
""",
}


def html_environment(folder: Path) -> Environment:
    """Open our own page templates: everything escaped, a missing name is an error."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,  # select_autoescape() would leave "*.html.j2" raw
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def shipped_templates() -> Path:
    """Give the folder of the templates that the product ships.

    A wheel carries them inside the package; in a checkout they stand at the top level.
    """
    package = Path(__file__).resolve().parent
    inside = package / "shipped" / "templates"
    return inside if inside.is_dir() else package.parent / "templates"


class Templates:
    """Renders with the reader's templates, else the shipped ones, else a plain built-in."""

    def __init__(self, folders: Sequence[Path]) -> None:
        """Take the reader's folders, first choice first; one that does not exist is passed over."""
        self._folders = tuple(
            dict.fromkeys(folder.resolve() for folder in (*folders, shipped_templates()))
        )
        self._inline = CSSInliner(load_remote_stylesheets=False, keep_at_rules=True).inline

    def render(self, digest: Digest) -> RenderedDigest:
        """Render both parts of the mail; the HTML is at most MAX_HTML_BYTES long.

        Of a digest that is too long, fewer stories are told and more are headlines only; then the
        last stories go, and count as `more`. A broken template is replaced by the next one;
        `problems` and a notice in the mail say so. Templates are read anew each time, so that an
        edit needs no restart.
        """
        htmls, texts = self._choices(_HTML), self._choices(_TEXT)
        problems = [problem for folder in self._folders for problem in _misplaced(folder)]
        while True:
            told = replace(digest, notices=(*digest.notices, *problems))
            using = htmls
            try:
                fitted, html = self._fitted(htmls[0], told)
                using = texts
                text = texts[0].render(fitted)
                _check_readable(texts[0], text)
            except RenderError as error:
                if len(using) == 1:
                    raise  # the built-in one: a mistake of ours, which must not loop
                using.pop(0)
                problems.append(f"{error}; {using[0].title} is used instead")
            else:
                return RenderedDigest(
                    subject=_printable(digest.subject),
                    html=html,
                    text=text,
                    problems=tuple(problems),
                    shown=frozenset(
                        article
                        for topic in fitted.topics
                        for story in topic.stories
                        for article in story.reported
                    ),
                )

    def _choices(self, name: str) -> "list[_Template]":
        """Give the templates of that name, best first; the last one always works."""
        shipped = shipped_templates().resolve()
        edited = [
            _Template(
                name,
                FileSystemLoader(folder),
                place=(place := f"{folder.name}/{name}"),
                title="the shipped template" if folder == shipped else place,
            )
            for folder in self._folders
            if os.path.isfile(folder / name)  # noqa: PTH113  Path.is_file raises where it may not look
        ]
        return [*edited, _Template(name, DictLoader(_PLAIN), place="", title="a plain template")]

    def _fitted(self, template: "_Template", digest: Digest) -> tuple[Digest, str]:
        """Give the fullest version of a digest that fits, and its HTML."""
        shown, html = digest, ""
        for shown in _smaller(digest):
            html = self._inlined(template, shown)
            if len(html.encode()) <= MAX_HTML_BYTES:
                # Whatever a mail program shows stands behind the head.
                _check_readable(template, markup.plain_text(html.rpartition("</head>")[2]))
                return shown, html
        if template.place:
            raise RenderError(
                f"mail template {template.place} makes more than {MAX_HTML_BYTES // 1000} KB "
                "even without any story"
            )
        return shown, html

    def _inlined(self, template: "_Template", digest: Digest) -> str:
        html = template.render(digest)
        try:
            return self._inline(html)
        except ValueError as error:  # css_inline.InlineError is one
            raise RenderError(
                f"mail template {template.place}: its styles cannot be used: {error}"
            ) from error


def _misplaced(folder: Path) -> Iterator[str]:
    """Tell in plain words what looks like a template of a reader but cannot be used."""
    place = f'the folder "{folder.name}" of mail templates'
    try:
        found = {path.name: path.is_dir() for path in sorted(folder.iterdir())}
    except FileNotFoundError:
        return  # it need not be there
    except NotADirectoryError:
        yield f"{place} is not used: it is a file"
        return
    except OSError as error:
        yield f"{place} is not used: it cannot be read: {error.strerror}"
        return
    for name in (_HTML, _TEXT):
        if name not in found:
            kind = name.removesuffix(".j2")
            for other in found:
                if other.lower().startswith(kind):
                    yield (
                        f"mail template {folder.name}/{other} is not used: "
                        f'it must be named "{name}"'
                    )
        elif found[name]:
            yield f"mail template {folder.name}/{name} is not used: it is a folder"


def _check_readable(template: "_Template", text: str) -> None:
    if template.place and not any(map(str.isalpha, text)):
        raise RenderError(f"mail template {template.place} makes nothing that can be read")


class _Template:
    """One template that somebody may have edited: it is finished in time or raises RenderError."""

    def __init__(self, name: str, loader: BaseLoader, *, place: str, title: str) -> None:
        self._name = name
        self._loader = loader
        #: Where its reader finds it; "" for the built-in one.
        self.place = place
        #: What to call it where it takes over.
        self.title = title

    def render(self, digest: Digest) -> str:
        try:
            return _printable("".join(self._chunks(digest)))
        except Exception as error:  # a template may raise anything at all
            line = _line(error)
            where = f"{self.place}, line {line}" if line else self.place
            what = str(error).rstrip(".") or type(error).__name__
            raise RenderError(f"mail template {where}: {what}") from error

    @cached_property
    def _compiled(self) -> Template:
        seconds = _MAX_SECONDS if self.place else math.inf
        # Whatever an HTML template includes is HTML, even a part of the text template.
        environment = _MailEnvironment(self._loader, seconds, autoescape=self._name == _HTML)
        return environment.get_template(self._name)

    def _chunks(self, digest: Digest) -> Iterator[str]:
        size = 0
        for chunk in self._compiled.generate(digest=digest):
            size += len(chunk)
            _check_length(size)
            yield chunk


class _Missing(StrictUndefined):
    """A name or field that is not there; says so in the words of the templates' reference."""

    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: object = missing,
        name: str | None = None,
        exc: type[TemplateRuntimeError] = UndefinedError,
    ) -> None:
        if hint is None and name is not None and is_dataclass(obj):
            hint = _no_field(obj, str(name))
        super().__init__(hint, obj, name, exc)


def _no_field(value: object, name: str) -> str:
    """Write "article has no field titel (did you mean title?)"."""
    near = get_close_matches(name[:100], [f for f in dir(value) if not f.startswith("_")], n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(value).__name__).lower()
    return f"{kind.removeprefix('digest ')} has no field {name}{hint}"


class _BoundedCode(CodeGenerator):
    """Writes the code of templates as Jinja does, but `~` asks first how long a text becomes."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802  Jinja's name
        """Write a call of `concatenated`."""
        self.write("environment.concatenated((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write(f"), escape={frame.eval_ctx.autoescape})")


class _MailEnvironment(ImmutableSandboxedEnvironment):
    """A sandbox in which a slip costs one mail's look, never the service's time or memory."""

    intercepted_binops = frozenset({"*", "**", "%", "+"})
    code_generator_class = _BoundedCode

    def __init__(self, loader: BaseLoader, seconds: float, *, autoescape: bool) -> None:
        super().__init__(
            loader=loader,
            autoescape=autoescape,
            undefined=_Missing,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        # Time at work, so that a busy machine makes no template look endless.
        self._deadline = time.thread_time() + seconds
        self.globals = {"range": _short_range}
        self.filters = {name: use for name, use in self.filters.items() if name not in _PADDING} | {
            "join": _join,
            "number": _number,
            "replace": _replace,
            "wrap": _wrap,
        }

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        """Reckon with numbers only: `"a" * 10**9` is a gigabyte."""
        if operator == "+" and isinstance(left, Sized) and isinstance(right, Sized):
            _check_length(len(left) + len(right))
            return super().call_binop(context, operator, left, right)
        if operator == "**" or not all(isinstance(side, int | float) for side in (left, right)):
            raise SecurityError(f"{operator} is only for plain numbers, and ** for none")
        return super().call_binop(context, operator, left, right)

    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:
        """Keep the methods of texts away that fill up with blanks."""
        if isinstance(obj, str) and attr in _PADDING_METHODS:
            return False
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: object) -> None:
        """Keep `"{:1000000000}".format(1)` away too: Jinja would make it safe, but not short."""

    def concatenated(self, parts: Sequence[object], *, escape: bool) -> str:
        """Put together what stands between `~` signs; with thirty of them one could fill memory."""
        self._in_time()
        _check_length(sum(len(part) for part in parts if isinstance(part, str)))
        return markup_join(parts) if escape else str_join(parts)

    def getattr(self, obj: object, attribute: str) -> object:
        """Look at the clock, since every loop that does something passes here."""
        self._in_time()
        return super().getattr(obj, attribute)

    def call(self, context: Context, obj: object, /, *args: object, **kwargs: object) -> object:
        """Look at the clock, since a loop over `range` passes here."""
        self._in_time()
        return super().call(context, obj, *args, **kwargs)

    def _in_time(self) -> None:
        if time.thread_time() > self._deadline:
            raise SecurityError(f"is not finished after {_MAX_SECONDS} seconds")


def _check_length(characters: int) -> None:
    if characters > _MAX_OUTPUT_CHARS:
        raise SecurityError(f"makes more than {_MAX_OUTPUT_CHARS:,} characters")


@pass_eval_context
def _replace(context: EvalContext, text: str, old: str, new: str, count: int | None = None) -> str:
    """Do as Jinja does, unless it makes a book."""
    _check_length(len(str(text)) + str(text).count(str(old)) * len(str(new)))
    return do_replace(context, text, old, new, count)


@pass_eval_context
def _join(
    context: EvalContext, values: Iterable[object], between: str = "", attribute: str | None = None
) -> str:
    """Do as Jinja does, unless it makes a book."""
    if attribute is not None:
        values = map(make_attrgetter(context.environment, attribute), values)
    parts = list(values)
    _check_length(sum(len(str(part)) for part in parts) + len(parts) * len(str(between)))
    joined: str = do_join(context, parts, between)
    return joined


def _short_range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > _MAX_RANGE:
        raise SecurityError(f"range() gives at most {_MAX_RANGE:,} numbers")
    return numbers


def _line(error: Exception) -> int:
    """Find the line of a template in which an error happened, 0 if in none."""
    if isinstance(error, TemplateSyntaxError):
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    return next((f.lineno or 0 for f in reversed(frames) if f.filename.endswith(".j2")), 0)


# -------------------------------------------------------------------------------- size of a mail


def _smaller(digest: Digest) -> Iterator[Digest]:
    """Give ever smaller versions: more stories by their headline only, then fewer, down to none."""
    shown = _capped(digest, _MOST_STORIES)
    yield shown
    for told in _TOLD:
        shown = _briefly(shown, told)
        yield shown
    while shown.stories:
        shown = _capped(shown, shown.stories * 7 // 8)
        yield shown


def _briefly(digest: Digest, told: int) -> Digest:
    """Tell only so many stories of each topic, and give the headline of the others."""
    return replace(
        digest,
        topics=tuple(
            replace(
                topic,
                stories=tuple(
                    replace(story, brief=story.brief or (place >= told and not story.top))
                    for place, story in enumerate(topic.stories)
                ),
            )
            for topic in digest.topics
        ),
    )


def _capped(digest: Digest, total: int) -> Digest:
    """Keep at most that many stories, taking the last ones from the longest topics first."""
    cap = total
    while sum(min(len(topic.stories), cap) for topic in digest.topics) > total:
        cap -= 1
    return replace(digest, topics=tuple(_topic_capped(topic, cap) for topic in digest.topics))


def _topic_capped(topic: DigestTopic, cap: int) -> DigestTopic:
    left_out = len(topic.stories[cap:])
    return replace(topic, stories=topic.stories[:cap], more=topic.more + left_out)


# ------------------------------------------------------------------------------- text of a mail


def _printable(text: str) -> str:
    """Take out what no mail can carry, and what turns, hides or splits the letters around it.

    Titles come from strangers: an override makes the rest of a line run backwards, and blanks of no
    width split a word that the reader then finds nowhere.
    """
    return _UNPRINTABLE.sub("", text.encode("utf-8", "replace").decode())


def _number(value: int) -> str:
    """Write 4812 as "4,812"."""
    return f"{value:,}"


def _wrap(text: str, first: str = "", rest: str = "") -> str:
    """Break a text into lines of TEXT_COLUMNS: at blanks, and between CJK characters.

    Args:
        text: Any text; its own line breaks count as blanks.
        first: Put before the first line.
        rest: Put before the others.
    """
    lines = [first]
    empty = True
    for blank, unit in _units(text):
        gap = " " if blank and not empty else ""
        if not empty and _columns(lines[-1] + gap + unit) > TEXT_COLUMNS:
            lines.append(rest)
            gap = ""
        lines[-1] += gap + unit
        empty = False
    return "\n".join(line.rstrip() for line in lines)


def _units(text: str) -> Iterator[tuple[bool, str]]:
    """Give what must not be broken, each with whether a blank stood before it."""
    for word in text.split():
        blank, unit = True, ""
        for char in word:
            between = unit and (_is_wide(char) or _is_wide(unit[-1]))
            tied = char in _NEVER_FIRST or unit.endswith(tuple(_NEVER_LAST))
            endless = len(unit) == _LONGEST_WORD and "://" not in word
            if (between and not tied) or endless:
                yield blank, unit
                blank, unit = False, ""
            unit += char
        yield blank, unit


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"


def _columns(line: str) -> int:
    return sum(2 if _is_wide(char) else not unicodedata.combining(char) for char in line)
