"""What a reader is told of a story: its sources, its figures."""

from monitor.model import Timeline
from monitor.stories.tokens import amounts

#: So much of a title and text is looked at.
MAX_TEXT = 1_500


def sources(story: Timeline) -> str:
    """Say who carries a story: "12 outlets, 9 of them copies of one text"."""
    outlets, copies = len(story.outlets), len(story.repeating)
    told = "1 outlet" if outlets == 1 else f"{outlets} outlets"
    if not copies:
        return told
    number = len({member.copy_of for member in story.members} - {None})
    copied = "a copy" if copies == 1 else "copies"
    texts = "one text" if number == 1 else f"{number} texts"
    return f"{told}, {copies} of them {copied} of {texts}"


def figures(text: str) -> dict[str, str]:
    """Give the amounts that a text tells, as written there, by what they mean.

    `$2 billion` and `20亿美元` mean the same; bare numbers (days, places in a list) tell nothing.
    """
    return amounts(text[:MAX_TEXT])
