"""A study's page in a real browser, opened from disk without a network: every control is operated.

It is the demonstration's page. SCENESSL_PAGE=/path/to/report.html names the page of any other finished study instead.
"""

import re

import numpy as np
import pytest
from operated_page import PATIENCE, launch, open_page, until

api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed (install.sh dev)")
api.expect.set_options(timeout=PATIENCE)
expect = api.expect
pytestmark = pytest.mark.slow
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
MOST = 15_000_000
"""Bytes of a page."""
CARDS = 60
"""Images that are shown at once."""
LABELLED = "Object.keys(study().models).filter(name => study().models[name].names.length === study().classes.length)"


@pytest.fixture(scope="module")
def browser():
    with api.sync_playwright() as playwright:
        made = launch(playwright)
        yield made
        made.close()


@pytest.fixture(scope="module")
def opened(study_page, browser):
    made = open_page(browser, study_page)
    yield made
    assert made.wrong == []
    made.page.context.close()


def options(select):
    """The values that a list offers."""
    return select.locator("option:not([disabled])").evaluate_all("all => all.map(one => one.value)")


def test_the_page_opens_whole_and_asks_for_nothing(opened):
    assert {"images", "confusion", "curves", "times"} <= set(opened.kinds)
    expect(opened.page.locator(".explore a")).to_have_count(len(opened.kinds))
    for kind in opened.kinds:
        opened.viewer(kind)
    assert opened.wrong == [] and opened.file.stat().st_size < MOST


def test_every_table_and_figure_names_its_file(opened):
    shown = "all => all.map(one => [one.dataset.source, one.querySelector('.foot code')?.textContent])"
    named = opened.page.locator(".tabular, main figure[id]").evaluate_all(shown)
    assert len(named) > 20 and all(source and source == text for source, text in named)
    results = opened.file.parent.parent
    single = [source for source, _ in named if re.fullmatch(r"[\w/.@-]+\.(csv|json|svg|yaml)|[\w/]+/", source)]
    assert len(single) > 20 and [source for source in single if not (results / source).exists()] == []


def test_images_are_filtered_and_sorted(opened):
    found = opened.viewer("images")
    model, other = options(found.locator("select[name=model]"))[:2]
    total = opened.evaluate("study().ids.length")
    said = "({wanted, label}) => study().ids.filter((_, row) => study().labels[row] === label && wanted(row)).length"
    label = opened.evaluate("study().labels[0]")

    def count(wanted):
        given = {"model": model, "other": other, "label": label}
        return opened.evaluate(f"({said})({{wanted: row => {wanted}, label: given.label}})", given)

    def shows(number):
        expect(found.locator(".count")).to_have_text(f"{number} of {total} images")
        expect(found.locator(".card")).to_have_count(min(number, CARDS))

    shows(total)
    if total > CARDS:
        found.get_by_role("button", name="Show more").click()
        expect(found.locator(".card")).to_have_count(min(total, 2 * CARDS))
    found.locator("select[name=label]").select_option(str(label))
    shows(count("true"))
    verdicts = found.locator("select[name$=verdict]")
    verdicts.nth(0).select_option("wrong")
    shows(count("!answerOf(given.model, row).right"))
    expect(found.locator(".card.right")).to_have_count(0)
    verdicts.nth(0).select_option("right")
    shows(count("answerOf(given.model, row).right"))
    found.locator("select[name=order]").select_option("surest")
    expect(found.locator(".card.right").first).to_be_visible()
    shares = [float(text.split()[0]) for text in found.locator(".share").all_inner_texts()]
    assert shares == sorted(shares, reverse=True) and len(shares) > 3
    found.locator("select[name=other]").select_option(other)
    verdicts.nth(1).select_option("wrong")
    shows(count("answerOf(given.model, row).right && !answerOf(given.other, row).right"))
    for select in ("label", "verdict", "other", "order"):
        found.locator(f"select[name={select}]").select_option("")


def test_a_card_opens_what_every_model_says(opened):
    opened.viewer("images").locator(".card").first.click()
    dialog = opened.page.locator("dialog.detail")
    models, classes = opened.evaluate(f"[{LABELLED}.length, study().classes.length]")
    expect(dialog.locator(".opinions section")).to_have_count(models)
    expect(dialog.locator("meter")).to_have_count(models * min(5, classes))
    opened.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_a_cell_of_the_confusion_matrix_opens_its_images(opened):
    found = opened.viewer("confusion")
    model, names = next(iter((name, one["names"]) for name, one in found.data["models"].items()))
    cell = found.locator("tbody tr").nth(0).locator("td").nth(0)
    right = opened.evaluate(
        "study().models[given].target.filter((is, row) => is === 0 && answerOf(given, row).right).length", model
    )
    cell.click()
    expect(found.locator(".behind .card.right")).to_have_count(min(right, CARDS))
    expect(found.locator(".behind h4")).to_contain_text(f": {found.data['models'][model]['counts'][0]}")
    opened.page.keyboard.press("ArrowDown")
    opened.page.keyboard.press("Enter")
    expect(found.locator(".behind h4")).to_contain_text(f"True {names[1]}, predicted {names[0]} by {model}")


def test_confusion_matrices_are_normalised_and_subtracted(opened):
    found = opened.viewer("confusion")
    row = found.locator("tbody tr").nth(2).locator("td")
    values = lambda: [float(text.replace("−", "-")) for text in row.all_inner_texts() if text != "·"]  # noqa: E731
    found.get_by_label("percent of the true class").check()
    until(lambda: sum(values()) == pytest.approx(100, abs=1))
    found.get_by_label("count", exact=True).check()
    other = options(found.locator("select[name=other]"))[2]
    found.locator("select[name=other]").select_option(other)
    until(lambda: sum(values()) == 0)
    found.locator("tbody tr").nth(2).locator("td").nth(2).click()
    expect(found.locator(".behind h4")).to_have_count(2)
    pretext = next((name for name, one in found.data["models"].items() if "90°" in one["names"]), None)
    if pretext:
        found.locator("select[name=model]").select_option(pretext)
        expect(found.locator("tbody tr")).to_have_count(4)
        expect(found.locator("select[name=other]")).to_have_value("")


def test_scorecam_shows_image_model_layer_opacity_and_scale(opened):
    found = opened.viewer("scorecam")
    layer = next(one for one in options(found.locator("select[name=layer]")) if one != layer_of(found))
    left, right, *_ = options(found.locator("select[name=left]"))
    seen = {found.drawn}
    for change in (
        lambda: found.locator("input[name=image]").nth(2).check(force=True),
        lambda: found.locator("select[name=left]").select_option(right),
        lambda: found.locator("select[name=layer]").select_option(layer),
    ):
        change()
        until(lambda: found.drawn not in seen)
        seen.add(found.drawn)
    found.get_by_label("Opacity").fill("20")
    expect(found.locator(".pane canvas").first).to_have_css("opacity", "0.2")
    found.locator("select[name=right]").select_option(left)
    expect(found.locator(".pane h4")).to_have_text([right, left])
    own = found.locator(".colourbar .top").all_inner_texts()
    found.get_by_label("shared by both").check()
    expect(found.locator(".colourbar .top")).to_have_text([max(own, key=float)] * 2)
    found.locator(".pane .plate canvas").first.hover()
    expect(found.locator(".readout").first).to_have_text(re.compile(r"here, [\d.]+ % of the scale"))


def layer_of(found):
    return found.locator("select[name=layer]").input_value()


def test_curves_switch_figure_part_scale_and_models(opened):
    found = opened.viewer("curves")
    drawn = lambda: found.chart("chart.data.datasets.length")  # noqa: E731
    shown = found.locator("input[name=training]:checked").count()
    assert drawn() == shown > 0
    stars = "chart.data.datasets.map(one => one.pointStyle.filter(style => style === 'star').length)"
    assert found.chart(stars) == [1] * shown
    found.get_by_label("train (dashed)").check()
    until(lambda: drawn() == 2 * shown)
    found.locator("input[name=training]:checked").last.uncheck()
    until(lambda: drawn() == 2 * shown - 2)
    found.get_by_label("log scale").check()
    until(lambda: found.chart("chart.options.scales.y.type") == "logarithmic")
    found.get_by_label("accuracy", exact=True).check()
    until(lambda: found.chart("chart.options.scales.y.title.text") == "accuracy")
    found.point_at(*found.chart("[chart.width / 2, chart.height / 2]"))
    until(lambda: found.chart("chart.tooltip.opacity") > 0)
    found.get_by_text("Values").click()
    expect(found.locator(".values thead th")).to_have_count(1 + 2 * shown - 2)


def test_inversion_shows_another_filter(opened):
    found = opened.viewer("inversion")
    curve, picture = found.drawn, found.locator(".synthetic").get_attribute("src")
    found.get_by_label("Filter").select_option("sum of these")
    until(lambda: found.drawn != curve)
    expect(found.locator(".synthetic")).not_to_have_attribute("src", picture)
    picture = found.locator(".synthetic").get_attribute("src")
    found.get_by_label("Model").select_option(index=1)
    expect(found.locator(".synthetic")).not_to_have_attribute("src", picture)
    expect(found.locator(".real + figcaption")).to_contain_text("activation")


def test_a_map_shows_the_image_at_the_pointer_and_goes_on_by_keys(opened):
    found = opened.viewer("embedding")
    caption = found.locator("figcaption")
    drawn = one_map(found)
    places = np.stack([drawn["x"], drawn["y"]], 1).astype(float)
    apart = np.linalg.norm(places[:, None] - places, axis=2) + 1e9 * np.eye(len(places))
    lonely = int(apart.min(1).argmax())
    x, y = places[lonely].tolist()
    found.point_at(*found.chart(f"[chart.scales.x.getPixelForValue({x}), chart.scales.y.getPixelForValue({y})]"))
    name = f"{found.data['classes'][drawn['labels'][lonely]]}, image {drawn['images'][lonely]}"
    expect(caption).to_have_text(name)
    found.locator("canvas").press("ArrowLeft")
    expect(caption).not_to_have_text(name)
    before = found.drawn
    found.get_by_label("Class").select_option(index=2)
    until(lambda: found.drawn != before)
    expect(caption).to_contain_text(found.data["classes"][1])
    found.get_by_label("Model").select_option(index=1)
    found.locator("select[name=map]").select_option(index=0)
    until(lambda: found.chart("chart.data.datasets.flatMap(one => one.data).length") == len(one_map(found)["images"]))
    shown = int(caption.inner_text().split("image ")[1])
    found.locator("canvas").press("Enter")
    dialog = opened.page.locator("dialog.detail")
    if opened.evaluate("study().ids.includes(given)", shown):
        expect(dialog.locator("h2")).to_contain_text(f"image {shown}")
        opened.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def one_map(found):
    """The data of the map that is shown."""
    chosen = [found.locator(f"select[name={name}]").input_value() for name in ("model", "map")]
    return found.data["models"][chosen[0]][int(chosen[1])]


def test_neighbours_are_those_of_the_image_and_can_be_parted(opened):
    found = opened.viewer("neighbours")
    found.locator("input[name=image]").nth(1).check(force=True)
    near = {model: rows[1]["ids"] for model, rows in found.data["models"].items()}
    expect(found.locator(".near h4")).to_have_count(len(near))
    expect(found.locator(".near .card")).to_have_count(sum(map(len, near.values())))
    everything = [image for ids in near.values() for image in ids]
    found.get_by_label("only those that no other model names").check()
    expect(found.locator(".near .card")).to_have_count(sum(everything.count(image) == 1 for image in everything))


def test_tables_sort_by_click_and_key_and_are_copied(opened):
    table = opened.page.locator("#accuracy table")
    cells = table.locator("tbody td:nth-child(5)")
    column = lambda: [float(text.split()[0]) for text in cells.all_inner_texts()]  # noqa: E731
    rows, heading = len(column()), table.locator("thead th").nth(4)
    heading.click()
    until(lambda: column() == sorted(column(), reverse=True))
    expect(heading).to_have_attribute("aria-sort", "descending")
    heading.press("Enter")
    until(lambda: column() == sorted(column()))
    opened.page.locator("#accuracy .copy").click()
    expect(opened.page.locator("#accuracy [role=status]")).to_have_text("Copied.")
    lines = opened.page.evaluate("navigator.clipboard.readText()").splitlines()
    assert len(lines) == 1 + rows and lines[0].split("\t")[0] == "Model"


def test_the_theme_is_switched(opened):
    root, button = opened.page.locator("html"), opened.page.get_by_role("button", name="Dark")
    light = root.evaluate("root => getComputedStyle(root).backgroundColor")
    button.click()
    expect(root).not_to_have_css("background-color", light)
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    expect(root).to_have_css("background-color", light)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_serious_violation(opened, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed (install.sh dev)")
    root = opened.page.locator("html")
    if root.get_attribute("data-theme") != theme:
        opened.page.get_by_role("button", name="Dark").click()
    expect(root).to_have_attribute("data-theme", theme)
    asked = {"resultTypes": ["violations"], "runOnly": RULES}
    found = axe.Axe().run(opened.page, options=asked).response["violations"]
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], [node["html"][:150] for node in one["nodes"]][:3]) for one in serious] == []


def test_a_narrow_window_has_no_sideways_scroll_and_a_menu(opened):
    page = opened.page
    page.set_viewport_size({"width": 360, "height": 740})
    until(lambda: page.evaluate("document.documentElement.scrollWidth") <= 360)
    page.get_by_role("button", name="Contents").click()
    expect(page.locator("#contents")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#contents")).to_be_hidden()
    page.set_viewport_size({"width": 1280, "height": 900})


def test_a_link_into_a_folded_figure_unfolds_it(opened):
    fold = opened.page.locator("details.printed:not([open])").first
    name = fold.locator("figure").get_attribute("id")
    opened.page.evaluate("name => { location.hash = name }", name)
    expect(opened.page.locator(f"details.printed[open] #{name}")).to_be_visible()
