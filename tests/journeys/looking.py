"""Looking at a page: nothing serious from axe in light and dark, nothing wider than the screen, a picture if asked for.

With SCREENSHOTS=/some/directory every look leaves its pictures there, numbered in the order of the journey.
"""

import os
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_SERIOUS = {"serious", "critical"}
# The second theme has the same document in other colours: only what depends on colour is asked again. Nothing is loaded
# a second time for axe: it would be for sound, and for screens that are locked to one way up.
_ASK = {
    "light": {"resultTypes": ["violations"], "preload": False},
    "dark": {
        "resultTypes": ["violations"],
        "preload": False,
        "runOnly": {"type": "rule", "values": ["color-contrast"]},
    },
}
# Colours may fade from one theme to the other; half-way they prove nothing. What inherits a colour begins to fade only
# when its parent has: ask until nothing has moved twice. By the clock, not by frames or by `finished`: a page that is
# not in front draws no frames, and a transition of something hidden may never end.
_COLOURS_SETTLED = """async () => {
    const end = performance.now() + 3000;
    for (let quiet = 0; quiet < 2 && performance.now() < end;) {
        await new Promise((resolve) => setTimeout(resolve, 40));
        quiet = document.getAnimations().some((a) => a instanceof CSSTransition) ? 0 : quiet + 1;
    }
}"""
_axe_script = Axe().axe_script
_numbers = count(1)


def fits(page: Page, name: str) -> None:
    """Assert that nothing on the page as it is now is wider than the screen; `name` says what it is."""
    page.wait_for_load_state()
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{name} ({page.url}) is {wide} px wider than its screen: {_widest(page)}"


def look(page: Page, name: str, leaving_out: Sequence[str] = ()) -> None:
    """Assert that the page as it is now is in order in both themes; `name` says what it is.

    `leaving_out` are selectors of what axe shall not judge because it comes with a package.
    """
    fits(page, name)
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe_script)
    number = next(_numbers)
    where = {"exclude": [[selector] for selector in leaving_out]}
    for theme, options in _ASK.items():
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
        # The admin asks the device only when a page is opened.
        page.evaluate("(dark) => document.documentElement.classList.toggle('dark', dark)", theme == "dark")
        page.evaluate(_COLOURS_SETTLED)
        found = page.evaluate("([where, how]) => axe.run(where, how)", [where, options])["violations"]
        _picture(page, f"{number:03d}-{name}-{theme}")
        serious = [_words(violation) for violation in found if violation["impact"] in _SERIOUS]
        assert not serious, f"{name} ({page.url}), {theme}:\n" + "\n".join(serious)
    page.emulate_media(color_scheme="light")
    page.evaluate("document.documentElement.classList.remove('dark')")


def _words(violation: dict[str, Any]) -> str:
    nodes = "\n".join(
        f"    {node['html'][:200]}\n      {node['failureSummary'][:300]}" for node in violation["nodes"][:4]
    )
    return f"  {violation['id']} ({violation['impact']}): {violation['help']}\n{nodes}"


def _widest(page: Page) -> list[str]:
    """The elements that stick out, for the message of the failure."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("body *")]
            .filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
            .slice(0, 5).map((e) => e.outerHTML.slice(0, 160))"""
    )
    return found


def _picture(page: Page, name: str) -> None:
    directory = os.environ.get("SCREENSHOTS")
    if directory:
        Path(directory).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(directory) / f"{name}.png"), full_page=True)
