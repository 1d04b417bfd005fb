"""A study's page in a real browser: what its tests ask of it.

Nothing here waits for a time: what a click brings about may take any time on a busy machine. Playwright's own
`wait_for_function` is no help, since the page's Content-Security-Policy forbids what it does from the second look on.
"""

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PATIENCE = 60_000
"""Milliseconds after which something that does not come counts as missing."""


@dataclass
class Opened:
    """A page that is open; `wrong` collects complaints of the console and requests beyond the file."""

    page: object
    file: Path
    wrong: list[str] = field(default_factory=list)

    def evaluate(self, code: str, argument: object = None) -> object:
        """Give the value of an expression in which `study` and `answerOf` are the page's own."""
        return self.page.evaluate(f"given => import('page/study.js').then(({{study, answerOf}}) => {code})", argument)

    @property
    def kinds(self) -> list[str]:
        """What the page has to operate, in order."""
        return list(
            dict.fromkeys(
                self.page.evaluate("[...document.querySelectorAll('.viewer')].map(one => one.dataset.viewer)")
            )
        )

    def viewer(self, kind: str) -> "Viewer":
        """Bring a viewer near and wait until it can be operated; skips where the study has none."""
        if kind not in self.kinds:
            pytest.skip(f"this study has no viewer {kind!r}")
        found = self.page.locator(f'[data-viewer="{kind}"]').first
        found.scroll_into_view_if_needed()
        self.page.locator(f'[data-viewer="{kind}"][data-ready]').first.wait_for(timeout=PATIENCE)
        return Viewer(found, json.loads(found.locator(":scope > script").text_content()))


@dataclass
class Viewer:
    """A viewer that can be operated, and the data in it."""

    place: object
    data: dict

    def __getattr__(self, name: str) -> object:
        """Look for what Playwright's locators have."""
        return getattr(self.place, name)

    @property
    def drawn(self) -> str:
        """What the first canvas shows."""
        return self.place.locator("canvas").first.evaluate("canvas => canvas.toDataURL()")

    def chart(self, code: str) -> object:
        """Give the value of an expression in which `chart` is the viewer's chart."""
        return self.place.locator("canvas").first.evaluate(
            f"canvas => {{const chart = Chart.getChart(canvas); return {code}}}"
        )

    def point_at(self, x: float, y: float) -> None:
        """Move the pointer to a place of the first canvas, in its pixels."""
        canvas = self.place.locator("canvas").first
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        self.place.page.mouse.move(box["x"] + x, box["y"] + y)


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds; fails after PATIENCE."""
    end = time.monotonic() + PATIENCE / 1000
    while not holds():
        assert time.monotonic() < end, "what was waited for did not come"
        time.sleep(0.02)


def launch(playwright: object) -> object:
    """Start a headless Chromium of the system's, which install.sh dev installs where it may."""
    if BROWSER is None:
        pytest.skip("there is no Chromium; on Debian: apt-get install chromium")
    return playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])


def open_page(browser: object, file: Path) -> Opened:
    """Open a page from disk without a network."""
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900}, color_scheme="light")
    context.set_default_timeout(PATIENCE)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened = Opened(context.new_page(), file)
    page, wrong = opened.page, opened.wrong
    page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith(("file:", "data:")) else wrong.append(asked.url))
    page.goto(file.as_uri(), wait_until="load")
    return opened
