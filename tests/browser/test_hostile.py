"""Nothing that strangers write runs, is fetched or covers the page: in a real Chromium.

The second test switches our escaping off: then the Content-Security-Policy alone has to hold.
"""

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from jinja2 import Environment
from playwright.sync_api import Error, Page

from monitor import render
from monitor.model import ArchiveFilter, FailureKind, MatchKey, PollOutcome
from tests.archive_site import Open, Site
from tests.browser.conftest import Observed
from tests.factories import NOW, feed_state, issue, match, rendered, span

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
    for number, vector in enumerate(VECTORS):
        site.put(
            vector + f" {number}",
            match("kling", spans=(span(vector, 0, term=vector),)),
            text=vector,
            source=vector,
            author=vector,
            lang=vector,
            tags=(vector,),
            url=LINKS[number % len(LINKS)] if number % 2 else "https://a.example/",
        )
        key = site.store.page(ArchiveFilter(), limit=1).articles[0].id
        site.store.write_note(
            MatchKey(topic_id="kling", article_id=key), vector, before="", step="a", now=NOW
        )
    site.tell(*range(1, 21), copies={3: 1})
    hostile = " ".join(VECTORS)
    state = feed_state(
        title=hostile,
        failures=1,
        error=hostile,
        failure_kind=FailureKind.STATUS,
        first_success_at=NOW,
    )
    site.store.save_poll(PollOutcome(feed=state))
    site.status = hostile
    site.notices = site.config_notices = (hostile,)
    site.preview = rendered(hostile, html=f"<html><head></head>{hostile}", text=hostile)
    site.store.enqueue(
        issue(rendered=rendered(hostile, html=hostile, text=hostile, problems=(hostile,))), NOW
    )


def pages(site: Site) -> Iterator[str]:
    """Give every page."""
    yield from (
        "/?all=1",
        "/?mark=open",
        "/?mark=noted",
        "/feeds",
        "/topics",
        "/stories/1",
        "/topics/kling",
        "/status",
        "/digests",
        "/digests/1",
    )
    yield from ("/digests/1/mail", "/digests/next", "/digests/next/mail", "/archive.json")
    after = site.text("/?mark=open").partition("after=")[2].partition('"')[0]
    yield f"/?after={after}"
    for row in site.store.page(ArchiveFilter(), limit=2).articles:
        yield f"/articles/{row.id}"


def addresses() -> Iterator[str]:
    """Give every part of an address, made of vectors."""
    everything = quote(" ".join(VECTORS), safe="")
    for name in ("q", "topic", "feed", "source", "lang", "mark", "from", "to", "after", "done"):
        yield f"/?{name}={everything[:7000]}"
    for name in ("wording", "word", "source"):
        yield f"/topics/kling?{name}={everything[:7000]}"
    yield f"/?q=%28{quote(VECTORS[0])}"
    for vector in VECTORS[::13]:
        yield f"/?q={quote(vector, safe='')}"
        yield f"/{quote(vector, safe='')}"
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
    paths = [*pages(site), *addresses()]
    assert visit(page, site, observed, paths, escaped=True) == []
    assert observed.outside == []


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
    paths = [*pages(site), *itertools.islice(addresses(), 0, None, 5)]
    assert visit(page, site, observed, paths, escaped=False) == []
