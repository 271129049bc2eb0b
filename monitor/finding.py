"""Search the archive: what the index finds, and of that what the query holds for.

Most questions the index answers alone. Where it finds too much (see `query.search`), the articles
it finds are looked at, newest first, and only so many at once: a page may then have few articles,
or none, and still go on.
"""

from collections.abc import Iterator, Sequence
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
    held, end = _held(store, wanted, question, after=after, most=limit + 1)
    rows = store.page(_these(held[:limit]), limit=limit).articles
    return ArchivePage(articles=rows, next=place(rows[-1]) if len(held) > limit else end)


def _held(
    store: Store, wanted: ArchiveFilter, question: Asked, *, after: Cursor | None, most: int
) -> tuple[list[int], Cursor | None]:
    """Give at most so many articles for which the question holds, the newest first.

    Also where to go on when MAX_LOOKED_AT were looked at and there are more.
    """
    places = store.places(wanted, after=after, limit=MAX_LOOKED_AT + 1)
    looked_at = places[:MAX_LOOKED_AT]
    held: list[int] = []
    for start in range(0, len(looked_at), _AT_ONCE):
        some = [each.id for each in looked_at[start : start + _AT_ONCE]]
        for row in store.articles_with(some):
            if evaluate(question.node, Scan(row.article)) is not None:
                held.append(row.id)
                if len(held) == most:
                    return held, None
    return held, looked_at[-1] if len(places) > len(looked_at) else None


def _these(ids: Sequence[int]) -> ArchiveFilter:
    return ArchiveFilter(ids=tuple(ids), matched_only=False)


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
    held, end = _held(store, wanted, question, after=None, most=MAX_LOOKED_AT)
    these = replace(wanted, query=None, ids=tuple(held))
    first, counted = store.look(these, most=most, limit=limit)
    facets = replace(counted, capped=end is not None)
    if after is None and (end is None or len(held) > limit):
        return first, facets
    return page(store, wanted, question, after=after, limit=limit), facets


def place(row: ArticleMatches) -> Cursor:
    """Say where a page ends that ends with this article."""
    return Cursor(sorted_at=row.article.sorted_at, id=row.id)
