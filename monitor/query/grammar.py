"""From the text of a query to a tree.

    expr   = conj { ("OR" | "|") conj } ;
    conj   = unary { ["AND"] unary } ;          AND may be left out only before "(", a field,
                                                NOT and "-"
    unary  = { "NOT" | "-" } near ;
    near   = atom { "NEAR" [ "/" number ] atom } ;
    atom   = "(" expr ")" | ("title:" | "body:") atom | meta | term ;
    meta   = ("source:" | "lang:" | "author:" | "url:" | "tag:") ( word | quoted ) ;
    term   = phrase | quoted | "=" ( word | quoted ) ;
    phrase = word { word } ;                    a run of bare words is ONE phrase
    word   = [ "*" ] characters [ "*" ] ;       an asterisk only where the phrase begins or ends
    quoted = '"' characters '"' ;

Operators are CAPITALS, fields small letters; NEAR binds most, then NOT, AND, OR. docs/queries.md
tells it to readers.
"""

import difflib
import re
from dataclasses import dataclass
from typing import NoReturn, cast, get_args

from monitor.errors import QueryError
from monitor.model import Field
from monitor.query.terms import Term, bare_term, exact_term, says_nothing
from monitor.query.tree import And, Meta, MetaField, Near, Node, Not, Or, Scope, has_place

#: The most words between the two sides of a NEAR that states no number.
DEFAULT_NEAR = 10
MAX_NEAR = 999

#: Parentheses, NOT and NEAR inside one another: more is a mistake, and evaluating recurses.
MAX_DEPTH = 30

#: Characters of one query and of one term in it: nobody writes more by hand.
MAX_QUERY = 20_000
MAX_TERM = 300


QUOTES = '"“”„＂'

_TOKEN = re.compile(
    rf"""\s*(?: (?P<open>[(（]) | (?P<close>[)）]) | (?P<or>\|)
      | (?P<quoted>[{QUOTES}][^{QUOTES}]*[{QUOTES}]) | (?P<unclosed>[{QUOTES}])
      | (?P<not>-(?=[^\s)）|])) | (?P<equals>=(?=[^\s()（）|]))
      | (?P<word>[^\s()（）|{QUOTES}]+) )""",
    re.VERBOSE,
)
_SCOPES: tuple[Field, ...] = get_args(Field)
_METAS: tuple[MetaField, ...] = get_args(MetaField)
_FIELD = re.compile(rf"({'|'.join(_SCOPES + _METAS)})[:：]")
#: What somebody may mean for a field: a word, a colon and something right behind it.
_NO_FIELD = re.compile(r"[A-Za-z]+[:：](?=[^\s:：])")


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that can be understood, but perhaps not as it was meant."""

    message: str
    text: str
    #: What is doubtful in the text, in characters.
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Query:
    """A query, understood."""

    node: Node
    doubts: tuple[Doubt, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    #: An operator in small letters, "open", "close", "quoted", "equals", "field", "word" or "end".
    kind: str
    text: str
    start: int
    end: int


def parse(text: str) -> Node:
    """Understand a query; QueryError underlines what cannot be understood."""
    return read(text).node


def read(text: str) -> Query:
    """Do as `parse`, and say what may be meant in another way."""
    if len(text) > MAX_QUERY:
        raise QueryError(
            f"this has {len(text):,} characters, {MAX_QUERY:,} are the most; make several items"
            " of it",
            text=text,
            span=(MAX_QUERY, MAX_QUERY + 1),
        )
    parser = _Parser(text)
    return Query(parser.parse(), tuple(parser.doubts))


class _Parser:
    """Reads one query by recursive descent; each method reads the rule of its name."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _read_tokens(text)
        self._position = 0
        self._depth = 0
        self.doubts: list[Doubt] = []

    def parse(self) -> Node:
        if self._token.kind == "end":
            raise QueryError(
                "there is nothing to look for; write a word or a phrase",
                text=self._text,
                span=(0, len(self._text)),
            )
        node = self._expr()
        if self._token.kind == "close":
            self._fail("this parenthesis closes nothing; take it out")
        if self._token.kind != "end":
            self._fail("write AND or OR before this")
        return node

    def _expr(self) -> Node:
        parts = []
        mixed: tuple[int, int] | None = None
        while True:
            first = self._token
            parts.append(self._conj())
            if isinstance(parts[-1], And) and first.kind != "open":
                mixed = mixed or (first.start, self._tokens[self._position - 1].end)
            if self._token.kind != "or":
                break
            self._next()
        if len(parts) == 1:
            return parts[0]
        if mixed:
            message = (
                "AND and OR are mixed; this part is read as if it stood in parentheses: write them"
                " where you mean them"
            )
            self.doubts.append(Doubt(message, self._text, mixed))
        return Or(tuple(parts))

    def _conj(self) -> Node:
        parts = [self._unary()]
        while self._token.kind in {"and", "not", "open", "field"}:
            if self._token.kind == "and":
                self._next()
            parts.append(self._unary())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _unary(self) -> Node:
        if self._token.kind != "not":
            return self._near()
        self._deeper(self._next())
        node = Not(self._unary())
        self._depth -= 1
        return node

    def _near(self) -> Node:
        start = self._token
        node = self._atom()
        nears = 0
        while self._token.kind == "near":
            self._check_place(node, start)
            nears += 1
            operator = self._next()
            self._deeper(operator)
            start = self._token
            right = self._atom()
            self._check_place(right, start)
            node = Near(node, right, self._distance(operator))
        self._depth -= nears
        return node

    def _atom(self) -> Node:
        token = self._token
        match token.kind:
            case "open":
                return self._group()
            case "field":
                return self._field()
            case "equals":
                self._next()
                return self._exact(token, spelled=True)
            case "quoted":
                return self._exact(token, spelled=False)
            case "word":
                return self._phrase()
            case _:
                return self._fail_missing()

    def _group(self) -> Node:
        opening = self._next()
        self._deeper(opening)
        node = self._expr()
        if self._token.kind == "end":
            self._fail("this parenthesis is never closed", opening)
        if self._token.kind != "close":
            self._fail("write AND or OR before this")
        self._next()
        self._depth -= 1
        return node

    def _field(self) -> Node:
        token = self._next()
        name = token.text[:-1]
        if name in _SCOPES:
            if self._token.kind not in {"open", "field", "equals", "quoted", "word"}:
                self._fail(f"{name}: needs a word, a phrase or ( right behind it", token)
            self._deeper(token)
            node = self._atom()
            self._depth -= 1
            return Scope("title" if name == "title" else "body", node)
        if self._token.kind not in {"quoted", "word"}:
            self._fail(f"{name}: needs a word or a phrase in quotation marks behind it", token)
        value = self._next()
        text = (value.text[1:-1] if value.kind == "quoted" else value.text).strip()
        self._check_says_something(value, text)
        if value.kind == "word" and self._token.kind == "word":
            self._fail(
                f"{name}: takes one word; put quotation marks around several, or write AND or OR"
                " before this"
            )
        return Meta(cast("MetaField", name), text)

    def _exact(self, first: _Token, *, spelled: bool) -> Term:
        if self._token.kind not in {"word", "quoted"}:
            self._fail("= needs a word or a phrase in quotation marks right after it", first)
        token = self._next()
        wording = token.text[1:-1] if token.kind == "quoted" else token.text
        self._check_says_something(token, wording)
        open_end = token.kind == "word" and wording.endswith("*")
        wording = wording.removesuffix("*") if open_end else wording
        # Inside quotation marks an asterisk may be part of a name (M*A*S*H).
        if "*" in (wording if token.kind == "word" else wording[:1] + wording[-1:]):
            self._fail("* has no place in exact wording, save at the end of =word", token)
        written = self._text[first.start : token.end]
        return exact_term(written, wording, spelled=spelled, open_end=open_end)

    def _phrase(self) -> Term:
        words = [self._next()]
        while self._token.kind == "word":
            words.append(self._next())
        for word in words:
            self._check_says_something(word, word.text)
        wording = " ".join(word.text for word in words)
        if len(wording) > MAX_TERM:
            self._fail(
                f"this is too long for a phrase, {MAX_TERM} characters are the most; write AND or"
                " OR between the words",
                words[0],
                words[-1],
            )
        bare = wording.removeprefix("*").removesuffix("*")
        if "*" in bare:
            self._fail(
                "* may stand only at the beginning or the end of a term", words[0], words[-1]
            )
        return bare_term(
            wording, bare, open_start=wording.startswith("*"), open_end=wording.endswith("*")
        )

    def _distance(self, operator: _Token) -> int:
        if operator.text == "NEAR":
            return DEFAULT_NEAR
        digits = operator.text.removeprefix("NEAR/")
        if re.fullmatch(r"[1-9][0-9]{0,2}", digits):
            return int(digits)
        return self._fail(f"write NEAR/ with a number of words from 1 to {MAX_NEAR}", operator)

    def _check_place(self, node: Node, start: _Token) -> None:
        if not has_place(node):
            self._fail(
                "NEAR takes words, phrases and (… OR …); AND, NOT and what is known of an article"
                " have no place in a text",
                start,
                self._tokens[self._position - 1],
            )

    def _check_says_something(self, token: _Token, wording: str) -> None:
        if len(wording) > MAX_TERM:
            self._fail(f"this is too long for a term; {MAX_TERM} characters are the most", token)
        if says_nothing(wording):
            self._fail("there is no letter or digit to look for here; take it out", token)

    def _deeper(self, token: _Token) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._fail("too many parentheses, NOT or NEAR inside one another", token)

    def _fail_missing(self) -> NoReturn:
        before = self._tokens[self._position - 1] if self._position else None
        if before and before.kind in {"and", "or", "not", "near", "open"}:
            self._fail("a word, a phrase or ( has to follow this", before)
        self._fail("a word, a phrase or ( has to stand before this")

    def _fail(
        self, message: str, first: _Token | None = None, last: _Token | None = None
    ) -> NoReturn:
        first = first or self._token
        last = last or first
        raise QueryError(message, text=self._text, span=(first.start, max(first.end, last.end)))

    @property
    def _token(self) -> _Token:
        return self._tokens[self._position]

    def _next(self) -> _Token:
        self._position += 1
        return self._tokens[self._position - 1]


def _read_tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position, end = 0, len(text.rstrip())
    while position < end and (found := _TOKEN.match(text, position)):
        kind = found.lastgroup or ""
        start, position = found.span(kind)
        if kind == "unclosed":
            raise QueryError(
                "this quotation mark is never closed; write a second one after the phrase",
                text=text,
                span=(start, position),
            )
        if kind == "word":
            kind = _word_kind(text, start, found[kind])
        if kind == "field":
            found = _FIELD.match(text, start)
            position = found.end() if found else position
        tokens.append(_Token(kind, text[start:position], start, position))
    return [*tokens, _Token("end", "", end, end)]


def _word_kind(text: str, start: int, word: str) -> str:
    if word in {"AND", "OR", "NOT"}:
        return word.lower()
    if word == "NEAR" or word.startswith("NEAR/"):
        return "near"
    if _FIELD.match(word):
        return "field"
    if found := _NO_FIELD.match(word):
        name = found[0][:-1]
        near = difflib.get_close_matches(name.lower(), (*_SCOPES, *_METAS), n=1)
        hint = f"; did you mean {near[0]}:?" if near else ""
        if name.lower() in {"http", "https"}:
            hint = "; an address is looked for with url:"
        raise QueryError(
            f"there is no field {found[0]} here{hint}; put it into quotation marks if you mean"
            " these very letters",
            text=text,
            span=(start, start + found.end()),
        )
    return "word"
