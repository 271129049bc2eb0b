"""Small pieces of messages."""

import difflib
from collections.abc import Iterable, Sequence


def quoted(words: Iterable[str]) -> str:
    """Put each word in quotation marks."""
    return ", ".join(f'"{word}"' for word in words)


def nearest(word: str, known: Sequence[str]) -> str:
    """Give the known word that is spelled most alike, or "" if nothing is near."""
    by_small = {name.casefold(): name for name in reversed(known)}
    near = difflib.get_close_matches(word[:100].casefold(), list(by_small), n=1, cutoff=0.6)
    return by_small[near[0]] if near else ""


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Give '; did you mean "x"?', or "" if nothing is near."""
    near = nearest(word, known)
    return f'; did you mean "{near}"?' if near else ""
