"""The feeds a page names are found, whatever else stands on it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.discovery import MAX_LINKS, FeedLink, feed_links

PAGE = "https://site.example/news/today.html"
RSS = 'rel="alternate" type="application/rss+xml"'


def urls(page: str) -> list[str]:
    return [link.url for link in feed_links(page, url=PAGE)]


@pytest.mark.parametrize(
    ("page", "found"),
    [
        pytest.param(
            f'<link {RSS} href="https://site.example/f">', "https://site.example/f", id="RSS"
        ),
        pytest.param(
            "<LINK HREF=/atom.xml TYPE=application/atom+xml REL='alternate home'/>",
            "https://site.example/atom.xml",
            id="Atom, in capitals, without quotation marks",
        ),
        pytest.param(
            '<link rel=feed type="application/feed+json; charset=utf-8" href="f.json">',
            "https://site.example/news/f.json",
            id="JSON Feed, relative to the page",
        ),
        pytest.param(
            f'<base href="/en/"><base href="/no/"><link {RSS} href="feed">',
            "https://site.example/en/feed",
            id="relative to the first base",
        ),
        pytest.param(
            f'<link {RSS} href="//cdn.example/f?a=1&amp;b=2#top">',
            "https://cdn.example/f?a=1&b=2",
            id="another host, entities, no fragment",
        ),
        pytest.param(
            f'<link {RSS} href="feed://site.example/f">', "https://site.example/f", id="feed:"
        ),
        pytest.param(
            f'<link {RSS} href=" /my feed ">', "https://site.example/my%20feed", id="blanks"
        ),
        pytest.param(
            '<p><a type="application/rss+xml" href="/rss">RSS</a>',
            "https://site.example/rss",
            id="a link in the text that says what it is",
        ),
        pytest.param(
            f'<script>var a = "<link {RSS} href=/no>"</script><!-- <link {RSS} href=/no> -->'
            f"<link {RSS} href=/yes>",
            "https://site.example/yes",
            id="not inside scripts and comments",
        ),
    ],
)
def test_a_feed_is_found(page: str, found: str) -> None:
    assert urls(page) == [found]


@pytest.mark.parametrize(
    "page",
    [
        pytest.param("", id="an empty page"),
        pytest.param('<a href="/feed">RSS</a>', id="a link that does not say its type"),
        pytest.param(f"<link {RSS}>", id="no address"),
        pytest.param(f'<link {RSS} href="javascript:x()">', id="no web address"),
        pytest.param(f'<link {RSS} href="http://[x">', id="a broken address"),
        pytest.param(f'<link {RSS} href="/\x9b31m">', id="a control character"),
        pytest.param(f'<link {RSS} href="/f', id="cut off in the middle"),
        pytest.param('<link rel="stylesheet" href="/f.css">', id="a style sheet"),
        pytest.param('<link rel="alternate" hreflang="es" href="/es">', id="a translation"),
        pytest.param(
            '<link rel="alternate" type="application/json+oembed" href="/o">', id="oEmbed"
        ),
        pytest.param(
            '<link rel="search" type="application/rss+xml" href="/o">', id="another relation"
        ),
    ],
)
def test_nothing_is_guessed(page: str) -> None:
    assert urls(page) == []


def test_several_feeds_keep_their_order_and_come_once() -> None:
    page = (
        f'<link {RSS} href="/f" title="News &amp; <b>more</b>"><link {RSS} href="/c"'
        f' title="Comments"><link {RSS} href="/f">'
    )
    assert feed_links(page, url=PAGE) == (
        FeedLink(url="https://site.example/f", title="News & more"),
        FeedLink(url="https://site.example/c", title="Comments"),
    )


def test_of_very_many_feeds_the_first_are_given() -> None:
    page = "".join(f'<link {RSS} href="/{number}">' for number in range(MAX_LINKS + 1))
    assert urls(page) == [f"https://site.example/{number}" for number in range(MAX_LINKS)]


TRICKS = ["<link ", RSS, ' href="', "'", '"', "=", ">", "<!--", "-->", "<script", "</script", "<a "]


@given(st.lists(st.sampled_from(TRICKS) | st.text(max_size=5)).map("".join))
def test_any_page_gives_web_addresses_or_nothing(page: str) -> None:
    for link in feed_links(page, url=PAGE):
        assert link.url.startswith(("http://", "https://"))
        assert link.url.isprintable()
