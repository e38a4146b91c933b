"""Who pays: the shop that did the same work, while its warranty runs."""

from __future__ import annotations

from dataclasses import replace

from catalog.advice.belief import Story
from catalog.advice.dates import add_days
from catalog.advice.facts import Done, Item
from catalog.advice.verdict import Advice
from catalog.choices import Payer

# The least that holds for minor and special repairs, from handover, whichever comes first: the regulation on the
# repair of motor vehicles (机动车维修管理规定), its article on the period of quality warranty.
STATUTORY_KM = 2_000
STATUTORY_DAYS = 10


def with_payer(advice: Advice, item: Item, story: Story) -> Advice:
    """The advice with who pays: a defect of work still under warranty is made good by the shop that did it."""
    for done in reversed(story.times.get(item.key, ())):
        km, days = period(done)
        if done.shop and _runs(done, km, days, story):
            until_km = done.km + km if done.km is not None else None
            until_on = add_days(done.on, days)
            shown = advice.with_numbers(warranty_shop=done.shop, warranty_until_on=until_on, warranty_until_km=until_km)
            return replace(shown, who_pays=Payer.SHOP)
    return advice


def period(done: Done) -> tuple[int, int]:
    """Kilometres and days of the warranty: what the shop promised, never less than the law asks for."""
    return max(done.warranty_km or 0, STATUTORY_KM), max(done.warranty_days or 0, STATUTORY_DAYS)


def _runs(done: Done, km: int, days: int, story: Story) -> bool:
    """Up to and including the last kilometre and the last day, whichever comes first."""
    if (story.today - done.on).days > days:
        return False
    return done.km is None or story.km is None or story.km - done.km <= km
