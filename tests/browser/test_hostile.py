"""Nothing that strangers write runs, is fetched or covers the page: in a real Chromium.

The last test switches our escaping off: then the Content-Security-Policy alone has to hold.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from jinja2 import Environment
from playwright.sync_api import Error, Page

from monitor import render
from monitor.model import (
    ArchiveFilter,
    EntryNames,
    FailureKind,
    MatchKey,
    PollOutcome,
    Rejected,
    Renewal,
    Sighting,
)
from tests.archive_site import Open, Site
from tests.browser.conftest import Observed
from tests.factories import FEED_URL, NOW, article, feed_state, issue, match, rendered, span

RUN = "alert(document.domain)"
VECTORS = [
    f"<script>{RUN}</script>",
    f"<ScRiPt\n>{RUN}</sCrIpT\t>",
    f"<script>{RUN}//",
    f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    f"<script src=data:text/javascript,{RUN}></script>",
    f"<script type=module>{RUN}</script>",
    "<script src=//evil.example/x.js></script>",
    f"<img src=x onerror={RUN}>",
    f"<img src=x onerror='{RUN}'//",
    f"<img/src='x'/onerror={RUN}>",
    f"<img src=1 OnErRoR={RUN}>",
    "<img src=https://evil.example/pixel.gif width=1 height=1>",
    "<img srcset='https://evil.example/a 1x, https://evil.example/b 2x'>",
    "<video poster=https://evil.example/p><source src=https://evil.example/v></video>",
    f"<svg onload={RUN}>",
    f"<svg/onload={RUN}//",
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><script href=data:text/javascript,{RUN} /></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<svg><a xlink:href=javascript:{RUN}><text y=20>x</text></a></svg>",
    f"<math><maction actiontype=statusline xlink:href=javascript:{RUN}>x</maction></math>",
    f"<body onload={RUN}>",
    f"<body onpageshow={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f"<select autofocus onfocus={RUN}><option></select>",
    f"<details open ontoggle={RUN}><summary>x</summary></details>",
    f"<marquee onstart={RUN}>x</marquee>",
    f"<video><source onerror={RUN}></video>",
    f"<audio src=x onerror={RUN}></audio>",
    f"<iframe src=javascript:{RUN}></iframe>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    "<iframe src=https://evil.example/></iframe>",
    f"<object data=javascript:{RUN}></object>",
    f"<object data='data:text/html,<script>{RUN}</script>'></object>",
    f"<embed src=javascript:{RUN}>",
    f"<form action=javascript:{RUN}><button>x</button></form>",
    f"<button formaction=javascript:{RUN}>x</button>",
    f"<a href=javascript:{RUN}>x</a>",
    f"<a href='java\tscript:{RUN}'>x</a>",
    f"<a href=&#106;avascript:{RUN}>x</a>",
    f"<base href=javascript:{RUN}//>",
    "<base href=//evil.example/>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<link rel=preload as=image href=//evil.example/x.png>",
    "<style>@import '//evil.example/x.css';body{background:url(//evil.example/b)}</style>",
    "<p style='position:fixed;inset:0;background:url(//evil.example/c)'>x</p>",
    f'"><script>{RUN}</script>',
    f"'><script>{RUN}</script>",
    f'" onmouseover={RUN} x="',
    f"' onfocus={RUN} autofocus x='",
    f"</title><script>{RUN}</script>",
    f"</textarea><script>{RUN}</script>",
    f"</style><script>{RUN}</script>",
    f"</pre><script>{RUN}</script>",
    f"--><script>{RUN}</script>",
    f"]]><script>{RUN}</script>",
    f"<noscript><p title='</noscript><img src=x onerror={RUN}>'>",
    f"<template><script>{RUN}</script></template>",
    f"<xss id=x tabindex=1 onfocusin={RUN}>x</xss>",
    f"<style><img src='</style><img src=x onerror={RUN}>'>",
    f"&lt;script&gt;{RUN}&lt;/script&gt;",
    f"\\u003cscript\\u003e{RUN}\\u003c/script\\u003e",
    f"+ADw-script+AD4-{RUN}+ADw-/script+AD4-",
    f"＜script＞{RUN}＜/script＞",
    "{{ ''.__class__ }}${7*7}<%= 7*7 %>",
]
LINKS = [
    f"javascript:{RUN}",
    f"JaVaScRiPt:{RUN}",
    f"java\nscript:{RUN}",
    f"data:text/html,<script>{RUN}</script>",
    f"vbscript:{RUN}",
    f'https://a.example/"onmouseover={RUN} x="',
]

#: Fire whatever handlers came through.
PROVOKE = """() => {
  for (const element of document.querySelectorAll('*'))
    for (const { name } of [...element.attributes])
      if (name.startsWith('on')) element.dispatchEvent(new Event(name.slice(2)));
}"""
#: What a page must not hold, wherever it stands.
FOREIGN = """() => [...document.querySelectorAll(
  'main *, header *, title *')].filter((element) =>
    element.matches('script, style, img, video, audio, object, embed, base, link, [style]')
    || [...element.attributes].some(({ name, value }) => name.startsWith('on')
      || /^\\s*(javascript|data|vbscript):/i.test(value.replace(/[\\t\\n\\r]/g, '')))
  ).map((element) => element.outerHTML)"""


def poison(site: Site) -> None:
    """Put every vector into every field that a stranger, or a careless owner, can write."""
    seen = []
    for number, vector in enumerate(VECTORS):
        one = article(
            f"{vector} {number}",
            text=vector,
            source=vector,
            author=vector,
            lang=vector,
            tags=(vector,),
            url=LINKS[number % len(LINKS)] if number % 2 else "https://a.example/",
        )
        found = match("kling", spans=(span(vector, 0, term=vector),))
        seen.append(Sighting(names=EntryNames(key=one.key), article=one, matches=(found,)))
    hostile = " ".join(VECTORS)
    state = feed_state(
        title=hostile,
        failures=1,
        error=hostile,
        failure_kind=FailureKind.STATUS,
        first_success_at=NOW,
    )
    site.store.save_poll(PollOutcome(feed=state, sightings=tuple(seen)))
    site.store.index_pending()
    edited = Sighting(
        names=EntryNames(key=seen[0].names.key, content=7), article=article("Edited"), matches=()
    )
    renewal = Renewal(former_key=edited.names.key, key=edited.names.key, sighting=edited)
    site.store.save_poll(PollOutcome(feed=state, renewals=(renewal,)))
    for row in site.store.page(ArchiveFilter(), limit=len(VECTORS)).articles[:30]:
        key = MatchKey(topic_id="kling", article_id=row.id)
        site.store.write_note(key, row.article.text, before="", step="a", now=NOW)
    site.tell(*range(1, 21), copies={3: 1})
    site.status = hostile
    site.notices = site.config_notices = (hostile,)
    site.preview = rendered(hostile, html=f"<html><head></head>{hostile}", text=hostile)
    composed = site.store.enqueue(
        issue(rendered=rendered(hostile, html=hostile, text=hostile, problems=(hostile,))), NOW
    )
    delivery = site.store.claim_delivery(NOW, lease=timedelta(minutes=5))
    assert composed
    assert delivery
    site.store.settle_delivery(delivery.id, Rejected(reason=hostile), NOW, next_try_at=NOW)


def pages(site: Site) -> Iterator[str]:
    """Give every page, and what a browser shows of the other forms."""
    yield from ("/?all=1", "/?mark=open", "/?mark=noted", "/topics", "/topics/kling", "/stories/1")
    yield from (f"/feeds?asked={quote(FEED_URL)}", "/status", "/digests", "/digests/1")
    yield from ("/digests/1/mail", "/digests/next", "/digests/next/mail", "/archive.json")
    yield from ("/status.json", "/stories/1.atom", "/digests.atom")
    after = site.text("/?mark=open").partition("after=")[2].partition('"')[0]
    yield f"/?after={after}"
    edited = next(n for n in range(1, 99) if site.store.article_versions(n))
    yield f"/articles/{edited}"
    yield f"/articles/{edited + 1}"


EVERYTHING = quote(" ".join(VECTORS), safe="")[:7000]
#: Where a page repeats what its address has, in each surrounding that differs.
ECHOES = [
    f"/?q={EVERYTHING}",
    f"/?q=%28{quote(VECTORS[0])}",
    f"/?q={quote(VECTORS[9], safe='')}",
    f"/?topic={EVERYTHING}",
    f"/?source={EVERYTHING}&label={quote(VECTORS[3])}&from={quote(VECTORS[5])}",
    f"/topics/kling?wording={EVERYTHING}",
    f"/topics/kling?word={EVERYTHING}",
    f"/{quote(VECTORS[0], safe='')}",
]


def addresses() -> Iterator[str]:
    """Give every part of an address, made of vectors."""
    for name in ("feed", "lang", "mark", "to", "after", "done", "label", "from"):
        yield f"/?{name}={EVERYTHING}"
    for name in ("/feeds?asked", "/digests/next?name", "/stories/1?after", "/topics/kling?source"):
        yield f"{name}={EVERYTHING}"
    for vector in VECTORS[::9]:
        yield f"/?q={quote(vector, safe='')}"
        yield f"/articles/{quote(vector, safe='')}"


def visit(
    page: Page, site: Site, observed: Observed, paths: Iterable[str], *, escaped: bool
) -> list[str]:
    base = str(site.client.base_url).rstrip("/")
    faults = []
    for path in paths:
        try:
            page.goto(base + path, wait_until="load")
            page.evaluate(PROVOKE)
        except Error as error:
            # A page in pieces may lead away from itself while we look.
            if escaped or not any(
                word in str(error) for word in ("navigat", "ERR_", "interrupted")
            ):
                raise
            continue
        if escaped and not path.endswith("mail"):
            faults += [f"{path[:60]}: {html[:200]}" for html in page.evaluate(FOREIGN)]
    return faults + [f"dialog: {shown}" for shown in observed.dialogs]


def test_nothing_runs_and_nothing_is_fetched(site: Site, page: Page, observed: Observed) -> None:
    poison(site)
    assert visit(page, site, observed, [*pages(site), *ECHOES], escaped=True) == []
    assert observed.outside == []


def test_no_address_becomes_markup(site: Site) -> None:
    """What differs from page to page is looked at above; here, that nothing is left out."""
    for address in addresses():
        html = site.get(address).text.lower()
        assert "<script>" not in html, address
        assert not re.search(r"<(?!form|p|a |input|button)[a-z][^>]* on[a-z]+=", html), address


def test_nothing_runs_even_without_escaping(
    open_site: Open, page: Page, observed: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = render.html_environment

    def careless(folder: Path) -> Environment:
        environment = whole(folder)
        environment.autoescape = False
        return environment

    monkeypatch.setattr(render, "html_environment", careless)
    site = open_site()
    poison(site)
    assert "<script>alert" in site.text("/feeds"), "the vectors reach the page"
    # The policy is one for all: of the addresses a few are enough.
    assert visit(page, site, observed, [*pages(site), *ECHOES[-3:]], escaped=False) == []
