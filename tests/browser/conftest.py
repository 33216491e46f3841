"""A real browser: Chromium, driven by Playwright."""

import os
from collections.abc import Iterator

import pytest
from django.conf import settings
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.support.live_site import Site
from tests.support.redis import forget_connections

ARGUMENTS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]
OFFLINE = ("ERR_INTERNET_DISCONNECTED", "htmx:sendError", "htmx:afterRequest")  # wanted in one test


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Chromium itself, until the last test of this folder has ended."""
    program = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if not os.path.exists(program):
        if os.environ.get("CI"):
            pytest.fail(f"{program} is missing")
        pytest.skip(f"{program} is missing; CHROMIUM names another one")
    # Playwright keeps an event loop in this thread; Django must not take that for async code.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def with_tasks(tasks_run: None) -> None:
    """Pages show previews, which tasks draw."""


@pytest.fixture(autouse=True)
def patient_redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Browsers keep the machine busy: Redis may take longer than a request waits for it otherwise."""
    options = settings.CACHES["durable"]["OPTIONS"]["CONNECTION_POOL_KWARGS"]
    for name in ("socket_timeout", "socket_connect_timeout"):
        monkeypatch.setitem(options, name, 10.0)
    forget_connections()
    yield
    forget_connections()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests of layouts and controls, marked `widths`, run on a phone, too. Others run once."""
    if "page" in metafunc.fixturenames:
        is_both = metafunc.definition.get_closest_marker("widths") is not None
        widths = {"desktop": 1440, "phone": 375} if is_both else {"desktop": 1440}
        metafunc.parametrize("page", widths.values(), ids=widths.keys(), indirect=True)


@pytest.fixture
def page(chromium: Browser, site: Site, request: pytest.FixtureRequest) -> Iterator[Page]:
    """An empty page. Errors in its console fail the test."""
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        wanted = any(words in message.text for words in OFFLINE)
        if message.type in ("error", "warning") and not wanted:
            complaints.append(message.text)

    context = chromium.new_context(
        base_url=site.url, viewport={"width": request.param, "height": 900}
    )
    context.set_default_timeout(10_000)
    tab = context.new_page()
    tab.on("console", listen)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    yield tab
    context.close()
    assert complaints == []
