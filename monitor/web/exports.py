"""A view of the archive for other programs: JSON, CSV, Atom; written piece by piece."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from xml.sax.saxutils import escape, quoteattr

from monitor.archive import ArchiveArticle
from monitor.model import Piece
from monitor.timeline import ToldStory

#: The columns of the CSV: one row for each match, one for an article without.
COLUMNS = (
    "id", "time", "title", "url", "page", "source", "label", "author", "lang",
    "topic", "topic_name", "labels", "found", "mark", "starred", "note",
)  # fmt: skip

#: A spreadsheet takes a cell that begins so for a formula (CWE-1236); some read the wide signs too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
#: XML 1.0 has no way to write these.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_json(articles: Iterable[ArchiveArticle], base: str) -> Iterator[str]:
    """Write one object: `articles`, newest first, each on a line of its own."""
    begin = '{"articles": [\n'
    for article in articles:
        yield begin + json.dumps(record(article, base), ensure_ascii=False)
        begin = ",\n"
    yield "\n]}\n" if begin == ",\n" else '{"articles": []}\n'


def record(article: ArchiveArticle, base: str) -> dict[str, object]:
    """Give an article as JSON has it; `base` is the archive's own address."""
    return {
        "id": article.id,
        "page": f"{base}/articles/{article.id}",
        "url": article.url,
        "title": _plain(article.title),
        "snippet": _plain(article.snippet),
        "source": article.source,
        "label": article.label,
        "author": article.author,
        "lang": article.lang,
        "time": article.time.isoformat(),
        "undated": article.undated,
        "matches": [
            {
                "topic": why.topic_id,
                "topic_name": why.topic_name,
                "labels": list(why.labels),
                "found": list(why.found),
                "mark": why.review.mark.value,
                "starred": why.review.starred,
                "note": why.review.note,
            }
            for why in article.why
        ],
    }


def story(told: ToldStory, base: str) -> dict[str, object]:
    """Give a story as JSON has it: its articles in order of time."""
    return {
        "id": told.id,
        "page": f"{base}/stories/{told.id}",
        "sources": told.sources,
        "articles": [
            record(each.article, base) | {"repeats": each.repeats.id if each.repeats else None}
            for each in told.articles
        ],
    }


def as_csv(articles: Iterable[ArchiveArticle], base: str) -> Iterator[str]:
    """Write a table for spreadsheets, which take its text for UTF-8 by the mark it begins with."""
    file = io.StringIO()
    writer = csv.writer(file)
    file.write("\ufeff")
    writer.writerow(COLUMNS)
    for article in articles:
        for row in _rows(article, base):
            writer.writerow([_cell(value) for value in row])
        yield file.getvalue()
        file.seek(0)
        file.truncate()
    yield file.getvalue()


def _rows(article: ArchiveArticle, base: str) -> Iterator[tuple[object, ...]]:
    page = f"{base}/articles/{article.id}"
    where = (article.url, page, article.source, article.label, article.author, article.lang)
    about = (article.id, article.time.isoformat(), _plain(article.title), *where)
    for why in article.why:
        review = why.review
        starred = "yes" if review.starred else ""
        said = (review.mark.value, starred, review.note)
        yield (
            *about,
            why.topic_id,
            why.topic_name,
            "; ".join(why.labels),
            "; ".join(why.found),
            *said,
        )
    if not article.why:
        yield (*about, "", "", "", "", "", "", "")


def _cell(value: object) -> object:
    # The apostrophe is what spreadsheets themselves use to say "this is text".
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def as_atom(
    articles: Iterable[ArchiveArticle], base: str, *, here: str, title: str, now: datetime
) -> Iterator[str]:
    """Write an Atom feed (RFC 4287); `here` is its own address."""
    yield (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
        f"<id>{_xml(here)}</id>\n<title>{_xml(title)}</title>\n"
        f'<link rel="self" href={_attribute(here)}/>\n<link href={_attribute(base + "/")}/>\n'
        f"<updated>{now.isoformat(timespec='seconds')}</updated>\n"
    )
    for article in articles:
        page = f"{base}/articles/{article.id}"
        why = "; ".join(f"{why.topic_name}: {', '.join(why.found)}" for why in article.why)
        text = "\n\n".join(filter(None, (_plain(article.snippet), why)))
        yield (
            f"<entry>\n<id>{_xml(page)}</id>\n"
            f"<title>{_xml(_plain(article.title) or '(no title)')}</title>\n"
            f"<link href={_attribute(article.url or page)}/>\n"
            f"<updated>{article.time.isoformat(timespec='seconds')}</updated>\n"
            f"<author><name>{_xml(article.author or article.source or 'unknown')}</name></author>\n"
            + "".join(
                f"<category term={_attribute(term)}/>\n"
                for why in article.why
                for term in (why.topic_id, *(f"{why.topic_id}/{label}" for label in why.labels))
            )
            + f"<summary>{_xml(text)}</summary>\n</entry>\n"
        )
    yield "</feed>\n"


def _plain(pieces: tuple[Piece, ...]) -> str:
    return "".join(piece.text for piece in pieces)


def _xml(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text))


def _attribute(text: str) -> str:
    return quoteattr(_NOT_XML.sub("\ufffd", text))
