"""Fetch many feeds at once, politely, within limits, and never from where they must not come.

    fetcher.py   who waits for whom
    walk.py      one feed's way through redirects to its answer
    wire.py      httpx over connections that the guard allows
    guard.py     which addresses may be dialled at all
    body.py      what a server sent, inflated within a limit; what its headers ask for
    local.py     feeds that are files on this machine
    failure.py   how a walk ends early

Inside is the only asynchronous code of the product; outside, `Fetcher.fetch_many` is an iterator.
"""

from monitor.fetch.fetcher import Fetcher

__all__ = ["Fetcher"]
