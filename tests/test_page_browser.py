"""The demonstration's page in a real browser, opened from disk without a network: every control is operated."""

import re
import shutil

import pytest

pytestmark = pytest.mark.slow
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium of the system's; install.sh dev installs it where it may."""
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed (install.sh dev)")
    if BROWSER is None:
        pytest.skip("there is no Chromium; on Debian: apt-get install chromium")
    with api.sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture(scope="module")
def opened(demo, browser):
    """(page, what went wrong so far): complaints of the console and requests beyond the file."""
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900}, color_scheme="light")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page, wrong = context.new_page(), []
    page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith(("file:", "data:")) else wrong.append(asked.url))
    page.goto((demo.folder / "results" / "demo" / "report" / "report.html").as_uri())
    yield page, wrong
    assert wrong == []
    context.close()


RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]


def viewer(opened, kind):
    """Bring a viewer near and wait until it can be operated."""
    found = opened[0].locator(f'[data-viewer="{kind}"]').first
    found.scroll_into_view_if_needed()
    opened[0].wait_for_function(
        "kind => document.querySelector(`[data-viewer=${kind}]`).dataset.ready === ''", arg=kind
    )
    return found


def drawn(viewer):
    """What a viewer's first canvas shows."""
    return viewer.locator("canvas").first.evaluate("canvas => canvas.toDataURL()")


def answer(opened, code):
    """Evaluate an expression in which `study` and `answerOf` are the page's own."""
    return opened[0].evaluate(f"import('page/study.js').then(({{study, answerOf}}) => {code})")


def test_the_page_opens_whole_and_asks_for_nothing(opened):
    page, wrong = opened
    kinds = ["images", "confusion", "curves", "scorecam", "inversion", "times"]
    assert page.locator(".explore a").count() == len(kinds)
    for kind in kinds:
        viewer(opened, kind)
    assert wrong == []


def test_images_are_filtered_and_sorted(opened):
    found = viewer(opened, "images")
    total = answer(opened, "study().ids.length")
    shown = lambda: int(found.locator(".count").inner_text().split()[0])  # noqa: E731
    assert shown() == total and found.locator(".card").count() == 60
    found.get_by_role("button", name="Show more").click()
    assert found.locator(".card").count() == 120
    found.get_by_label("Class").select_option("kitchen")
    assert shown() == 50
    verdicts = found.locator("select[name$=verdict]")
    verdicts.nth(0).select_option("right")
    right = shown()
    verdicts.nth(0).select_option("wrong")
    assert right + shown() == 50 and found.locator(".card.right").count() == 0
    verdicts.nth(0).select_option("right")
    found.locator("select[name=other]").select_option("rotation_scenes")
    verdicts.nth(1).select_option("wrong")
    both = "row => answerOf('supervised', row).right && !answerOf('rotation_scenes', row).right"
    kitchen = "study().labels[row] === study().classes.indexOf('kitchen')"
    assert shown() == answer(opened, f"study().ids.map((_, row) => row).filter(row => {kitchen}).filter({both}).length")
    found.get_by_label("Order").select_option("surest first")
    shares = [float(text.split()[0]) for text in found.locator(".share").all_inner_texts()]
    assert shares == sorted(shares, reverse=True) and len(shares) > 3
    found.locator("select[name=model]").select_option("random_scenes")
    assert found.locator(".card").count() == shown()


def test_a_card_opens_what_every_model_says(opened):
    page = opened[0]
    viewer(opened, "images").locator(".card").first.click()
    dialog = page.locator("dialog.detail")
    assert dialog.is_visible() and dialog.locator(".opinions section").count() == 5
    assert dialog.locator("meter").count() == 25
    page.keyboard.press("Escape")
    assert not dialog.is_visible()


def test_a_cell_of_the_confusion_matrix_opens_its_images(opened):
    page, found = opened[0], viewer(opened, "confusion")
    cell = found.locator('td[aria-label^="true bedroom, predicted bedroom:"]')
    count = int(cell.inner_text())
    cell.click()
    assert found.locator(".behind .card.right").count() == count
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert found.locator(".behind h4").inner_text().startswith("True coast, predicted bedroom by supervised")


def test_confusion_matrices_are_normalised_and_subtracted(opened):
    found = viewer(opened, "confusion")
    found.get_by_label("percent of the true class").check()
    values = [float(text) for text in found.locator("tbody tr").nth(2).locator("td").all_inner_texts() if text != "·"]
    assert sum(values) == pytest.approx(100, abs=1)
    found.get_by_label("count", exact=True).check()
    found.get_by_label("minus").select_option("rotation_scenes")
    cells = found.locator("tbody tr").nth(2).locator("td").all_inner_texts()
    assert sum(int(text.replace("−", "-")) for text in cells if text != "·") == 0 and any("−" in text for text in cells)
    found.locator('td[aria-label^="true forest, predicted forest:"]').click()
    assert found.locator(".behind h4").count() == 2
    found.get_by_label("Model").select_option("rotation")
    assert found.get_by_label("minus").input_value() == "" and found.locator("tbody tr").count() == 4


def test_scorecam_shows_image_model_layer_opacity_and_scale(opened):
    found = viewer(opened, "scorecam")
    seen = {drawn(found)}
    for change in (
        lambda: found.locator("input[name=image]").nth(2).check(force=True),
        lambda: found.get_by_label("Left").select_option("perturbation_scenes"),
        lambda: found.get_by_label("Layer").select_option("features[2]"),
    ):
        change()
        assert drawn(found) not in seen
        seen.add(drawn(found))
    found.get_by_label("Opacity").fill("20")
    assert found.locator(".pane canvas").first.evaluate("canvas => getComputedStyle(canvas).opacity") == "0.2"
    own = found.locator(".colourbar .top").all_inner_texts()
    found.get_by_label("shared by both").check()
    assert set(found.locator(".colourbar .top").all_inner_texts()) == {max(own, key=float)}
    found.locator(".pane .plate canvas").first.hover()
    assert re.search(r"here, [\d.]+ % of the scale", found.locator(".readout").first.inner_text())
    found.get_by_label("Right").select_option("supervised")
    assert found.locator(".pane h4").all_inner_texts() == ["perturbation_scenes", "supervised"]


CURVES = "(() => {const chart = Chart.getChart(document.querySelector('[data-viewer=curves] canvas')); return %s})()"


def test_curves_switch_figure_part_scale_and_models(opened):
    page, found = opened[0], viewer(opened, "curves")
    read = lambda code: page.evaluate(CURVES % code)  # noqa: E731
    assert read("chart.data.datasets.length") == 7
    assert read("chart.data.datasets[0].pointStyle.filter(style => style === 'star').length") == 1
    found.get_by_label("train (dashed)").check()
    assert read("chart.data.datasets.length") == 14
    found.get_by_label("random_scenes").uncheck()
    assert read("chart.data.datasets.length") == 12
    found.get_by_label("log scale").check()
    assert read("chart.options.scales.y.type") == "logarithmic"
    found.get_by_label("accuracy", exact=True).check()
    assert read("chart.options.scales.y.title.text") == "accuracy"
    box = found.locator("canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_function("Chart.getChart(document.querySelector('[data-viewer=curves] canvas')).tooltip.opacity > 0")
    found.get_by_text("Values").click()
    assert found.locator(".values thead th").count() == 13


def test_inversion_shows_another_filter(opened):
    found = viewer(opened, "inversion")
    before = (drawn(found), found.locator(".synthetic").get_attribute("src"))
    found.get_by_label("Filter").select_option("sum of these")
    after = (drawn(found), found.locator(".synthetic").get_attribute("src"))
    assert before[0] != after[0] and before[1] != after[1]
    found.get_by_label("Model").select_option("rotation")
    assert found.locator(".synthetic").get_attribute("src") != after[1]
    assert "activation" in found.locator(".real + figcaption").inner_text()


def test_tables_sort_by_click_and_key_and_are_copied(opened):
    page = opened[0]
    table = page.locator("#accuracy table")
    column = lambda: [float(text.split()[0]) for text in table.locator("tbody td:nth-child(5)").all_inner_texts()]  # noqa: E731
    heading = table.locator("thead th").nth(4)
    heading.click()
    once = column()
    heading.press("Enter")
    assert {tuple(once), tuple(column())} == {tuple(sorted(once)), tuple(sorted(once, reverse=True))}
    assert page.locator("#accuracy .foot code").inner_text() == "tables/accuracy.csv"
    page.locator("#accuracy .copy").click()
    page.locator("#accuracy [role=status]", has_text="Copied.").wait_for()
    lines = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert len(lines) == 8 and lines[0].split("\t")[0] == "Model"


def test_the_theme_is_switched(opened):
    page = opened[0]
    ground = lambda: page.evaluate("getComputedStyle(document.documentElement).backgroundColor")  # noqa: E731
    light = ground()
    page.get_by_role("button", name="Dark").click()
    assert ground() != light and page.get_by_role("button", name="Dark").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Dark").click()
    assert ground() == light


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_serious_violation(opened, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed (install.sh dev)")
    page = opened[0]
    if page.locator("html").get_attribute("data-theme") != theme:
        page.get_by_role("button", name="Dark").click()
    found = axe.Axe().run(page, options={"resultTypes": ["violations"], "runOnly": RULES}).response["violations"]
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], [node["html"][:150] for node in one["nodes"]][:3]) for one in serious] == []


def test_a_narrow_window_has_no_sideways_scroll_and_a_menu(opened):
    page = opened[0]
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("button", name="Contents").click()
    assert page.locator("#contents").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#contents").is_visible()
    page.set_viewport_size({"width": 1280, "height": 900})


def test_a_link_into_a_folded_figure_unfolds_it(opened):
    page = opened[0]
    fold = page.locator("details.printed").first
    assert fold.get_attribute("open") is None
    page.evaluate("id => { location.hash = id }", fold.locator("figure").get_attribute("id"))
    page.wait_for_function("document.querySelector('details.printed').open")
