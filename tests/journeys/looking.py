"""Looking at a page: nothing serious from axe in light and dark, nothing wider than the screen, a picture if asked for.

With SCREENSHOTS=/some/directory every look leaves its pictures there, numbered in the order of the journey.

Contrast is most of what axe does, and a page has mostly the same texts on the same grounds as the page before. Each is
judged where it is met first; with DRILL set, everywhere.
"""

import os
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_SERIOUS = {"serious", "critical"}
# Without the rule that contrast.js asks for, and those whose findings are not serious. Nothing is loaded a second time
# for axe: it would be for sound, and for screens that are locked to one way up.
_ASK_BUT_CONTRAST = """async (where) => {
    const light = axe._audit.rules.filter((r) => r.id === "color-contrast" || ["minor", "moderate"].includes(r.impact));
    const rules = Object.fromEntries(light.map((rule) => [rule.id, {enabled: false}]));
    return (await axe.run(where, {resultTypes: ["violations"], preload: false, rules})).violations;
}"""
_ASK_CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
_judged: set[str] = set()
# No colour fades from one theme to the other: half-way they prove nothing. Before they may again, the page is drawn.
_STAND_STILL = """(still) => {
    window.stillSheet ??= new CSSStyleSheet();
    window.stillSheet.replaceSync("*, ::before, ::after { transition-property: none !important }");
    const others = document.adoptedStyleSheets.filter((sheet) => sheet !== window.stillSheet);
    void document.body.offsetHeight;
    document.adoptedStyleSheets = still ? [...others, window.stillSheet] : others;
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
    found = page.evaluate(_ASK_BUT_CONTRAST, where)
    page.evaluate(_STAND_STILL, True)
    for theme in ("light", "dark"):
        _show(page, theme)
        found += _contrast(page, where)
        _picture(page, f"{number:03d}-{name}-{theme}")
        serious = [_words(violation) for violation in found if violation["impact"] in _SERIOUS]
        assert not serious, f"{name} ({page.url}), {theme}:\n" + "\n".join(serious)
    _show(page, "light")
    page.evaluate(_STAND_STILL, False)


def _show(page: Page, theme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    # The admin asks the device only when a page is opened.
    page.evaluate("(dark) => document.documentElement.classList.toggle('dark', dark)", theme == "dark")


def _contrast(page: Page, where: dict[str, Any]) -> list[dict[str, Any]]:
    """What axe says against contrasts that no look before this one has judged."""
    result = page.evaluate(_ASK_CONTRAST, [where, [] if "DRILL" in os.environ else list(_judged)])
    _judged.update(result["judged"])
    violations: list[dict[str, Any]] = result["violations"]
    return violations


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
