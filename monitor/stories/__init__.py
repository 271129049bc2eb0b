"""Stories: the articles about one event, whatever outlet, wording or language.

tokens       from a headline to what can be compared across desks and languages
glossary     names and terms that mean the same; `groups` are the shipped ones
similarity   how alike two articles are
linking      from pairs to groups
copies       which articles of a story only repeat another
clustering   all of it: stories whose ids stay
facts        who carries a story and what it counts, in words
"""

from monitor.stories.clustering import cluster, count
from monitor.stories.copies import copies
from monitor.stories.facts import figures, sources
from monitor.stories.glossary import Glossary
from monitor.stories.similarity import WINDOW, Statistics

__all__ = ["WINDOW", "Glossary", "Statistics", "cluster", "copies", "count", "figures", "sources"]
