"""The text of one page, by trafilatura: runs in a child process only."""

import trafilatura

from monitor import markup


def read(page: str) -> str:
    """Give the article's own text, "" if the page has none that can be told from its frame.

    Args:
        page: HTML, decoded.
    """
    # `fast`: without its slower second and third opinion, which hostile pages are made for.
    found = trafilatura.extract(page, fast=True, include_comments=False)
    return markup.plain_text(found or "")
