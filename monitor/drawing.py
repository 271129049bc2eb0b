"""Small charts as SVG, each with its words: for pages and for files. Pure."""

from collections.abc import Collection, Sequence
from html import escape

WIDTH, HEIGHT = 300, 48


def trend(counts: Sequence[int], *, bursts: Collection[int], top: int, words: str) -> str:
    """Draw a bar for each day.

    Args:
        counts: The oldest day first.
        bursts: The days to be marked, as places in `counts`.
        top: The count that reaches the top; the same for charts that are compared.
        words: What it shows, for those who do not see it.
    """
    return _drawing(HEIGHT, words, f'<g fill="currentColor">{_bars(counts, bursts, top)}</g>')


def figure(
    counts: Sequence[int], *, bursts: Collection[int], top: int, words: str, begin: str, end: str
) -> str:
    """Draw the same for a report, with its words above and its first and last day below."""
    texts = (
        f'<text x="0" y="12" font-size="10">{escape(words)}</text>'
        f'<g font-size="8"><text x="0" y="{HEIGHT + 32}">{escape(begin)}</text>'
        f'<text x="{WIDTH}" y="{HEIGHT + 32}" text-anchor="end">{escape(end)}</text></g>'
    )
    bars = _bars(counts, bursts, top)
    line = f'<path d="M0 {HEIGHT}h{WIDTH}" stroke="currentColor" stroke-width="0.5"/>'
    chart = f'<g transform="translate(0 20)">{bars}{line}</g>'
    drawn = f'<g fill="currentColor" font-family="sans-serif">{texts}{chart}</g>'
    return _drawing(HEIGHT + 38, words, drawn)


def _drawing(height: int, words: str, drawn: str) -> str:
    said = escape(words)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{said}"><title>{said}</title>{drawn}</svg>'
    )


def _bars(counts: Sequence[int], bursts: Collection[int], top: int) -> str:
    step = WIDTH / max(len(counts), 1)
    bars = []
    for place, count in enumerate(counts):
        if not count:
            continue
        # What is there can be seen, however little it is.
        height = max(2.0, (HEIGHT - 6) * count / max(top, 1))
        x, width = place * step, step * 0.75
        bars.append(f'<rect x="{x:.1f}" y="{HEIGHT - height:.1f}" {_size(width, height)}/>')
        if place in bursts:
            middle = x + width / 2
            bars.append(f'<circle cx="{middle:.1f}" cy="{max(HEIGHT - height - 4, 2):.1f}" r="2"/>')
    return "".join(bars)


def _size(width: float, height: float) -> str:
    return f'width="{width:.1f}" height="{height:.1f}"'


def sparkline(counts: Sequence[int]) -> str:
    """Draw a line of text: ▁ for nothing, █ for the most."""
    most = max(counts, default=0)
    signs = "▁▂▃▄▅▆▇█"
    return "".join(signs[-(-count * 7 // most)] if most else signs[0] for count in counts)
