"""What surrounds the tortured service: feeds that grow, a mail server, and the ledger of both."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.policy import default
from email.utils import format_datetime
from random import Random
from re import compile as pattern

from tests.scripted import Answer, Seen
from tests.scripted import serve as serve_feeds
from tests.scripted_smtp import MailServer
from tests.scripted_smtp import serve as serve_mail

FEEDS = ("/north", "/south", "/east")
#: A feed shows its newest entries, so many of them.
SHOWN = 80
WORD = "Zirconia"
_TOKEN = pattern(r"\bN\d{6}Q\b")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the ledger."""

    token: str
    wanted: bool
    published_at: datetime
    #: Words of its own, so that no two entries are taken for one story.
    words: str

    @property
    def link(self) -> str:
        return f"https://paper.example/{self.token}"

    @property
    def xml(self) -> str:
        # Each wanted one has a form of the word to itself: one shared word can make a story, and a
        # story shows only its lead's headline.
        word = f"{WORD}{self.words.split()[0]}" if self.wanted else "Nothing"
        return (
            f"<item><guid>{self.token}</guid><link>{self.link}</link>"
            f"<title>{word} {self.token} {self.words}</title>"
            f"<pubDate>{format_datetime(self.published_at)}</pubDate></item>"
        )


@dataclass
class World:
    """The scripted servers and what they know."""

    random: Random
    feed_url: str
    mail: MailServer
    feeds: dict[str, list[Entry]] = field(default_factory=lambda: {path: [] for path in FEEDS})
    ledger: list[Entry] = field(default_factory=list)
    #: Called at each request to a feed, before its answer.
    on_request: Callable[[], None] = lambda: None
    #: What all feeds say instead of their news.
    trouble: Answer | None = None

    def publish(self, now: datetime) -> None:
        """Let time pass: some feeds get new entries, some of those stand in two feeds."""
        for _ in range(self.random.randint(1, 4)):
            words = " ".join(self._word() for _ in range(8))
            entry = Entry(f"N{len(self.ledger):06}Q", self.random.random() < 0.6, now, words)
            self.ledger.append(entry)
            for path in self.random.sample(FEEDS, self.random.choice((1, 1, 2))):
                self.feeds[path].append(entry)

    def _word(self) -> str:
        syllables = ("".join(map(self.random.choice, ("bdfgklmnprst", "aeiou"))) for _ in range(9))
        return "".join(list(syllables)[: self.random.randint(2, 5)])

    def answer(self, seen: Seen) -> Answer:
        self.on_request()
        if self.trouble:
            return self.trouble
        items = "".join(entry.xml for entry in reversed(self.feeds[seen.path][-SHOWN:]))
        head = f"<title>Paper {seen.path[1:]}</title><link>https://paper.example{seen.path}</link>"
        body = f'<rss version="2.0"><channel>{head}{items}</channel></rss>'
        return Answer(body=body.encode())

    @property
    def wanted(self) -> set[str]:
        """The tokens of all entries that the topic asks for."""
        return {entry.token for entry in self.ledger if entry.wanted}

    def calm(self) -> None:
        """Let everything work again."""
        self.trouble = None
        self.on_request = lambda: None
        for script in (
            self.mail.at_banner,
            self.mail.at_ehlo,
            self.mail.at_mail,
            self.mail.at_rcpt,
            self.mail.at_data,
            self.mail.in_body,
            self.mail.at_end,
            self.mail.at_quit,
        ):
            script.clear()


@contextmanager
def open_world(random: Random) -> Iterator[World]:
    """Run both servers for the length of the block."""
    with ExitStack() as stack:
        mail = stack.enter_context(serve_mail())
        feeds = stack.enter_context(serve_feeds())
        world = World(random, feeds.origin, mail)
        feeds.script.update(dict.fromkeys(FEEDS, world.answer))
        yield world


@dataclass(frozen=True, slots=True)
class Mail:
    """One message as it came over the wire, its final dot included."""

    number: int
    id: str
    recipient: str
    digest: str
    tokens: frozenset[str]
    #: The life of the service that sent it.
    life: int


def read_mail(number: int, raw: bytes, life: int) -> Mail:
    """Read what matters of a message."""
    message = message_from_bytes(raw, policy=default)
    text = message.get_body(("plain",))
    assert text, "a digest without its text"
    return Mail(
        number=number,
        id=str(message["Message-ID"]),
        recipient=str(message["To"]),
        digest=str(message["List-Id"]),
        tokens=frozenset(_TOKEN.findall(text.get_content())),
        life=life,
    )
