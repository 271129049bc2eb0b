"""The commands for a changed configuration: try it, have it taken over, see what was before."""

from __future__ import annotations

import difflib
import json
import os
import sys
import time
from dataclasses import asdict, replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.console import (
    Commands,
    count,
    fitted,
    local,
    opened,
    print_json,
    with_config,
    with_json,
)
from monitor.errors import BusyError, ConfigError, MonitorError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.app import App
    from monitor.change import Sample, Trial, Yield
    from monitor.config import TopicConfig
    from monitor.model import ArchiveFilter, ArticleMatches
    from monitor.suggest import Suggestion

#: The id of a topic that only `--query` has.
_LOOSE = "query"
#: Of the items of a topic so many are listed.
_MOST_ITEMS = 8
_MOST_DEAD = 12


def _period(_ctx: click.Context, _param: click.Parameter, value: str) -> timedelta:
    from monitor.config.checks import duration  # noqa: PLC0415

    try:
        return duration(value)
    except ValueError as error:
        raise click.BadParameter(f'"{value}" {error}') from error


@click.command("try", short_help="Show what a change of topics would gain and lose.")
@with_config
@click.argument("topic", required=False)
@click.option(
    "--new",
    "candidate",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The changed copy of the configuration; without it, the configuration itself.",
)
@click.option(
    "--query", metavar="QUERY", help="Try this query, for TOPIC or as a topic of its own."
)
@click.option(
    "--since",
    "period",
    default="30d",
    show_default=True,
    callback=_period,
    metavar="TIME",
    help='Try it on the articles of so long: "30d", "12w".',
)
@with_json
def try_(
    path: Path,
    topic: str | None,
    candidate: Path | None,
    query: str | None,
    period: timedelta,
    *,
    as_json: bool,
) -> None:
    """Show what changed topics would gain and lose among the stored articles; nothing is changed.

    What is tried is compared with the configuration that was applied last. With TOPIC, only that
    topic is tried, changed or not.
    """
    from monitor import change  # noqa: PLC0415
    from monitor.app import read_config  # noqa: PLC0415

    if candidate and query is not None:
        raise click.UsageError("--new and --query are two things to try; give one of them")
    with opened(path) as app:
        applied = app.applied()
        before = applied.topics if applied else ()
        after = read_config(candidate).topics if candidate else app.config.topics
        if query is not None:
            query = os.fsencode(query).decode("utf-8", "replace")
            before, after, topic = _with_query(before, query, topic)
        _check_known(topic, (*before, *after))
        now = app.clock()
        trials = change.try_topics(
            app.store, before, after, since=now - period, now=now, only=topic
        )
        zone, is_empty = app.config.zone, app.store.first_seen_at() is None
    if as_json:
        print_json({"since": (now - period).isoformat(), "topics": list(map(_json, trials))})
        return
    if is_empty:
        raise MonitorError("no article is stored yet to try it on; `monitor poll` reads the feeds")
    if applied is None:
        click.echo(fitted("no configuration was applied yet, so all that is found is gained"))
    print_trials(trials, zone, since=now - period, full=topic is not None)


def _with_query(
    before: tuple[TopicConfig, ...], query: str, topic: str | None
) -> tuple[tuple[TopicConfig, ...], tuple[TopicConfig, ...], str]:
    """Put a query in the place of a topic's lists, or beside all topics."""
    from monitor.config import TopicConfig  # noqa: PLC0415
    from monitor.matcher import compiled  # noqa: PLC0415

    wanted = topic or _LOOSE
    if topic is None:
        before = tuple(each for each in before if each.id != _LOOSE)
    names = {each.id: each.name for each in before}
    tried = TopicConfig(id=wanted, name=names.get(wanted, query[:60]), query=query)
    compiled(tried)  # a fault in it is told before anything is looked through
    return before, (*(each for each in before if each.id != wanted), tried), wanted


def _check_known(topic: str | None, topics: tuple[TopicConfig, ...]) -> None:
    known = list(dict.fromkeys(each.id for each in topics))
    if topic is not None and topic not in known:
        raise MonitorError(f'there is no topic "{topic}"; there are {", ".join(known) or "none"}')


def print_trials(
    trials: tuple[Trial, ...], zone: tzinfo, *, since: datetime, full: bool = False
) -> None:
    """Tell what a change does, topic by topic."""
    if not trials:
        click.echo("no topic looks for anything else than before")
    for number, trial in enumerate(trials):
        if number:
            click.echo()
        new = "" if trial.was_there else " (new)"
        gone = "" if trial.is_there else " (taken out; its matches stay in the archive)"
        before, after = trial.a_day
        marked = [
            f"{number:,} marked {mark}"
            for mark, number in (
                ("relevant", trial.lost_relevant),
                ("irrelevant", trial.lost_irrelevant),
            )
            if number
        ]
        of_it = f" ({', '.join(marked)})" if marked else ""
        click.echo(
            fitted(
                f"{trial.name}{new}{gone}: +{trial.gained:,} gained, -{trial.lost:,} lost{of_it}, "
                f"={trial.kept:,} kept since {local(since, zone)[:10]}; "
                f"about {after:.1f} articles a day" + (f", before {before:.1f}" if before else "")
            )
        )
        for sign, samples in (("+", trial.gains), ("-", trial.losses)):
            for sample in samples:
                click.echo(fitted(f"{sign} {_line(sample, zone)}", "  "))
        if trial.unindexed:
            named = ", ".join(map(_short, trial.unindexed[:_MOST_ITEMS]))
            told = "every article of that time was read, since the search index cannot look for"
            click.echo(fitted(f"{told} {named}", "  "))
        if trial.is_there:
            _print_yields(trial.yields, full=full)


def _line(sample: Sample, zone: tzinfo) -> str:
    words = dict.fromkeys(" ".join(span.surface.split()) for span in sample.spans)
    found = ", ".join(f"“{word}”" for word in list(words)[:4])
    return f"{local(sample.at, zone)[:10]} {sample.title[:160]} ({sample.source}) {found}".rstrip()


def _print_yields(yields: tuple[Yield, ...], *, full: bool) -> None:
    bringing = sorted((each for each in yields if each.found), key=lambda each: -each.alone)
    dead = [each.item for each in yields if not each.found]
    shown = bringing if full else [each for each in bringing if each.alone][:_MOST_ITEMS]
    if shown:
        click.echo("  what an item of `any` brings, and what no other one brings:")
    for each in shown:
        example = f'  such as "{each.example[:80]}"' if each.example else ""
        judged = each.relevant + each.irrelevant
        marks = f"  {each.relevant:,} of {judged:,} marked ones relevant" if judged else ""
        line = f"{each.found:>6,} {each.alone:>6,}  {_short(each.item)}{marks}{example}"
        click.echo(fitted(line, "  "))
    if dead:
        named = ", ".join(map(_short, dead if full else dead[:_MOST_DEAD]))
        more = len(dead) - _MOST_DEAD
        rest = f" and {more} more" if more > 0 and not full else ""
        click.echo(fitted(f"{count(len(dead), 'item')} brought nothing: {named}{rest}", "  "))


def _short(item: str) -> str:
    return item if len(item) <= 60 else item[:59] + "…"


def _json(trial: Trial) -> dict[str, object]:
    before, after = trial.a_day
    return {
        "topic": trial.topic_id,
        "name": trial.name,
        "new": not trial.was_there,
        "taken_out": not trial.is_there,
        "gained": trial.gained,
        "lost": trial.lost,
        "kept": trial.kept,
        "lost_marked": {"relevant": trial.lost_relevant, "irrelevant": trial.lost_irrelevant},
        "articles_a_day": {"before": round(before, 3), "after": round(after, 3)},
        "unindexed": list(trial.unindexed),
        "gains": list(map(_sample_json, trial.gains)),
        "losses": list(map(_sample_json, trial.losses)),
        "items": list(map(asdict, trial.yields)),
    }


def _sample_json(sample: Sample) -> dict[str, object]:
    return {**asdict(sample), "at": sample.at.isoformat()}


#: So many articles are looked through for suggestions, so many at a time.
_MOST_READ = 20_000
_READ_AT_ONCE = 500


@click.command(short_help="Suggest words for a topic, as lines to paste.")
@with_config
@click.argument("topic")
@click.option(
    "--since",
    "period",
    default="90d",
    show_default=True,
    callback=_period,
    metavar="TIME",
    help=f'Learn from the articles of so long: "30d", "12w"; at most {_MOST_READ:,}.',
)
@with_json
def suggest(path: Path, topic: str, period: timedelta, *, as_json: bool) -> None:
    """Suggest what TOPIC could look for or leave out, from its matches, near misses and marks.

    Nothing is changed. `monitor try` tells what a word would bring.
    """
    from monitor import noise  # noqa: PLC0415
    from monitor.model import ArchiveFilter, Mark  # noqa: PLC0415
    from monitor.suggest import suggest as learn  # noqa: PLC0415

    with opened(path) as app:
        _check_known(topic, app.config.topics)
        wanted = next(each for each in app.config.topics if each.id == topic)
        recent = ArchiveFilter(since=app.clock() - period, matched_only=False)
        matched = [row.id for row in _newest(app, replace(recent, topic_id=topic))]
        found = learn(
            wanted, lambda: _newest(app, recent), stories=app.store.story_numbers(matched)
        )
        said = app.store.mark_counts().get(topic, {})
        judged = [each for each in noise.look(app.store, topic).words if each.precision is not None]
    relevant, irrelevant = said.get(Mark.RELEVANT, 0), said.get(Mark.IRRELEVANT, 0)
    if as_json:
        words = list(map(asdict, judged))
        marked = {"relevant": relevant, "irrelevant": irrelevant, "words": words}
        print_json({"topic": topic, "marked": marked, **asdict(found)})
        return
    if relevant or irrelevant:
        click.echo(f"# {_share(relevant, irrelevant)} of what was marked is relevant; by word:")
    for each in sorted(judged, key=lambda each: each.precision or 0)[:_MOST_ITEMS]:
        click.echo(f"#     {_share(each.relevant, each.irrelevant)}  {_short(each.name)}")
    _print_list("any", found.add, "{0.matches:,} matches say it, {0.others:,} other articles")
    _print_list(
        "none",
        found.leave_out,
        "{0.matches:,} irrelevant matches say it, {0.others:,} without a judgement",
    )
    if found.near_misses:
        click.echo("# Near misses: articles that are one clause short")
    for miss in found.near_misses:
        told = f"{count(miss.others, 'article')}: {miss.text} without {miss.missing}"
        click.echo(fitted(" ".join(told.split()), "# "))
        for title in miss.examples:
            click.echo(fitted(f"such as {title[:160]}", "#     "))
    if not (found.add or found.leave_out or found.near_misses):
        click.echo("nothing to suggest yet; it takes some matches, or marks in the archive")


def _newest(app: App, wanted: ArchiveFilter) -> Iterator[ArticleMatches]:
    after = None
    for _ in range(_MOST_READ // _READ_AT_ONCE):
        page = app.store.page(wanted, after=after, limit=_READ_AT_ONCE)
        yield from page.articles
        after = page.next
        if after is None:
            return


def _share(relevant: int, irrelevant: int) -> str:
    """Say "75 % (6 of 8)"."""
    judged = relevant + irrelevant
    return f"{100 * relevant / judged:.0f} % ({relevant:,} of {judged:,})"


def _print_list(key: str, found: tuple[Suggestion, ...], told: str) -> None:
    """Print what may go into a list of the topic, as TOML with the reasons as comments."""
    if not found:
        return
    click.echo(f"# for the list `{key}`")
    for each in found:
        click.echo(f"{json.dumps(each.text, ensure_ascii=False)},  # {told.format(each)}")
        for title in each.examples:
            click.echo(fitted(f"such as {title[:160]}", "#     "))


#: How long `monitor reload` waits for the service.
_PATIENCE = timedelta(seconds=15)


@click.command(short_help="Have a running monitor take the configuration over.")
@with_config
def reload(path: Path) -> None:
    """Have the running monitor read its configuration again, and wait until it has.

    A configuration with mistakes is told here, and not taken over.
    """
    from monitor.watching import request_file  # noqa: PLC0415

    with opened(path) as app:
        try:
            with app.sole_service():
                alone = not app.is_shared
        except BusyError:
            alone = False
        if alone:
            raise MonitorError(
                f"no monitor runs with {path}; it takes the file as it is when it is started"
            )
        app.data.mkdir(parents=True, exist_ok=True)
        request_file(app.data).write_text("", encoding="utf-8")
        end = time.monotonic() + _PATIENCE.total_seconds()
        while app.store.applied_config() != app.config.text:
            if time.monotonic() > end:
                raise MonitorError(
                    f"the monitor did not take {path} over; does it run, and with this file? "
                    "Its log says why"
                )
            time.sleep(0.1)
    click.echo(f"{path} is in force")


@click.group(cls=Commands)
def config() -> None:
    """See the configuration and those that were applied before, and go back to one."""


@config.command("log", short_help="List the configurations that were applied.")
@with_config
@with_json
def log_(path: Path, *, as_json: bool) -> None:
    """List the configurations that were applied, the newest first: when, and what they changed."""
    with opened(path) as app:
        versions = app.store.config_versions()
        zone = app.config.zone
    if as_json:
        print_json(
            [
                {
                    "version": version.id,
                    "accepted": version.accepted_at.isoformat(),
                    "changes": version.changes,
                    "gained": version.gained,
                    "lost": version.lost,
                }
                for version in versions
            ]
        )
        return
    if not versions:
        click.echo("no configuration was applied yet")
    for version in versions:
        told = "; ".join(version.changes) or "only comments changed"
        effect = (
            f" (old articles found: {version.gained:,}, matches lost: {version.lost:,})"
            if version.gained or version.lost
            else ""
        )
        click.echo(fitted(f"{version.id}  {local(version.accepted_at, zone)}  {told}{effect}"))


@config.command(short_help="Show the configuration.")
@with_config
@click.option("--effective", is_flag=True, help="With every key, the defaults included.")
def show(path: Path, *, effective: bool) -> None:
    """Show the configuration as it stands in the file, or all that is in force by it."""
    from monitor import config as configuration  # noqa: PLC0415
    from monitor.app import read_config  # noqa: PLC0415

    found = read_config(path)
    click.echo(configuration.effective(found) if effective else found.text, nl=False)


@config.command(short_help="Put an earlier configuration back.")
@with_config
@click.argument("version", type=int, required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
def revert(path: Path, version: int | None, *, yes: bool) -> None:
    """Put the configuration before the present one back, or VERSION of `monitor config log`.

    The file need not be right. What it says now, if it was never applied, is kept beside it under a
    name that ends in .before.
    """
    from monitor.app import versions_of  # noqa: PLC0415
    from monitor.subscribe import replace_file  # noqa: PLC0415

    try:
        before = path.read_bytes()
    except OSError as error:
        raise MonitorError(f"{path} cannot be read: {error.strerror}") from error
    present = before.decode("utf-8", "replace")
    texts = {each.id: each.text for each in versions_of(path)}
    if version is None:
        version = next((number for number, text in texts.items() if text != present), None)
    if version is None:
        raise MonitorError(f"no configuration but that of {path} was applied so far")
    if version not in texts:
        raise MonitorError(
            f"there is no configuration {version}; `monitor config log` lists those there are"
        )
    diff = difflib.unified_diff(present.splitlines(), texts[version].splitlines(), lineterm="", n=1)
    for line in list(diff)[2:]:
        click.echo(line)
    if texts[version] == present:
        click.echo(f"{path} is version {version} already")
        return
    if not yes:
        click.confirm("Put this back?", abort=True)
    if present not in texts.values():
        path.with_name(f"{path.name}.before").write_bytes(before)
    replace_file(path.resolve(), texts[version].encode())
    click.echo(f"{path} is version {version} again")


@click.command(short_help="Edit the configuration and see first what that changes.")
@with_config
def edit(path: Path) -> None:
    """Open a copy of the configuration in $EDITOR, check it, show what it gains and loses, ask.

    Only then is the file replaced, in one step. A copy that is not taken over stays beside it.
    """
    from monitor.subscribe import replace_file  # noqa: PLC0415

    copy = path.with_name(f"{path.stem}.edit{path.suffix}")
    try:
        before = path.read_bytes()
        copy.write_bytes(before)
    except OSError as error:
        raise MonitorError(f"{path} cannot be copied to {copy.name}: {error.strerror}") from error
    while True:
        click.edit(filename=str(copy))
        if copy.read_bytes() == before:
            copy.unlink()
            click.echo("nothing was changed")
            return
        if _review(copy) and click.confirm("Take this over?"):
            break
        if not click.confirm("Edit again?", default=True):
            click.echo(f"nothing was changed; your text is in {copy}")
            return
    if path.read_bytes() != before:
        raise MonitorError(
            f"{path} was changed by somebody else meanwhile, so nothing was written; your text is "
            f"in {copy}"
        )
    replace_file(path.resolve(), copy.read_bytes())
    copy.unlink()
    click.echo(f"{path} was changed; a running monitor takes it over by itself")


def _review(copy: Path) -> bool:
    """Tell what is wrong with a changed configuration, else what it gains and loses."""
    from monitor import change  # noqa: PLC0415

    try:
        with opened(copy) as app:
            applied, now = app.applied(), app.clock()
            since = now - timedelta(days=30)
            before = applied.topics if applied else ()
            trials = change.try_topics(app.store, before, app.config.topics, since=since, now=now)
            zone, new = app.config.zone, app.config
    except ConfigError as error:
        click.echo(str(error), err=True)
        return False
    for line in change.differences(applied, new):
        click.echo(fitted(line))
    print_trials(trials, zone, since=since)
    return True


@click.command(short_help="Write a configuration of your own.")
@with_config
@click.option("--topic", "topics", multiple=True, metavar="WORDS", help="Watch this; repeatable.")
@click.option("--to", metavar="ADDRESS", help="Who gets the digest.")
@click.option("--smtp", metavar="HOST", help="The mail server.")
@click.option("--from", "sender", metavar="ADDRESS", help="Who the mail is from; else as --to.")
def init(
    path: Path, topics: tuple[str, ...], to: str | None, smtp: str | None, sender: str | None
) -> None:
    """Write a commented configuration; without options, a person at a terminal is asked.

    A file that is there is never overwritten. Without --topic it has the topics that are shipped.
    """
    from monitor import config as configuration  # noqa: PLC0415
    from monitor.app import shipped_config  # noqa: PLC0415

    if path.exists():
        raise MonitorError(f"{path} is there already; `monitor edit` changes it")
    if not (topics or to or smtp or sender) and sys.stdin.isatty():
        words = click.prompt("What to watch, with commas between (empty: examples)", default="")
        topics = tuple(each for each in map(str.strip, words.split(",")) if each)
        to = click.prompt("Who gets the digest by mail (empty: nobody)", default="")
        smtp = click.prompt("Your mail server (empty: files only)", default="") if to else ""
    if (smtp or sender) and not to:
        raise click.UsageError("a mail server is of use with --to ADDRESS only")
    text = _filled(shipped_config().read_text("utf-8"), topics, to, smtp, sender or to)
    configuration.load(text, path=str(path))
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise MonitorError(f"{path} cannot be written: {error.strerror}") from error
    click.echo(f"{path} is written; `monitor check` looks it over, `monitor run` starts")
    if smtp:
        click.echo("the user name and password of the mail server: SMTP_USER and SMTP_PASSWORD")


def _filled(
    text: str, topics: tuple[str, ...], to: str | None, smtp: str | None, sender: str | None
) -> str:
    """Put answers into the shipped configuration, so that its comments stay."""

    def quoted(value: str) -> str:
        return json.dumps(os.fsencode(value).decode("utf-8", "replace"), ensure_ascii=False)

    if topics:
        start, end = (
            text.index("\n[[topic]]\n"),
            text.index("\n\n# ------", text.index("[[topic]]")),
        )
        tables = (
            f'\n[[topic]]\nid = "topic-{number}"\nname = {quoted(words)}\nany = [{quoted(words)}]\n'
            for number, words in enumerate(topics, 1)
        )
        text = text[:start] + "".join(tables) + text[end:]
    if to:
        text = text.replace('\n#to = ["me@example.com"]', f"\nto = [{quoted(to)}]")
    if to and smtp:
        start = text.index("\n#[mail]\n")
        end = text.index("\n\n", start)
        table = text[start:end].replace("\n#", "\n").replace("smtp.example.com", quoted(smtp)[1:-1])
        table = table.replace("News Monitor <me@example.com>", quoted(sender or to)[1:-1])
        text = text[:start] + table + text[end:]
    return text
