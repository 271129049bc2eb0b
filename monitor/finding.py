"""Search the archive: what the index finds, and of that what the query holds for.

Most questions the index answers alone. Where it finds too much (see `query.search`), the articles
it finds are looked at, newest first, and only so many at once: a page may then have few articles,
or none, and still go on.
"""

from collections.abc import Iterator
from dataclasses import replace

from monitor.model import ArchiveFilter, ArchivePage, ArticleMatches, Cursor, Facets
from monitor.query import Asked, Scan, evaluate
from monitor.store import Store

#: Articles that are looked at for one page, and for the counts beside it.
MAX_LOOKED_AT = 2_000
_AT_ONCE = 200


def page(
    store: Store,
    wanted: ArchiveFilter,
    question: Asked | None,
    *,
    after: Cursor | None = None,
    limit: int,
) -> ArchivePage:
    """Give the articles that meet a filter and a question, newest first, at most `limit`.

    Args:
        store: The archive; it sees what `index_pending` indexed.
        wanted: What else they must meet; its `query` is taken from the question.
        question: None for all.
        after: Where the page before ended.
        limit: How many at most. There may be fewer though `next` goes on.
    """
    if question is None:
        return store.page(wanted, after=after, limit=limit)
    wanted = replace(wanted, query=question.index)
    if question.exact:
        return store.page(wanted, after=after, limit=limit)
    found: list[ArticleMatches] = []
    for looked_at in range(0, MAX_LOOKED_AT, _AT_ONCE):
        candidates = store.page(wanted, after=after, limit=min(_AT_ONCE, MAX_LOOKED_AT - looked_at))
        for row in candidates.articles:
            if evaluate(question.node, Scan(row.article)) is None:
                continue
            if len(found) == limit:
                return ArchivePage(articles=tuple(found), next=place(found[-1]))
            found.append(row)
        after = candidates.next
        if after is None:
            break
    return ArchivePage(articles=tuple(found), next=after)


def pages(
    store: Store,
    wanted: ArchiveFilter,
    question: Asked | None,
    *,
    after: Cursor | None,
    limit: int,
) -> Iterator[ArchivePage]:
    """Give all pages, as `page` does, one at a time."""
    while True:
        found = page(store, wanted, question, after=after, limit=limit)
        yield found
        if found.next is None:
            return
        after = found.next


def look(
    store: Store,
    wanted: ArchiveFilter,
    question: Asked | None,
    *,
    most: int,
    after: Cursor | None = None,
    limit: int,
) -> tuple[ArchivePage, Facets]:
    """Give a page as `page` does, and count what is among the newest articles found.

    Counted are at most `most` of those that the index finds, or, where it finds too much, those
    that hold among the newest MAX_LOOKED_AT; `capped` says that there may be more.
    """
    if question is None:
        return store.look(wanted, most=most, after=after, limit=limit)
    if question.exact:
        wanted = replace(wanted, query=question.index)
        return store.look(wanted, most=most, after=after, limit=limit)
    newest = page(store, wanted, question, limit=MAX_LOOKED_AT)
    ids = tuple(row.id for row in newest.articles)
    _, counted = store.look(replace(wanted, ids=ids), most=most)
    facets = replace(counted, capped=newest.next is not None)
    if after is not None:
        return page(store, wanted, question, after=after, limit=limit), facets
    if len(newest.articles) <= limit:
        return newest, facets
    shown = newest.articles[:limit]
    return ArchivePage(articles=shown, next=place(shown[-1])), facets


def place(row: ArticleMatches) -> Cursor:
    """Say where a page ends that ends with this article."""
    return Cursor(sorted_at=row.article.sorted_at, id=row.id)
