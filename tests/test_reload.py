"""A changed configuration takes effect while the monitor runs, and old articles are tried again."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from monitor import change
from monitor.app import App
from monitor.config import FeedConfig, TopicConfig, load
from monitor.matcher import Topics
from monitor.model import ArchiveFilter, Rematched, ReviewState
from monitor.scheduler import Service
from monitor.store import Store
from monitor.watching import Watched
from tests.command import Monitor
from tests.factories import FEED_URL, NOW, ago, outcome, sighting, window
from tests.scripted import Answer, Seen, serve
from tests.test_cli import CONFIG, FEED

PATIENCE = 30


def topic(*words: str, **fields: object) -> TopicConfig:
    return TopicConfig.model_validate({"id": "kling", "any": words, **fields})


def accept(store: Store, *topics: TopicConfig, note: str = "") -> None:
    text = repr(topics) + note
    store.accept_config(text=text, hash=text, topics=Topics(topics).versions, now=NOW)


def save(store: Store, *titles: str, topics: tuple[TopicConfig, ...] = (), **fields: Any) -> None:
    store.sync_feeds([FeedConfig(url=FEED_URL)], NOW)
    matcher = Topics(topics)
    seen = [sighting(title, text="", **fields) for title in titles]
    store.save_poll(outcome(*(replace(s, matches=matcher.match(s.article)) for s in seen)))


def shown(store: Store, review: ReviewState | None = None) -> set[str]:
    rows = store.page(ArchiveFilter(topic_id="kling", review=review)).articles
    return {row.article.title for row in rows}


# ------------------------------------------------------------------------- old articles tried again


def test_changed_words_find_old_articles_and_lose_matches_that_stay(store: Store) -> None:
    before, after = topic("Kling"), topic("可灵", "Kling 4")
    accept(store, before)
    save(store, "Kling 4", "Heidi Kling", "可灵", "Water", topics=(before,))
    accept(store, after)
    assert change.rematch(store, [after]) == Rematched(gained=1, lost=1)
    assert shown(store) == {"Kling 4", "可灵"}
    assert shown(store, ReviewState.LOST) == {"Heidi Kling"}
    rows = {
        row.article.title: row for row in store.page(ArchiveFilter(matched_only=False)).articles
    }
    assert [m.found_later for t in ("可灵", "Kling 4") for m in rows[t].matches] == [True, False]
    assert rows["Heidi Kling"].matches[0].lost
    newest, first = store.config_versions()
    assert (newest.gained, newest.lost, first.gained) == (1, 1, 0)
    assert store.topic_counts() == {"kling": 2}


def test_a_word_taken_back_brings_its_matches_back(store: Store) -> None:
    before, after = topic("Kling"), topic("可灵")
    accept(store, before)
    save(store, "Kling 4", topics=(before,))
    for wording in (after, before):
        accept(store, wording)
        change.rematch(store, [wording])
    assert shown(store) == {"Kling 4"}
    assert shown(store, ReviewState.LOST) == set()


def test_trying_again_twice_changes_nothing_and_a_kill_loses_nothing(store: Store) -> None:
    before, after = topic("Kling"), topic("part")
    accept(store, before)
    save(store, *(f"part {number}" for number in range(250)), topics=(before,))
    accept(store, after)
    steps = iter([True, True, False])
    first = change.rematch(store, [after], go_on=lambda: next(steps))
    assert 0 < first.gained < 250
    second = change.rematch(store, [after])
    assert first.gained + second.gained == 250
    assert change.rematch(store, [after]) == Rematched()
    assert len(store.page(ArchiveFilter(topic_id="kling"), limit=300).articles) == 250


def test_only_what_is_in_a_digests_window_is_sent_later(store: Store) -> None:
    accept(store, topic("Kling"))
    save(store, "可灵, new", first_seen_at=ago(hours=1))
    save(store, "可灵, old", first_seen_at=ago(days=5))
    accept(store, topic("可灵"))
    change.rematch(store, [topic("可灵")])
    sent = store.digest_candidates("daily", window(), ["kling"])
    assert {row.article.title for row in sent} == {"可灵, new"}


def test_lost_matches_are_not_sent(store: Store) -> None:
    before, after = topic("Kling"), topic("可灵")
    accept(store, before)
    save(store, "Kling", topics=(before,), first_seen_at=ago(hours=1))
    accept(store, after)
    change.rematch(store, [after])
    assert store.digest_candidates("daily", window(), ["kling"]) == ()


def test_a_renamed_topic_keeps_its_matches_and_nothing_is_tried(store: Store) -> None:
    accept(store, topic("Kling", name="Kling"))
    save(store, "Kling", topics=(topic("Kling"),))
    accept(store, topic("Kling", name="Kling AI"))
    assert store.next_rematch() is None
    assert shown(store) == {"Kling"}


def test_other_labels_label_stored_matches_anew(store: Store) -> None:
    before = topic("Kling", labels={"film": "film"})
    accept(store, before)
    save(store, "Kling makes a film", "Kling raises money", topics=(before,))
    after = topic("Kling", labels={"film": "film", "money": "money"})
    accept(store, after)
    assert change.rematch(store, [after]) == Rematched()
    rows = store.page(ArchiveFilter(topic_id="kling")).articles
    assert {row.article.title: row.matches[0].labels for row in rows} == {
        "Kling makes a film": ("film",),
        "Kling raises money": ("money",),
    }
    assert change.changed([before], [after]) == (), "a dry run has nothing to tell"


def test_a_topic_that_comes_back_looks_at_what_it_missed(store: Store) -> None:
    accept(store, topic("Kling"))
    accept(store)
    save(store, "Kling, while it was away")
    accept(store, topic("Kling"), note="again")
    assert change.rematch(store, [topic("Kling")]).gained == 1


def test_a_feed_that_comes_back_has_its_history(store: Store) -> None:
    save(store, "Kling", topics=(topic("Kling"),))
    store.sync_feeds([], NOW)
    assert store.feed_states() == ()
    store.sync_feeds([FeedConfig(url=FEED_URL)], NOW)
    assert [row.matches for row in store.feed_rows()] == [1]


def test_another_configuration_accepted_meanwhile_is_not_mixed_in(store: Store) -> None:
    save(store, "Kling", "可灵")
    accept(store, topic("Kling"))
    accept(store, topic("可灵"))
    assert change.rematch(store, [topic("Kling")]) == Rematched()
    change.rematch(store, [topic("可灵")])
    assert shown(store) == {"可灵"}


def test_what_two_configurations_differ_in() -> None:
    before = load(CONFIG + '[[feed]]\nurl = "https://a.example/"\n')
    after = load(
        CONFIG.replace("Andreas", "Heidi").replace("07:30", "08:00")
        + '[[feed]]\nurl = "https://b.example/"\n[web]\nlisten = "127.0.0.1:1"\n'
    )
    assert change.differences(before, after) == (
        "topic kling: none changed",
        "feed https://b.example/ added",
        "feed https://a.example/ taken out",
        "digest daily: at changed",
        "[web]: listen changed",
    )


# ------------------------------------------------------------------------------------ the watching


def test_a_file_is_taken_up_once_it_rests(tmp_path: Path) -> None:
    file, request = tmp_path / "config.toml", tmp_path / "reload"
    file.write_text("one", "utf-8")
    watched = Watched(file, request)
    assert not watched.has_changed()
    file.write_text("one and", "utf-8")
    assert not watched.has_changed(), "somebody may still be writing"
    file.write_text("one and two", "utf-8")
    assert [watched.has_changed() for _ in range(3)] == [False, True, False]
    assert not watched.was_asked()
    request.touch()
    assert [watched.was_asked() for _ in range(2)] == [True, False]


# ------------------------------------------------------------------------------------- the service


@contextmanager
def running(path: Path) -> Iterator[Service]:
    with App.open(path) as app:
        app.accept()
        service = Service(app)
        service.start()
        try:
            yield service
        finally:
            assert service.stop()


def wait_for(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def put(path: Path, text: str) -> None:
    """Replace a file as editors do."""
    draft = path.with_suffix(".new")
    draft.write_text(text, "utf-8")
    draft.replace(path)


def test_a_saved_change_takes_effect_and_a_bad_one_does_not(tmp_path: Path) -> None:
    with serve({"/feed": Answer(body=FEED)}) as server:
        text = CONFIG + f'[[feed]]\nurl = "{server.url("/feed")}"\n'
        path = tmp_path / "config.toml"
        path.write_text(text, "utf-8")
        with running(path) as service:
            wait_for(lambda: service.status.rounds > 0)
            put(path, text + "[mial]\n")
            wait_for(lambda: bool(service.notices()))
            assert "goes on with the configuration from before" in service.notices()[0]
            put(path, "")
            assert "config.toml is empty" in service.notices()[0]
            put(path, text + "#" * 10_000_000)
            assert "larger than 4 MB" in service.notices()[0]
            put(path, text + '[[topic]]\nid = "kling"\nany = ["Kling"]\n')
            assert '"kling" is there already, on line' in service.notices()[0]
            changed = text.replace('"Kling", ', '"Sparkling", ')
            put(path, changed)
            wait_for(lambda: service.app.config.text == changed)
            assert service.notices() == ()
            wait_for(lambda: service.app.store.next_rematch() is None)
            counts = service.app.store.topic_counts()
            assert counts == {"kling": 2}, "one by 可灵 as before, one found later"
            put(path, changed.replace("host_gap", '[web]\nlisten = "127.0.0.1:1"\n[fetch]\n#'))
            put(path, changed + '[web]\nlisten = "127.0.0.1:1"\n')
            wait_for(lambda: bool(service.notices()))
            assert "[web] listen: changed, which takes effect when" in service.notices()[0]


def test_without_auto_a_change_waits_to_be_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    text = CONFIG + "[reload]\nauto = false\n"
    path.write_text(text, "utf-8")
    with running(path) as service:
        put(path, text + "# more\n")
        assert "`monitor reload`" in service.notices()[0]
        time.sleep(1.5)
        assert service.app.config.text == text
        service.ask_reload()
        wait_for(lambda: service.app.config.text.endswith("# more\n"))


def test_many_saves_under_load_give_the_old_or_the_new_configuration(tmp_path: Path) -> None:
    """Most of them are broken; each look sees one configuration, and what was fetched is stored."""
    chance = random.Random(7)
    served: list[str] = []
    numbers = count()

    def answer(_: Seen) -> Answer:
        number = str(next(numbers))
        title = f"Kling, part {number}"
        served.append(title)
        item = FEED.replace(b"Kling 4 &amp; its rivals", title.encode())
        return Answer(
            body=item.replace(b">1<", f">{number}<".encode()).replace(
                b"/kling<", f"/kling-{number}<".encode()
            )
        )

    paths = [f"/feed{n}" for n in range(8)]
    with serve(dict.fromkeys(paths, answer)) as server:
        feeds = "".join(f'[[feed]]\nurl = "{server.url(each)}"\nevery = "1s"\n' for each in paths)
        quick = CONFIG.replace("host_gap", 'floor = "1s"\nper_host = 8\nhost_gap')
        valid = [
            quick.replace("any = [", f'any = ["w{n}", ').replace('= "Kling"', f'= "n{n}"') + feeds
            for n in range(5)
        ]
        path = tmp_path / "config.toml"
        path.write_text(valid[0], "utf-8")
        seen: set[str] = set()
        with running(path) as service:
            done = threading.Event()

            def look() -> None:
                while not done.is_set():
                    app = service.app
                    seen.add(app.config.text)
                    (one,) = app.config.topics
                    assert f'"{one.any[0]}"' in app.config.text
                    assert app.topics.versions[0].name == one.name

            looking = threading.Thread(target=look)
            looking.start()
            for number in range(200):
                text = chance.choice(valid)
                if number % 4:  # cut off, or with something else in the middle
                    at = chance.randrange(len(text))
                    text = text[:at] + chance.choice(("", "[", '"', text, "\0"))
                put(path, text) if chance.random() < 0.5 else path.write_text(text, "utf-8")
                time.sleep(0.01 if number % 20 else 1)
            put(path, valid[3])
            wait_for(lambda: service.app.config.text == valid[3])
            done.set()
            looking.join()
            fetched = set(served)
            wait_for(lambda: fetched <= _titles(service.app.store))
        assert all(text in valid or _is_cut(text, valid) for text in seen)
        assert len(fetched) > len(paths), "polls went on meanwhile"


def _titles(store: Store) -> set[str]:
    every = ArchiveFilter(matched_only=False)
    page = store.page(every, limit=1000)
    return {row.article.title for row in page.articles}


def _is_cut(text: str, valid: list[str]) -> bool:
    """A file that ends early may be right as far as it goes."""
    load(text)
    return any(each.startswith(text) or text.startswith(each) for each in valid)


# ------------------------------------------------------------------------------------ the commands


def test_the_versions_are_listed(monitor: Monitor, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    for text in (CONFIG, CONFIG.replace("可灵", "Klinge")):
        path.write_text(text, "utf-8")
        with App.open(path) as app:
            app.accept()
    told = monitor("config", "log").out
    assert "topic kling: any changed" in told
    assert "the first configuration" in told


def test_reload_says_when_nobody_runs(monitor: Monitor, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG, "utf-8")
    said = monitor("reload")
    assert (said.code, "no monitor runs" in said.err) == (1, True)
    (tmp_path / "config.toml").write_text("[", "utf-8")
    assert monitor("reload").code == 2


def test_reload_waits_until_the_file_is_applied(monitor: Monitor, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG + "[reload]\nauto = false\n", "utf-8")
    with App.open(path) as app, app.sole_service():
        app.accept()
        service = Service(app)
        service.start()
        try:
            path.write_text(CONFIG + "[reload]\nauto = false\n# more\n", "utf-8")
            said = monitor("reload")
        finally:
            service.stop()
    assert (said.code, "config.toml is in force" in said.out) == (0, True)
