"""From a digest to the mail's two parts, with templates that may be broken."""

import re
import shutil
import unicodedata
from dataclasses import fields, replace
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.model import (
    Coverage,
    Digest,
    DigestArticle,
    DigestOutlet,
    DigestStory,
    DigestTopic,
    FailingFeed,
    Gap,
    Missed,
    Piece,
    QuietFeed,
)
from monitor.render import (
    MAX_HTML_BYTES,
    TEXT_COLUMNS,
    Templates,
    html_environment,
    shipped_templates,
)
from tests.factories import coverage

SLOT = datetime.fromisoformat("2026-03-11T07:30:00+01:00")
SHIPPED = Templates([])
ARTICLE = {field.name for field in fields(DigestArticle)}
DOCS = Path(__file__).parent.parent / "docs" / "templates.md"


OTHER = DigestOutlet(name="Harbour Post", url="https://harbour.example/" + "kling-" * 12)


def story(**given: Any) -> DigestStory:
    own = {name: given.pop(name) for name in [*given] if name not in ARTICLE}
    lead = DigestArticle(
        id=1,
        url="https://news.example/kling",
        title=(Piece(text="Kling", hit=True), Piece(text=" 2.0 makes films")),
        snippet=(Piece(text="Kuaishou", hit=True), Piece(text=" shows its new model.")),
        source="Example News",
        label="",
        lang="en",
        time=SLOT,
        undated=False,
        why=("Kling in the title",),
    )
    return DigestStory(lead=replace(lead, **given), **own)


def topic(*stories: DigestStory, **given: Any) -> DigestTopic:
    made = DigestTopic(
        id="kling", name="Kling", stories=stories, articles=len(stories), bar_percent=100
    )
    return replace(made, **given)


def digest(*topics: DigestTopic, **given: Any) -> Digest:
    made = Digest(
        name="daily",
        subject="Kling 1 · 11 Mar",
        slot=SLOT,
        since=SLOT,
        until=SLOT,
        topics=topics,
        coverage=coverage(),
    )
    return replace(made, **given)


def folder(path: Path, **templates: str) -> Path:
    path.mkdir(exist_ok=True)
    for kind, source in templates.items():
        (path / f"digest.{kind}.j2").write_text(source, encoding="utf-8")
    return path


class Page(HTMLParser):
    """What a mail program sees: elements, links and words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.words: list[str] = []
        self.attributes: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def test_the_mail_tells_all_that_is_known_of_a_story() -> None:
    why = ("Kling in the title", "Kuaishou in the text")
    shown = story(label="state media", undated=True, why=why)
    mail = SHIPPED.render(digest(topic(shown, more=3, articles=4812)))
    page = Page(mail.html)
    words = (
        "4,812", "Kling", "2.0 makes films", "Example News", "state media", "seen 07:30",
        "Kling in the title; Kuaishou in the text", "3 more in the archive",
        "120 articles from 10 of 10",
    )  # fmt: skip
    for part in (page.text, " ".join(mail.text.split())):
        assert [word for word in words if word not in part] == []
    assert page.links == ["https://news.example/kling"]
    assert "https://news.example/kling" in mail.text
    assert mail.problems == ()


@pytest.mark.parametrize(
    ("published", "shown"),
    [
        pytest.param("2026-03-11T05:10:00+01:00", " · 05:10 ·", id="of the day"),
        pytest.param("2026-03-09T05:10:00+01:00", " · 9 Mar, 05:10 ·", id="of the year"),
        pytest.param("2025-03-11T05:10:00+01:00", " · 11 Mar 2025, 05:10 ·", id="older"),
    ],
)
def test_a_date_says_what_the_reader_cannot_know(published: str, shown: str) -> None:
    mail = SHIPPED.render(digest(topic(story(time=datetime.fromisoformat(published)))))
    assert shown in mail.text
    assert shown in Page(mail.html).text


@pytest.mark.parametrize(
    ("topics", "read", "said"),
    [
        pytest.param(["Kling", "01.AI"], 10, "Nothing new on Kling, 01.AI.", id="nothing new"),
        pytest.param(["Kling", "01.AI"], 1, "Nothing seen on Kling, 01.AI.", id="blind"),
        pytest.param(["01.AI"], 10, "Nothing new on 01.AI.", id="one of two"),
        pytest.param([], 10, "", id="all have news"),
    ],
)
def test_both_parts_say_on_what_there_is_nothing(topics: list[str], read: int, said: str) -> None:
    empty = [topic(name=name, id=name) for name in topics]
    full = [topic(story(), name="Sora")] if len(topics) < 2 else []
    mail = SHIPPED.render(digest(*empty, *full, coverage=coverage(feeds_read=read)))
    for part in (Page(mail.html).text, mail.text):
        assert said in part
        assert ("Nothing" in part) is bool(said)
    assert "\n\n\n\n" not in mail.text
    assert not re.search(r"^ *0 ", mail.text, re.MULTILINE)
    assert ("\n  1 Sora\n" in mail.text) is bool(full)


def test_hits_are_marked_in_the_html() -> None:
    html = SHIPPED.render(digest(topic(story()))).html
    assert re.search(r"<mark[^>]*>Kling</mark>", html)


def test_styles_are_in_the_elements_and_media_rules_stay() -> None:
    html = SHIPPED.render(digest(topic(story()))).html
    assert "prefers-color-scheme: dark" in html
    assert re.search(r'<a class="line"[^>]* style="[^"]*color', html)


def test_the_mail_loads_nothing() -> None:
    page = Page(SHIPPED.render(digest(topic(story()), archive_url="https://a.example")).html)
    assert page.tags.isdisjoint({"img", "link", "script", "iframe", "object", "video"})
    assert page.attributes.isdisjoint({"src", "srcset", "background", "poster", "ping"})


def test_the_archive_is_linked_only_where_it_has_a_public_address() -> None:
    full = topic(story(), more=2)
    assert Page(SHIPPED.render(digest(full)).html).links == ["https://news.example/kling"]
    linked = Page(SHIPPED.render(digest(full, archive_url="https://a.example")).html).links
    assert linked[1:] == ["https://a.example/?topic=kling", "https://a.example/"]


def test_the_footer_names_some_of_the_feeds_that_failed() -> None:
    failing = tuple(
        FailingFeed(name=f"Feed {number}", url="https://f.example", error="answered 503")
        for number in range(8)
    )
    mail = SHIPPED.render(digest(coverage=coverage(failing=failing)))
    for part in (Page(mail.html).text, mail.text):
        assert "Feed 3" in part
        assert "Feed 4" not in part
        assert "4 more" in part
    linked = SHIPPED.render(digest(coverage=coverage(failing=failing), archive_url="https://a.b"))
    assert 'href="https://a.b/feeds"' in linked.html


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "</style><svg onload=alert(1)>",
        "{{ 7 * 7 }}{% raw %}",
        "\x00\x08\x1b[31m\x7f",
        "\ud800 half",
        "\u202egnp.exe",
        "&lt;script&gt;",
        "]]> <!-- --",
    ],
)
def test_hostile_words_stay_words(hostile: str) -> None:
    pieces = (Piece(text=hostile), Piece(text=hostile, hit=True))
    bad = story(
        title=pieces, url=f"https://news.example/{hostile}", source=hostile, label=hostile,
        lang=hostile, why=(hostile,), snippet=pieces,
    )  # fmt: skip
    failing = (FailingFeed(name=hostile, url=hostile, error=hostile),)
    quiet = (QuietFeed(name=hostile, url=hostile, days=9),)
    seen = coverage(failing=(FailingFeed(name="x", url="x", error="x"),))
    calm = SHIPPED.render(digest(topic(story(label="x")), notices=("x",), coverage=seen))
    mail = SHIPPED.render(
        digest(
            topic(bad, name=hostile),
            name=hostile,
            subject=hostile,
            notices=(hostile,),
            coverage=coverage(failing=failing, quiet=quiet),
        )
    )
    assert mail.problems == ()
    assert Page(mail.html).tags == Page(calm.html).tags
    assert Page(mail.html).attributes == Page(calm.html).attributes
    for part in (mail.html, mail.text, mail.subject):
        part.encode()
        assert {unicodedata.category(c) for c in part if c != "\n"}.isdisjoint({"Cc", "Cs"})


def test_nothing_turns_or_hides_the_letters_around_it() -> None:
    title = "Kl\u200bing \u202egpj.exe\u202c \ufeffand\u00ad more \u2066x\u2069 \U000e0041"
    mail = SHIPPED.render(digest(topic(story(title=(Piece(text=title),))), subject=title))
    for part in (mail.subject, mail.text, Page(mail.html).text):
        assert "Kling gpj.exe and more x" in part
    family = "👩\u200d👩\u200d👧 می\u200cخواهم"  # what joins letters stays
    mail = SHIPPED.render(digest(topic(story(title=(Piece(text=family),)))))
    assert family in mail.text
    assert family in mail.html


@settings(max_examples=8)
@given(texts=st.lists(st.text(max_size=300), max_size=20))
def test_any_title_is_rendered(texts: list[str]) -> None:
    stories = [story(title=(Piece(text=text),)) for text in texts]
    assert SHIPPED.render(digest(topic(*stories))).problems == ()


def test_join_replace_and_tilde_do_as_jinjas(tmp_path: Path) -> None:
    source = (
        "{{ digest.topics[0].stories|map(attribute='lead')|join(' + ', 'source') }}; "
        "{{ '<i>' ~ digest.subject|replace('Kling', '<u>') ~ (1 + 1) }}; {{ ['a'] + ['b'] }}"
    )
    mine = folder(tmp_path / "templates", html=source, txt=GOOD)
    told = [story(source="<b> & Co") for _ in range(2)]
    mail = Templates([mine]).render(digest(topic(*told)))
    assert mail.problems == ()
    assert Page(mail.html).text.strip() == ("<b> & Co + <b> & Co; <i><u> 1 · 11 Mar2; ['a', 'b']")


# ------------------------------------------------------------------------------ broken templates

GOOD = "mine: {{ digest.subject }}{% for notice in digest.notices %} {{ notice }}{% endfor %}"


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        pytest.param("{% for x in %}", "line 1", id="syntax"),
        pytest.param("a\nb\n{{ digset.subject }}", "line 3: 'digset' is undefined", id="name"),
        pytest.param(
            "{{ digest.headline }}", "line 1: digest has no field headline; the", id="field"
        ),
        pytest.param(
            "{% for topic in digest.topics %}\n{{ topic.stories[0].lead.titel }}{% endfor %}",
            "line 2: article has no field titel (did you mean title?); the",
            id="misspelt field",
        ),
        pytest.param(
            "{{ digest.coverage['articels'] }}",
            "line 1: coverage has no field articels (did you mean articles?); the",
            id="field in brackets",
        ),
        pytest.param("{{ digest[0] }}", "line 1: digest has no field 0; the", id="number"),
        pytest.param("{{ ''.__class__.__mro__ }}", "unsafe", id="insides"),
        pytest.param("{{ digest.__init__.__globals__ }}", "unsafe", id="more insides"),
        pytest.param("{{ cycler.__init__.__globals__ }}", "unsafe", id="a global"),
        pytest.param("{{ digest|attr('__class__') }}", "", id="by attr"),
        pytest.param("{% include '/etc/passwd' %}", "/etc/passwd", id="a file from elsewhere"),
        pytest.param("{% include '../secret' %}", "secret", id="a file above"),
        pytest.param("{% include 'digest.html.j2' %}", "recursion", id="itself"),
        pytest.param("{% for i in range(10**9) %}{% endfor %}", "numbers", id="power"),
        pytest.param("{% for i in range(1000000000) %}x{% endfor %}", "1,000", id="range"),
        pytest.param("{{ 'a' * 1000000000 }}", "numbers", id="a gigabyte"),
        pytest.param("{{ '%0999999999d' % 1 }}", "numbers", id="a gigabyte by format"),
        pytest.param("{{ 'a'|center(1000000000) }}", "center", id="a gigabyte by filter"),
        pytest.param("{{ 'a'.ljust(1000000000) }}", "unsafe", id="a gigabyte by method"),
        pytest.param("{{ '{:1000000000}'.format(1) }}", "unsafe", id="a gigabyte by format method"),
        pytest.param("{{ range(9)|batch(1000000000, 'x')|list }}", "batch", id="a long row"),
        *(
            pytest.param(
                "{% set x = 'aaaaaaaaaa' %}" + 40 * f"{{% set x = {grown} %}}" + "{{ x|length }}",
                "more than 1,000,000 characters",
                id=grown,
            )
            for grown in (
                "x ~ x",
                "x + x",
                "x|replace('a', 'aaaaaaaaaa')",
                "[x, x]|join(x)",
                "[{'y': x}, {'y': x}]|join(x, 'y')",
            )
        ),
        pytest.param(
            "{% for a in range(1000) %}{% for b in range(1000) %}xxxxxxxx{% endfor %}{% endfor %}",
            "characters",
            id="much output",
        ),
        pytest.param(
            "{% for a in range(1000) %}{{ range(1000)|join }}{% endfor %}",
            "characters",
            id="joined",
        ),
        pytest.param(
            "{% for a in range(200) %}{{ range(500)|join }}{% endfor %}", "80 KB", id="large"
        ),
        pytest.param("{{ 1 // 0 }}", "zero", id="arithmetic"),
    ],
)
def test_a_broken_template_falls_back_and_says_so(
    tmp_path: Path, source: str, problem: str
) -> None:
    mine = folder(tmp_path / "templates", html=source, txt=GOOD)
    mail = Templates([mine]).render(digest(topic(story())))
    assert "Kling in the title" in mail.html  # the shipped one made it
    assert mail.text.startswith("mine: Kling 1")  # the other part is still the reader's
    [told] = mail.problems
    assert told.startswith("mail template templates/digest.html.j2")
    assert problem in told
    assert told in mail.text
    assert told.endswith("; the shipped template is used instead")
    assert told in Page(mail.html).text


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("", id="empty"),
        pytest.param("{# all of it a comment #}\n", id="a comment"),
        pytest.param("{% block mail %}{% endblock %}", id="an empty block"),
        pytest.param("{% for topic in digest.topics[9:] %}Kling{% endfor %}", id="an empty loop"),
        pytest.param("— {{ digest.articles }} —", id="signs"),
    ],
)
def test_a_template_that_makes_nothing_to_read_is_broken(tmp_path: Path, source: str) -> None:
    page = f"<html><head><title>News</title><style>p {{}}</style></head><p>{source}</p></html>"
    mine = folder(tmp_path / "templates", html=page, txt=source)
    mail = Templates([mine]).render(digest(topic(story())))
    assert mail.problems == tuple(
        f"mail template templates/digest.{kind}.j2 makes nothing that can be read; "
        "the shipped template is used instead"
        for kind in ("html", "txt")
    )
    for part in (Page(mail.html).text, " ".join(mail.text.split())):
        assert "Kling in the title" in part
        assert all(problem in part for problem in mail.problems)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        pytest.param(
            "digest.html",
            'mail template mine/digest.html is not used: it must be named "digest.html.j2"',
            id="without its ending",
        ),
        pytest.param(
            "Digest.TXT.j2",
            'mail template mine/Digest.TXT.j2 is not used: it must be named "digest.txt.j2"',
            id="in capitals",
        ),
        pytest.param(
            "digest.txt.jinja2",
            'mail template mine/digest.txt.jinja2 is not used: it must be named "digest.txt.j2"',
            id="with another ending",
        ),
        pytest.param(
            "digest.html.j2/",
            "mail template mine/digest.html.j2 is not used: it is a folder",
            id="a folder",
        ),
        pytest.param(
            "", 'the folder "mine" of mail templates is not used: it is a file', id="a file"
        ),
    ],
)
def test_a_template_in_the_wrong_place_is_told(tmp_path: Path, name: str, problem: str) -> None:
    place = tmp_path / "mine" / name
    (place if name.endswith("/") else place.parent).mkdir(parents=True, exist_ok=True)
    if not place.is_dir():
        place.write_text(GOOD, encoding="utf-8")
    mail = Templates([tmp_path / "mine"]).render(digest(topic(story())))
    assert mail.problems == (problem,)
    assert problem in Page(mail.html).text
    assert problem in " ".join(mail.text.split())


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    mail = Templates([tmp_path / ("x" * 300)]).render(digest(topic(story())))
    [told] = mail.problems
    assert "is not used: it cannot be read: File name too long" in told
    assert "NEWS MONITOR" in mail.text


def test_other_files_beside_the_templates_are_no_mistake(tmp_path: Path) -> None:
    mine = folder(tmp_path / "mine", html=GOOD, txt=GOOD)
    for name in ("digest.html", "digest.txt.j2.bak", "part.html.j2"):
        (mine / name).touch()
    assert Templates([mine]).render(digest()).problems == ()


def test_an_endless_template_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.render._MAX_SECONDS", 0.5)
    loops = "{% for a in range(999) %}{% for b in range(999) %}{% for c in range(999) %}"
    mine = folder(tmp_path / "mine", txt=loops + "{% endfor %}{% endfor %}{% endfor %}")
    mail = Templates([mine]).render(digest())
    assert "not finished" in mail.problems[0]
    assert "NEWS MONITOR" in mail.text


def test_a_missing_template_is_no_mistake(tmp_path: Path) -> None:
    mine = folder(tmp_path / "mine", txt=GOOD)
    mail = Templates([tmp_path / "nowhere", mine]).render(digest())
    assert mail.problems == ()
    assert mail.text == "mine: Kling 1 · 11 Mar"


def test_the_built_in_one_needs_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = folder(tmp_path / "shipped", html="{{ nothing }}", txt="{{ nothing }}")
    monkeypatch.setattr("monitor.render.shipped_templates", lambda: broken)
    shown = digest(topic(story(), story(url=""), more=2), topic(name="Alibaba"))
    mail = Templates([]).render(shown)
    assert mail.problems == tuple(
        f"mail template shipped/digest.{kind}.j2, line 1: 'nothing' is undefined; "
        "a plain template is used instead"
        for kind in ("html", "txt")
    )
    for part in (Page(mail.html).text, mail.text):
        assert "Kling 2.0 makes films" in part
        assert "2 more in the archive" in part
        assert all(problem in " ".join(part.split()) for problem in mail.problems)


def test_an_edit_works_without_a_restart(tmp_path: Path) -> None:
    mine = folder(tmp_path / "mine", txt="one")
    templates = Templates([mine])
    assert templates.render(digest()).text == "one"
    folder(mine, txt="two")
    assert templates.render(digest()).text == "two"


@pytest.mark.parametrize("part", ["part", "part.txt.j2", "part.html.j2"])
def test_a_template_may_include_its_neighbours_escaped(tmp_path: Path, part: str) -> None:
    mine = folder(tmp_path / "mine", html="{% include '" + part + "' %}")
    (mine / part).write_text("{{ digest.subject }}", encoding="utf-8")
    mail = Templates([mine]).render(digest(subject="<script>"))
    assert mail.problems == ()
    assert "&lt;script&gt;" in mail.html


def test_the_shipped_templates_can_be_copied(tmp_path: Path) -> None:
    mine = tmp_path / "templates"
    shutil.copytree(shipped_templates(), mine)
    shown = digest(topic(story()))
    assert Templates([mine]).render(shown) == SHIPPED.render(shown)


def test_pages_are_escaped_and_strict(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("{{ title }}", encoding="utf-8")
    page = html_environment(tmp_path).get_template("page.html")
    assert page.render(title="<b>") == "&lt;b&gt;"
    with pytest.raises(Exception, match="title"):
        page.render()


# ------------------------------------------------------------------------------------------ size


@pytest.mark.parametrize("title", ["Kling makes films", "可灵发布新一代视频生成大模型" * 10])
def test_five_thousand_matches_fit_into_one_mail(title: str) -> None:
    stories = (story(title=(Piece(text=title),)),) * 2400
    topics = (topic(*stories), topic(*stories, name="Alibaba"), topic(*stories[:200], name="01.AI"))
    mail = SHIPPED.render(digest(*topics))
    assert mail.problems == ()
    assert len(mail.html.encode()) <= MAX_HTML_BYTES
    more = [int(found.replace(",", "")) for found in re.findall(r"([\d,]+) more in", mail.text)]
    shown = mail.text.count("\n* ")
    assert shown + sum(more) == 5000
    assert shown > 40
    assert len(more) == 3
    assert f"{more[0]:,} more in the archive" in Page(mail.html).text


def test_stories_are_told_more_briefly_before_any_is_left_out() -> None:
    long = story(others=(OTHER,) * 4)
    mail = SHIPPED.render(digest(topic(*[long] * 90)))
    assert mail.text.count("\n* ") == 90
    assert mail.text.count("shows its new model") == 3


def test_the_first_stories_of_each_topic_keep_their_snippets() -> None:
    long = story(others=(OTHER,) * 4, snippet=(Piece(text="shows its new model " + "可灵" * 50),))
    topics = [topic(*[long] * 300, name=name) for name in ("Kling", "Alibaba", "01.AI")]
    mail = SHIPPED.render(digest(*topics))
    assert len(mail.html.encode()) <= MAX_HTML_BYTES
    kept = [part.count("shows its new model") for part in mail.text.split("\n== ")[1:]]
    assert kept == [3, 3, 3]


# ------------------------------------------------------------------------------------ plain text


def columns(line: str) -> int:
    return sum(1 + (unicodedata.east_asian_width(char) in "WF") for char in line)


@settings(max_examples=15)
@given(st.text(alphabet="ab 可灵，。（） \n", max_size=200))
def test_plain_text_keeps_to_its_columns_and_its_words(text: str) -> None:
    mail = SHIPPED.render(digest(topic(story(snippet=(Piece(text=text),)))))
    lines = mail.text.splitlines()
    assert max(map(columns, lines)) <= TEXT_COLUMNS or " " not in text
    assert "".join(text.split()) in "".join(mail.text.split())


def test_a_long_name_of_a_digest_keeps_to_the_columns() -> None:
    mail = SHIPPED.render(digest(name="Everything that we watch in Asia " * 3, preview=True))
    assert max(map(columns, mail.text.splitlines())) <= TEXT_COLUMNS


def test_chinese_lines_do_not_begin_with_a_full_stop() -> None:
    text = "可" * 35 + "。" + "灵" * 34 + "，可"
    lines = SHIPPED.render(digest(topic(story(snippet=(Piece(text=text),))))).text.splitlines()
    assert not any(line.strip().startswith(("。", "，")) for line in lines)


def test_a_long_address_is_not_broken() -> None:
    url = "https://news.example/" + "x" * 120
    assert url in SHIPPED.render(digest(topic(story(url=url)))).text.splitlines()[-4].strip()


def test_a_word_without_an_end_is_broken() -> None:
    title = (Piece(text="Donaudampfschifffahrt" * 9),)
    lines = SHIPPED.render(digest(topic(story(title=title)))).text.splitlines()
    assert max(map(columns, lines)) <= TEXT_COLUMNS


@pytest.mark.parametrize(("lang", "way"), [("ar", "rtl"), ("he", "rtl"), ("en", ""), ("und", "")])
def test_arabic_runs_from_the_right_also_behind_a_latin_name(lang: str, way: str) -> None:
    mail = SHIPPED.render(digest(topic(story(title=(Piece(text="Kling ينتج فيلما"),), lang=lang))))
    assert (f'<bdi dir="{way}"' in mail.html) == bool(way)


@pytest.mark.parametrize(
    ("articles", "usual", "cells"),
    [
        pytest.param(40, None, ["80%"], id="nothing to compare with"),
        pytest.param(40, 50.0, ["80%", "20%"], id="less than usual"),
        pytest.param(50, 40.0, ["80%", "20%"], id="more than usual"),
        pytest.param(50, 50.0, ["100%"], id="as usual"),
        pytest.param(50, 0.0, ["100%"], id="never before"),
    ],
)
def test_a_bar_ends_where_the_usual_one_does_and_goes_on_in_another_colour(
    articles: int, usual: float | None, cells: list[str]
) -> None:
    bar = topic(
        articles=articles, usual=usual, bar_percent=2 * articles,
        usual_percent=round(2 * (usual or 0)),
    )  # fmt: skip
    html = SHIPPED.render(digest(bar)).html
    assert re.findall(r'<td class="bar[^>]* width="(\d+%)"', html) == cells


# ------------------------------------------------------------------------------------------ docs


def test_every_field_is_documented_and_nothing_else() -> None:
    """Say in docs/templates.md what a new field holds, or take the line of a lost one out."""
    kinds = (
        Digest, DigestTopic, DigestStory, DigestArticle, DigestOutlet, Piece, Missed,
        Coverage, FailingFeed, QuietFeed, Gap,
    )  # fmt: skip
    sections = re.split(r"^### ", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    documented = [set(re.findall(r"^\| `(\w+)` \|", part, flags=re.MULTILINE)) for part in sections]
    known = [
        {field.name for field in fields(kind)}
        | {name for name, value in vars(kind).items() if isinstance(value, property)}
        for kind in kinds
    ]
    assert documented == known
