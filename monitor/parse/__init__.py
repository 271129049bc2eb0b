"""Feed documents to `ParsedFeed`, in worker processes that can be killed.

`ParserPool` is the door. Behind it, in a child: `decoding` (bytes to text),
`detection` (the encoding of bytes that nobody labelled), `document` (what is it),
`changes` (which of its `items` are not in the `imprint` of the last one),
`plain` (items without anything unusual), `repair` and `feedxml` (all other RSS, RDF
and Atom, by feedparser), `jsonfeed`, `entries`, `dates`.
"""

from monitor.parse.pool import ParserPool

__all__ = ["ParserPool"]
