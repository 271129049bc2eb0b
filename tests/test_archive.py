"""What a reader asks of the archive, and what one page of it says."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor import archive, config
from monitor.archive import ArchiveView, Question
from monitor.errors import MonitorError, QueryError
from monitor.model import Article, EntryNames, Match, Piece, Sighting, Span
from monitor.store import Store, open_store
from tests import archive_site
from tests.factories import DAY, FEED_URL, NOW, ago, article, feed_state, match, outcome, span

CONFIG = config.load(archive_site.CONFIG + '[[feed]]\nurl = "https://other.example/rss"')
MADRID = ZoneInfo("Europe/Madrid")


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    store = open_store(sqlite_url)
    store.sync_feeds(CONFIG.feeds, NOW)
    yield store
    store.close()


def put(store: Store, *articles: Article, matches: tuple[Match, ...] = ()) -> None:
    """Store articles that have these matches, and index them."""
    for one in articles:
        sighting = Sighting(names=EntryNames(key=one.key), article=one, matches=matches)
        store.save_poll(outcome(sighting, feed=feed_state(one.feed_url)))
    store.index_pending()


def ask(store: Store, *, limit: int = 50, **parts: Any) -> ArchiveView:
    return archive.browse(
        store,
        Question(**parts),
        topics=CONFIG.topics,
        feeds=CONFIG.feeds,
        zone=MADRID,
        limit=limit,
    )


def titles(view: ArchiveView) -> list[str]:
    return ["".join(piece.text for piece in row.title) for row in view.articles]


def test_an_article_is_shown_with_its_hits_its_source_and_its_reason(store: Store) -> None:
    hits = (span("Kling", 0), span("可灵", 4, field="body", term="可灵"))
    put(
        store,
        article("Kling films studios", text="The 可灵 model films.", published_at=ago(hours=2)),
        matches=(match("kling", spans=hits),),
    )

    (row,) = ask(store).articles

    assert row.title == (Piece(text="Kling", hit=True), Piece(text=" films studios"))
    assert Piece(text="可灵", hit=True) in row.snippet
    assert (row.source, row.label) == ("Example News", "state media")
    assert row.time.isoformat() == "2026-03-11T11:00:00+01:00"
    assert not row.undated
    (reason,) = row.why
    assert (reason.topic_id, reason.topic_name) == ("kling", "Kling")
    assert reason.found == ("Kling in the title", "可灵 in the text")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("", "", id="no text"),
        pytest.param("Kling films\u00a0\u00a0studios.", "", id="the title again"),
        pytest.param(
            "Kling films studios. All of it is new.", "…All of it is new.", id="the title and more"
        ),
        pytest.param("It is new.", "It is new.", id="something else"),
    ],
)
def test_a_snippet_does_not_repeat_the_title(store: Store, text: str, shown: str) -> None:
    put(store, article("Kling films studios", text=text), matches=(match(),))

    (row,) = ask(store).articles

    assert "".join(piece.text for piece in row.snippet) == shown


@pytest.mark.parametrize(
    ("text", "spans", "found"),
    [
        pytest.param(
            "KLING again",
            (span("Kling", 0), span("KLING", 0, field="body")),
            ("Kling in the title",),
            id="a word of the title is not named again for the text",
        ),
        pytest.param(
            "export\n controls",
            (span("export\n controls", 0, field="body"),),
            ("export controls in the text",),
            id="in one line",
        ),
        pytest.param(
            "k" * 99,
            (span("k" * 99, 0, field="body"),),
            ("k" * 39 + "… in the text",),
            id="a long find is cut",
        ),
    ],
)
def test_reasons_are_short(
    store: Store, text: str, spans: tuple[Span, ...], found: tuple[str, ...]
) -> None:
    put(store, article(text=text), matches=(match(spans=spans),))

    assert ask(store).articles[0].why[0].found == found


def test_a_date_in_the_future_does_not_put_an_article_first(store: Store) -> None:
    put(
        store,
        article("From tomorrow", published_at=NOW + DAY, first_seen_at=ago(hours=3)),
        article("Undated", published_at=None, first_seen_at=ago(hours=2)),
        article("Dated", published_at=ago(hours=1)),
        matches=(match(),),
    )

    view = ask(store)

    assert titles(view) == ["Dated", "Undated", "From tomorrow"]
    assert [row.undated for row in view.articles] == [False, True, False]
    assert view.articles[2].time == ago(hours=3)


def test_only_matches_are_shown_unless_everything_is_asked_for(store: Store) -> None:
    put(store, article("A match"), matches=(match(),))
    put(store, article("Some other news", published_at=ago(hours=2)))

    assert titles(ask(store)) == ["A match"]
    assert titles(ask(store, everything=True)) == ["A match", "Some other news"]


def test_topic_feed_and_search_narrow(store: Store) -> None:
    put(store, article("Kling in the harbour"), matches=(match("kling"),))
    put(
        store,
        article("Kling elsewhere", feed_url="https://other.example/rss", published_at=ago(hours=2)),
        matches=(match("kling"), match("chips")),
    )

    assert titles(ask(store, topic="chips")) == ["Kling elsewhere"]
    assert titles(ask(store, feed=FEED_URL)) == ["Kling in the harbour"]
    assert titles(ask(store, query="harbour")) == ["Kling in the harbour"]
    assert titles(ask(store, query="  ")) == ["Kling in the harbour", "Kling elsewhere"]
    assert titles(ask(store, query="harbour", topic="chips")) == []


def test_a_search_finds_articles_without_match_too_if_asked_for(store: Store) -> None:
    put(store, article("可灵发布新模型"))

    assert titles(ask(store, query="可灵")) == []
    assert titles(ask(store, query="可灵", everything=True)) == ["可灵发布新模型"]


def test_what_was_searched_for_is_marked_and_shown(store: Store) -> None:
    story = "Kling is sold. " + "Filler words stand here. " * 30 + "The Harbour buys it."
    hits = (span("Kling", 0, field="body"),)
    put(store, article("A harbour deal", text=story), matches=(match(spans=hits),))

    (row,) = ask(store, query="harbour AND NOT ship OR boat").articles

    assert Piece(text="harbour", hit=True) in row.title
    assert Piece(text="Harbour", hit=True) in row.snippet
    assert row.why[0].found == ("Kling in the text",)


def test_topics_come_in_the_order_of_the_configuration_with_their_counts(store: Store) -> None:
    put(store, article("One"), article("Two"), matches=(match("chips"),))

    assert [(t.id, t.name, t.matches) for t in ask(store).topics] == [
        ("kling", "Kling", 0),
        ("chips", "Export controls", 2),
    ]


def test_a_topic_that_left_the_configuration_can_still_be_read(store: Store) -> None:
    put(store, article("Old news"), matches=(match("retired-topic"),))

    view = ask(store, topic="retired-topic")

    assert titles(view) == ["Old news"]
    assert view.articles[0].why[0].topic_name == "retired-topic"
    assert "retired-topic" not in {topic.id for topic in view.topics}


def test_pages_follow_each_other_without_a_gap(store: Store) -> None:
    # Three of them share a moment: the number decides there.
    times = [ago(hours=1), ago(hours=2), ago(hours=2), ago(hours=2), ago(days=400)]
    put(
        store,
        *(article(f"News {n}", published_at=time) for n, time in enumerate(times)),
        matches=(match(),),
    )

    seen, after = [], ""
    for _ in range(3):
        view = ask(store, limit=2, after=after)
        seen += titles(view)
        after = view.older

    assert after == ""
    assert sorted(seen) == [f"News {n}" for n in range(5)]
    assert (seen[0], seen[-1]) == ("News 0", "News 4")


@pytest.mark.parametrize(
    ("question", "problem"),
    [
        pytest.param({"topic": "klang"}, 'There is no topic "klang".', id="topic"),
        pytest.param({"topic": "x" * 500}, "There is no topic", id="long topic"),
        pytest.param({"feed": "https://x.example/"}, "is not in the configuration", id="feed"),
        pytest.param({"after": "page=2"}, "names no place in the archive", id="cursor"),
        pytest.param({"after": "9" * 18 + ".1"}, "names no place", id="cursor beyond year 9999"),
        pytest.param({"after": "1.2' OR 1=1"}, "names no place", id="cursor with SQL"),
        pytest.param({"after": "１２.３"}, "names no place", id="cursor in full-width digits"),
    ],
)
def test_what_cannot_be_followed_is_said(
    store: Store, question: dict[str, Any], problem: str
) -> None:
    put(store, article(), matches=(match(),))

    view = ask(store, **question)

    assert view.articles == ()
    (said,) = view.problems
    assert problem in said
    assert len(said) < 200


def test_a_faulty_search_is_shown_with_the_fault_marked(store: Store) -> None:
    view = ask(store, query="Kling AND (可灵 OR video")

    assert view.fault is not None
    assert view.fault.before + view.fault.fault + view.fault.after == "Kling AND (可灵 OR video"
    assert view.fault.fault == "("
    assert view.articles == ()


def test_a_search_has_a_greatest_length(store: Store) -> None:
    view = ask(store, query="(" * 1_001)

    assert view.fault is not None
    assert "too long; 1,000 characters are the most" in view.fault.message
    assert len(view.fault.before + view.fault.fault + view.fault.after) <= 80


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # nothing is stored
@given(query=st.text(max_size=40) | st.text('()"*=-/ NEARORANDTile:可灵a1', max_size=60))
def test_any_search_gives_an_answer(store: Store, query: str) -> None:
    view = ask(store, query=query, everything=True)

    assert view.fault is None or view.fault.message


def test_find_gives_the_articles_themselves(store: Store) -> None:
    put(store, article("Kling in the harbour"), matches=(match("kling"),))
    put(store, article("A harbour deal", published_at=ago(hours=2)))

    def found(query: str, topic: str | None = None, *, everything: bool = False) -> list[str]:
        rows = archive.find(store, query, topic=topic, everything=everything, limit=10)
        return [row.article.title for row in rows]

    assert found("harbour") == ["Kling in the harbour"]
    assert found("harbour", everything=True) == ["Kling in the harbour", "A harbour deal"]
    assert found("harbour", "kling", everything=True) == ["Kling in the harbour"]
    with pytest.raises(MonitorError, match=r'no match of a topic "klang".* kling'):
        found("harbour", "klang")
    with pytest.raises(QueryError):
        found("(harbour")


def test_a_headline_without_end_is_shown_around_its_hits(store: Store) -> None:
    put(store, article("word " * 90 + "Kling"), matches=(match(spans=(span("Kling", 450),)),))

    (row,) = ask(store).articles

    assert row.title[-1] == Piece(text="Kling", hit=True)
    assert sum(len(piece.text) for piece in row.title) <= archive.MAX_TITLE_CHARS + 1


def test_what_is_counted_of_a_large_view_is_remembered_for_a_moment(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_COUNTED", 2)
    clock = [NOW]
    counts = archive.Counts(lambda: clock[0])

    def total(**parts: Any) -> int:
        view = archive.browse(
            store,
            Question(**parts),
            topics=CONFIG.topics,
            feeds=CONFIG.feeds,
            zone=MADRID,
            counts=counts,
        )
        assert view.overview
        return view.overview.facets.topics.get("chips", 0)

    put(store, article("One"), matches=(match("kling"),))
    assert total() == 0
    put(store, article("Two", published_at=ago(minutes=2)), matches=(match("chips"),))
    assert total() == 1, "what is small is counted at each page"
    put(store, article("Three", published_at=ago(minutes=1)), matches=(match("chips"),))
    assert total() == 1
    assert total(topic="chips") == 2
    clock[0] += archive.Counts.LASTS
    assert total() == 2
