"""What a reader is told of a story's sources."""

from monitor.model import Timeline


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
