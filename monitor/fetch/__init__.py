"""Fetch many feeds at once, politely, within limits, and never from where they must not come.

    fetcher.py   the walk of one feed through redirects to its answer; who waits for whom
    guard.py     which addresses may be dialled at all
    body.py      what a server sent, inflated within a limit; what its headers ask for
    failure.py   how a walk ends early

Inside is the only asynchronous code of the product; outside, `Fetcher.fetch_many` is an iterator.
"""

from monitor.fetch.fetcher import Fetcher

__all__ = ["Fetcher"]
