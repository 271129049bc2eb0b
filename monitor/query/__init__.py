"""The query language of topics and search.

terms      what one word or phrase hits
grammar    from text to a tree of terms, with errors that underline the fault
topics     the lists of a topic in config.toml
search     a query for the archive's search index
"""

from monitor.query.grammar import And, Near, Node, Not, Or, parse
from monitor.query.search import for_index
from monitor.query.terms import Term, find
from monitor.query.topics import TopicQuery, compile_topic

__all__ = [
    "And",
    "Near",
    "Node",
    "Not",
    "Or",
    "Term",
    "TopicQuery",
    "compile_topic",
    "find",
    "for_index",
    "parse",
]
