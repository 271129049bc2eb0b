"""What stands in an issue."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import digest as digests
from monitor import storytelling
from monitor.config import DigestConfig, FeedConfig, TopicConfig
from monitor.model import (
    ArticleMatches,
    Digest,
    DigestItem,
    DigestStory,
    Reported,
    Shown,
    Span,
    StoryMember,
    Timeline,
    Vote,
)
from tests.factories import DAY, HOUR, NOW, ago, coverage, match, row, span, window

BERLIN = ZoneInfo("Europe/Berlin")
KLING = TopicConfig(id="kling", name="Kling", any=("Kling", "可灵"))
#: The subject of an issue with only `row()`.
ONE = "Kling 2.0 makes films, part 1 · 11 Mar"
ALIBABA = TopicConfig(id="alibaba", name="Alibaba", any=("Alibaba",))


def config(**fields: Any) -> DigestConfig:
    return DigestConfig(name="daily", **fields)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# ---------------------------------------------------------------------------------------- issue


def compose(*rows: ArticleMatches, **fields: Any) -> Digest:
    given: dict[str, Any] = {
        "config": config(),
        "topics": (KLING, ALIBABA),
        "feeds": (),
        "rows": rows,
        "coverage": coverage(),
        "window": window(),
        "zone": BERLIN,
        "slot_at": NOW,
    }
    return digests.compose(**(given | fields))


def titles(digest: Digest, topic_id: str) -> list[str]:
    topic = next(topic for topic in digest.topics if topic.id == topic_id)
    return ["".join(piece.text for piece in story.lead.title) for story in topic.stories]


def test_a_story_of_two_topics_stands_once_and_says_where_else_it_belongs() -> None:
    both = row(1, title="Kling meets Alibaba", topics=("alibaba", "kling"))
    composed = compose(both)
    kling, alibaba = composed.topics
    assert titles(composed, "kling") == ["Kling meets Alibaba"]
    assert kling.stories[0].also == ("Alibaba",)
    assert (alibaba.stories, alibaba.articles, alibaba.elsewhere) == ((), 1, ("Kling",))
    assert (composed.stories, composed.articles) == (1, 2)


def test_it_stands_under_the_topic_that_weighs_more() -> None:
    both = row(1, title="Kling meets Alibaba", topics=("alibaba", "kling"))
    heavy = ALIBABA.model_copy(update={"weight": 2.0})
    assert titles(compose(both, topics=(KLING, heavy)), "alibaba") == ["Kling meets Alibaba"]


def test_hits_in_the_title_come_first_then_the_newest() -> None:
    text = match(spans=(span(field="body"),))
    rows = [
        row(1, title="Kling, old", published_at=ago(hours=9)),
        row(2, title="In the text, new", published_at=ago(hours=1)),
        row(3, title="Kling, new", published_at=ago(hours=2)),
        row(
            4,
            title="Kling, from the future",
            published_at=NOW + 9 * DAY,
            first_seen_at=ago(hours=5),
        ),
    ]
    rows[1] = ArticleMatches(id=2, article=rows[1].article, matches=(text,))
    assert titles(compose(*rows), "kling") == [
        "Kling, new",
        "Kling, from the future",
        "Kling, old",
        "In the text, new",
    ]


def test_hits_are_marked_and_every_story_says_why_it_is_there() -> None:
    spans = (
        span("可灵"),
        span("可灵", 5, field="body"),
        span("Kuaishou", 10, field="body", term="kuaishou"),
    )
    found = row(1, title="可灵2.0发布", text="快手发布 可灵 。 Kuaishou said so.")
    composed = compose(ArticleMatches(id=1, article=found.article, matches=(match(spans=spans),)))
    lead = composed.topics[0].stories[0].lead
    assert [(piece.text, piece.hit) for piece in lead.title] == [("可灵", True), ("2.0发布", False)]
    assert any(piece.hit for piece in lead.snippet)
    assert lead.why == ("可灵 in the title", "Kuaishou in the text")


def why(*spans: Span) -> tuple[str, ...]:
    found = ArticleMatches(id=1, article=row().article, matches=(match(spans=spans),))
    return compose(found).topics[0].stories[0].lead.why


def test_reasons_are_few_and_short() -> None:
    title = (span("阿里"), span("Qwen", 9))
    assert why(*title) == ("阿里, Qwen in the title",)
    assert why(*title, span("qwen", 3, field="body"), span("Tongyi", 30, field="body")) == (
        "阿里, Qwen in the title",
        "Tongyi in the text",
    )
    # What stands inside a longer find is not said again.
    assert why(span("Alibaba"), span("Alibaba Cloud")) == ("Alibaba Cloud in the title",)
    many = [span(f"Word {number}", 10 * number) for number in range(9)]
    assert why(*many) == ("Word 0, Word 1, Word 2 in the title",)
    # Evidence that the stored text does not show is not kept.
    assert why() == ("for words that this version lacks",)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("Kling 2.0 makes films", "", id="the title"),
        pytest.param("KLING 2.0 makes films.  Example News", "", id="the title and the source"),
        pytest.param("A new model was shown.", "A new model was shown.", id="something else"),
    ],
)
def test_a_snippet_does_not_say_the_title_again(text: str, shown: str) -> None:
    composed = compose(row(1, title="Kling 2.0 makes films", text=text))
    lead = composed.topics[0].stories[0].lead
    assert "".join(piece.text for piece in lead.snippet) == shown


def test_times_are_local_and_an_undated_article_says_so() -> None:
    composed = compose(row(1, published_at=None), row(2, published_at=ago(hours=1)))
    newest, second = (story.lead for story in composed.topics[0].stories)
    assert (newest.time.isoformat(), newest.undated) == ("2026-03-11T13:00:00+01:00", True)
    assert (second.time.isoformat(), second.undated) == ("2026-03-11T12:00:00+01:00", False)
    assert composed.slot.isoformat() == "2026-03-11T13:00:00+01:00"


def test_a_feeds_label_stands_at_its_articles() -> None:
    labelled = FeedConfig(url="https://state.example/feed", label="state media")
    composed = compose(row(1, feed_url=labelled.url), row(2), feeds=(labelled,))
    labels = {story.lead.id: story.lead.label for story in composed.topics[0].stories}
    assert labels == {1: "state media", 2: ""}


def test_a_topics_limit_leaves_the_rest_to_the_archive() -> None:
    limited = TopicConfig(id="kling", name="Kling", any=("Kling",), limit=2)
    rows = [row(number) for number in range(5)]
    composed = compose(*rows, topics=(limited,))
    assert [(len(t.stories), t.articles, t.more) for t in composed.topics] == [(2, 5, 3)]
    # What was only counted is reported as well: it does not come back tomorrow.
    seen = frozenset(composed.topics[0].stories[0].reported)
    reported = digests.items((limited,), rows, composed, seen)
    assert sorted(item.shown for item in reported) == ["counted"] * 4 + ["lead"]


def test_bars_compare_with_the_longest() -> None:
    rows = [row(number) for number in range(4)] + [row(9, topics=("alibaba",))]
    assert [topic.bar_percent for topic in compose(*rows).topics] == [100, 25]
    assert [topic.bar_percent for topic in compose().topics] == [0, 0]
    calm = compose(*rows, usual={"kling": 8.0, "alibaba": 0.5}).topics
    assert [(topic.bar_percent, topic.usual_percent) for topic in calm] == [(50, 100), (12, 6)]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param(["*"], ["kling", "alibaba"], id="all, as configured"),
        pytest.param(["alibaba"], ["alibaba"], id="one"),
        pytest.param(["alibaba", "kling"], ["alibaba", "kling"], id="in the digest's order"),
        pytest.param(["alibaba", "*"], ["alibaba", "kling"], id="one first, then the others"),
        pytest.param(["kling", "kling"], ["kling"], id="named twice"),
    ],
)
def test_a_digest_has_the_topics_it_names(wanted: list[str], expected: list[str]) -> None:
    chosen = digests.selected(config(topics=wanted), (KLING, ALIBABA))
    assert [topic.id for topic in chosen] == expected


def test_items_are_only_those_of_the_digests_topics() -> None:
    both = row(7, topics=("alibaba", "kling"))
    found = digests.items((KLING,), (both,), compose(both), frozenset())
    assert found == (DigestItem(article_id=7, topic_id="kling"),)


def test_the_subject_carries_the_news() -> None:
    best = row(1, title="Kling makes films", published_at=NOW)
    rows = [row(number) for number in range(2, 1300)]
    assert compose(best).subject == "Kling makes films · 11 Mar"
    assert compose(best, *rows).subject == "Kling makes films, and 1,298 more · 11 Mar"
    assert compose().subject == "Nothing new · 11 Mar"


def test_the_subject_is_what_most_report_whatever_its_topic() -> None:
    wide = [row(number, source=f"Outlet {number}", topics=("alibaba",)) for number in (1, 2, 3)]
    spans = (span("Kling"), span("可灵", 9), span("Kuaishou", 15))
    much = ArticleMatches(
        id=9, article=row(9, title="Kling").article, matches=(match(spans=spans),)
    )
    composed = compose(*wide, much, stories=(timeline(*wide),))
    assert composed.subject.startswith("Kling 2.0 makes films, part ")
    tops = [story.top for topic in composed.topics for story in topic.stories]
    assert tops == [False, True]


def test_the_subject_can_be_read_if_any_story_can() -> None:
    mine = config(languages=["en"])
    chinese = row(1, title="可灵发布", lang="zh-Hans", published_at=NOW)
    english = row(2, title="Kling makes films", published_at=ago(hours=20))
    assert compose(chinese, english, config=mine).subject.startswith("Kling makes films, and 1")
    assert compose(chinese, config=mine).subject == "可灵发布 · 11 Mar"


@given(title=st.text(min_size=1, max_size=300), number=st.integers(1, 3))
def test_a_subject_is_one_short_line(title: str, number: int) -> None:
    subject = compose(*(row(each, title=title) for each in range(number))).subject
    assert len(subject) <= digests.MAX_SUBJECT
    assert len(subject.splitlines()) == 1


@pytest.mark.parametrize(
    ("found", "seen", "subject", "notice"),
    [
        pytest.param(
            [], (55, 3), "The monitor could not see: 3 of 55 feeds read · 11 Mar", "could not see"
        ),
        pytest.param(
            [], (55, 0), "The monitor could not see: 0 of 55 feeds read · 11 Mar", "none of 55"
        ),
        pytest.param(
            [], (0, 0), "The monitor could not see: no feeds are configured · 11 Mar", "No feeds"
        ),
        pytest.param(
            [],
            (1, 0),
            "The monitor could not see: the only feed was not read · 11 Mar",
            "could not see: the only feed was not read since",
        ),
        pytest.param(
            [row()],
            (55, 1),
            ONE,
            "saw little: only 1 of 55 feeds was read since",
        ),
        pytest.param([row()], (55, 3), ONE, "News may be missing"),
    ],
)
def test_a_blind_monitor_says_so(
    found: list[ArticleMatches], seen: tuple[int, int], subject: str, notice: str
) -> None:
    composed = compose(*found, coverage=coverage(feeds=seen[0], feeds_read=seen[1]))
    assert composed.subject == subject
    assert notice in " ".join(composed.notices)


@pytest.mark.parametrize(
    ("found", "seen", "says"),
    [
        pytest.param([row()], 120, "", id="news"),
        pytest.param([], 120, "All 120 new articles from 10 of 10 feeds are about something else."),
        pytest.param([], 1, "The one new article from 10 of 10 feeds is about something else."),
        pytest.param([], 0, "There was no new article at all, although 10 of 10 feeds could be"),
    ],
)
def test_without_a_match_it_says_who_was_quiet(
    found: list[ArticleMatches], seen: int, says: str
) -> None:
    quiet = compose(*found, coverage=coverage(articles=seen)).quiet
    assert quiet.startswith(says)
    assert bool(quiet) is bool(says)
    assert compose(*found, coverage=coverage(articles=seen, feeds_read=1)).quiet == ""


def test_a_preview_does_not_judge_a_window_that_is_not_over() -> None:
    composed = compose(coverage=coverage(feeds_read=0), preview=True)
    assert composed.subject == "Nothing new so far · 11 Mar"
    assert composed.notices == ("So far none of 10 feeds were read since 10 Mar 13:00.",)


@pytest.mark.parametrize(
    ("found", "read", "when_empty", "goes"),
    [
        pytest.param([row()], 10, "skip", True, id="news"),
        pytest.param([], 10, "skip", False, id="nothing new"),
        pytest.param([], 10, "send", True, id="nothing new, but wished for"),
        pytest.param([], 4, "skip", True, id="nothing seen"),
        pytest.param([], 5, "skip", False, id="half of the feeds is enough"),
    ],
)
def test_nothing_new_goes_out_only_on_wish_but_blindness_always(
    found: list[ArticleMatches], read: int, when_empty: str, *, goes: bool
) -> None:
    composed = compose(*found, coverage=coverage(feeds_read=read))
    assert digests.goes_out(config(when_empty=when_empty), composed) is goes


def test_strange_articles_are_shown_safely() -> None:
    nothing = row(1, title="", text="", url="")
    script = row(2, title="Kling " + "x" * 5000, url="javascript:alert(1)")
    composed = compose(nothing, script)
    leads = {story.lead.id: story.lead for story in composed.topics[0].stories}
    assert leads[1].title[0].text == "(no title)"
    assert (leads[1].snippet, leads[1].url, leads[2].url) == ((), "", "")
    assert sum(len(piece.text) for piece in leads[2].title) <= storytelling.MAX_TITLE + 1


# -------------------------------------------------------------------------------------- stories


def timeline(*rows: ArticleMatches, copies: dict[int, int] | None = None) -> Timeline:
    members = (StoryMember(row=one, copy_of=(copies or {}).get(one.id)) for one in rows)
    return Timeline(id=5, members=tuple(members))


def only(digest: Digest) -> DigestStory:
    [found] = [story for topic in digest.topics for story in (*topic.stories, *topic.ongoing)]
    return found


def seen(shown: Shown = Shown.LEAD, **ago_parts: float) -> Reported:
    return Reported(at=ago(**ago_parts or {"days": 1}), shown=shown)


OLD = row(1, title="Kling may be sold", source="Post", first_seen_at=ago(days=1))
COPY = row(2, title="Kling may be sold", source="Echo")
SOLD = row(3, title="Kling is sold for $2 billion", source="Times", text="A deal of $2bn, 75%.")


def test_a_story_is_told_once_with_who_else_carries_it() -> None:
    rows = (row(1, source="Post"), row(2, source="Echo"), row(3, source="Times", url=""))
    told = only(compose(*rows, stories=(timeline(*rows, copies={2: 1}),)))
    assert (told.id, told.state, told.lead.source) == (5, "new", "Post")  # the one that is copied
    assert [other.name for other in told.others] == ["Times", "Echo"]
    assert (told.others[0].url, told.sources) == ("", "3 outlets, 1 of them a copy of one text")
    assert told.reported == (1, 2, 3)
    assert told.score["value"] > 0


@pytest.mark.parametrize(
    ("fresh", "state"),
    [
        pytest.param((COPY,), "ongoing", id="a copy"),
        pytest.param((SOLD,), "update", id="a report"),
        pytest.param((COPY, SOLD), "update", id="both"),
    ],
)
def test_only_a_report_of_its_own_makes_an_update(
    fresh: tuple[ArticleMatches, ...], state: str
) -> None:
    story = timeline(OLD, *fresh, copies={2: 1})
    composed = compose(*fresh, stories=(story,), reported={1: seen()})
    told = only(composed)
    assert (told.state, told.before) == (state, "Kling may be sold")
    assert told.before_at == ago(days=1)
    assert composed.stories == composed.updates == (state == "update")
    assert digests.goes_out(config(), composed) is (state == "update")
    if state == "update":
        assert told.lead.id == 3
        # 1,2: outlets that were not there before; the old one is not named again
        assert told.news[0] == f"{len(fresh)} new source{'s' if len(fresh) > 1 else ''}"
        assert told.news[1] == "new figures: $2 billion, 75%"
        assert "Post" not in [other.name for other in told.others]


def test_what_was_only_counted_is_still_new() -> None:
    told = only(compose(SOLD, stories=(timeline(OLD, SOLD),), reported={1: seen(Shown.COUNTED)}))
    assert (told.state, told.before, told.before_at) == ("new", "", None)


def test_the_headline_that_was_shown_last_is_recalled() -> None:
    among = row(4, title="Kling for sale?", source="Echo", first_seen_at=ago(days=1))
    told = only(
        compose(
            SOLD,
            stories=(timeline(OLD, among, SOLD),),
            reported={1: seen(days=2), 4: seen(Shown.STORY, days=1)},
        )
    )
    assert told.before == "Kling may be sold"


def test_the_lead_is_in_a_language_that_its_readers_read() -> None:
    rows = (
        row(1, title="可灵出售", lang="zh-Hans", source="北辰"),
        row(2, title="Kling vendida", lang="es", source="Meridiano"),
        row(3, title="Kling is sold", lang="en", source="Post", published_at=ago(hours=9)),
    )
    told = timeline(*rows)
    for languages, lead, foreign in (
        (["en"], 3, ""),
        (["zh"], 1, ""),
        (["zh-Hant", "es"], 2, ""),
        (["de"], 2, "Spanish · Kling"),
    ):
        story = only(compose(*rows, stories=(told,), config=config(languages=languages)))
        assert (story.lead.id, story.lead.foreign) == (lead, foreign)
    strange = row(1, lang="tlh")
    assert only(compose(strange, config=config(languages=["en"]))).lead.foreign == "tlh · Kling"


def test_a_story_stands_under_the_topic_that_can_be_read() -> None:
    rows = (
        row(1, title="可灵出售", lang="zh-Hans", source="北辰"),
        row(2, title="Kling is sold by Alibaba", topics=("alibaba",), published_at=ago(hours=9)),
    )
    composed = compose(*rows, stories=(timeline(*rows),), config=config(languages=["en"]))
    assert titles(composed, "alibaba") == ["Kling is sold by Alibaba"]
    assert only(composed).also == ("Kling",)


def test_what_was_seen_after_the_window_is_not_told() -> None:
    later = row(9, source="Late", first_seen_at=NOW + HOUR)
    told = only(compose(row(1), stories=(timeline(later, row(1), copies={1: 9}),)))
    assert (told.others, told.sources) == ((), "")


def test_a_weighty_feed_comes_first() -> None:
    feeds = (FeedConfig(url="https://best.example/feed", weight=3.0),)
    best = row(1, title="Kling, seriously", feed_url=feeds[0].url, published_at=ago(hours=9))
    assert titles(compose(best, row(2), feeds=feeds), "kling")[0] == "Kling, seriously"


def test_marks_of_the_reader_order_the_stories() -> None:
    votes = [
        Vote(topic_id="kling", title=f"Kling {word}", source="Post", liked=word == "film")
        for word in ("film", "shares") * 10
    ]
    rows = (row(1, title="Kling film"), row(2, title="Kling shares"))
    assert titles(compose(*rows, votes=votes), "kling")[0] == "Kling film"
    assert titles(compose(*rows), "kling")[0] == "Kling shares"


def test_a_large_issue_tells_the_first_stories_and_names_the_others() -> None:
    few = compose(*(row(number) for number in range(digests.SMALL_ISSUE)))
    many = compose(*(row(number) for number in range(digests.SMALL_ISSUE + 1)))
    assert [sum(story.brief for story in one.topics[0].stories) for one in (few, many)] == [
        0, digests.SMALL_ISSUE + 1 - digests.TOLD_OF_A_TOPIC,
    ]  # fmt: skip


def test_the_usual_level_is_told_where_it_is_known() -> None:
    assert [topic.usual for topic in compose(row(), usual={"kling": 3.5}).topics] == [3.5, None]


def test_a_title_as_long_as_a_book_is_cut() -> None:
    """A megabyte of one word, of blanks, and of Chinese: told in two lines, as any other."""
    books = ["Kling " * 170_000, "Kling" + " " * 1_000_000 + "Kling", "可灵发布" * 250_000]
    rows = [row(number, title=book, text=book) for number, book in enumerate(books, 1)]
    composed = compose(*rows)
    for story in composed.topics[0].stories:
        assert sum(len(piece.text) for piece in story.lead.title) <= storytelling.MAX_TITLE + 2
        assert sum(len(piece.text) for piece in story.lead.snippet) <= 200
    assert len(composed.subject) <= digests.MAX_SUBJECT
