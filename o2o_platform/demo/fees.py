"""The demo city's commission rules: a first version, as a platform could begin with."""

from __future__ import annotations

from datetime import datetime, timedelta

from payments.commission import RuleDraft, publish
from payments.models import FeeSchedule
from shops.choices import ShopKind

# In force for every visit of the demo city, those of the weeks before among them.
_SINCE = timedelta(days=90)
_YUAN = 100
# What card and wallet payments cost the platform itself.
_PROCESSING_BP = 60

_RULES = (
    RuleDraft(800, _PROCESSING_BP),
    RuleDraft(750, _PROCESSING_BP, min_volume_fen=100_000 * _YUAN),
    RuleDraft(700, _PROCESSING_BP, min_volume_fen=300_000 * _YUAN),
    RuleDraft(600, _PROCESSING_BP, shop_kind=ShopKind.CHAIN),
    RuleDraft(550, _PROCESSING_BP, shop_kind=ShopKind.CHAIN, min_volume_fen=300_000 * _YUAN),
    RuleDraft(500, _PROCESSING_BP, shop_kind=ShopKind.DEALER),
    RuleDraft(1000, _PROCESSING_BP, shop_kind=ShopKind.ON_SITE),
)


def load(*, at: datetime) -> int:
    """Publish the first version unless there is one already; how many were published."""
    if FeeSchedule.objects.exists():
        return 0
    since = at - _SINCE
    publish(rules=_RULES, note="First rules of the demo city.", valid_from=since, by=None, at=since)
    return 1
