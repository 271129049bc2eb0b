"""Several at once: threads of one process, and another program beside it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy.exc import IntegrityError

from monitor.config import FeedConfig
from monitor.model import ArchiveFilter, EntryNames, PollSaved
from monitor.store import Store, open_store
from tests.factories import NOW, ago, feed_state, issue, outcome, sighting, slot

URLS = [f"https://{number}.example/feed" for number in range(8)]


def save(store: Store, url: str) -> PollSaved:
    """Store a poll that brings one article of its own and one that all feeds carry."""
    seen = (sighting(url, topics=("kling",)), sighting("Everywhere", topics=("kling",)))
    return store.save_poll(outcome(*seen, feed=feed_state(url)))


def test_polls_stored_at_the_same_time_lose_and_double_nothing(store_url: str) -> None:
    # Two stores stand for two processes: they share no lock of ours.
    stores = [open_store(store_url), open_store(store_url)]
    stores[0].sync_feeds([FeedConfig(url=url) for url in URLS], NOW)
    with ThreadPoolExecutor(4) as threads:
        saved = list(threads.map(save, stores * 4, URLS))
        indexed = sum(threads.map(Store.index_pending, stores * 2))
    assert sum(one.articles_new for one in saved) == len(URLS) + 1
    assert sum(one.matches_new for one in saved) == len(URLS) + 1
    assert indexed == len(URLS) + 1
    assert len(stores[0].page(ArchiveFilter()).articles) == len(URLS) + 1
    for store in stores:
        store.close()


def test_the_same_news_in_another_order_blocks_nobody(store_url: str) -> None:
    """Four outlets list the same articles, each in its own order, four processes store them."""
    stores = [open_store(store_url) for _ in range(4)]
    titles = [f"Kling news {number}" for number in range(60)]
    orders = [titles, titles[::-1], titles[30:] + titles[:30], titles[1::2] + titles[::2]]
    together = threading.Barrier(4)

    def configure(store: Store) -> None:
        together.wait()
        store.sync_feeds([FeedConfig(url=url) for url in URLS], NOW)

    def poll(store: Store, url: str, order: list[str]) -> int:
        together.wait()
        seen = (sighting(title, topics=("kling", "alibaba")) for title in order)
        return store.save_poll(outcome(*seen, feed=feed_state(url))).articles_new

    def index(store: Store) -> int:
        together.wait()
        return store.index_pending()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(configure, stores))
        assert sum(threads.map(poll, stores, URLS, orders)) == 60
        assert sum(threads.map(index, stores)) == 60
    assert len(stores[0].due_feeds(NOW)) == len(URLS)
    for store in stores:
        store.close()


def test_retention_beside_polls_and_indexing_blocks_nobody(store_url: str) -> None:
    """Four processes at once over the same articles, some of them outdated."""
    stores = [open_store(store_url) for _ in range(4)]
    stores[0].sync_feeds([FeedConfig(url=url) for url in URLS], NOW)

    def work(number: int) -> None:
        store, order = stores[number], Random(number)
        for step in range(12):
            numbers = order.sample(range(step, step + 60), 40)
            seen = [
                sighting(f"News {n}", topics=("kling",) * (n % 3), first_seen_at=ago(days=n % 4))
                for n in numbers
            ]
            fresh = [replace(one, names=EntryNames(key=f"{step} {one.names.key}")) for one in seen]
            store.save_poll(outcome(*fresh, feed=feed_state(URLS[number])))
            store.index_pending()
            if step % 4 == number:
                store.forget(unmatched_before=ago(days=1), matched_before=ago(days=2))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    for store in stores:
        store.close()


def test_two_workers_never_claim_the_same_delivery(store_url: str) -> None:
    stores = [open_store(store_url), open_store(store_url)]
    names = [f"digest {number}" for number in range(8)]
    for name in names:
        stores[0].enqueue(issue(slot=slot(name)), NOW)

    def claim(store: Store) -> int | None:
        claimed = store.claim_delivery(NOW, lease=timedelta(minutes=1))
        return None if claimed is None else claimed.id

    with ThreadPoolExecutor(4) as threads:
        claimed = list(threads.map(claim, stores * 4))
    # A worker that finds the only row it looked at taken may go home empty; never are two the same.
    numbers = [number for number in claimed if number is not None]
    assert len(numbers) == len(set(numbers)) > 0
    for store in stores:
        store.close()


def test_a_bug_of_ours_is_not_called_a_database_failure(store: Store) -> None:
    with pytest.raises(IntegrityError):
        store.enqueue(issue(to=("ann@example.com", "ann@example.com")), NOW)
    assert store.digests() == ()
