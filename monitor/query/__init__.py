"""The query language of topics and search.

terms      what one word or phrase hits
tree       the nodes that a query is made of
grammar    from text to a tree, with errors that underline the fault
topics     from the lists of a topic in config.toml to one tree
evaluate   whether a tree holds for an article, and where
explain    why a tree holds, or does not
presearch  which of many trees are worth trying
lint       what can hardly be meant
search     a query and an article, as the archive's search index sees them
"""

from monitor.query.evaluate import MAX_SPANS, Hit, Scan, evaluate
from monitor.query.explain import NOT_THERE, Finding, explain
from monitor.query.grammar import Doubt, parse, read
from monitor.query.presearch import Presearch
from monitor.query.search import (
    BETWEEN,
    GAP,
    SIGN,
    STOP,
    TOUCH,
    Asked,
    Words,
    for_index,
    words_of,
)
from monitor.query.terms import Term, find, words_of_term
from monitor.query.topics import TopicQuery, compile_topic
from monitor.query.tree import Node, Or, wanted_terms

__all__ = [
    "BETWEEN",
    "GAP",
    "MAX_SPANS",
    "NOT_THERE",
    "SIGN",
    "STOP",
    "TOUCH",
    "Asked",
    "Doubt",
    "Finding",
    "Hit",
    "Node",
    "Or",
    "Presearch",
    "Scan",
    "Term",
    "TopicQuery",
    "Words",
    "compile_topic",
    "evaluate",
    "explain",
    "find",
    "for_index",
    "parse",
    "read",
    "wanted_terms",
    "words_of",
    "words_of_term",
]
