"""Every page of the built book, opened from the disk without a network. A page is tested by being in `_toc.yml`."""

import json
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import pytest
from playwright.sync_api import Locator, Page

FIGURE = """element => JSON.stringify(element.querySelector('.js-plotly-plot').data,
    (key, value) => key === 'uid' ? undefined : value)"""

# What a figure is high, and what its source declares (where not every point of its grid has the same).
HEIGHTS = """plot => {
  const source = plot.closest('figure').querySelector('.wm-data');
  const shown = plot.querySelector('.main-svg').getBoundingClientRect().height;
  return [Math.min(shown, plot.layout.height || 0), JSON.parse(source.textContent).base.layout.height || 0];
}"""

# Text and what lies behind it, both as the browser painted them; WCAG 2.2 contrast of the worst.
LEGIBILITY = """() => {
  const parse = color => (color.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => {
    const layers = [];
    for (let node = element; node; node = node.parentElement) {
      const color = parse(getComputedStyle(node).backgroundColor);
      const alpha = color.length > 3 ? color[3] : 1;
      if (alpha > 0) layers.push([color, alpha]);
      if (alpha === 1) break;
    }
    return layers.reverse().reduce((under, [color, alpha]) =>
      [0, 1, 2].map(i => color[i] * alpha + under[i] * (1 - alpha)), [255, 255, 255]);
  };
  const texts = 'article p, article li, article h1, article h2, .wm-title, .wm-control label, .wm-value, ' +
    '.wm-control select, .wm-quiz summary, .wm-ask, .wm-feedback, .wm-button, .wm-status';
  const rows = [];
  for (const element of document.querySelectorAll(texts)) {
    if (!element.textContent.trim() || !element.checkVisibility()) continue;
    rows.push([element, parse(getComputedStyle(element).color)]);
  }
  for (const element of document.querySelectorAll('.js-plotly-plot .xtick text, .js-plotly-plot .legendtext'))
    rows.push([element, parse(getComputedStyle(element).fill)]);
  return rows.map(([element, color]) => {
    let under = behind(element);
    const plot = element.closest('.js-plotly-plot');
    if (plot) under = parse(getComputedStyle(plot.querySelector('.main-svg')).backgroundColor);
    const [low, high] = [light(color), light(under)].sort((a, b) => a - b);
    return {text: element.textContent.trim().slice(0, 40), ratio: (high + 0.05) / (low + 0.05)};
  });
}"""


def test_all_maths_is_typeset(page):
    raw = "elements => elements.filter(e => !e.querySelector('mjx-container')).map(e => e.textContent)"
    assert page.eval_on_selector_all("article .math", raw) == []
    assert page.locator("[data-mml-node='merror'], mjx-merror").count() == 0
    assert "\\(" not in page.locator("article").inner_text().replace("\\\\(", "")


def test_every_figure_has_a_text_and_is_shown(page):
    silent = "images => images.filter(i => !i.alt.trim() || !i.naturalWidth).map(i => i.outerHTML.slice(0, 120))"
    page.eval_on_selector_all("article img[loading=lazy]", "images => images.forEach(i => i.loading = 'eager')")
    page.wait_for_function("() => [...document.querySelectorAll('article img')].every(image => image.complete)")
    assert page.eval_on_selector_all("article img", silent) == []
    for plot in page.locator("article .js-plotly-plot").all():
        label = (plot.get_attribute("aria-label") or "").strip()
        assert label
        height, declared = plot.evaluate(HEIGHTS)
        assert height >= max(150, 0.4 * declared), f"{label[:60]!r} is {height} px high, not {declared}"


def test_explorers_follow_keyboard_and_mouse(page):
    for explorer in page.locator(".wm-explorer").all():
        title = explorer.get_attribute("aria-label")
        assert explorer.locator(".js-plotly-plot").count() == 1, title
        assert len(json.loads(explorer.evaluate(FIGURE))) > 0, title
        controls = explorer.locator("input[type=range], select").all()
        assert controls, title
        for control in controls:
            label = control.get_attribute("aria-label")
            assert label, title
            if control.evaluate("element => element.tagName") == "SELECT":
                assert choose(page, explorer, control), f"{title}: {label} changes nothing"
            else:
                assert control.get_attribute("aria-valuetext"), f"{title}: {label} does not print its value"
                assert press(page, explorer, control), f"{title}: the keyboard on {label} changes nothing"
        for slider in explorer.locator("input[type=range]").all()[:1]:
            assert drag(page, slider), f"{title}: the mouse does not move the slider"


def test_players_can_be_pushed(page):
    for number, player in enumerate(page.locator(".wm-player").all()):
        player.scroll_into_view_if_needed()
        page.wait_for_function("n => document.querySelectorAll('.wm-player')[n].wmPlayer", arg=number)
        left, right = player.evaluate(
            "element => WM.worlds[JSON.parse(element.querySelector('.wm-data').textContent).world]"
            ".pushes.map((push) => push.action)"
        )
        made = "([element, move]) => element.wmPlayer.pushes.includes(move)"
        for button, move in ((player.locator(".wm-push").last, right), (player.locator(".wm-push").first, left)):
            button.press("Enter")  # a second tap within one step would replace the first
            page.wait_for_function(made, arg=[player.element_handle(), move])
        player.press("ArrowRight")
        assert player.evaluate("({wmPlayer: {dream}}) => [...dream].every((number) => Math.abs(number) < 3)")
        player.get_by_role("button", name="Restart").press("Enter")


def test_codes_follow_their_sliders(page):
    for number, element in enumerate(page.locator(".wm-latents").all()):
        element.scroll_into_view_if_needed()
        page.wait_for_function("n => document.querySelectorAll('.wm-latents')[n].wmLatents", arg=number)
        shown = "element => element.wmLatents.map(({shown}) => Array.from(shown).join())"
        for act in ("random code", "all zeros"):
            before = element.evaluate(shown)
            element.get_by_role("button", name=act).press("Enter")
            assert all(old != new for old, new in zip(before, element.evaluate(shown), strict=True)), act


def test_pendulums_can_be_swung_and_planners_watched(page):
    for number, element in enumerate(page.locator(".wm-planning").all()):
        element.scroll_into_view_if_needed()
        page.wait_for_function("n => document.querySelectorAll('.wm-planning')[n].wmPlanning", arg=number)
        element.get_by_role("button", name="Turn clockwise").press("Enter")
        page.wait_for_function("element => element.wmPlanning.steps > 1", arg=element.element_handle())
        for choice in element.get_by_label("Imagine with").locator("option").all_inner_texts():
            element.get_by_role("button", name="Restart, hanging").press("Enter")
            element.get_by_label("Imagine with").select_option(label=choice)
            for _ in range(10):
                element.get_by_role("button", name="Step: one").press("Enter")
            promised = element.evaluate("({wmPlanning: {promises}}) => promises.map(({promised}) => promised)")
            assert promised and all(-1000 < each < 50 for each in promised), choice


def test_goals_are_planned_for_by_whoever_imagines(page):
    for number, element in enumerate(page.locator(".wm-rooms").all()):
        element.scroll_into_view_if_needed()
        page.wait_for_function("n => document.querySelectorAll('.wm-rooms')[n].wmRooms", arg=number)
        for choice in element.get_by_label("Imagine with").locator("option").all_inner_texts():
            element.get_by_role("button", name="Restart from").press("Enter")
            element.get_by_label("Imagine with").select_option(label=choice)
            for _ in range(10):
                element.get_by_role("button", name="Step: one").press("Enter")
            steps, value = element.evaluate("({wmRooms: {steps, plan}}) => [steps, plan.value]")
            assert steps > 2 and -10_000 < value < 0, choice


def settle(page: Page) -> None:
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def press(page: Page, explorer: Locator, slider: Locator) -> bool:
    """Go to both ends of a slider, and a step from the first; the figure and the printed value follow."""
    shown_first = slider.input_value()
    slider.focus()
    figures, values = set(), []
    for key in ("Home", "ArrowRight", "End"):
        page.keyboard.press(key)
        settle(page)
        figures.add(explorer.evaluate(FIGURE))
        values.append(slider.get_attribute("aria-valuetext"))
        printed = slider.evaluate("element => element.closest('.wm-control').querySelector('output').textContent")
        assert printed == values[-1]
    assert len(set(values)) == min(3, int(slider.get_attribute("max") or 0) + 1)
    restore(page, slider, shown_first)
    return len(figures) > 1


def restore(page: Page, slider: Locator, value: str) -> None:
    """Put a slider back: at the far end of one slider another may rightly change nothing."""
    slider.evaluate("(element, value) => { element.value = value; element.dispatchEvent(new Event('input')); }", value)
    settle(page)


def drag(page: Page, slider: Locator) -> bool:
    """Take the slider's knob from its right end to its left."""
    shown_first = slider.input_value()
    slider.evaluate("element => element.scrollIntoView({ block: 'center' })")  # clear of the page's header
    box = slider.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.click(box["x"] + 0.98 * box["width"], middle)
    right = slider.input_value()
    box = slider.bounding_box()  # a longer text beside it may have made it shorter
    assert box is not None
    page.mouse.move(box["x"] + 0.98 * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 2, middle, steps=5)
    page.mouse.up()
    settle(page)
    left = slider.input_value()
    restore(page, slider, shown_first)
    return (right, left) == (slider.get_attribute("max"), "0")


def choose(page: Page, explorer: Locator, select: Locator) -> bool:
    figures, count = set(), select.locator("option").count()
    for index in (0, count - 1):
        select.select_option(index=index)
        settle(page)
        figures.add(explorer.evaluate(FIGURE))
    return len(figures) > 1


def test_quizzes_answer_by_mouse_and_by_keyboard(page):
    for question in page.locator(".wm-quiz .wm-question").all():
        wrong, right = question.locator(".wm-wrong").first, question.locator(".wm-right").first
        assert not wrong.locator(".wm-feedback").is_visible()
        wrong.locator("summary").click()
        assert "Not so." in wrong.locator(".wm-feedback").inner_text()
        assert len(wrong.locator(".wm-feedback").inner_text()) > len("Not so. ")
        right.locator("summary").focus()
        page.keyboard.press("Enter")
        assert "Right." in right.locator(".wm-feedback").inner_text()
        if question.locator("details[name]").count():
            assert not wrong.locator(".wm-feedback").is_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_is_legible_in_both_themes(page, keep_screenshot, opened, theme):
    page.emulate_media(color_scheme=theme)
    page.wait_for_function("theme => document.documentElement.dataset.theme === theme", arg=theme, timeout=30_000)
    settle(page)
    keep_screenshot(page, f"{name_of(page)}-{theme}")
    rows = page.evaluate(LEGIBILITY)
    assert rows
    assert [row for row in rows if row["ratio"] < 4.5] == []  # WCAG 1.4.3


def test_a_page_fits_a_telephone(page, keep_screenshot):
    page.set_viewport_size({"width": 390, "height": 900})
    settle(page)
    page.wait_for_function("() => document.documentElement.scrollWidth <= 390", timeout=30_000)
    keep_screenshot(page, f"{name_of(page)}-telephone")
    for slider in page.locator(".wm-explorer input[type=range]").all():
        box = slider.bounding_box()
        assert box is not None
        assert box["width"] >= 150


def test_the_page_is_light_asks_for_nothing_and_reports_no_error(opened):
    """The last of the page's tests: whatever the others did to it."""
    assert (opened.requests, opened.errors) == ([], [])
    assert Path(url2pathname(urlparse(opened.page.url).path)).stat().st_size <= 2_000_000


def name_of(page: Page) -> str:
    return "-".join(Path(urlparse(page.url).path).with_suffix("").parts[-2:])
