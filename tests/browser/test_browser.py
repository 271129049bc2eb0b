"""The archive as people use it: mouse, keys, phone, dark room, without JavaScript."""

import csv
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from monitor.model import (
    EntryNames,
    FailureKind,
    PollOutcome,
    Renewal,
    ReviewState,
    Sighting,
)
from tests.archive_site import TOKEN, Open, Site, said
from tests.browser.conftest import Observed
from tests.factories import NOW, ago, article, feed_state, issue, match


@pytest.fixture
def news(site: Site) -> Site:
    site.put("Kling films studios", match("kling"))
    site.put("Chips leave port", match("chips"), published_at=ago(hours=2), lang="es")
    site.put("可灵发布", match("kling"), published_at=ago(days=2), lang="zh-Hans", source="云间")
    site.put("Other news", published_at=ago(hours=3))
    site.store.enqueue(issue(), NOW)
    return site


def open_at(page: Page, site: Site, path: str) -> None:
    page.goto(f"{str(site.client.base_url).rstrip('/')}{path}")


def test_a_search_and_a_facet_narrow_the_archive(news: Site, page: Page) -> None:
    open_at(page, news, "/")
    page.get_by_role("searchbox").fill("port OR 可灵")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("article")).to_have_count(2)

    page.locator("details.facets summary").click()
    page.get_by_role("link", name="zh-Hans").click()

    expect(page.locator("article h3")).to_have_text(["可灵发布"])
    page.get_by_role("link", name="every language").click()
    expect(page.locator("article")).to_have_count(2)


def test_matches_are_reviewed_with_the_keys_alone(
    news: Site, page: Page, observed: Observed
) -> None:
    open_at(page, news, "/")
    page.keyboard.press("g")
    page.keyboard.press("r")
    page.wait_for_url("**/?mark=open")

    page.keyboard.press("j")
    page.keyboard.press("m")
    expect(page.locator("#done")).to_have_text("1 match changed.")
    page.keyboard.press("d")
    expect(page.locator("article").nth(1).locator("[data-verb=irrelevant]")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.keyboard.press("f")
    expect(page.locator("article").nth(2).locator("[data-verb=star]")).to_have_attribute(
        "aria-pressed", "true"
    )

    assert said(news, ReviewState.RELEVANT) == ["Kling films studios"]
    assert said(news, ReviewState.IRRELEVANT) == ["Chips leave port"]
    assert said(news, ReviewState.STARRED) == ["可灵发布"]

    page.keyboard.press("z")
    page.wait_for_url("**done=undone")
    assert said(news, ReviewState.STARRED) == []
    page.keyboard.press("A")
    expect(page.locator("#done")).to_have_text("1 match changed.")
    page.reload()
    expect(page.get_by_role("heading", name="All caught up")).to_be_visible()
    assert observed.errors == []


def test_a_story_is_unfolded_and_judged_with_the_keys(news: Site, page: Page) -> None:
    news.tell(1, 3)
    open_at(page, news, "/?topic=kling")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("article").first).to_be_focused()  # the other one is folded away
    page.keyboard.press("s")
    page.keyboard.press("j")
    page.keyboard.press("m")
    expect(page.locator("#done")).to_have_text("1 match changed.")
    assert said(news, ReviewState.RELEVANT) == ["可灵发布"]

    page.get_by_role("link", name="The whole story: 2 articles").click()
    page.get_by_role("group", name="The whole story").get_by_role("button", name="Seen").click()

    expect(page.locator("#done")).to_have_text("1 match changed.")
    assert said(news, ReviewState.SEEN) == ["Kling films studios"]


def test_the_keys_are_listed(news: Site, page: Page) -> None:
    open_at(page, news, "/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    box = skip.bounding_box()
    assert box
    assert box["width"] > 50, "it can be seen"

    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("reviewed up to here")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("mdx?")
    expect(page.get_by_role("searchbox")).to_have_value("mdx?")
    assert said(news, ReviewState.RELEVANT) == []


@pytest.mark.parametrize("javascript", [True, False])
def test_many_are_marked_at_once_and_taken_back(
    news: Site, chromium: Browser, javascript: bool
) -> None:
    context = chromium.new_context(java_script_enabled=javascript)
    page = context.new_page()
    open_at(page, news, "/?topic=kling")
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.locator(".bulk").get_by_role("button", name="Not relevant").click()
    expect(page.locator("#done")).to_have_text("2 matches changed.")
    assert len(said(news, ReviewState.IRRELEVANT)) == 2

    page.get_by_role("button", name="Undo").click()

    expect(page.get_by_role("button", name="Undo")).to_be_hidden()
    assert said(news, ReviewState.IRRELEVANT) == []
    context.close()


def test_a_page_of_an_earlier_run_says_so(news: Site, page: Page, open_site: Open) -> None:
    open_at(page, news, "/")
    open_site()  # the service was started again

    page.get_by_role("button", name="Relevant", exact=True).first.click()

    expect(page.locator("#done")).to_contain_text("started again since")


def test_a_view_is_saved_as_a_table(news: Site, page: Page, tmp_path: Path) -> None:
    open_at(page, news, "/?topic=kling")
    page.locator("details.facets summary").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV").click()
    waiting.value.save_as(tmp_path / "view.csv")
    with (tmp_path / "view.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["title"] for row in csv.DictReader(file)] == ["Kling films studios", "可灵发布"]


def test_the_token_opens_the_archive_once(open_site: Open, page: Page) -> None:
    locked = open_site(token=TOKEN)
    open_at(page, locked, "/")
    expect(page.get_by_role("heading")).to_contain_text("Please open the archive with its link")
    open_at(page, locked, f"/?token={TOKEN}&topic=kling")
    assert page.url.endswith("/?topic=kling")
    open_at(page, locked, "/feeds")
    expect(page.get_by_role("heading", name="Feeds")).to_be_visible()


PATHS = ["/", "/?mark=open", "/?q=zzz", "/?q=(", "/digests", "/digests/1", "/feeds", "/nowhere"]
PATHS += ["/digests/next", "/topics", "/stories/1", "/status", "/topics/kling?word=Kling"]
PATHS += ["/articles/1", "/unsubscribe/x", "keys"]

UNFOLD = "document.querySelectorAll('details').forEach((details) => { details.open = true })"
LOOK = """async (rules) => (await axe.run(document, {resultTypes: ['violations'], ...rules}))
  .violations.map((fault) => `${fault.id}: ${fault.nodes[0].html.slice(0, 150)}`)
  .concat(document.documentElement.scrollWidth > innerWidth ? ['wider than the window'] : [])"""
#: What darkness can change; all else is looked for once, in the light.
COLOURS = {"runOnly": ["color-contrast"]}


def test_everybody_can_use_every_page(news: Site, page: Page) -> None:
    news.notices = ("a template is broken",)
    news.tell(1, 3, copies={3: 1})
    state = feed_state(failures=1, error="the server said 500", failure_kind=FailureKind.STATUS)
    news.store.save_poll(PollOutcome(feed=state))
    seen = news.store.article(1)
    assert seen
    edited = Sighting(
        names=EntryNames(key=seen.article.key, content=7), article=article("Edited"), matches=()
    )
    renewal = Renewal(former_key=seen.article.key, key=seen.article.key, sighting=edited)
    news.store.save_poll(PollOutcome(feed=state, renewals=(renewal,)))
    faults = []
    for path in PATHS:
        open_at(page, news, "/" if path == "keys" else path)
        page.evaluate(UNFOLD)
        if path == "keys":
            page.keyboard.press("?")
        page.evaluate(Axe().axe_script)
        for width in (1100, 390):
            page.set_viewport_size({"width": width, "height": 800})
            for scheme, rules in (("light", {}), ("dark", COLOURS)):
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of two
                found = page.evaluate(LOOK, rules)
                faults += [f"{path}, {width}, {scheme}: {fault}" for fault in found]
    assert faults == []
