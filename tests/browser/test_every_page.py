"""All pages, for each role, at the width of a small phone, with the longest names that players can choose."""

import os
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from accounts.models import User
from config.limits import rate_limits
from tests.support.factories import PASSWORD
from tests.support.live_site import Site
from tests.support.long_names import ROLES, LongNames

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# Returns what is wider than the page, or than its own box.
TOO_WIDE = """() => {
  for (const details of document.querySelectorAll("details")) details.open = true;
  const found = [];
  if (document.documentElement.scrollWidth > innerWidth) {
    found.push(`the page: ${document.documentElement.scrollWidth} px`);
  }
  const clips = (element) => getComputedStyle(element).overflowX !== "visible";
  for (const element of document.querySelectorAll("body *")) {
    if (element.closest("svg, select, .visually-hidden") || !element.checkVisibility()) continue;
    let inside = false;
    for (let outer = element.parentElement; outer; outer = outer.parentElement) inside ||= clips(outer);
    const { right, left } = element.getBoundingClientRect();
    const name = `${element.tagName}.${element.className}`;
    if (!inside && (right > innerWidth + 1 || left < -1)) found.push(`${name}: from ${left} to ${right}`);
    const isBox = !getComputedStyle(element).display.startsWith("inline") || element.matches(".button");
    // Links in lines have a margin of -8 px, so that their touch target is larger than their text.
    if (isBox && !clips(element) && element.scrollWidth > element.clientWidth + 8) {
      found.push(`${name}: ${element.scrollWidth} in ${element.clientWidth}`);
    }
  }
  return found;
}"""
# Returns neighbouring words that touch although a space is between them, or that have no space between them.
TOUCHING = r"""() => {
  const BLOCKS = "p, li, h1, h2, dt, dd, td, th, label, summary, button, .button, div, section, nav, form";
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const words = [];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const element = node.parentElement;
    const isSkipped = element.closest(".visually-hidden, svg, select, textarea");
    if (!node.data.trim() || isSkipped || !element.checkVisibility()) continue;
    const range = document.createRange();
    range.setStart(node, node.data.search(/\S/));
    range.setEnd(node, node.data.trimEnd().length);
    const boxes = [...range.getClientRects()].filter((box) => box.width);
    const block = element.closest(BLOCKS);
    if (boxes.length) words.push({ text: node.data, block, first: boxes[0], last: boxes.at(-1) });
  }
  const found = [];
  words.slice(1).forEach((word, n) => {
    const before = words[n];
    const isLine = word.first.top < before.last.bottom - 4 && before.last.top < word.first.bottom - 4;
    const isText = /[\p{L}\p{N}.,:)]\s*$/u.test(before.text) && /^\s*[\p{L}\p{N}(]/u.test(word.text);
    const gap = Math.max(word.first.left - before.last.right, before.last.left - word.first.right);
    if (before.block !== word.block || !isLine || !isText || gap >= 2) return;
    found.push(`touch: ${before.text.trim().slice(-20)}|${word.text.trim().slice(0, 20)}`);
  });
  return found;
}"""
INVALID = "document.querySelectorAll('[aria-invalid=true], :user-invalid, .field--invalid').length"
# Pages that show an error; the socket of a page that is left.
EXPECTED = ("Failed to load resource",)


@pytest.fixture(autouse=True)
def no_rate_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pages", "pictures", "sockets", "codes"):
        policy = replace(rate_limits.POLICIES[name], limit=10**6)
        monkeypatch.setitem(rate_limits.POLICIES, name, policy)


@pytest.fixture
def world(transactional_db: None) -> LongNames:
    return LongNames.create()


class Visit:
    """A tab of a small phone, and the errors in its console."""

    def __init__(self, chromium: Browser, site: Site, user: User | None) -> None:
        self.context = chromium.new_context(
            base_url=site.url, viewport={"width": 320, "height": 800}
        )
        if user:  # signs in without the form
            client = Client()
            client.force_login(user)
            name = settings.SESSION_COOKIE_NAME
            cookie = {"name": name, "value": client.cookies[name].value, "url": site.url}
            self.context.add_cookies([cookie])  # type: ignore[list-item]
        self.tab = self.context.new_page()
        self.complaints: list[str] = []
        self.tab.on("console", self.listen)
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))

    def listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(EXPECTED):
            self.complaints.append(f"{self.tab.url}: {message.text}")


@pytest.fixture
def visit(
    chromium: Browser, site: Site, world: LongNames, request: pytest.FixtureRequest
) -> Iterator[Visit]:
    made = Visit(chromium, site, world.users[request.param])
    yield made
    made.context.close()


@pytest.mark.parametrize(("visit", "role"), [(role, role) for role in ROLES], indirect=["visit"])
def test_no_name_widens_a_page(visit: Visit, world: LongNames, role: str) -> None:
    faults: dict[str, str] = {}
    for address in world.addresses(role):
        visit.tab.goto(address)
        found = visit.tab.evaluate(TOO_WIDE)
        if "/admin/" not in visit.tab.url:
            found += visit.tab.evaluate(TOUCHING)
            if "free=WWW" not in address and visit.tab.evaluate(INVALID):
                found.append("a control is announced as invalid")
        faults |= dict.fromkeys(found, address[:80])
    assert faults == {}
    assert visit.complaints == []


@pytest.mark.parametrize(("visit", "role"), [(role, role) for role in ROLES], indirect=["visit"])
def test_back_and_forward_cause_no_errors(visit: Visit, world: LongNames, role: str) -> None:
    seen = set()
    for address in world.addresses(role):
        kind = re.sub(r"[0-9a-f-]{36}|W{9,}", "", address)
        if kind in seen:
            continue
        seen.add(kind)
        visit.tab.goto(address)
        visit.tab.goto("/privacy/")
        visit.tab.go_back()
        visit.tab.go_forward()
        visit.tab.go_back()
    assert visit.complaints == []


def go_back(tab: Page) -> None:
    """Goes back like a user. Playwright would wait for a load, which a cached page does not have."""
    address = tab.url
    tab.evaluate("history.back()")
    expect(tab).not_to_have_url(address)
    tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


@pytest.mark.parametrize("visit", ["player"], indirect=True)
def test_back_causes_no_errors_although_a_style_was_set(visit: Visit) -> None:
    """The copy of a page that htmx keeps is HTML, in which the CSP rejects styles."""
    tab = visit.tab
    tab.set_viewport_size({"width": 1280, "height": 800})
    tab.goto("/maps/")
    for order in ("Top", "New", "Most played", "Surprise me"):
        tab.evaluate(
            """() => {
              for (const element of document.querySelectorAll("body, #results, .card, #q, [id^=order]")) {
                element.style.opacity = "0.99";
              }
            }"""
        )
        tab.get_by_role("link", name=order, exact=True).click()
        expect(tab.locator("[aria-current=true]")).to_have_text(order)
    text = '<p style="x"> style="y" > \'z\''
    tab.evaluate("text => { document.querySelector('.card__name').textContent = text; }", text)
    tab.get_by_role("link", name="New", exact=True).click()
    expect(tab.locator("[aria-current=true]")).to_have_text("New")
    go_back(tab)
    expect(tab.locator(".card__name").first).to_have_text(text)
    for _ in range(4):
        go_back(tab)
    expect(tab.locator("[aria-current=true]")).to_have_text("Hot")
    assert visit.complaints == []


@pytest.mark.parametrize("path", ["/maps/", "/lobbies/", "map", "/tribes/new/", "/collections/"])
def test_back_to_a_cached_page_causes_no_errors(
    chromium: Browser, site: Site, world: LongNames, path: str
) -> None:
    """Browsers keep pages for going back. Their sockets are closed and opened again."""
    caching = chromium.browser_type.launch(
        executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
        args=["--no-sandbox", "--disable-gpu"],
        ignore_default_args=["--disable-back-forward-cache"],
    )
    visit = Visit(caching, site, world.users["player"])
    tab = visit.tab
    tab.add_init_script("addEventListener('pageshow', (event) => { cached = event.persisted; });")
    tab.goto(world.maps[0].get_absolute_url() if path == "map" else path)
    if path == "/lobbies/":
        expect(tab.get_by_text("Live", exact=True)).to_be_visible()
    tab.get_by_role("link", name="Privacy").click()
    expect(tab.get_by_role("heading", name="Privacy", exact=True)).to_be_visible()
    go_back(tab)
    assert tab.evaluate("cached")
    if path == "/lobbies/":
        expect(tab.get_by_text("Live", exact=True)).to_be_visible()
    assert visit.complaints == []
    caching.close()


@pytest.mark.parametrize("visit", ["host"], indirect=True)
def test_no_message_widens_a_page(visit: Visit, world: LongNames) -> None:
    tab = visit.tab
    tab.goto(f"/tribes/{world.tribes['host'][1].pk}/")
    tab.get_by_role("button", name="Save tribe").click()
    expect(tab.get_by_text("is saved.")).to_be_visible()
    assert tab.evaluate(TOO_WIDE) == []
    tab.goto(f"/tribes/{world.tribes['host'][1].pk}/delete")
    tab.get_by_role("button", name="Delete tribe").click()
    expect(tab.get_by_text("is deleted.")).to_be_visible()
    assert tab.evaluate(TOO_WIDE) == []
    tab.goto(world.collections[0].get_absolute_url())
    tab.get_by_role("button", name="Remove").first.click()
    expect(tab.get_by_role("button", name="Undo")).to_be_visible()
    assert tab.evaluate(TOO_WIDE) == []
    tab.goto("/collections/")
    tab.get_by_label("Name").fill("W" * 60)
    tab.get_by_label("Description").fill("W" * 500)
    tab.context.clear_cookies(name="csrftoken")
    tab.get_by_role("button", name="Create collection").click()
    expect(tab.get_by_text("This page was out of date")).to_be_visible()
    expect(tab.get_by_label("Description")).to_have_value("W" * 500)
    assert tab.evaluate(TOO_WIDE) == []
    tab.goto(f"/lobbies/{world.lobbies[0].id}/")
    expect(tab.locator("#lobby[data-connection=live]")).to_be_visible()
    tab.get_by_role("button", name="I’m ready").click()
    expect(tab.get_by_text("Waiting for WWW")).to_be_visible()
    tab.get_by_label("Message").fill("W" * 300)
    tab.get_by_role("button", name="Send").click()
    expect(tab.locator(".chat__text")).to_have_text("W" * 300)
    assert tab.evaluate(TOO_WIDE) == []


@pytest.mark.parametrize("visit", ["player"], indirect=True)
def test_a_second_sign_in_from_an_old_tab(visit: Visit, world: LongNames) -> None:
    player = world.users["player"]
    assert player
    visit.context.clear_cookies()
    old, other = visit.tab, visit.context.new_page()
    for tab in (old, other):
        tab.goto("/login/?next=/tribes/")
    for tab in (other, old):
        tab.get_by_label("Username").fill(player.username)
        tab.get_by_label("Password").fill(PASSWORD)
        tab.get_by_role("button", name="Sign in").click()
        expect(tab.get_by_role("heading", name="Your tribes")).to_be_visible()
    assert visit.complaints == []
