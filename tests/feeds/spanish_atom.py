"""Relative links against the document, a second language, dates in two elements."""

from datetime import UTC, datetime

from monitor.model import Entry, ParsedFeed

EXPECTED = ParsedFeed(
    title="El Faro del Norte",
    link="https://faro.example/noticias/",
    lang="es",
    entries=(
        Entry(
            guid="tag:faro.example,2026:17",
            link="https://feeds.example/sample/qwen-llega",
            title="La nueva versión de Qwen llega a España",
            text="El modelo abierto se presenta en Madrid.\nLa empresa enseñó tres tamaños.",
            author="Inés Robledo",
            published_at=datetime(2026, 3, 11, 9, 0, tzinfo=UTC),
        ),
        Entry(
            guid="tag:faro.example,2026:18",
            link="https://faro.example/noticias/catala",
            title="Una entrada en català",
            text="",
            lang="ca",
            published_at=datetime(2026, 3, 10, 11, 0, tzinfo=UTC),
        ),
    ),
)
