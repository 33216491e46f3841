"""The editor of tribes: sliders by keyboard and mouse, styles, colours, and all of it without JavaScript."""

import random

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from accounts.models import User
from tests.support.browser import no_sideways_scrolling, no_violations, sign_in
from tests.support.factories import make_tribe, make_user
from tests.support.live_site import Site
from tribes.bonuses import PRESETS, SLIDERS, TOTAL_POINTS, Points, tower_gains
from tribes.models import Tribe

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def mira(transactional_db: None) -> User:
    return make_user("Mira")


@pytest.fixture
def editor(page: Page) -> Page:
    sign_in(page, "/tribes/new/")
    expect(page.get_by_role("heading", name="New tribe")).to_be_visible()
    page.wait_for_load_state()  # until then the sliders have no script
    return page


def slider(page: Page, name: str) -> Locator:
    return page.get_by_role("slider", name=name)


def points(page: Page) -> list[int]:
    return [int(slider(page, each.label).input_value()) for each in SLIDERS]


def figures(page: Page) -> list[str]:
    return page.locator(".gain__after").all_inner_texts()


def expected_figures(spent: list[int]) -> list[str]:
    return [str(gain.after) for row in tower_gains(Points(*spent)).values() for gain in row]


def test_sliders_work_by_keyboard(editor: Page) -> None:
    status = editor.locator("#points-status")
    damage = slider(editor, "Damage")
    damage.focus()
    editor.keyboard.press("ArrowRight")
    assert points(editor) == [5, 2, 3]  # of two that have most, the first gives
    expect(status).to_have_text("All ten points are spent; taken from attack speed")
    expect(damage).to_have_attribute("aria-valuetext", "5 points, 25 percent more")
    editor.keyboard.press("End")
    assert points(editor) == [10, 0, 0]
    expect(status).to_contain_text("taken from attack speed and range")
    editor.keyboard.press("ArrowLeft")
    assert points(editor) == [9, 0, 0]
    expect(status).to_have_text("1 point left to spend")
    slider(editor, "Range").focus()
    editor.keyboard.press("ArrowRight")
    assert points(editor) == [9, 0, 1]
    expect(status).to_have_text("All ten points are spent")
    assert figures(editor) == expected_figures([9, 0, 1])
    box = damage.bounding_box()
    assert box
    assert box["height"] >= 44
    no_sideways_scrolling(editor)
    no_violations(editor)


def test_dragging_there_and_back_changes_nothing(editor: Page) -> None:
    damage = slider(editor, "Damage")
    damage.scroll_into_view_if_needed()
    box = damage.bounding_box()
    assert box
    thumb = 28  # px: what a thumb is wide, and lies within the rail at both ends

    def at(n: int) -> float:
        return box["x"] + thumb / 2 + (box["width"] - thumb) * n / 10

    middle = box["y"] + box["height"] / 2
    editor.mouse.move(at(4), middle)
    editor.mouse.down()
    editor.mouse.move(at(9), middle, steps=8)
    assert points(editor) == [9, 0, 1] or points(editor) == [9, 1, 0]
    assert figures(editor) == expected_figures(points(editor))  # while it is dragged
    editor.mouse.move(at(4), middle, steps=8)
    assert points(editor) == [4, 3, 3]
    editor.mouse.move(at(8), middle, steps=4)
    editor.mouse.up()
    assert points(editor) == [8, 1, 1]
    editor.mouse.move(at(8), middle)
    editor.mouse.down()
    editor.mouse.move(at(4), middle, steps=8)
    editor.mouse.up()
    assert points(editor) == [4, 1, 1]  # dragged again: released points can be spent
    expect(editor.locator("#points-status")).to_have_text("4 points left to spend")


def test_sliders_never_overspend(editor: Page) -> None:
    """Two thousand random moves, by the module that the page has loaded."""
    script = """async ([moves, most]) => {
        const editor = document.querySelector("script[src*='tribe/editor']").src;
        const source = await (await fetch(editor)).text();
        const { spend } = await import(new URL(source.match(/\\.\\/points[^"]*/)[0], editor));
        const found = [];
        let points = [4, 3, 3];
        for (const [index, wanted] of moves) found.push(points = spend(points, index, wanted, 10));
        return found;
    }"""
    chance = random.Random(7)
    most = [each.max_points for each in SLIDERS]
    moves = [(n, chance.randint(0, most[n])) for n in (chance.randrange(3) for _ in range(2000))]
    before = [4, 3, 3]
    for (index, wanted), after in zip(moves, editor.evaluate(script, [moves, most]), strict=True):
        assert after[index] == wanted
        assert sum(after) <= TOTAL_POINTS
        assert all(0 <= n <= m for n, m in zip(after, most, strict=True))
        if wanted > before[index] and sum(before) == TOTAL_POINTS:
            assert sum(after) == TOTAL_POINTS  # taken, and not more than needed
        before = after


def test_styles_set_the_sliders(editor: Page) -> None:
    for name, wanted in PRESETS.items():
        editor.get_by_role("radio", name=name).check()
        assert points(editor) == list(wanted)
        assert figures(editor) == expected_figures(list(wanted))
        expect(editor.locator("#tribe-preview-archetype")).to_have_text(name)
    editor.get_by_role("radio", name="Support").focus()
    editor.keyboard.press("ArrowUp")
    assert points(editor) == list(PRESETS["Balanced"])


def test_a_tribe_from_its_making_to_its_undoing(editor: Page) -> None:
    editor.get_by_role("button", name="Create tribe").click()
    expect(editor.get_by_label("Name")).to_be_focused()  # it is needed
    editor.get_by_label("Name").fill("Ravens")
    expect(editor.locator("#tribe-preview-name")).to_have_text("Ravens")
    slider(editor, "Damage").focus()
    editor.keyboard.press("ArrowLeft")
    editor.get_by_role("button", name="Create tribe").click()
    assert Tribe.objects.count() == 0  # a point is left to spend
    editor.keyboard.press("ArrowRight")
    editor.get_by_role("radio", name="Sky").check()
    expect(editor.locator(".tribe-preview .emblem")).to_have_attribute("fill", "#99C2FF")
    editor.get_by_role("button", name="Create tribe").click()
    expect(editor.get_by_text("“Ravens” is ready to play.")).to_be_visible()
    no_sideways_scrolling(editor)
    no_violations(editor)
    editor.get_by_role("link", name="Delete Ravens").click()
    no_violations(editor)
    editor.get_by_role("button", name="Delete tribe").click()
    expect(editor.get_by_role("heading", name="Your tribes")).to_be_visible()
    no_sideways_scrolling(editor)
    no_violations(editor)
    editor.get_by_role("button", name="Undo").click()
    expect(editor.get_by_role("link", name="Ravens", exact=True)).to_be_visible()
    assert Tribe.objects.get().color_theme == "#99C2FF"


def test_a_custom_colour_needs_enough_contrast(editor: Page) -> None:
    picker, status = editor.get_by_label("Pick a colour"), editor.locator("#contrast")
    picker.fill("#334455")
    expect(editor.get_by_role("radio", name="Custom colour")).to_be_checked()
    expect(status).to_have_text("Contrast 1.0:1, too dark, pick a lighter one")
    editor.get_by_label("Name").fill("Ravens")
    editor.get_by_role("button", name="Create tribe").click()
    expect(editor.get_by_role("heading", name="New tribe")).to_be_visible()
    picker.fill("#ffeedd")
    expect(status).to_contain_text("easy to see")
    no_violations(editor)
    editor.get_by_role("button", name="Create tribe").click()
    expect(editor.get_by_text("“Ravens” is ready to play.")).to_be_visible()
    assert Tribe.objects.get().color_theme == "#FFEEDD"


def test_errors_of_the_server_show_at_their_fields(editor: Page, mira: User) -> None:
    make_tribe(mira, "Owls")
    editor.get_by_label("Name").fill("owls")
    editor.get_by_role("button", name="Create tribe").click()
    expect(editor.get_by_text("You already have a tribe with this name.")).to_be_visible()
    expect(editor.get_by_label("Name")).to_have_value("owls")
    no_violations(editor)


def test_a_point_is_as_wide_on_each_slider(editor: Page) -> None:
    rails = [slider(editor, each.label).bounding_box() for each in SLIDERS]
    points = [
        (rail["width"] - 28) / each.max_points
        for rail, each in zip(rails, SLIDERS, strict=True)
        if rail
    ]
    assert len(points) == 3
    assert max(points) - min(points) < 0.5  # px; 28 of them are the thumb


def test_the_editor_on_the_smallest_screen(editor: Page) -> None:
    editor.set_viewport_size({"width": 320, "height": 640})
    no_sideways_scrolling(editor)
    for name in ("Heather", "Meadow"):
        words = editor.locator(".choice__name", has_text=name)
        assert words.evaluate("words => words.scrollWidth <= words.parentElement.clientWidth")
        assert words.evaluate(
            "words => words.getBoundingClientRect().right"
            " <= words.parentElement.getBoundingClientRect().right"
        )


def test_spent_points_show_in_forced_colours(editor: Page) -> None:
    editor.emulate_media(forced_colors="active")
    filled, hollow = (
        editor.locator(selector).first.evaluate("pip => getComputedStyle(pip).backgroundColor")
        for selector in (".points__pip--spent", ".points__pips")
    )
    assert filled != hollow


def test_without_javascript(chromium: Browser, site: Site) -> None:
    context = chromium.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "/tribes/")
    page.get_by_role("link", name="Aggressive").click()
    page.get_by_label("Name").fill("Ravens")
    page.get_by_role("radio", name="Support").check()
    page.get_by_role("button", name="Set the points to this style").click()
    expect(page.get_by_label("Name")).to_have_value("Ravens")
    assert points(page) == list(PRESETS["Support"])
    assert figures(page) == expected_figures(list(PRESETS["Support"]))
    slider(page, "Damage").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Create tribe").click()
    expect(page.get_by_text("These are 11 points")).to_be_visible()
    assert points(page) == [2, 6, 3]
    slider(page, "Range").focus()
    page.keyboard.press("ArrowLeft")
    page.get_by_role("button", name="Create tribe").click()
    expect(page.get_by_text("“Ravens” is ready to play.")).to_be_visible()
    context.close()
    tribe = Tribe.objects.get()
    assert [tribe.damage_bonus * 20, tribe.range_bonus * 20] == [2, 2]
