"""A view of the archive for other programs: JSON, CSV, Atom; written piece by piece."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape, quoteattr

from monitor import records
from monitor.archive import ArchiveArticle, WholeArticle
from monitor.model import DigestRow, Piece
from monitor.timeline import ToldStory

#: The columns of the CSV: one row for each match, one for an article without.
COLUMNS = (
    "id", "time", "title", "url", "page", "source", "label", "author", "lang",
    "topic", "topic_name", "labels", "found", "mark", "starred", "note",
)  # fmt: skip

#: A spreadsheet takes a cell that begins so for a formula (CWE-1236); some read the wide signs too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
#: So many characters are written at a time.
_CHUNK = 8_192
#: XML 1.0 has no way to write these.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What stands in an Atom feed."""

    #: Its page in the archive, which names it for good.
    page: str
    #: Where it leads.
    link: str
    title: str
    updated: datetime
    author: str
    text: str
    terms: tuple[str, ...] = ()


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
        "title": plain(article.title),
        "snippet": plain(article.snippet),
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


def whole(found: WholeArticle, base: str) -> dict[str, object]:
    """Give an article with all that is known of it."""
    return record(found.article, base) | {
        "text": plain(found.text),
        "first_seen": found.first_seen_at.isoformat(),
        "feeds": list(found.carriers),
        "earlier": [
            {"title": one.title, "text": one.text, "until": one.until.isoformat()}
            for one in found.earlier
        ],
        "story": found.story.id if found.story else None,
    }


def issue(row: DigestRow, base: str) -> dict[str, object]:
    """Give a digest that was composed."""
    return records.issue(row) | {"page": f"{base}/digests/{row.id}"}


def issue_entry(row: DigestRow, text: str, base: str) -> Entry:
    """Give a digest as an entry of a feed."""
    page = f"{base}/digests/{row.id}"
    return Entry(
        page=page,
        link=page,
        title=row.subject or "Nothing to report",
        updated=row.created_at,
        author="News Monitor",
        text=text,
    )


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
    """Write a table of articles."""
    return _table(COLUMNS, (row for article in articles for row in _rows(article, base)))


def table(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """Write a table of records; what a record lacks stays empty."""
    return _table(columns, ([row.get(name) for name in columns] for row in rows))


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Write a table for spreadsheets, which take its text for UTF-8 by the mark it begins with."""
    file = io.StringIO()
    writer = csv.writer(file)
    file.write("\ufeff")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
        if file.tell() > _CHUNK:
            yield file.getvalue()
            file.seek(0)
            file.truncate()
    yield file.getvalue()


def _rows(article: ArchiveArticle, base: str) -> Iterator[tuple[object, ...]]:
    page = f"{base}/articles/{article.id}"
    where = (article.url, page, article.source, article.label, article.author, article.lang)
    about = (article.id, article.time.isoformat(), plain(article.title), *where)
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


def article_entry(article: ArchiveArticle, base: str) -> Entry:
    """Give an article as an entry of a feed."""
    page = f"{base}/articles/{article.id}"
    why = "; ".join(f"{why.topic_name}: {', '.join(why.found)}" for why in article.why)
    return Entry(
        page=page,
        link=article.url or page,
        title=plain(article.title) or "(no title)",
        updated=article.time,
        author=article.author or article.source or "unknown",
        text="\n\n".join(filter(None, (plain(article.snippet), why))),
        terms=tuple(
            term
            for why in article.why
            for term in (why.topic_id, *(f"{why.topic_id}/{label}" for label in why.labels))
        ),
    )


def as_atom(
    entries: Iterable[Entry], base: str, *, here: str, title: str, now: datetime
) -> Iterator[str]:
    """Write an Atom feed (RFC 4287); `here` is its own address."""
    yield (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
        f"<id>{_xml(here)}</id>\n<title>{_xml(title)}</title>\n"
        f'<link rel="self" href={_attribute(here)}/>\n<link href={_attribute(base + "/")}/>\n'
        f"<updated>{now.isoformat(timespec='seconds')}</updated>\n"
    )
    for entry in entries:
        yield (
            f"<entry>\n<id>{_xml(entry.page)}</id>\n"
            f"<title>{_xml(entry.title)}</title>\n"
            f"<link href={_attribute(entry.link)}/>\n"
            f"<updated>{entry.updated.isoformat(timespec='seconds')}</updated>\n"
            f"<author><name>{_xml(entry.author)}</name></author>\n"
            + "".join(f"<category term={_attribute(term)}/>\n" for term in entry.terms)
            + f"<summary>{_xml(entry.text)}</summary>\n</entry>\n"
        )
    yield "</feed>\n"


def plain(pieces: tuple[Piece, ...]) -> str:
    """Give marked text without its marks."""
    return "".join(piece.text for piece in pieces)


def _xml(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text))


def _attribute(text: str) -> str:
    return quoteattr(_NOT_XML.sub("\ufffd", text))
