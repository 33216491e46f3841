"""The canvas of a map: what it draws and announces, and what is shown when it fails."""

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from maps.drawing.landmarks import choose_obstacle
from maps.models import GameMap
from maps.terrain.grid import LAVA, WATER
from tests.support.factories import PASSWORD, flat_grid, make_map, make_user
from tests.support.live_site import Site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PIXELS = "document.querySelector('canvas').toDataURL()"


# Two frames: by then the browser has dispatched the input of before, and has drawn.
NEXT_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
COUNT_FRAMES = """
    window.requestedFrames = 0;
    const request = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = (draw) => {
        window.requestedFrames += 1;
        return request((time) => {
            window.requestedFrames -= 1;
            draw(time);
        });
    };"""


@pytest.fixture(autouse=True)
def game_map(transactional_db: None) -> GameMap:
    """Enemies walk along the northern and the eastern edge: water and a wall block all other paths."""
    grid = flat_grid(24, 20)
    grid.terrain[2:, 3:22] = WATER
    grid.terrain[12:, 3:22] = LAVA
    grid.level[10, 2] = 5
    grid.level[0, 2] = 1
    grid.blocked[1, :20] = 1
    return make_map(make_user("Author"), "Long Ford", grid=grid)


@pytest.fixture
def canvas(page: Page, game_map: GameMap) -> Locator:
    page.emulate_media(reduced_motion="reduce")
    page.add_init_script(COUNT_FRAMES)
    page.goto(game_map.get_absolute_url())
    canvas = page.get_by_role("application", name="Map of Long Ford, 24 by 20 cells")
    expect(canvas).to_be_visible()
    return canvas


def announcement(page: Page) -> Locator:
    return page.locator(".board [role=status]")


def until(page: Page, condition: str) -> None:
    """Playwright's own waiting evaluates text in the page, which the page's policy refuses."""
    for _ in range(50):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(100)
    pytest.fail(condition[:100])


def sharp_canvas(page: Page) -> str:
    """Returns the pixels of the canvas, once it is drawn sharply: no frame is requested any more."""
    page.evaluate(NEXT_FRAMES)
    until(page, "window.requestedFrames === 0")
    pixels: str = page.evaluate(PIXELS)
    return pixels


@pytest.mark.widths
def test_the_canvas_takes_the_pictures_place(page: Page, canvas: Locator) -> None:
    expect(page.get_by_role("img", name="Isometric picture")).to_be_hidden()
    expect(page.get_by_text("Loading the map")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for button in page.locator(".board .tool").all():
        box = button.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 44
    box = canvas.bounding_box()
    assert box
    assert page.evaluate("document.querySelector('canvas').width") == round(box["width"])


def test_touch_screens_show_no_help_about_keys(
    chromium: Browser, site: Site, game_map: GameMap
) -> None:
    context = chromium.new_context(
        base_url=site.url, viewport={"width": 375, "height": 800}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(game_map.get_absolute_url())
    expect(page.get_by_text("pinch to zoom")).to_be_visible()
    expect(page.get_by_text("Arrow keys walk")).to_be_hidden()
    context.close()


@pytest.mark.widths
def test_nothing_moves_when_the_canvas_replaces_the_picture(page: Page, game_map: GameMap) -> None:
    page.add_init_script(
        """window.shift = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) window.shift += entry.value;
        }).observe({ type: "layout-shift", buffered: true });"""
    )
    page.goto(game_map.get_absolute_url())
    expect(page.locator("canvas")).to_be_visible()
    page.evaluate(NEXT_FRAMES)
    assert page.evaluate("window.shift") < 0.01


def test_moving_by_keyboard_announces_the_cells(page: Page, canvas: Locator) -> None:
    canvas.focus()
    page.keyboard.press("ArrowRight")
    expect(announcement(page)).to_have_text("Grass, height 0, x 1, y 0, on the path")
    page.keyboard.press("ArrowRight")
    expect(announcement(page)).to_have_text("Grass, height 1, x 2, y 0, on the path")
    page.keyboard.press("ArrowDown")
    expect(announcement(page)).to_have_text("Grass, height 0, x 2, y 1, blocked by rocks")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(announcement(page)).to_have_text("Water, height 0, x 3, y 2, no way through")
    page.keyboard.press("End")
    expect(announcement(page)).to_have_text("Grass, height 0, x 23, y 19, the castle to defend")
    page.keyboard.press("ArrowDown")
    expect(announcement(page)).to_contain_text("Edge of the map. Grass")
    page.keyboard.press("Home")
    expect(announcement(page)).to_have_text("Grass, height 0, x 0, y 0, enemies enter here")
    assert canvas.evaluate("canvas => getComputedStyle(canvas).outlineWidth") == "3px"


def test_the_view_follows_the_selected_cell(page: Page, canvas: Locator) -> None:
    canvas.focus()
    for key in ("Home", "+", "+", "+", "+"):
        page.keyboard.press(key)
    at_home = sharp_canvas(page)
    page.keyboard.press("End")
    assert sharp_canvas(page) != at_home
    box = canvas.bounding_box()
    assert box
    # The castle's cell is in the middle now: a click there is a click on it.
    canvas.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    expect(announcement(page)).to_contain_text("the castle to defend")


@pytest.mark.parametrize("key", ["Home", "End"])
def test_zooming_by_keys_keeps_the_cell_in_view(page: Page, canvas: Locator, key: str) -> None:
    canvas.focus()
    for pressed in (key, "+", "+", "+", "+"):
        page.keyboard.press(pressed)
    sharp_canvas(page)
    gold = page.evaluate(
        """(() => {
          const canvas = document.querySelector("canvas");
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          let gold = 0;
          for (let i = 0; i < data.length; i += 4) {
            if (data[i] === 255 && data[i + 1] === 215 && data[i + 2] === 0) gold += 1;
          }
          return gold;
        })()"""
    )
    assert gold > 20  # of the cursor, and of the edge of what marks the cell


@pytest.mark.widths
def test_buttons_and_keys_zoom(page: Page, canvas: Locator) -> None:
    whole = sharp_canvas(page)
    page.get_by_role("button", name="Zoom in").click()
    closer = sharp_canvas(page)
    assert closer != whole
    page.get_by_role("button", name="Zoom out").click()
    assert sharp_canvas(page) == whole
    page.get_by_role("button", name="Zoom in").click()
    assert sharp_canvas(page) == closer
    page.get_by_role("button", name="Fit").click()
    assert sharp_canvas(page) == whole
    canvas.dblclick(position={"x": 5, "y": 5})  # beside the map: no cell is picked
    assert sharp_canvas(page) != whole


def test_the_wheel_scrolls_the_page_until_the_map_has_the_focus(
    page: Page, canvas: Locator
) -> None:
    whole = sharp_canvas(page)
    canvas.hover(position={"x": 5, "y": 5})
    page.mouse.wheel(0, 60)
    until(page, "scrollY > 0")
    expect(page.get_by_text("Click the map first")).to_be_visible()
    assert page.evaluate(PIXELS) == whole
    canvas.click(position={"x": 5, "y": 100})
    scrolled = page.evaluate("scrollY")
    page.mouse.wheel(0, -200)
    until(page, f"{PIXELS} !== {whole!r}")
    assert page.evaluate("scrollY") == scrolled


def test_dragging_moves_the_map_and_picks_no_cell(page: Page, canvas: Locator) -> None:
    whole = sharp_canvas(page)
    box = canvas.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 30, steps=5)
    page.mouse.up()
    assert sharp_canvas(page) != whole
    expect(announcement(page)).to_be_empty()


def test_two_fingers_zoom_the_map(page: Page, canvas: Locator) -> None:
    whole = sharp_canvas(page)
    canvas.evaluate(
        """canvas => {
          const { left, top, width, height } = canvas.getBoundingClientRect();
          canvas.setPointerCapture = () => {};  // these fingers are not real
          const touch = (type, pointerId, x) => canvas.dispatchEvent(new PointerEvent(type, {
            pointerId, button: 0, clientX: left + width / 2 + x, clientY: top + height / 2 }));
          touch("pointerdown", 1, -30);
          touch("pointerdown", 2, 30);
          touch("pointermove", 1, -60);
          touch("pointermove", 2, 60);
          touch("pointerup", 1, -60);
          touch("pointerup", 2, 60);
        }"""
    )
    assert sharp_canvas(page) != whole
    expect(announcement(page)).to_be_empty()


def test_the_map_cannot_be_dragged_out_of_view(page: Page, canvas: Locator) -> None:
    box = canvas.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for _ in range(4):
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x, y + box["height"] / 2, steps=3)
        page.mouse.up()
    canvas.click(position={"x": box["width"] / 2, "y": box["height"] / 2 + 6})
    expect(announcement(page)).to_have_text("Grass, height 0, x 0, y 0, enemies enter here")


@pytest.mark.parametrize("name", ["Path", "Heights"])
def test_path_and_heights_show_and_hide(page: Page, canvas: Locator, name: str) -> None:
    before = sharp_canvas(page)
    button = page.get_by_role("button", name=name)
    pressed = button.get_attribute("aria-pressed")
    button.click()
    assert sharp_canvas(page) != before
    assert button.get_attribute("aria-pressed") != pressed
    button.click()
    assert sharp_canvas(page) == before
    assert button.get_attribute("aria-pressed") == pressed


@pytest.mark.widths
def test_every_cell_is_found_where_it_is_seen(page: Page, canvas: Locator) -> None:
    missed = page.evaluate(
        """async () => {
          const source = performance.getEntriesByType("resource")
            .find(({ name }) => name.includes("isometric"));
          const { cellAt, middle, readBoard } = await import(source.name);
          const address = document.querySelector("[data-terrain]").dataset.terrain;
          const board = readBoard(await (await fetch(address)).json());
          const missed = [];
          for (let y = 0; y < board.height; y += 1) {
            for (let x = 0; x < board.width; x += 1) {
              const found = cellAt(board, middle(board, x, y));
              if (found.x !== x || found.y !== y) missed.push([x, y]);
            }
          }
          return missed;
        }"""
    )
    assert missed == [[0, 8], [1, 9]]  # the rock at (2, 10) hides them


def test_each_cell_has_the_same_obstacle_as_in_the_picture(page: Page, canvas: Locator) -> None:
    there = page.evaluate(
        """async () => {
          const source = performance.getEntriesByType("resource")
            .find(({ name }) => name.includes("isometric"));
          const { obstacleAt } = await import(source.name);
          const found = [];
          for (let kind = 0; kind < 5; kind += 1) {
            const board = { width: 100, terrain: new Uint8Array(10_000).fill(kind) };
            for (let y = 0; y < 100; y += 1) {
              for (let x = 0; x < 100; x += 1) {
                const { name, variant } = obstacleAt(board, x, y);
                found.push(`${name} ${variant}`);
              }
            }
          }
          return found;
        }"""
    )
    assert there == [
        "{} {}".format(*choose_obstacle(kind, x, y))
        for kind in range(5)
        for y in range(100)
        for x in range(100)
    ]


def test_the_canvas_follows_the_size_of_the_window(page: Page, canvas: Locator) -> None:
    page.set_viewport_size({"width": 600, "height": 700})
    until(page, "(c => Math.abs(c.width - c.clientWidth) <= 1)(document.querySelector('canvas'))")
    canvas.focus()
    page.keyboard.press("Home")
    expect(announcement(page)).to_contain_text("enemies enter here")


def test_a_failure_leaves_the_picture_and_can_be_tried_again(page: Page, game_map: GameMap) -> None:
    def offline(route: Route) -> None:
        route.abort("internetdisconnected")

    page.route("**/terrain.json", offline)
    page.goto(game_map.get_absolute_url())
    failure = page.get_by_role("alert").filter(has_text="could not be loaded")
    expect(failure).to_be_visible()
    expect(page.get_by_role("img", name="Isometric picture")).to_be_visible()
    expect(page.locator("canvas")).to_be_hidden()
    expect(page.get_by_role("button", name="Zoom in")).to_be_disabled()
    page.unroute("**/terrain.json", offline)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("canvas")).to_be_visible()
    expect(failure).to_be_hidden()
    expect(page.get_by_role("button", name="Zoom in")).to_be_enabled()


def test_an_author_walks_on_a_private_map(page: Page, game_map: GameMap) -> None:
    GameMap.objects.update(is_public=False)
    page.goto(f"/login/?next={game_map.get_absolute_url()}")
    page.get_by_label("Username").fill("Author")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("canvas")).to_be_visible()


def test_without_javascript_the_picture_is_shown(
    chromium: Browser, site: Site, game_map: GameMap
) -> None:
    context = chromium.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    page.goto(game_map.get_absolute_url())
    expect(page.get_by_role("img", name="Isometric picture")).to_be_visible()
    expect(page.get_by_role("button", name="Zoom in")).to_be_hidden()
    expect(page.get_by_text("Arrow keys walk")).to_be_hidden()
    expect(page.get_by_role("img", name="Enemies in each wave")).to_be_visible()
    page.get_by_text("Show as table").click()
    expect(page.get_by_role("columnheader", name="Total")).to_be_visible()
    context.close()
