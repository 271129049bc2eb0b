"""Turn a digest into the mail that is sent, and give the pages their template environment.

The only module that knows jinja2 and css-inline.
"""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def html_environment(folder: Path) -> Environment:
    """Open our own page templates: everything escaped, a missing name is an error."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,  # select_autoescape() would leave "*.html.j2" raw
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
