"""Every hint that a machine can give says in words what it means."""

from __future__ import annotations

import pytest
from django.utils import translation

from core.templatetags.ui import icon
from reviews.choices import HintKind
from reviews.hints import explanations
from reviews.models import Hint, ReviewVersion

TEXT = "Call 13800138001, that idiot"

# What the finders write, at least once for each kind and each of its forms.
DATA = [
    *((HintKind.CONTACT, {"what": what, "digits": 11}) for what in ("phone", "landline", "qq")),
    *((HintKind.CONTACT, {"what": what, "digits": 0}) for what in ("wechat", "email", "link")),
    (HintKind.INSULT, {"quoted": True}),
    (HintKind.INSULT, {"quoted": False}),
    (HintKind.ADVERTISING, {"what": "promotion"}),
    (HintKind.ADVERTISING, {"what": "own_voice"}),
    (HintKind.ADVERTISING, {"what": "slogan", "times": 3}),
    (HintKind.ADVERTISING, {"what": "other_shop", "shop": "lao-zhou"}),
    (HintKind.PAID, {}),
    (HintKind.COPIED, {"percent": 87, "review": "abc", "same_author": True}),
    (HintKind.COPIED, {"percent": 87, "review": "abc", "same_author": False}),
    *((HintKind.HIDDEN_TEXT, {"what": what, "count": 2}) for what in ("turning", "invisible", "lookalikes")),
    (HintKind.THREAT, {}),
    *((HintKind.PERSONAL_DATA, {"what": what}) for what in ("identity", "plate", "vin", "card")),
    (HintKind.NO_CONTENT, {"what": "marks"}),
    (HintKind.NO_CONTENT, {"what": "repeated"}),
    (HintKind.BURST, {"span": "day", "count": 12, "usual": 0.3}),
    (HintKind.BURST, {"span": "week", "count": 30, "usual": 2.0}),
    (HintKind.SAME_DEVICE, {"devices": 1}),
    (
        HintKind.SHOP_LINK,
        {"how": ["shop_phone", "member_contact", "invited", "affiliation_over", "affiliation_later", "member_car"]},
    ),
    (HintKind.MONEY_LINK, {"coupons": 1, "fen": 5000}),
    (HintKind.RECIPROCAL, {"shop": "lao-zhou"}),
    (HintKind.VOTE_RING, {"people": 4}),
    (HintKind.NEW_ACCOUNT, {"days": 0}),
    (HintKind.NEW_ACCOUNT, {"days": 1}),
    *((HintKind.AGREES, {"claim": claim, "said": 120, "minutes": 112}) for claim in ("late", "waited", "on_time")),
    *(
        (HintKind.CONTRADICTS, {"claim": claim, "agreed_fen": 26800, "final_fen": 30000})
        for claim in ("dearer", "as_quoted")
    ),
]


def test_every_kind_is_among_the_examples() -> None:
    assert {kind for kind, _data in DATA} == set(HintKind)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize(("kind", "data"), DATA)
def test_every_hint_has_an_explanation(kind: HintKind, data: dict[str, object], language: str) -> None:
    hint = Hint(version=ReviewVersion(pk=1, text=TEXT), kind=kind, points=1, start=5, end=16, data=data)
    with translation.override(language):
        told = explanations.explain(hint)
    assert told.title
    assert told.text
    assert "%(" not in told.text
    assert "None" not in told.text
    assert told.tone in {"ok", "warn", "bad", "info"}
    assert "<svg" in icon(told.icon)


def test_a_hint_quotes_its_stretch_without_what_cannot_be_seen() -> None:
    text = "so \u202eid\u200biot there"
    hint = Hint(
        version=ReviewVersion(pk=1, text=text), kind=HintKind.INSULT, points=1, start=3, end=10, data={"quoted": False}
    )
    with translation.override("en"):
        assert "“idiot”" in explanations.explain(hint).text


def test_a_long_stretch_is_cut() -> None:
    hint = Hint(version=ReviewVersion(pk=1, text="x" * 900), kind=HintKind.PAID, points=1, start=0, end=900, data={})
    assert "…" in explanations.explain(hint).text
