"""How reviews look wherever one is shown: stars, a shop's rating, a text as readers see it."""

from __future__ import annotations

from typing import Any, Protocol

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.templatetags.ui import icon
from reviews import names
from reviews.choices import HintKind
from reviews.limits import FEW
from reviews.shown_text import segments
from shops.models import Shop

register = template.Library()

# Words in the place of what readers do not see.
MASK_WORDS = {
    HintKind.CONTACT: _("contact data removed"),
    HintKind.INSULT: _("insult removed"),
    HintKind.PERSONAL_DATA: _("personal data removed"),
}
# The geometry of one star of `stars`, in user units.
_STEP, _SIZE = 22, 20


class Written(Protocol):
    """A version of a review, or a reply."""

    text: str
    masks: Any


@register.inclusion_tag("reviews/stars.html")
def stars(value: float, size: int = 16) -> dict[str, Any]:
    """Five stars, filled to `value` (1 to 5, parts of a star too), said in words to a screen reader. `size` is the
    height in pixels."""
    value = max(0.0, min(5.0, float(value)))
    filled = min(int(value), 4) * _STEP + (value - min(int(value), 4)) * _SIZE
    return {
        "said": f"{value:.1f}".removesuffix(".0"),
        "share": f"{filled:.1f}",
        "places": [index * _STEP for index in range(5)],
        "height": size,
        "width": round(size * (4 * _STEP + _SIZE) / _SIZE),
        "key": f"{value:.2f}-{size}".replace(".", "-"),
    }


@register.inclusion_tag("reviews/rating.html")
def rating(shop: Shop, css: str = "", *, is_linked: bool = True) -> dict[str, Any]:
    """A shop's score with one decimal and of how many reviews; "New · 1 review" while they are few; nothing before the
    first. With a link to its reviews. Needs `for_card()`."""
    standing = shop.rating
    return {"shop": shop, "standing": standing, "few": FEW, "css": css, "is_linked": is_linked}


@register.inclusion_tag("reviews/text.html")
def review_text(written: Written, css: str = "") -> dict[str, Any]:
    """What readers see of a version of a review or of a reply: what is masked stands there as words."""
    return {"segments": segments(written.text, written.masks), "css": css}


@register.filter
def mask_words(kind: HintKind) -> str:
    return str(MASK_WORDS.get(kind, _("removed")))


@register.filter
def public_name(user: User) -> str:
    """The short name of an author (`reviews.names`)."""
    return names.public_name(user)


@register.filter
def one_decimal(milli: int | None) -> str:
    """Thousandths of a star as 4.6. Nothing for None."""
    return "" if milli is None else f"{milli / 1000:.1f}"


@register.simple_tag
def verified_mark() -> SafeString:
    """The sign that a review is of a visit."""
    return icon("badge-check", 16, "", "review-verified")
