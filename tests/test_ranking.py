"""Which story comes first, and by which numbers."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import ranking
from monitor.model import Match, Span, StoryMember, Timeline, Vote
from monitor.ranking import Score, ranked, score
from tests.factories import HOUR, NOW, ago, match, row, span


def member(
    number: int = 1, *, hours: float = 0, copy_of: int | None = None, **fields: Any
) -> StoryMember:
    matches: tuple[Match, ...] = fields.pop("matches", (match(),))
    at = ago(hours=hours)
    told = row(number, published_at=at, first_seen_at=at, **fields)
    return StoryMember(
        row=type(told)(id=told.id, article=told.article, matches=matches), copy_of=copy_of
    )


def story(*members: StoryMember, number: int = 1) -> Timeline:
    return Timeline(id=number, members=members or (member(),))


def judged(told: Timeline, **given: Any) -> Score:
    return score(told, "kling", NOW, **given)


def hits(*spans: Span) -> Match:
    return match(spans=spans)


def body(start: int, surface: str = "Kling") -> Span:
    return span(surface, start, field="body")


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        pytest.param(story(member(hours=1)), story(member(hours=30)), id="fresher"),
        pytest.param(
            story(member(1), member(2, source="Morning Post")),
            story(member(1), member(2)),
            id="more outlets",
        ),
        pytest.param(
            story(member(1), member(2, source="Morning Post")),
            story(member(1), member(2, source="Morning Post", copy_of=1)),
            id="reports rather than copies",
        ),
        pytest.param(
            story(member(matches=(hits(span()),))),
            story(member(matches=(hits(body(0)),))),
            id="in the title",
        ),
        pytest.param(
            story(member(matches=(hits(body(299)),))),
            story(member(matches=(hits(body(300)),))),
            id="at the beginning of the text",
        ),
        pytest.param(
            story(member(matches=(hits(span(), span("可灵", 10)),))),
            story(member(matches=(hits(span(), span("Kling", 10)),))),
            id="two terms rather than one twice",
        ),
        pytest.param(
            story(member(matches=(hits(body(400)),)), member(2, matches=(hits(span()),))),
            story(member(matches=(hits(body(400)),)), member(2, matches=(hits(body(0)),))),
            id="the best of its articles counts",
        ),
        pytest.param(
            story(member(1, hours=9), member(2, hours=1)),
            story(member(1, hours=9), member(2, hours=1, copy_of=1)),
            id="a late copy is no news",
        ),
    ],
)
def test_what_comes_first(better: Timeline, worse: Timeline) -> None:
    assert judged(better).value > judged(worse).value


def test_the_same_word_in_other_letters_says_nothing_more() -> None:
    once = story(member(matches=(hits(span("Kling")),)))
    twice = story(member(matches=(hits(span("Kling"), span("KLING", 10)),)))
    assert judged(once) == judged(twice)


def test_rarer_terms_say_more() -> None:
    rows = [row(n) for n in range(10)] + [row(11), row(12, topics=("alibaba",))]
    rare = ranking.rarity(rows, 1000)
    assert rare["alibaba", "Kling"] > rare["kling", "Kling"] > 0
    common = judged(story(), rare={("kling", "Kling"): 0.5})
    assert judged(story(), rare=rare).hits > common.hits


@pytest.mark.parametrize("written", ["Kling", "=Kling", '"Kling"', "Kling*"])
def test_a_term_counts_as_much_as_its_reader_says(written: str) -> None:
    told = story(member(matches=(hits(replace(span(), term=written)),)))
    usual, more, less = (judged(told, words={"Kling": weight}).hits for weight in (1.0, 2.0, 0.5))
    assert less < usual < more


def test_each_word_tells_what_it_adds() -> None:
    told = story(
        member(1, matches=(hits(body(400, "Kling")),)),
        member(2, matches=(hits(span("Kling"), body(9, "可灵"), body(500, "KLING")),)),
    )
    found = judged(
        told, words={"可灵": 0.5}, rare={("kling", "Kling"): 4.0, ("kling", "可灵"): 2.0}
    )
    assert [(word.surface, word.place, word.rarity, word.weight) for word in found.words] == [
        ("Kling", 3.0, 4.0, 1.0),
        ("可灵", 1.5, 2.0, 0.5),
    ]
    assert found.hits == pytest.approx(13.5 / (13.5 + 12))


def test_a_term_in_every_article_says_nothing() -> None:
    assert ranking.rarity([row(1), row(2)], 1) == {("kling", "Kling"): 0.0}


def test_every_number_of_a_score_is_there_to_be_shown() -> None:
    told = story(
        member(1, hours=72, source="A"),
        member(2, hours=36, source="B"),
        member(3, hours=1, source="C", copy_of=1),
    )
    found = judged(told, weight=2.0, sources={"B": 1.5}, taste=1.2, rare={("kling", "Kling"): 4.0})
    factors = (found.weight, found.hits, found.freshness, found.outlets, found.source, found.taste)
    assert factors == pytest.approx((2.0, 0.5, 0.5, 1.693, 1.5, 1.2), rel=0.001)
    assert found.value == pytest.approx(2.0 * 0.5 * 0.5 * 1.693 * 1.5 * 1.2, rel=0.001)


@pytest.mark.parametrize(("given", "kept"), [(0.0, 0.5), (1.0, 1.0), (9.0, 1.5)])
def test_marks_order_stories_but_hide_none(given: float, kept: float) -> None:
    assert judged(story(), taste=given).taste == kept


def test_a_topic_without_hits_to_show_has_a_score() -> None:
    assert judged(story(member(matches=(match(spans=()),)))).value > 0
    assert judged(story(member(matches=()))).value > 0


def test_what_is_dated_ahead_is_not_fresher_than_new() -> None:
    assert judged(story(member(hours=-5))).freshness == 1.0


def test_the_best_story_is_first_and_of_equals_the_newer() -> None:
    stories = [
        story(member(hours=40), number=1),
        story(member(hours=2), number=2),
        story(member(hours=2), number=3),
        story(member(hours=1), number=4),
    ]
    pairs = [(told, judged(told)) for told in stories]
    random.Random(1).shuffle(pairs)
    assert [told.id for told, _ in ranked(pairs)] == [4, 2, 3, 1]
    flat = [(told, judged(told, weight=0.0)) for told in stories]
    assert [told.id for told, _ in ranked(flat)] == [4, 2, 3, 1]


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=30), st.floats(0, 10))
def test_scores_stay_within_bounds(ages: list[float], weight: float) -> None:
    told = story(*(member(n, hours=hours, source=f"Outlet {n}") for n, hours in enumerate(ages, 1)))
    found = judged(told, weight=weight)
    assert 0 <= found.hits < 1
    assert 0 < found.freshness <= 1
    assert found.outlets >= 1
    assert 0 <= found.value <= weight * found.outlets
    fresher = score(told, "kling", NOW - timedelta(hours=1))
    assert fresher.freshness >= found.freshness
    assert HOUR < ranking.HALF_LIFE


def votes(liked: int, disliked: int) -> list[Vote]:
    """Vote for films and against shares, each in its own paper."""
    return [
        Vote(topic_id="kling", title="Kling makes a film", source="Film Weekly", liked=True)
    ] * liked + [
        Vote(topic_id="kling", title="Kling shares fall", source="Bourse", liked=False)
    ] * disliked


def test_votes_put_what_is_like_them_first() -> None:
    taste = ranking.tastes(votes(12, 8))["kling"]
    like = story(member(title="Another film by Kling", source="Post"))
    unlike = story(member(title="Shares again", source="Bourse"))
    strange = story(member(title="Weather", source="Post"))
    assert ranking.MOST_TASTE >= taste.of(like) > taste.of(strange) == 1.0
    assert 1.0 > taste.of(unlike) >= ranking.LEAST_TASTE


@pytest.mark.parametrize(("liked", "disliked"), [(19, 0), (10, 9), (40, 3), (3, 40), (0, 0)])
def test_few_votes_say_nothing(liked: int, disliked: int) -> None:
    assert ranking.tastes(votes(liked, disliked)) == {}
