"""How an issue tells one story: under which topic, by which article, and what is new in it.

    articles not yet reported ─→ new · update · ongoing ─→ topic ─→ lead ─→ DigestStory
    what earlier issues showed ─↗

What was shown is known article by article, so a story that is grouped otherwise today, or a topic
whose words were edited, is told as what it is to this digest's readers.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from monitor import ranking, text
from monitor.config import FeedConfig, TopicConfig
from monitor.model import (
    Article,
    ArticleMatches,
    DigestArticle,
    DigestOutlet,
    DigestStory,
    Match,
    Piece,
    Reported,
    Shown,
    Span,
    StoryMember,
    StoryState,
    Timeline,
)
from monitor.ranking import Rarity, Score, Taste
from monitor.stories import figures, sources

#: Longer titles are cut around their hits.
MAX_TITLE = 200
#: The headline that readers know is only to remind them.
MAX_BEFORE = 100
#: So much of a title is looked for at the beginning of the text.
MAX_COMPARED = 1_000
#: Words named as the reason for a story.
MAX_REASONS = 3
#: Outlets and figures named as what an update brings.
MAX_NEWS = 4
#: Outlets named beside the lead; `sources` counts the others.
MAX_OTHERS = 30

_LANGUAGES = {
    "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English",
    "es": "Spanish", "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew",
    "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese",
    "ko": "Korean", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese",
    "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "th": "Thai", "tr": "Turkish",
    "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What an issue's stories are told by."""

    #: The issue's topics, in its order.
    topics: tuple[TopicConfig, ...]
    feeds: Mapping[str, FeedConfig]
    #: Languages that its readers read; () for any.
    languages: tuple[str, ...]
    zone: tzinfo
    #: The end of the issue's window: nothing that was seen later is told.
    until: datetime
    #: What it may report, by article.
    fresh: Mapping[int, ArticleMatches]
    #: What earlier issues of this digest reported.
    reported: Mapping[int, Reported]
    rare: Rarity
    #: What the reader's marks say, by topic.
    tastes: Mapping[str, Taste]

    def reads(self, lang: str) -> bool:
        """Tell whether the readers read a language; "zh" stands for both ways of writing it."""
        return (
            not self.languages
            or lang == "und"
            or any(lang == known or lang.startswith(f"{known}-") for known in self.languages)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A story as one issue tells it."""

    timeline: Timeline
    #: Under which topic it stands.
    topic_id: str
    #: All topics of the issue that found it.
    topic_ids: tuple[str, ...]
    score: Score
    story: DigestStory


def tell(timeline: Timeline, desk: Desk) -> Told:
    """Tell a story of which at least one article is to be reported."""
    timeline = _until(timeline, desk)
    fresh = [member for member in timeline.members if member.row.id in desk.fresh]
    own = [member for member in fresh if member.copy_of is None]
    known = [
        member
        for member in timeline.members
        if (past := desk.reported.get(member.row.id)) and past.shown is not Shown.COUNTED
    ]
    state = StoryState.NEW
    if known:
        state = StoryState.UPDATE if own else StoryState.ONGOING
    chosen, found = own or fresh, _topics(fresh, desk)
    # Where only one of two topics has an article that can be read, the story stands there.
    chosen = [member for member in chosen if desk.reads(member.row.article.lang)] or chosen
    scores = {topic.id: score(timeline, topic, desk) for topic in _topics(chosen, desk)}
    # Of equals the first: the digest's order.
    topic_id = max(scores, key=lambda each: scores[each].value)
    lead = _lead(timeline, chosen, topic_id, desk)
    article = _article(lead, topic_id, desk)
    others = fresh if known else timeline.members
    return Told(
        timeline=timeline,
        topic_id=topic_id,
        topic_ids=tuple(topic.id for topic in found),
        score=scores[topic_id],
        story=replace(
            _before(DigestStory(lead=article, state=state), known, desk),
            id=timeline.id if timeline.id > 0 else None,
            others=_others(others, lead, desk),
            sources=sources(timeline) if timeline.repeating else "",
            news=tuple(_news(timeline, fresh, desk)) if known else (),
            also=tuple(topic.name for topic in found if topic.id != topic_id),
            score=scores[topic_id].factors | {"value": scores[topic_id].value},
            reported=tuple(member.row.id for member in fresh),
        ),
    )


def alone(row: ArticleMatches) -> Timeline:
    """Make a story of an article that was not grouped; its number is none of the archive's."""
    return Timeline(id=-row.id, members=(StoryMember(row=row),))


def _until(timeline: Timeline, desk: Desk) -> Timeline:
    """Give a story as it was known at the end of the issue's window."""
    members = [
        member
        for member in timeline.members
        if member.row.id in desk.fresh or member.row.article.first_seen_at <= desk.until
    ]
    there = {member.row.id for member in members}
    return replace(
        timeline,
        members=tuple(
            member if member.copy_of in there else replace(member, copy_of=None)
            for member in members
        ),
    )


def _topics(members: Iterable[StoryMember], desk: Desk) -> list[TopicConfig]:
    """Give the issue's topics that found these articles anew."""
    ids = {match.topic_id for member in members for match in desk.fresh[member.row.id].matches}
    return [topic for topic in desk.topics if topic.id in ids]


def score(timeline: Timeline, topic: TopicConfig, desk: Desk) -> Score:
    """Judge a story for a topic, by what the desk knows of sources, rarity and taste."""
    weights: dict[str, float] = {}
    for member in timeline.members:
        article = member.row.article
        feed = desk.feeds.get(article.feed_url)
        given = feed.weight if feed else 1.0
        weights[article.source] = max(given, weights.get(article.source, 0.0))
    taste = desk.tastes.get(topic.id)
    return ranking.score(
        timeline,
        topic.id,
        desk.until,
        weight=topic.weight,
        words=topic.weights,
        sources=weights,
        rare=desk.rare,
        taste=taste.of(timeline) if taste else 1.0,
    )


def _lead(
    timeline: Timeline, members: Sequence[StoryMember], topic_id: str, desk: Desk
) -> StoryMember:
    """Choose the article to read: with the topic in its title, and the one that others repeat."""
    copied = Counter(member.copy_of for member in timeline.members)

    def rank(member: StoryMember) -> tuple[bool, int, float, int]:
        match = _match(member, topic_id, desk)
        in_title = match is not None and any(span.field == "title" for span in match.spans)
        return (
            in_title,
            copied[member.row.id],
            member.at.timestamp(),
            member.row.id,
        )

    about = [member for member in members if _match(member, topic_id, desk)]
    return max(about, key=rank)


def _match(member: StoryMember, topic_id: str, desk: Desk) -> Match | None:
    matches = desk.fresh[member.row.id].matches
    return next((match for match in matches if match.topic_id == topic_id), None)


def _others(
    members: Sequence[StoryMember], lead: StoryMember, desk: Desk
) -> tuple[DigestOutlet, ...]:
    """Give one article of each other outlet: its own report before a copy, one to be read first."""
    ordered = sorted(
        members,
        key=lambda one: (one.copy_of is not None, not desk.reads(one.row.article.lang), one.at),
    )
    found: dict[str, DigestOutlet] = {}
    for member in ordered:
        article = member.row.article
        if article.source != lead.row.article.source and len(found) < MAX_OTHERS:
            found.setdefault(
                article.source, DigestOutlet(name=article.source, url=_address(article))
            )
    return tuple(found.values())


def _before(story: DigestStory, known: Sequence[StoryMember], desk: Desk) -> DigestStory:
    """Say under which headline readers know a story: the one of the last issue that had one."""
    if not known:
        return story
    last = max(
        known,
        key=lambda one: (
            desk.reported[one.row.id].shown is Shown.LEAD,
            desk.reported[one.row.id].at,
            one.row.id,
        ),
    )
    return replace(
        story,
        before=short(last.row.article.title, MAX_BEFORE) or "(no title)",
        before_at=desk.reported[last.row.id].at.astimezone(desk.zone),
    )


def _news(timeline: Timeline, fresh: Sequence[StoryMember], desk: Desk) -> Iterable[str]:
    """Say what an update brings: who reports it now, and which figures nobody gave before."""
    new = {member.row.id for member in fresh}
    old = [member for member in timeline.members if member.row.id not in new]
    known = {member.row.article.source for member in old}
    outlets = dict.fromkeys(
        member.row.article.source for member in fresh if member.row.article.source not in known
    )
    if outlets:
        yield f"{len(outlets)} new source{'s' if len(outlets) > 1 else ''}"
    told = {figure for member in old for figure in _figures(member)}
    found: dict[str, str] = {}
    for member in fresh:
        if desk.reads(member.row.article.lang):
            found |= {key: words for key, words in _figures(member).items() if key not in told}
    if found:
        named = list(found.values())[:MAX_NEWS]
        yield f"new figure{'s' if len(found) > 1 else ''}: {', '.join(named)}"


def _figures(member: StoryMember) -> dict[str, str]:
    return figures(f"{member.row.article.title}\n{member.row.article.text}")


# -------------------------------------------------------------------------------------- article


def _article(member: StoryMember, topic_id: str, desk: Desk) -> DigestArticle:
    row = desk.fresh[member.row.id]
    article, matches = row.article, row.matches
    spans = [span for match in matches for span in match.spans]
    match = next(match for match in matches if match.topic_id == topic_id)
    feed = desk.feeds.get(article.feed_url)
    topic = next(topic for topic in desk.topics if topic.id == topic_id)
    language = article.lang.partition("-")[0]
    return DigestArticle(
        id=row.id,
        url=_address(article),
        title=_title(article, [span for span in spans if span.field == "title"]),
        snippet=text.excerpt(
            article.title[:MAX_COMPARED],
            article.text,
            [span for span in spans if span.field == "body"],
        ),
        source=article.source,
        label=feed.label if feed else "",
        lang=article.lang,
        time=member.at.astimezone(desk.zone),
        undated=article.published_at is None,
        why=_reasons(match.spans),
        foreign=""
        if desk.reads(article.lang)
        else f"{_LANGUAGES.get(language, language)} · {topic.name}",
        labels=match.labels,
    )


def _address(article: Article) -> str:
    return article.url if article.url.startswith(("https://", "http://")) else ""


def _title(article: Article, spans: Sequence[Span]) -> tuple[Piece, ...]:
    if not article.title:
        return (Piece(text="(no title)"),)
    if len(article.title) > MAX_TITLE:
        return text.snippet(article.title, spans, MAX_TITLE)
    return text.pieces(article.title, spans)


def _reasons(spans: Sequence[Span]) -> tuple[str, ...]:
    """Say what was found and where: ("阿里, Qwen in the title", "Tongyi in the text").

    A word found in the title is not named again for the text, nor one inside a longer find.
    """
    found: dict[str, tuple[str, str]] = {}
    for span in spans:
        word = short(span.surface, 40)
        if word.casefold() not in found and not any(_is_inside(span, other) for other in spans):
            found[word.casefold()] = (word, span.field)
    named = list(found.values())[:MAX_REASONS]
    in_title = ", ".join(word for word, field in named if field == "title")
    in_text = ", ".join(word for word, field in named if field == "body")
    reasons = (
        *([f"{in_title} in the title"] if in_title else ()),
        *([f"{in_text} in the text"] if in_text else ()),
    )
    # Another feed's longer text may have matched (see `save_poll`), or a topic that only says NOT.
    return reasons or ("for words that this version lacks",)


def _is_inside(span: Span, other: Span) -> bool:
    return (
        span.field == other.field
        and other.start <= span.start
        and span.end <= other.end
        and (span.start, span.end) != (other.start, other.end)
    )


def short(words: str, limit: int) -> str:
    """Give a text in one line of at most so many characters."""
    # So much of it is looked at that blanks do not matter: a title may be a book.
    line = " ".join(words[: 4 * limit].split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
