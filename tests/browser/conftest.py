"""A real Chromium for tests that look at pages."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start the browser once; CI installs it, elsewhere tests may have to do without."""
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("chromium is not installed; .ci/run installs it")
        pytest.skip("no chromium on the PATH")
    with sync_playwright() as playwright:
        # Root may not use its sandbox, and /dev/shm is small in containers.
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@dataclass
class Observed:
    """What a page did while it was looked at."""

    errors: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)


@pytest.fixture
def observed() -> Observed:
    return Observed()


@pytest.fixture
def page(chromium: Browser, observed: Observed) -> Iterator[Page]:
    """Open an empty tab that notes errors, dialogs and requests to other machines."""
    context = chromium.new_context(viewport={"width": 1100, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(10_000)
    tab = context.new_page()
    observe(tab, observed)
    yield tab
    context.close()


def observe(tab: Page, observed: Observed) -> None:
    """Note what a tab does."""
    tab.on("pageerror", lambda error: observed.errors.append(str(error)))

    def dialog(shown: object) -> None:
        observed.dialogs.append(shown.message)  # type: ignore[attr-defined]  # a Dialog
        shown.dismiss()  # type: ignore[attr-defined]

    tab.on("dialog", dialog)

    def refuse(route: object) -> None:
        observed.outside.append(route.request.url)  # type: ignore[attr-defined]  # a Route
        route.abort()  # type: ignore[attr-defined]

    tab.context.route(
        lambda url: not url.startswith(("http://127.0.0.1:", "data:", "about:")), refuse
    )
