"""Links as names: what leads to the same page."""

import pytest

from monitor.links import canonical_link, shown, stands_for_a_page, without_site


@pytest.mark.parametrize(
    ("link", "canonical"),
    [
        ("HTTPS://Wire.Example:443/A?b=1#c", "https://wire.example/A?b=1"),
        ("http://wire.example:8080", "http://wire.example:8080/"),
        ("https://wire.example/a?utm_source=rss&id=7&fbclid=x", "https://wire.example/a?id=7"),
        ("https://wire.example/a?UTM_Medium=feed", "https://wire.example/a"),
        ("https://wire.example/a?q=", "https://wire.example/a?q="),
        ("https://wire.example/?p=7&&utm_id=x&%C4=%E3#top", "https://wire.example/?p=7&%C4=%E3"),
        ("https://wire.example/#!/a/1", "https://wire.example/#!/a/1"),
        ("https://[::1", "https://[::1"),
        ("", ""),
    ],
)
def test_a_link_has_one_canonical_form(link: str, canonical: str) -> None:
    assert canonical_link(link) == canonical


@pytest.mark.parametrize(
    ("address", "page"),
    [
        pytest.param("https://wire.example/a/1?id=7", "/a/1?id=7", id="a page"),
        pytest.param("https://wire.example/", "", id="a front page"),
        pytest.param("https://wire.example", "", id="a host"),
        pytest.param("https://wire.example/?p=7", "/?p=7", id="a page by number"),
        pytest.param("tag:wire.example,2026:7", "tag:wire.example,2026:7", id="no address"),
    ],
)
def test_a_page_is_the_same_wherever_its_site_lives(address: str, page: str) -> None:
    assert without_site(address) == page


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://wire.example/a", True),
        ("https://wire.example/", False),
        ("https://wire.example/?p=7", True),
        ("https://wire.example/#/7", True),
        ("https://news.google.com/rss/articles/7", False),
        ("", False),
    ],
)
def test_front_pages_and_google_news_stand_for_no_page(link: str, expected: bool) -> None:
    assert stands_for_a_page(link) is expected


@pytest.mark.parametrize(
    ("link", "told"),
    [
        pytest.param("https://wire.example/a/?b=1", "wire.example/a/?b=1", id="as it is"),
        pytest.param("https://wire.example/", "wire.example", id="a front page"),
        pytest.param(
            "https://wire.example/%E5%8F%AF?q=a%20b", "wire.example/可?q=a b", id="letters"
        ),
        pytest.param("https://wire.example/%FF%00", "wire.example/%FF%00", id="no letters"),
        pytest.param("https://\u0440\u0430ypal.example/", "xn--ypal-43d9g.example", id="Cyrillic"),
        pytest.param("https://a@wire.example/b", "wire.example/b", id="without a user"),
        pytest.param("https://[::1", "https://[::1", id="no address"),
        pytest.param("https://a.example/" + "b" * 200, "a.example/" + "b" * 89 + "…", id="long"),
        pytest.param("file:///home/me/feed.xml", "/home/me/feed.xml", id="a file"),
    ],
)
def test_people_see_where_a_link_leads(link: str, told: str) -> None:
    assert shown(link) == told
