"""Reviewing in a browser without JavaScript: every change is a form, and none is lost."""

import re

import pytest

from monitor.model import ArchiveFilter, EntryNames, PollOutcome, Renewal, ReviewState, Sighting
from tests.archive_site import Open, Site, said, send, token
from tests.factories import ago, article, feed_state, match


@pytest.fixture
def news(site: Site) -> Site:
    site.put("Kling news", match("kling"))
    site.put("Chip news", match("chips"), match("kling"), published_at=ago(hours=2))
    site.put("Old news", match("kling"), published_at=ago(days=3))
    return site


def keys(site: Site, title: str) -> str:
    """Give an article's matches as the page's forms name them."""
    page = site.text("/").replace("<mark>", "").replace("</mark>", "")
    found: list[str] = re.findall(r'data-keys="([^"]+)"', page[: page.index(f"<bdi>{title}</bdi>")])
    return found[-1]


def test_one_click_marks_a_match_and_another_takes_it_back(news: Site) -> None:
    page = send(news, do=f"relevant {keys(news, 'Kling news')}").text

    assert said(news, ReviewState.RELEVANT) == ["Kling news"]
    assert "1 match changed." in page
    step = re.search(r'name="step" value="([^"]+)"', page)
    assert step

    send(news, "/review/undo", step=step[1])

    assert said(news, ReviewState.RELEVANT) == []


def test_a_pressed_button_says_so_and_releases(news: Site) -> None:
    key = keys(news, "Kling news")
    page = send(news, do=f"relevant {key}").text
    assert f'value="open {key}" aria-pressed="true"' in page

    send(news, do=f"open {key}")

    assert said(news, ReviewState.RELEVANT) == []


def test_an_article_is_judged_for_the_topics_on_the_page(news: Site) -> None:
    chips = re.search(r'data-keys="([^"]+)"', news.text("/?topic=chips"))
    assert chips
    send(news, do=f"irrelevant {chips[1]}", topic="chips")
    assert said(news, ReviewState.IRRELEVANT, "chips") == ["Chip news"]
    assert said(news, ReviewState.IRRELEVANT, "kling") == []

    send(news, do=f"irrelevant {keys(news, 'Chip news')}")

    assert said(news, ReviewState.IRRELEVANT, "kling") == ["Chip news"]


def test_many_are_marked_at_once(news: Site) -> None:
    chosen = [keys(news, "Kling news"), keys(news, "Chip news")]
    assert "3 matches changed." in send(news, do="star", match=chosen).text
    assert said(news, ReviewState.STARRED) == ["Kling news", "Chip news"]
    assert news.text("/?mark=starred").count("<article") == 2


def test_after_a_change_the_reader_is_where_she_was(news: Site) -> None:
    answer = send(news, do=f"star {keys(news, 'Kling news')}", topic="kling", q="news", mark="open")
    assert str(answer.url).partition("?")[2].startswith("q=news&topic=kling&mark=open&done=")


def test_the_queue_ends(news: Site) -> None:
    page = news.text("/?mark=open")
    assert page.count("<article") == 3
    shown = re.findall(r'name="shown" value="([^"]+)"', page)

    send(news, do=f"up-to {shown[1]}", shown=shown, mark="open")
    assert said(news, ReviewState.SEEN) == ["Kling news", "Chip news"]
    assert news.text("/?mark=open").count("<article") == 1

    page = send(news, do="rest", mark="open", newest=_newest(news.text("/?mark=open"))).text
    assert "All caught up" in page


def _newest(page: str) -> str:
    found = re.search(r'name="newest" value="([^"]+)"', page)
    assert found
    return found[1]


def test_what_arrives_while_one_reads_stays_to_be_reviewed(news: Site) -> None:
    newest = _newest(news.text("/?mark=open"))
    news.put("Just in", match("kling"), published_at=ago(minutes=1))

    send(news, do="rest", mark="open", newest=newest)

    assert said(news, ReviewState.OPEN) == ["Just in"]


def test_reviewed_up_to_here_keeps_what_another_reviewer_judged(news: Site) -> None:
    page = news.text("/?mark=open")
    shown = re.findall(r'name="shown" value="([^"]+)"', page)
    send(news, do=f"relevant {shown[0]}")

    send(news, do=f"up-to {shown[1]}", shown=shown)

    assert said(news, ReviewState.RELEVANT) == ["Kling news"]
    assert said(news, ReviewState.SEEN) == ["Chip news"]


def test_a_note_is_written_on_the_article_s_page(news: Site) -> None:
    key = keys(news, "Kling news")
    number = key.partition(":")[0]
    page = send(news, "/review/note", key=key, article=number, note="a <rumour>", before="").text
    assert "a &lt;rumour&gt;</textarea>" in page
    assert "a &lt;rumour&gt;" in news.text("/")
    assert "Kling news" in news.text("/?mark=noted").replace("<mark>", "").replace("</mark>", "")


def test_two_notes_at_once_are_both_shown(news: Site) -> None:
    note = {"key": keys(news, "Kling news"), "before": ""}
    send(news, "/review/note", note="Ann's", **note)

    page = send(news, "/review/note", note="Bob's", **note)

    assert page.status_code == 409
    assert "Somebody else wrote a note meanwhile" in page.text
    assert "Ann&#39;s\n\nBob&#39;s</textarea>" in page.text


def test_a_stale_form_changes_nothing_and_gives_back_what_was_written(news: Site) -> None:
    key = keys(news, "Kling news")
    fields = {"csrf": "old", "key": key, "note": "long thoughts", "article": key.partition(":")[0]}

    page = news.client.post("/review/note", data=fields)

    assert page.status_code == 403
    assert "This page is too old" in page.text
    assert "long thoughts</textarea>" in page.text
    assert said(news, ReviewState.NOTED) == []


def test_a_form_on_another_site_changes_nothing(news: Site) -> None:
    fields = {"csrf": token(news), "do": f"relevant {keys(news, 'Kling news')}"}
    page = news.client.post("/review", data=fields, headers={"Sec-Fetch-Site": "cross-site"})
    assert page.status_code == 403
    assert said(news, ReviewState.RELEVANT) == []


@pytest.mark.parametrize(
    ("to", "fields", "status", "says"),
    [
        pytest.param("/review", {"do": "relevant"}, 400, "No match was chosen", id="none chosen"),
        pytest.param("/review", {"do": "explode 1:kling"}, 400, "nothing that is known", id="verb"),
        pytest.param("/review", {"do": "rest"}, 400, "up to where", id="no place"),
        pytest.param("/review", {"do": "relevant 1:KLING"}, 400, "No match", id="no key"),
        pytest.param("/review", {"do": "up-to 7:kling"}, 400, "No match", id="gone"),
        pytest.param("/review/note", {"key": "x"}, 400, "which match", id="note of nothing"),
        pytest.param("/review/note", {"key": "1:a", "note": "x" * 5001}, 413, "too long", id="l"),
        pytest.param("/review", {"x": "y" * 300_000}, 413, "256,000 bytes", id="a megabyte"),
        pytest.param("/review", {"x": ["y"] * 1001}, 413, "1,000 fields", id="many fields"),
    ],
)
def test_forms_that_cannot_be_followed_say_why(
    news: Site, to: str, fields: dict[str, str], status: int, says: str
) -> None:
    page = send(news, to, **fields)
    assert page.status_code == status
    assert says in page.text
    assert said(news, ReviewState.OPEN) == ["Kling news", "Chip news", "Old news"]


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "multipart/form-data", ""])
def test_only_forms_of_our_pages_are_taken(news: Site, kind: str) -> None:
    body = f"csrf={token(news)}&do=relevant+{keys(news, 'Kling news')}"
    answer = news.client.post("/review", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 415
    assert said(news, ReviewState.RELEVANT) == []


def test_every_status_is_hardened(news: Site) -> None:
    answers = [
        news.client.post("/review", data={"csrf": "old"}),
        send(news, do="relevant"),
        send(news, do="x" * 300_000),
        news.get("/review"),
        news.get("/articles/0"),
        news.get("/archive.csv?q=("),
        news.client.post(
            "/review", data={"csrf": token(news), "do": f"star {keys(news, 'Old news')}"}
        ),
        news.get("/", headers={"Host": "evil.example"}),
    ]
    assert [answer.status_code for answer in answers] == [403, 400, 413, 405, 404, 400, 303, 421]
    for answer in answers:
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_marking_what_is_not_there_any_more_changes_nothing(news: Site) -> None:
    assert send(news, do="relevant 999999:kling").status_code == 200
    assert send(news, "/review/undo", step="unheard").status_code == 200
    assert news.store.mark_counts() == {}


def test_the_place_to_return_to_is_never_elsewhere(news: Site) -> None:
    fields = {"do": f"star {keys(news, 'Kling news')}", "article": "//evil.example", "page": "//e"}
    answer = news.client.post("/review", data={"csrf": token(news), **fields})
    assert answer.headers["Location"].startswith("/?done=")


def test_the_keys_get_their_answer_as_json(news: Site) -> None:
    fields = {"csrf": token(news), "do": f"relevant {keys(news, 'Kling news')}"}
    answer = news.client.post("/review", data=fields, headers={"Accept": "application/json"})
    assert answer.json()["changed"] == 1
    assert news.store.reviewed_in(answer.json()["step"]) == 1


def test_changing_needs_the_token_of_the_archive(open_site: Open) -> None:
    locked = open_site(token="a-token-long-enough-for-tests")
    assert locked.client.post("/review", data={"do": "relevant"}).status_code == 401


def test_an_address_for_forms_is_no_page(news: Site) -> None:
    answer = news.get("/review")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"


def test_facets_count_what_is_found(news: Site) -> None:
    send(news, do=f"relevant {keys(news, 'Kling news')}")
    page = news.text("/")
    assert "3 articles: by mark" in page
    assert re.search(r'mark=relevant">relevant</a> <span class="number">1<', page)
    assert re.search(r'mark=open">to review</a> <span class="number">3<', page)
    assert re.search(r'lang=en">en</a> <span class="number">3<', page)
    assert re.search(r"Example\+News\"><bdi>Example News</bdi></a> <span class=\"number\">3<", page)


def test_bars_of_the_chart_lead_to_their_days(news: Site) -> None:
    page = news.text("/?topic=kling")
    assert 'aria-label="3 articles by day; most on 11 Mar (2)"' in page
    assert (
        'href="/?topic=kling&amp;from=2026-03-08&amp;to=2026-03-08" aria-label="8 Mar: 1 article"'
        in page
    )
    assert news.text("/?from=2026-03-08&to=2026-03-08").count("<article") == 1


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param("from=yesterday", "is not a day", id="no day"),
        pytest.param("to=9999-12-31", "is not a day", id="the end of time"),
        pytest.param("mark=great", "no mark", id="no mark"),
    ],
)
def test_damaged_filters_are_explained(news: Site, given: str, says: str) -> None:
    answer = news.get(f"/?{given}")
    assert answer.status_code == 400
    assert says in answer.text


def test_an_article_has_a_page_of_its_own(news: Site) -> None:
    number = keys(news, "Kling news").partition(":")[0]
    page = news.text(f"/articles/{number}")
    assert "Kuaishou shows the new version" in page
    assert "Kling in the title" in page
    assert "Harbour Post" in page


def test_an_article_shows_what_it_said_before(site: Site) -> None:
    site.put("Kling <1.0>", match("kling"))
    (row,) = site.store.page(ArchiveFilter()).articles
    names = EntryNames(key=row.article.key, content=7)
    edited = Sighting(names=names, article=article("Kling 2.0", text="New."), matches=())
    renewal = Renewal(former_key=names.key, key=names.key, sighting=edited)
    site.store.save_poll(PollOutcome(feed=feed_state(), renewals=(renewal,)))

    page = site.text(f"/articles/{row.id}")

    assert "<bdi>Kling 2.0</bdi></a></h1>" in page.replace("<mark>", "").replace("</mark>", "")
    before = page.partition("What it said before")[2]
    assert "2026-03-11 12:00</time>: <bdi>Kling &lt;1.0&gt;</bdi>" in before
    assert row.article.text in before
    assert site.get(f"/articles/{row.id}.json").json()["earlier"][0]["title"] == "Kling <1.0>"


def test_a_site_cannot_look_like_another(site: Site) -> None:
    """The first letters are Cyrillic."""
    site.put("Pay", match("kling"), url="https://me@раypal.example/a", source="PayPal")
    assert "leads to xn--ypal-43d9g.example" in site.text("/articles/1")


@pytest.mark.parametrize("number", ["0", "999", "1e3", "-1", "9" * 30])
def test_articles_that_are_not_there(news: Site, number: str) -> None:
    answer = news.get(f"/articles/{number}")
    assert answer.status_code == 404
    assert "no such article" in answer.text
