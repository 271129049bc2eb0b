"""Replay dated news day by day, and look for a story line that comes twice without anything new.

python -m bench.replay FILE.jsonl [DAYS]    (the 14 days with most items unless told otherwise)

The file has one item a line: {"id", "title", "summary", "url", "source", "published", "lang"}. The
shipped topics look for them; each day at 07:30 UTC the service's own steps make an issue. Counted:
story lines (headlines shown), updates, stories folded as ongoing, headlines that stand in two
issues, updates without a new report. Exits with 1 if there is one of the last two.
"""

import json
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor import config as configuration
from monitor import deliver
from monitor.app import glossary, shipped_config
from monitor.config import Config
from monitor.group import Grouper
from monitor.matcher import Topics
from monitor.model import (
    Article,
    Digest,
    DigestStory,
    EntryNames,
    FeedState,
    PollOutcome,
    Sighting,
    StoryState,
)
from monitor.render import Templates
from monitor.store import open_store
from monitor.stories import tokens
from monitor.text import fold

FEED = "https://feed.example/"
DAY = timedelta(days=1)


def articles(path: Path) -> list[Article]:
    """Read the dated items, oldest first, as if each had been seen when it was published."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        if not item.get("published"):
            continue
        at = datetime.fromisoformat(item["published"])
        at = at.astimezone(UTC) if at.utcoffset() is not None else at.replace(tzinfo=UTC)
        found.append(
            Article(
                key=item["id"], url=item.get("url") or "", title=item["title"],
                text=item.get("summary") or "", source=item.get("source") or "unknown",
                feed_url=FEED, lang=item.get("lang") or "und", published_at=at, first_seen_at=at,
            )
        )  # fmt: skip
    return sorted(found, key=lambda article: article.first_seen_at)


def replay(path: Path, days: int, folder: Path) -> int:
    """Make the issues, print what stood in them, and say how many lines repeat something."""
    news = articles(path)
    moments = [article.first_seen_at for article in news]
    densest = max(moments, key=lambda at: sum(at <= other <= at + days * DAY for other in moments))
    begin = densest.replace(hour=7, minute=30, second=0, microsecond=0)
    # What came before shows which words are common in the news, as in any archive.
    past = [article for article in news if article.first_seen_at <= begin - DAY]
    news = [article for article in news if article.first_seen_at > begin - DAY]
    config = configured()
    store = open_store(f"sqlite:///{folder / 'monitor.db'}")
    topics = Topics(config.topics)
    store.sync_feeds(config.feeds, begin - DAY)
    store.accept_config(text="", hash="1", topics=topics.versions, now=begin - DAY)
    store.digest_started_at("daily", begin - DAY)
    known = FeedState(feed_url=FEED, url=FEED, next_poll_at=begin)
    store.save_poll(
        PollOutcome(
            feed=known,
            sightings=tuple(
                Sighting(names=EntryNames(key=article.key), article=article) for article in past
            ),
        )
    )
    grouper = Grouper(store, glossary(config))
    makings = deliver.Makings(store=store, config=config, templates=Templates([]))
    headlines: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for number in range(days + 1):
        now = begin + number * DAY
        new = [a for a in news if now - DAY < a.first_seen_at <= now]
        matches = [topics.match(article) for article in new]
        sightings = [
            Sighting(names=EntryNames(key=article.key), article=article, matches=tuple(found))
            for article, found in zip(new, matches, strict=True)
        ]
        state = FeedState(
            feed_url=FEED, url=FEED, next_poll_at=now + DAY, last_success_at=now,
            first_success_at=begin - DAY,
        )  # fmt: skip
        store.save_poll(PollOutcome(feed=state, sightings=tuple(sightings)))
        grouper.group_stories(now)
        digest, mail = deliver.preview(makings, now - timedelta(seconds=1))
        deliver.compose_due(makings, now)
        total.update(counted(digest))
        shown = [s for topic in digest.topics for s in topic.stories]
        headlines.update(fold(tokens.headline(headline(story))) for story in shown)
        print(f"{now:%d %b}  {len(new):4} items  {mail.subject}")
    store.close()
    twice = {title: number for title, number in headlines.items() if number > 1}
    print(*(f"{name}: {number}" for name, number in total.items()), sep="\n")
    for title, number in twice.items():
        print(f"shown {number} times: {title}")
    print(f"headlines in more than one issue: {len(twice)}")
    return len(twice) + total["updates that only repeat"]


def configured() -> Config:
    """Give the shipped topics with one feed and one digest in UTC."""
    text = shipped_config().read_text(encoding="utf-8")
    shipped = configuration.load(text)
    own = f'timezone = "UTC"\n[[feed]]\nurl = "{FEED}"\n[[digest]]\nname = "daily"\n'
    return configuration.load(own).model_copy(update={"topics": shipped.topics})


def headline(story: DigestStory) -> str:
    """Give the headline that a story is shown under."""
    return "".join(piece.text for piece in story.lead.title)


def counted(digest: Digest) -> Counter[str]:
    """Count the lines of an issue."""
    stories = [story for topic in digest.topics for story in topic.stories]
    updates = [story for story in stories if story.state is StoryState.UPDATE]
    return Counter(
        {
            "issues": 1,
            "matches": digest.articles,
            "story lines": len(stories),
            "updates": len(updates),
            "folded as ongoing": sum(len(topic.ongoing) for topic in digest.topics),
            "updates that only repeat": sum(headline(story) == story.before for story in updates),
        }
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        length = int(sys.argv[2]) if len(sys.argv) > 2 else 14
        sys.exit(bool(replay(Path(sys.argv[1]), length, Path(place))))
